// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Temporary files for the tests of files of arrays, and the formats' bytes.

#ifndef NTK_TEST_RUNTIME_TESTFILE_H
#define NTK_TEST_RUNTIME_TESTFILE_H

#include "ntk-rt/ZipFile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

/// Where temporary files go: memory, where there is such a place, for some
/// tests write thousands.
inline std::string temporaryName() {
  namespace fs = std::filesystem;
  std::error_code code;
  const fs::path memory = "/dev/shm";
  const bool has =
      fs::is_directory(memory, code) && access(memory.c_str(), W_OK) == 0;
  return ((has ? memory : fs::temp_directory_path()) / "ntk-rt-XXXXXX")
      .string();
}

/// A folder, gone with all in it at the end of the test.
class TestFolder {
public:
  TestFolder() {
    name = temporaryName();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
  }
  ~TestFolder() { std::filesystem::remove_all(name); }
  const std::string &path() const { return name; }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto &entry : std::filesystem::directory_iterator(name))
      result.push_back(entry.path().filename().string());
    std::sort(result.begin(), result.end());
    return result;
  }

private:
  std::string name;
};

/// A file with this content, gone at the end of the test.
class TestFile {
public:
  explicit TestFile(const std::string &content) {
    name = temporaryName();
    const int descriptor = mkstemp(name.data());
    EXPECT_GE(descriptor, 0);
    close(descriptor);
    std::ofstream(name, std::ios::binary) << content;
  }
  ~TestFile() { std::filesystem::remove(name); }
  const std::string &path() const { return name; }

private:
  std::string name;
};

/// A number of `bytes` bytes, the lowest first.
inline std::string number(uint64_t value, int bytes) {
  std::string result;
  for (; bytes > 0; --bytes, value >>= 8)
    result += static_cast<char>(value);
  return result;
}

/// An .npy file of version 1 with this header and these elements.
inline std::string npy(const std::string &header, const std::string &data) {
  return std::string("\x93NUMPY\1\0", 8) + number(header.size(), 2) + header +
         data;
}

/// A .safetensors file with this header and these bytes.
inline std::string safetensors(const std::string &header,
                               const std::string &data) {
  return number(header.size(), 8) + header + data;
}

/// A zip archive of these members, stored; with `zip64` its sizes and offsets
/// are where those that 32 bits cannot say are.
inline std::string
zip(const std::vector<std::pair<std::string, std::string>> &members,
    bool zip64 = false) {
  std::string bytes, directory;
  for (const auto &[name, content] : members) {
    const uint64_t sum = ntk::rt::detail::checksumOf(
        content.data(), static_cast<int64_t>(content.size()));
    const uint64_t size = zip64 ? 0xffffffff : content.size();
    const std::string extra =
        zip64 ? number(1, 2) + number(24, 2) + number(content.size(), 8) +
                    number(content.size(), 8) + number(bytes.size(), 8)
              : "";
    // Version, flags, method, time, date, checksum, sizes, lengths.
    const std::string common = number(45, 2) + number(0, 8) + number(sum, 4) +
                               number(size, 4) + number(size, 4) +
                               number(name.size(), 2) + number(extra.size(), 2);
    directory += "PK\1\2" + number(45, 2) + common + number(0, 10) +
                 number(zip64 ? 0xffffffff : bytes.size(), 4) + name + extra;
    bytes += "PK\3\4" + common + name + extra + content;
  }
  const uint64_t offset = bytes.size(), count = members.size();
  bytes += directory;
  if (zip64) {
    const uint64_t record = bytes.size();
    bytes += "PK\6\6" + number(44, 8) + number(45, 2) + number(45, 2) +
             number(0, 8) + number(count, 8) + number(count, 8) +
             number(directory.size(), 8) + number(offset, 8);
    bytes += "PK\6\7" + number(0, 4) + number(record, 8) + number(1, 4);
  }
  return bytes + "PK\5\6" + number(0, 4) + number(zip64 ? 0xffff : count, 2) +
         number(zip64 ? 0xffff : count, 2) +
         number(zip64 ? 0xffffffff : directory.size(), 4) +
         number(zip64 ? 0xffffffff : offset, 4) + number(0, 2);
}

#endif // NTK_TEST_RUNTIME_TESTFILE_H
