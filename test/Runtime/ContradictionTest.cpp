// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files of arrays that contradict themselves, and those at a limit.

#include "TestArrays.h"

#include <gtest/gtest.h>

using namespace ntk::rt;

namespace {

/// An .npy file of so many axes.
std::string npyOfAxes(int axes) {
  std::string shape;
  for (int i = 0; i < axes; ++i)
    shape += "1,";
  return npy("{'descr': '|i1', 'fortran_order': False, 'shape': (" + shape +
                 ")}",
             "x");
}

TEST(NpyFile, KeepsLimits) {
  EXPECT_EQ(errorOf(npyOfAxes(64)), "none");
  EXPECT_EQ(errorOf(npyOfAxes(65)), ": expected at most 64 axes, but got 65");
  const std::string dictionary =
      "{'descr': '|i1', 'fortran_order': False, 'shape': ()}";
  for (size_t size : {65536, 65537}) { // with the 12 bytes before it
    const std::string header =
        dictionary + std::string(size - 12 - dictionary.size(), ' ');
    const std::string file = std::string("\x93NUMPY\2\0", 8) +
                             number(header.size(), 4) + header + "x";
    EXPECT_EQ(errorOf(file), size == 65536
                                 ? "none"
                                 : ": expected a header of at most 65536 "
                                   "bytes, but got 65537");
    EXPECT_EQ(errorOf(zip({{"a.npy", file}})),
              size == 65536 ? "none"
                            : ":a: expected a header of at most 65536 bytes, "
                              "but got 65537");
  }
}

TEST(NpyFile, EndsWithItsElements) {
  EXPECT_EQ(errorOf(one + "x"), ": expected 8 bytes for int32[2], but it goes "
                                "on for 1 more");
  EXPECT_EQ(errorOf(zip({{"a.npy", one + one}})),
            ":a: expected 8 bytes for int32[2], but it goes on for " +
                std::to_string(one.size()) + " more");
}

TEST(ZipFile, HasEachByteOnce) {
  // A second entry of the directory for the same bytes, of another name in its
  // header, or behind a first member that holds the second one.
  const std::string inner =
      zip({{"b.npy", one}})
          .substr(0, 30 + 5 + one.size()); // a member, without the directory
  const std::string outer =
      npy("{'descr': '|i1', 'fortran_order': False, 'shape': (" +
              std::to_string(inner.size()) + ",), }",
          inner);
  std::string bytes = zip({{"a.npy", outer}, {"b.npy", one}});
  EXPECT_EQ(errorOf(bytes), "none");
  const size_t entry = bytes.rfind("PK\1\2"), within = bytes.find(inner);
  bytes.replace(entry + 42, 4, number(within, 4));
  EXPECT_EQ(errorOf(bytes), ": corrupt .npz archive: its members overlap");

  std::string twice = zip({{"a.npy", one}, {"b.npy", one}});
  twice.replace(twice.rfind("PK\1\2") + 42, 4, number(0, 4));
  EXPECT_EQ(errorOf(twice),
            ":b: corrupt .npz archive: its two headers contradict each other");
}

TEST(ZipFile, SaysHowManyMembersItHas) {
  std::string bytes = zip({{"a.npy", one}, {"b.npy", one}});
  const size_t end = bytes.find("PK\5\6");
  bytes.replace(end + 10, 2, number(3, 2));
  EXPECT_EQ(errorOf(bytes), ": corrupt .npz archive: its directory has another "
                            "number of members than it says");
  EXPECT_EQ(errorOf(zip({{"a.npy", one}}) + "x"),
            ": corrupt .npz archive: no directory at its end");
}

TEST(SafetensorsFile, HasEachByteOnce) {
  auto of = [](const std::string &a, const std::string &b,
               const std::string &type = "I8") {
    return errorOf(safetensors(
        R"({"a": {"dtype": ")" + type + R"(", "shape": [4], "data_offsets": )" +
            a + R"(}, "b": {"dtype": "I8", "shape": [4], "data_offsets": )" +
            b + "}}",
        two));
  };
  EXPECT_EQ(of("[4, 8]", "[0, 4]"), "none");
  EXPECT_EQ(of("[0, 4]", "[0, 4]"),
            ":b: expected its bytes behind those of the others, from 4 on, but "
            "they are from 0 on");
  EXPECT_EQ(of("[2, 6]", "[0, 4]"),
            ":a: expected its bytes behind those of the others, from 4 on, but "
            "they are from 2 on");
  // Also where the type is none of ours.
  EXPECT_EQ(of("[0, 5]", "[4, 8]", "F8_E4M3"),
            ":b: expected its bytes behind those of the others, from 5 on, but "
            "they are from 4 on");
  EXPECT_EQ(of("[0, 3]", "[4, 8]", "F8_E4M3"),
            ":b: expected its bytes behind those of the others, from 3 on, but "
            "they are from 4 on");
  EXPECT_EQ(errorOf(safetensors("{}", two)),
            ": expected 0 bytes for the tensors, but got 8");
}

TEST(SafetensorsFile, KeepsLimits) {
  // Names are as short as can be; a header is padded by spaces.
  auto of = [](size_t tensors) {
    std::string header = "{";
    for (size_t i = 0; i < tensors; ++i)
      header += (i ? ",\"" : "\"") + std::to_string(i) +
                R"(":{"dtype":"I8","shape":[0],"data_offsets":[0,0]})";
    return header + "}";
  };
  for (size_t count : {maxArrays, maxArrays + 1}) {
    TestFile file(safetensors(of(count), ""));
    ArrayFile arrays;
    std::string error = "none";
    arrays.open(file.path(), error);
    EXPECT_EQ(error, count == maxArrays
                         ? "none"
                         : file.path() + ": expected at most 262144 tensors");
  }
  std::string header(100000001, ' ');
  header.replace(0, 2, "{}");
  EXPECT_EQ(errorOf(safetensors(header, "")),
            ": expected a .safetensors header of at most 100000000 bytes, but "
            "got 100000001");
  header.pop_back();
  EXPECT_EQ(errorOf(safetensors(header, "")), "none");
}

TEST(ZipFile, KeepsLimits) {
  const std::string empty =
      npy("{'descr': '|i1', 'fortran_order': False, 'shape': (0,)}", "");
  for (uint64_t count : {maxArrays, maxArrays + 1}) {
    std::vector<std::pair<std::string, std::string>> members;
    for (uint64_t i = 0; i < count; ++i)
      members.emplace_back(std::to_string(i) + ".npy", empty);
    TestFile file(zip(members, /*zip64=*/true));
    ArrayFile arrays;
    std::string error = "none";
    arrays.open(file.path(), error);
    EXPECT_EQ(error, count == maxArrays
                         ? "none"
                         : file.path() + ": expected at most 262144 arrays in "
                                         "the .npz archive, but got 262145");
  }
}

} // namespace
