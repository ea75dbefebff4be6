// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files of arrays, written here byte by byte: what is read from them, and that
// nothing a file can hold does more than fail. numpy-files.py beside this
// compares with NumPy.

#include "ntk-rt/ArrayFile.h"
#include "TestArrays.h"
#include "ntk-rt/Convert.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace ntk::rt;

namespace {

/// Every prefix of a file and every change of one of its bytes is read or
/// refused.
void corrupt(const std::string &content) {
  EXPECT_EQ(errorOf(content), "none");
  for (size_t size = 0; size < content.size(); ++size)
    EXPECT_NE(errorOf(content.substr(0, size)), "none") << size;
  for (size_t at = 0; at < content.size(); ++at)
    for (int value : {0x00, 0x7f, 0xff, 0x39, 0x28, 0x7b}) {
      std::string changed = content;
      changed[at] = static_cast<char>(value);
      errorOf(changed);
    }
}

//===----------------------------------------------------------------------===//
// .npy
//===----------------------------------------------------------------------===//

TEST(NpyFile, ReadsElementsInRowMajorOrder) {
  // Columns (1, 2), (3, 4), (5, 6) of a 2 x 3 matrix.
  TestFile file(
      npy("{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }",
          "\1\2\3\4\5\6"));
  Array array;
  std::string error;
  ASSERT_TRUE(readNpy(file.path(), array, error)) << error;
  EXPECT_EQ(array.type, ElementType::I8);
  EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 3}));
  const int8_t expected[] = {1, 3, 5, 2, 4, 6};
  EXPECT_EQ(std::memcmp(array.as<int8_t>(), expected, 6), 0);
}

TEST(NpyFile, ConvertsBigEndian) {
  TestFile file(npy("{'shape': (2,), 'fortran_order': False, 'descr': '>i2'}",
                    "\1\2\3\4"));
  Array array;
  std::string error;
  ASSERT_TRUE(readNpy(file.path(), array, error)) << error;
  EXPECT_EQ(array.as<int16_t>()[0], 0x102);
  EXPECT_EQ(array.as<int16_t>()[1], 0x304);
}

TEST(NpyFile, SaysWhatIsWrong) {
  auto header = [](const std::string &descr, const std::string &shape) {
    return npy("{'descr': '" + descr +
                   "', 'fortran_order': False, 'shape': " + shape + "}",
               two);
  };
  EXPECT_EQ(errorOf(header("<i4", "(2,)")), "none");
  EXPECT_EQ(errorOf(header("<i4", "(3,)")),
            ": truncated: int32[3] needs 12 bytes, but 8 are there");
  EXPECT_EQ(errorOf(header("<c8", "(1,)")),
            ": expected floats, integers or booleans, but got NumPy type "
            "'<c8'");
  EXPECT_EQ(errorOf(header("<i4", "(-1,)")),
            ": expected a shape of extents from 0 to 2^63-1 in the header of "
            "the .npy file, but got '-1,)}'");
  EXPECT_EQ(errorOf(header("<i4", "(4611686018427387904, 4)")),
            ": truncated: int32[4611686018427387904, 4] needs more than 2^63 "
            "bytes, but 8 are there");
  EXPECT_EQ(errorOf(header("<i4", "(9223372036854775807,)")),
            ": truncated: int32[9223372036854775807] needs more than 2^63 "
            "bytes, but 8 are there");
  EXPECT_NE(errorOf(header("<i4", "(0, 4611686018427387904, 4)")), "none");
  EXPECT_NE(errorOf(header("<i4", "(9223372036854775808,)")), "none");
  EXPECT_EQ(errorOf(npy("{'descr': [('a', '<f4')], 'fortran_order': False, "
                        "'shape': (1,)}",
                        two)),
            ": expected one type for all elements in the header of the .npy "
            "file, but got '[('a', '<f4')], 'for'");
  EXPECT_EQ(errorOf(npy("{'descr': '<i4', 'extra': 1}", two)),
            ": expected each of the keys 'descr', 'fortran_order' and 'shape' "
            "once in the header of the .npy file, but got 'extra'");
  EXPECT_EQ(errorOf("\x93NUMPY\1"),
            ": truncated in the header of the .npy file");
  EXPECT_EQ(errorOf(std::string("\x93NUMPY\7\0\0\0", 10)),
            ": expected .npy format version 1, 2 or 3, but got 7");
  EXPECT_EQ(errorOf("hello"), ": not an .npy, .npz or .safetensors file");
  EXPECT_EQ(errorOf(""), ": not an .npy, .npz or .safetensors file");
  corrupt(
      npy("{'descr': '<i4', 'fortran_order': True, 'shape': (1, 2), }", two));
}

TEST(NpyFile, RefusesWhatIsNoFile) {
  Array array;
  std::string error;
  EXPECT_FALSE(readNpy("no/such/file.npy", array, error));
  EXPECT_EQ(error, "no/such/file.npy: no such file or directory");
  EXPECT_FALSE(readNpy("/", array, error));
  EXPECT_EQ(error, "/: expected a file, but got a directory");
  EXPECT_FALSE(readNpy("/dev/zero", array, error));
  EXPECT_EQ(error, "/dev/zero: expected a file, but got a device");
}

TEST(NpyFile, IsWrittenToTheEndOrNotAtAll) {
  TestFolder folder;
  const float value = 1;
  std::string error;
  EXPECT_FALSE(writeNpy(folder.path(), ElementType::F32, {1}, &value, error));
  EXPECT_EQ(error, folder.path() + ": is a directory");
  const std::string missing = folder.path() + "/no/theta.npy";
  EXPECT_FALSE(writeNpy(missing, ElementType::F32, {1}, &value, error));
  EXPECT_EQ(error,
            missing + ": there is no directory '" + folder.path() + "/no'");
  EXPECT_FALSE(writeNpy("/dev/full", ElementType::F32, {1}, &value, error));
  EXPECT_EQ(error, "/dev/full: no space left on device");
  const std::string path = folder.path() + "/theta.npy";
  {
    OutputFile file;
    ASSERT_TRUE(file.open(path, error) && file.write("half", 4, error));
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{});
  ASSERT_TRUE(writeNpy(path, ElementType::F32, {1}, &value, error)) << error;
  ASSERT_TRUE(writeNpy(path, ElementType::F32, {1}, &value, error)) << error;
  EXPECT_EQ(folder.names(), std::vector<std::string>{"theta.npy"});
}

//===----------------------------------------------------------------------===//
// .npz
//===----------------------------------------------------------------------===//

TEST(ZipFile, SurvivesCorruption) {
  corrupt(zip({{"a.npy", one}, {"b.npy", one}}));
}

TEST(ZipFile, SaysWhatIsWrong) {
  EXPECT_EQ(errorOf(zip({{"a.npy", one}, {"a.npy", one}})),
            ": two members have the name 'a.npy'");
  EXPECT_EQ(errorOf(zip({{"archive/data.pkl", one}})),
            ": expected an .npy, .npz or .safetensors file, but this is one of "
            "torch.save; parameters are saved by safetensors.torch.save_file("
            "model.state_dict(), 'W.safetensors'), examples by "
            "np.save('x.npy', x.numpy())");
  EXPECT_EQ(errorOf(zip({{"a.npy", one}, {"readme.txt", one}})),
            ": expected only .npy files in the archive, but found "
            "'readme.txt'");
  EXPECT_EQ(errorOf("PK\5\6"),
            ": corrupt .npz archive: no directory at its end");

  // Offsets and sizes in the directory entry of the only member.
  const std::string good = zip({{"a.npy", one}});
  const size_t entry = good.find("PK\1\2"), end = good.find("PK\5\6");
  auto changed = [&](size_t at, uint32_t value) {
    std::string bytes = good;
    return errorOf(bytes.replace(at, 4, number(value, 4)));
  };
  EXPECT_EQ(changed(entry + 42, 0x7fffffff),
            ":a: corrupt .npz archive: its offset is beyond the end");
  EXPECT_EQ(changed(entry + 42, 0xffffffff),
            ":a: corrupt .npz archive: its offset is beyond the end");
  EXPECT_EQ(changed(entry + 42, 1),
            ":a: corrupt .npz archive: there is nothing at its offset");
  EXPECT_EQ(changed(entry + 20, 0x7fffffff),
            ":a: corrupt .npz archive: it is truncated");
  // Checksum, packed size and size, of the directory alone and with those of
  // the member's own header.
  for (size_t field : {16, 24})
    EXPECT_EQ(changed(entry + field, 0x7fffffff),
              ":a: corrupt .npz archive: its two headers contradict each "
              "other");
  auto changedBoth = [&](size_t field, uint32_t value) {
    std::string bytes = good;
    bytes.replace(field - 2, 4, number(value, 4));
    return errorOf(bytes.replace(entry + field, 4, number(value, 4)));
  };
  EXPECT_EQ(changedBoth(24, 0x7fffffff),
            ":a: corrupt .npz archive: the size it claims is impossible");
  EXPECT_EQ(changedBoth(16, 0),
            ":a: corrupt .npz archive: its checksum is wrong");
  EXPECT_EQ(changed(end + 16, 0x7fffffff),
            ": corrupt .npz archive: the directory is beyond its end");
  std::string encrypted = good, packed = good;
  encrypted[entry + 8] = 1;
  EXPECT_EQ(errorOf(encrypted), ":a: expected a member stored or deflated, but "
                                "got an encrypted one");
  packed[entry + 10] = packed[8] = 14;
  EXPECT_EQ(errorOf(packed),
            ":a: expected a member stored or deflated, but got method 14");
}

TEST(ZipFile, ReadsZip64) {
  TestFile file(zip({{"a.npy", one}}, /*zip64=*/true));
  ArrayFile arrays;
  Array array;
  std::string error;
  ASSERT_TRUE(arrays.open(file.path(), error)) << error;
  ASSERT_TRUE(arrays.read("a", array, error)) << error;
  EXPECT_EQ(array.as<int32_t>()[1], 2);
  corrupt(zip({{"a.npy", one}}, /*zip64=*/true));
}

/// Whether `size` bytes come out of a deflated stream.
bool inflates(const std::string &stream, int64_t size) {
  std::vector<unsigned char> in(stream.begin(), stream.end()),
      out(static_cast<size_t>(size));
  auto inflate = std::make_unique<detail::Inflate>(
      in.data(), static_cast<int64_t>(in.size()), out.data(), size);
  return inflate->run();
}

TEST(Inflate, RefusesWhatIsNoStream) {
  EXPECT_TRUE(inflates(std::string("\1\2\0\375\377ab", 7), 2)); // stored
  EXPECT_TRUE(inflates(std::string("\3\0", 2), 0));             // fixed, empty
  EXPECT_FALSE(inflates("", 0));
  EXPECT_FALSE(inflates(std::string("\3\0", 2), 1));             // too short
  EXPECT_FALSE(inflates(std::string("\1\2\0\375\377ab", 7), 1)); // too long
  EXPECT_FALSE(inflates(std::string("\1\2\0\374\377ab", 7), 2)); // complement
  EXPECT_FALSE(inflates(std::string("\1\3\0\374\377ab", 7), 3)); // truncated
  EXPECT_FALSE(inflates("\7", 0));                               // kind 3
  // A distance beyond the beginning: fixed codes 0000001 and 00000.
  EXPECT_FALSE(inflates(std::string("\3\2\0", 3), 3));
  // 19 symbols with codes of four bits, which are 16.
  EXPECT_FALSE(inflates("\5\340\111\222\44\111\222\44\111\222\44", 8));
}

//===----------------------------------------------------------------------===//
// .safetensors
//===----------------------------------------------------------------------===//

TEST(SafetensorsFile, ReadsTensorsByName) {
  TestFile file(safetensors(
      R"({"__metadata__": {"format": "pt"},
          "a\u00e9\ud83d\ude00\n\"\/": {"shape": [], "dtype": "I32",
                                        "data_offsets": [4, 8]},
          "b": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]},
          "empty": {"dtype": "F8_E4M3", "shape": [0], "data_offsets": [4, 4]}
          }   )",
      std::string("\x80\x3f\x00\xc0\1\0\0\0", 8)));
  ArrayFile arrays;
  Array array;
  std::string error;
  ASSERT_TRUE(arrays.open(file.path(), error)) << error;
  ASSERT_EQ(arrays.names().size(), 3u);
  ASSERT_TRUE(arrays.read("b", array, error)) << error;
  ASSERT_TRUE(convertTo(array, ElementType::F32, error)) << error;
  EXPECT_EQ(array.as<float>()[0], 1);
  EXPECT_EQ(array.as<float>()[1], -2);
  ASSERT_TRUE(arrays.read("a\xc3\xa9\xf0\x9f\x98\x80\n\"/", array, error))
      << error;
  EXPECT_EQ(array.as<int32_t>()[0], 1);
  EXPECT_TRUE(array.shape.empty());
  EXPECT_FALSE(arrays.read("c", array, error));
  EXPECT_EQ(error, file.path() + ":c: there is no array of that name");
  // A type that no kernel needs is refused where it is asked for.
  EXPECT_FALSE(arrays.read("empty", array, error));
  EXPECT_EQ(error, file.path() + ":empty: expected floats, integers or "
                                 "booleans, but got dtype 'F8_E4M3'");
}

TEST(SafetensorsFile, SaysWhatIsWrong) {
  auto entry = [](const std::string &dtype, const std::string &shape,
                  const std::string &offsets) {
    return safetensors(R"({"a": {"dtype": ")" + dtype + R"(", "shape": )" +
                           shape + R"(, "data_offsets": )" + offsets + "}}",
                       two);
  };
  EXPECT_EQ(errorOf(entry("I32", "[2]", "[0, 8]")), "none");
  EXPECT_EQ(errorOf(entry("I32", "[2]", "[4, 12]")),
            ":a: truncated: its bytes are 4 to 12 of 8");
  EXPECT_EQ(errorOf(entry("I32", "[0]", "[9223372036854775807, 0]")),
            ":a: truncated: its bytes are 9223372036854775807 to 0 of 8");
  EXPECT_EQ(errorOf(entry("I32", "[3]", "[0, 8]")),
            ":a: int32[3] does not have 8 bytes");
  EXPECT_EQ(errorOf(entry("I32", "[-2]", "[0, 8]")),
            ": corrupt .safetensors header at '-2], \"data_offsets\":'");
  for (const char *header :
       {"{\"a\": 1}", "{\"a\": {}}", "{} x", "{,}", "{\"a\" {}}", "[]",
        "{\"a\": {\"dtype\": \"I8\", \"shape\": [0], \"shape\": [0]}}",
        "{\"\\x\": 0}", "{\"\\ud800\": 0}", "{\"a\": {\"b\": [[[[[[[[[[[["})
    EXPECT_NE(errorOf(safetensors(header, two)), "none") << header;
  const std::string a = R"("a": {"dtype": "I8", "shape": [0],
                           "data_offsets": [0, 0]})";
  EXPECT_EQ(errorOf(safetensors("{" + a + "," + a + "}", "")),
            ": two tensors have the name 'a'");
  EXPECT_EQ(
      errorOf(safetensors(R"({"a\n\u001b": {"dtype": "?", "shape": [],
                                                 "data_offsets": [0, 0]}})",
                          "")),
      ":a\\n\\x1b: expected floats, integers or booleans, but got dtype '?'");
  EXPECT_EQ(errorOf(std::string("\377\377\377\377\377\377\377\377{", 9)),
            ": truncated in the .safetensors header");
  corrupt(entry("I32", "[2]", "[0, 8]"));
}

//===----------------------------------------------------------------------===//
// Conversion
//===----------------------------------------------------------------------===//

/// An array of these elements.
template <typename T> Array arrayOf(ElementType type, std::vector<T> values) {
  Array array;
  std::string error;
  array.type = type;
  array.shape = {static_cast<int64_t>(values.size())};
  EXPECT_TRUE(array.bytes.allocate(byteSizeOf(type, array.shape), error));
  std::memcpy(array.bytes.data(), values.data(),
              static_cast<size_t>(array.bytes.size()));
  return array;
}

TEST(Convert, Halves) {
  // Zero, the smallest denormal, the largest, one, the largest number,
  // infinity, a NaN, minus two.
  Array halves = arrayOf<uint16_t>(
      ElementType::F16, {0, 1, 0x3ff, 0x3c00, 0x7bff, 0x7c00, 0x7c01, 0xc000});
  std::string error;
  ASSERT_TRUE(convertTo(halves, ElementType::F64, error)) << error;
  const double *values = halves.as<double>();
  EXPECT_EQ(values[0], 0);
  EXPECT_EQ(values[1], std::ldexp(1.0, -24));
  EXPECT_EQ(values[2], std::ldexp(1023.0, -24));
  EXPECT_EQ(values[3], 1);
  EXPECT_EQ(values[4], 65504);
  EXPECT_EQ(values[5], INFINITY);
  EXPECT_TRUE(std::isnan(values[6]));
  EXPECT_EQ(values[7], -2);
  const NonFiniteCount count =
      countNonFinite(halves.type, values, halves.size());
  EXPECT_EQ(count.describe(), "1 NaN and 1 infinite values");
}

TEST(Convert, RefusesWhatWouldChange) {
  std::string error;
  Array integers = arrayOf<int32_t>(ElementType::I32, {-1, 2});
  EXPECT_FALSE(convertTo(integers, ElementType::F32, error));
  EXPECT_EQ(error, "expected floats, but got int32[2]");
  EXPECT_FALSE(convertTo(integers, ElementType::Bool, error));
  EXPECT_EQ(error, "expected values of bool, but one of int32[2] is out of its "
                   "range");
  ASSERT_TRUE(convertTo(integers, ElementType::I64, error)) << error;
  EXPECT_EQ(integers.as<int64_t>()[0], -1);
  Array floats = arrayOf<float>(ElementType::F32, {1});
  EXPECT_FALSE(convertTo(floats, ElementType::I64, error));
  EXPECT_EQ(error, "expected integers, but got float32[1]");
  Array large = arrayOf<uint64_t>(ElementType::U64, {~uint64_t(0)});
  EXPECT_FALSE(convertTo(large, ElementType::I64, error));
  EXPECT_EQ(error, "expected values of int64, but one of uint64[1] is out of "
                   "its range");
  Array wide = arrayOf<int64_t>(ElementType::I64, {int64_t(1) << 31});
  EXPECT_FALSE(convertTo(wide, ElementType::I32, error));
}

TEST(Array, HasSizesThatFit) {
  const int64_t half = int64_t(1) << 62;
  EXPECT_EQ(sizeOf({}), 1);
  EXPECT_EQ(sizeOf({half, 2}), -1);
  EXPECT_EQ(sizeOf({0, half, half}), -1);
  EXPECT_EQ(sizeOf({0, half}), 0);
  EXPECT_EQ(byteSizeOf(ElementType::F32, {half}), -1);
  EXPECT_EQ(sizeOf({-1}), -1);
  Memory memory;
  std::string error;
  EXPECT_FALSE(memory.allocate(-1, error));
  EXPECT_FALSE(memory.allocate(std::numeric_limits<int64_t>::max(), error));
}

} // namespace
