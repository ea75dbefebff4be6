// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A libFuzzer target over the readers of .npy, .npz and .safetensors files:
// whatever the bytes are, arrays come out that are what their headers say, or
// an error of one line.
//
//   array-fuzzer -rss_limit_mb=1024 -timeout=5 -max_len=4096 CORPUS

#include "ntk-rt/ArrayFile.h"

#include <sys/mman.h>

using namespace ntk::rt;

/// Not assert, which releases leave out.
static void expect(bool holds) {
  if (!holds)
    std::abort();
}

/// An error is one line that begins with the file's name.
static void expectError(const std::string &path, const std::string &error) {
  expect(error.compare(0, path.size(), path) == 0 &&
         error.find('\n') == std::string::npos);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const int descriptor = memfd_create("array-fuzzer", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  expect(ftruncate(descriptor, 0) == 0 &&
         pwrite(descriptor, data, size, 0) == static_cast<ssize_t>(size));
  ArrayFile file;
  std::string error;
  if (!file.open(path, error)) {
    expectError(path, error);
    expect(file.names().empty());
    return 0;
  }
  for (const std::string &name : file.names()) {
    ElementType type;
    std::vector<int64_t> shape;
    Array array;
    const bool isDescribed = file.describe(name, type, shape, error);
    if (!file.read(name, array, error)) {
      expectError(path, error);
      continue;
    }
    expect(isDescribed && array.type == type && array.shape == shape &&
           array.bytes.size() == byteSizeOf(type, shape));
  }
  return 0;
}
