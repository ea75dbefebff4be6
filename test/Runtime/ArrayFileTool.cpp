// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// array-file-tool copy IN FOLDER: reads a file of arrays and writes each, as
// FOLDER/NAME.npy; bfloat16, which NumPy does not have, as float32.
// array-file-tool corrupt IN SCRATCH: writes changes of IN to the file SCRATCH,
// many ways, and reads that; prints how many were refused, and how many gave
// other arrays.

#include "ntk-rt/ArrayFile.h"
#include "ntk-rt/Convert.h"

#include <fstream>
#include <iterator>

using namespace ntk::rt;

static bool copyArrays(const std::string &from, const std::string &folder,
                       std::string &error) {
  ArrayFile file;
  if (!file.open(from, error))
    return false;
  for (const std::string &name : file.names()) {
    Array array;
    if (!file.read(name, array, error) ||
        (array.type == ElementType::BF16 &&
         !convertTo(array, ElementType::F32, error)) ||
        !writeNpy(folder + "/" + name + ".npy", array.type, array.shape,
                  array.bytes.data(), error))
      return false;
    std::printf("%s: %s\n", name.c_str(),
                describe(array.type, array.shape).c_str());
  }
  return true;
}

/// The arrays of a file with this content, without their names; none if one
/// cannot be read.
static std::vector<std::string> read(const std::string &content,
                                     const std::string &scratch) {
  std::ofstream(scratch, std::ios::binary) << content;
  ArrayFile file;
  std::string error;
  std::vector<std::string> arrays;
  bool good = file.open(scratch, error);
  for (const std::string &name : file.names()) {
    Array array;
    good = file.read(name, array, error) && good;
    if (good)
      arrays.push_back(describe(array.type, array.shape) +
                       std::string(array.bytes.data(),
                                   static_cast<size_t>(array.bytes.size())));
  }
  std::sort(arrays.begin(), arrays.end());
  return good ? arrays : std::vector<std::string>();
}

static void corrupt(const std::string &from, const std::string &scratch) {
  std::ifstream stream(from, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  const std::vector<std::string> arrays = read(content, scratch);
  int prefixes = 0, refused = 0, different = 0;
  for (size_t size = 0; size < content.size(); ++size)
    prefixes += read(content.substr(0, size), scratch).empty();
  for (size_t at = 0; at < content.size(); ++at)
    for (int mask : {0x01, 0x80, 0xff}) {
      std::string changed = content;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      const std::vector<std::string> found = read(changed, scratch);
      refused += found.empty();
      different += !found.empty() && found != arrays;
    }
  std::printf("prefixes: %zu, refused: %d\nchanges: %zu, refused: %d, "
              "different: %d\n",
              content.size(), prefixes, 3 * content.size(), refused, different);
}

int main(int argc, char **argv) {
  const std::string command = argc == 4 ? argv[1] : "";
  std::string error;
  if (command == "corrupt") {
    corrupt(argv[2], argv[3]);
  } else if (command != "copy") {
    std::fprintf(stderr, "usage: array-file-tool copy|corrupt IN OUT\n");
    return 2;
  } else if (!copyArrays(argv[2], argv[3], error)) {
    std::fprintf(stderr, "error: %s\n", error.c_str());
    return 1;
  }
  return 0;
}
