// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files of arrays, written here byte by byte: what is read from them, and that
// nothing a file can hold does more than fail. numpy-arrays.py beside this
// compares with NumPy.

#include "ntk/Data/GivenValues.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"
#include <cmath>
#include <unistd.h>

using namespace mlir::ntk;
using llvm::StringRef;

namespace {

/// A temporary file, gone at the end of the test.
class File {
public:
  explicit File(StringRef content = "") {
    int descriptor;
    EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("array-tests", "bin",
                                                    descriptor, name));
    llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true) << content;
  }
  ~File() { llvm::sys::fs::remove(name); }
  StringRef path() const { return name; }
  std::string content() const {
    return (*llvm::MemoryBuffer::getFile(name))->getBuffer().str();
  }

private:
  llvm::SmallString<128> name;
};

/// An .npy file of version 1 with this header and these elements.
std::string npy(StringRef header, StringRef data) {
  std::string bytes("\x93NUMPY\1\0", 8);
  bytes += static_cast<char>(header.size());
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header.str() + data.str();
}

/// A .safetensors file with this header and these bytes.
std::string safetensors(StringRef header, StringRef data) {
  std::string bytes;
  for (int i = 0; i < 8; ++i)
    bytes += static_cast<char>(uint64_t(header.size()) >> 8 * i);
  return bytes + header.str() + data.str();
}

/// All arrays of a file.
llvm::Expected<std::vector<NamedArray>> load(StringRef path) {
  llvm::Expected<std::vector<NamedArray>> arrays = readArrays(path);
  if (!arrays)
    return arrays;
  for (NamedArray &entry : *arrays) {
    llvm::Expected<Array> array = entry.array.load();
    if (!array)
      return array.takeError();
    entry.array = std::move(*array);
  }
  return arrays;
}

/// The error of reading a file with this content, without the file's name.
std::string errorOf(StringRef content) {
  File file(content);
  llvm::Error error = load(file.path()).takeError();
  if (!error)
    return "none";
  std::string message = llvm::toString(std::move(error));
  EXPECT_TRUE(StringRef(message).starts_with(file.path()));
  return StringRef(message).drop_front(file.path().size()).str();
}

template <typename T> Array arrayOf(ElementKind kind, std::vector<T> values) {
  llvm::MutableArrayRef<char> bytes;
  int64_t size = values.size();
  Array array = llvm::cantFail(Array::allocate(kind, size, bytes));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return array;
}

const std::string two = std::string("\1\0\0\0\2\0\0\0", 8);

TEST(Npy, ReadsElementsInRowMajorOrder) {
  // Columns (1, 2), (3, 4), (5, 6) of a 2 x 3 matrix.
  File file(npy("{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }",
                "\1\2\3\4\5\6"));
  Array array = llvm::cantFail(llvm::cantFail(readNpy(file.path())).load());
  EXPECT_EQ(array.kind, ElementKind::Int8);
  EXPECT_EQ(array.shape, (llvm::SmallVector<int64_t>{2, 3}));
  EXPECT_EQ(array.as<int8_t>().vec(), (std::vector<int8_t>{1, 3, 5, 2, 4, 6}));
}

TEST(Npy, ConvertsBigEndian) {
  File file(npy("{'shape': (2,), 'fortran_order': False, 'descr': '>i2'}",
                StringRef("\1\2\3\4", 4)));
  Array array = llvm::cantFail(llvm::cantFail(readNpy(file.path())).load());
  EXPECT_EQ(array.as<int16_t>().vec(), (std::vector<int16_t>{0x102, 0x304}));
}

TEST(Npy, CopiesMisalignedElements) {
  std::string header = "{'descr':'<i4','fortran_order':False,'shape':(2,)}";
  for (int spaces = 0; spaces < 4; ++spaces) {
    File file(npy(header + std::string(spaces, ' '), two));
    Array array = llvm::cantFail(llvm::cantFail(readNpy(file.path())).load());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(array.bytes().data()) % 4, 0u);
    EXPECT_EQ(array.as<int32_t>().vec(), (std::vector<int32_t>{1, 2}));
  }
}

TEST(Npy, NamesAMissingFile) {
  auto array = readNpy("no/such/file.npy");
  ASSERT_FALSE(bool(array));
  EXPECT_EQ(llvm::toString(array.takeError()),
            "no/such/file.npy: no such file or directory");
}

/// Every prefix of a file and every change of one of its bytes is read or
/// refused.
void corrupt(const std::string &content) {
  for (size_t size = 0; size < content.size(); ++size)
    EXPECT_NE(errorOf(content.substr(0, size)), "none") << size;
  for (size_t at = 0; at < content.size(); ++at)
    for (int value : {0x00, 0x7f, 0xff, 0x39, 0x28, 0x7b}) {
      std::string changed = content;
      changed[at] = static_cast<char>(value);
      errorOf(changed);
    }
}

TEST(Npy, SurvivesCorruption) {
  corrupt(
      npy("{'descr': '<i4', 'fortran_order': True, 'shape': (1, 2), }", two));
}

TEST(Npz, SurvivesCorruption) {
  File file;
  llvm::cantFail(writeNpz(file.path(),
                          {{"a", arrayOf<float>(ElementKind::Float32, {1, 2})},
                           {"b", arrayOf<double>(ElementKind::Float64, {3})}}));
  auto arrays = llvm::cantFail(load(file.path()));
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[1].name, "b");
  EXPECT_EQ(arrays[1].array.as<double>().vec(), std::vector<double>{3});
  corrupt(file.content());
}

TEST(Npz, RefusesTwoArraysOfOneName) {
  File file("kept");
  Array array = arrayOf<float>(ElementKind::Float32, {1});
  EXPECT_EQ(llvm::toString(writeNpz(file.path(), {{"a", array}, {"a", array}})),
            file.path().str() + ": two arrays have the name 'a'");
  EXPECT_EQ(file.content(), "kept");
}

TEST(Safetensors, ReadsTensorsByName) {
  File file(safetensors(
      R"({"__metadata__": {"format": "pt"},
          "a": {"dtype": "I32", "shape": [], "data_offsets": [4, 8]},
          "b": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}})",
      StringRef("\x80\x3f\x00\xc0\1\0\0\0", 8)));
  auto arrays = llvm::cantFail(load(file.path()));
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[1].name, "b");
  Array floats =
      llvm::cantFail(convertFloat(arrays[1].array, ElementKind::Float32));
  EXPECT_EQ(floats.as<float>().vec(), (std::vector<float>{1, -2}));
  EXPECT_EQ(arrays[0].array.as<int32_t>().vec(), std::vector<int32_t>{1});
  EXPECT_TRUE(arrays[0].array.shape.empty());
}

TEST(Load, ReadsWhatWasOnlyLookedAt) {
  std::string header = "{'descr':'<i4','fortran_order':False,'shape':(2,)}";
  File file(npy(header, two));
  auto arrays = llvm::cantFail(readArrays(file.path()));
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_EQ(arrays[0].array.shape, llvm::SmallVector<int64_t>{2});
  Array loaded = llvm::cantFail(arrays[0].array.load());
  EXPECT_EQ(loaded.as<int32_t>().vec(), (std::vector<int32_t>{1, 2}));
  ASSERT_EQ(truncate(file.path().str().c_str(), header.size() + 17), 0);
  EXPECT_EQ(llvm::toString(arrays[0].array.load().takeError()),
            file.path().str() + ": shorter than it was");
}

TEST(Load, KeepsTheLimitOfMemory) {
  File file(npy("{'descr':'<i4','fortran_order':False,'shape':(2,)}", two));
  EXPECT_TRUE(bool(llvm::cantFail(readNpy(file.path(), 8)).load()));
  EXPECT_EQ(llvm::toString(
                llvm::cantFail(readNpy(file.path(), 7)).load().takeError()),
            file.path().str() + ": int32[2] needs at least 8 B of memory, but "
                                "there is room for 7 B (--memory-limit)");
}

TEST(Convert, Halves) {
  // Zero, the smallest denormal, one, the largest, infinity, a NaN, minus two.
  Array halves = arrayOf<uint16_t>(
      ElementKind::Float16, {0, 1, 0x3c00, 0x7bff, 0x7c00, 0x7c01, 0xc000});
  Array doubles = llvm::cantFail(convertFloat(halves, ElementKind::Float64));
  auto values = doubles.as<double>();
  EXPECT_EQ(values[0], 0);
  EXPECT_EQ(values[1], std::ldexp(1.0, -24));
  EXPECT_EQ(values[2], 1);
  EXPECT_EQ(values[3], 65504);
  EXPECT_EQ(values[4], INFINITY);
  EXPECT_TRUE(std::isnan(values[5]));
  EXPECT_EQ(values[6], -2);
  NonFiniteCount count = countNonFinite(halves);
  EXPECT_EQ(count.nans, 1);
  EXPECT_EQ(count.infinities, 1);
}

TEST(Convert, RefusesIntegersForFloatsAndFloatsForIntegers) {
  Array integers = arrayOf<int32_t>(ElementKind::Int32, {-1, 2});
  EXPECT_EQ(
      llvm::toString(convertFloat(integers, ElementKind::Float32).takeError()),
      "expected floating-point numbers, but got int32[2]");
  EXPECT_EQ(llvm::cantFail(convertToInt64(integers)).as<int64_t>().vec(),
            (std::vector<int64_t>{-1, 2}));
  Array floats = arrayOf<float>(ElementKind::Float32, {1});
  EXPECT_EQ(llvm::toString(convertToInt64(floats).takeError()),
            "expected integers, but got float32[1]");
  Array large = arrayOf<uint64_t>(ElementKind::UInt64, {~uint64_t(0)});
  EXPECT_EQ(llvm::toString(convertToInt64(large).takeError()),
            "expected integers below 2^63, but got a larger one in uint64[1]");
}

TEST(Write, LeavesNothingOnAnError) {
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("array-tests", folder));
  Array array = arrayOf<float>(ElementKind::Float32, {1});
  EXPECT_EQ(llvm::toString(writeNpy(folder, array)),
            (folder + ": is a directory").str());
  std::string missing = (folder + "/no/theta.npy").str();
  EXPECT_EQ(llvm::toString(writeNpy(missing, array)),
            missing + ": there is no directory '" + folder.str().str() +
                "/no'");
  std::string path = (folder + "/theta.npy").str();
  llvm::cantFail(writeNpy(path, array));
  llvm::cantFail(writeNpy(path, array));
  std::error_code code;
  int files = 0;
  for (llvm::sys::fs::directory_iterator it(folder, code), end; it != end;
       it.increment(code))
    ++files;
  EXPECT_EQ(files, 1);
  llvm::sys::fs::remove_directories(folder);
}

TEST(Write, ReportsAFullDisk) {
  Array array = arrayOf<float>(ElementKind::Float32, {1});
  EXPECT_EQ(llvm::toString(writeNpy("/dev/full", array)),
            "/dev/full: no space left on device");
}

TEST(Write, KeepsTheLimitOfNames) {
  File file;
  Array array = arrayOf<float>(ElementKind::Float32, {1});
  std::string name(65000, 'a');
  llvm::cantFail(writeNpz(file.path(), {{name, array}}));
  EXPECT_EQ(llvm::cantFail(load(file.path()))[0].name, name);
  EXPECT_EQ(llvm::toString(writeNpz(file.path(), {{name + "a", array}})),
            file.path().str() +
                ": expected names of at most 65000 bytes, but got one of "
                "65001");
  EXPECT_EQ(llvm::cantFail(load(file.path()))[0].name, name);
}

TEST(Given, KeepsTheLimitOfNesting) {
  auto lists = [](int depth) {
    return "x=" + std::string(depth, '[') + "1" + std::string(depth, ']');
  };
  EXPECT_EQ(llvm::cantFail(parseGivenValue(lists(64))).array.shape.size(), 64u);
  EXPECT_EQ(llvm::toString(parseGivenValue(lists(65)).takeError()),
            "'x': line 1: expected text that nests at most 64 deep");
}

} // namespace
