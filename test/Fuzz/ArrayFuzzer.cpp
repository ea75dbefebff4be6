// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A libFuzzer target over the readers of .npy, .npz and .safetensors files:
// whatever the bytes are, arrays come out that are what their headers say, or
// an error of one line. First by the headers that generated code includes,
// then by the compiler's driver, which converts what it reads.

#include "ntk-rt/ArrayFile.h"
#include "ntk/Data/Arrays.h"

#include <sys/mman.h>

using namespace ntk::rt;
namespace driver = mlir::ntk;

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

/// Reads all arrays as generated code does, one after the other.
static void readAll(const std::string &path) {
  ArrayFile file;
  std::string error;
  if (!file.open(path, error)) {
    expectError(path, error);
    expect(file.names().empty());
    return;
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
}

/// What a conversion makes: as many elements, or an error that says something.
static void expectConverted(const driver::Array &array,
                            llvm::Expected<driver::Array> made) {
  if (made)
    expect(made->size() == array.size());
  else
    expect(!llvm::toString(made.takeError()).empty());
}

/// Reads and converts all arrays as the driver does.
static void convertAll(const std::string &path) {
  constexpr int64_t memoryLimit = 1 << 24;
  llvm::Expected<std::vector<driver::NamedArray>> arrays =
      driver::readArrays(path, memoryLimit);
  if (!arrays)
    return expectError(path, llvm::toString(arrays.takeError()));
  for (const driver::NamedArray &entry : *arrays) {
    llvm::Expected<driver::Array> array = entry.array.load();
    if (!array) {
      expectError(path, llvm::toString(array.takeError()));
      continue;
    }
    expect(array->shape == entry.array.shape &&
           static_cast<int64_t>(array->bytes().size()) ==
               *driver::byteSizeOf(array->kind, array->shape));
    if (driver::isFloat(array->kind)) {
      driver::NonFiniteCount count = driver::countNonFinite(*array);
      expect(count.nans + count.infinities <= array->size());
    }
    expectConverted(*array,
                    driver::convertFloat(*array, driver::ElementKind::Float32));
    expectConverted(*array,
                    driver::convertFloat(*array, driver::ElementKind::Float64));
    expectConverted(*array, driver::convertToInt64(*array));
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const int descriptor = memfd_create("array-fuzzer", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  expect(ftruncate(descriptor, 0) == 0 &&
         pwrite(descriptor, data, size, 0) == static_cast<ssize_t>(size));
  readAll(path);
  convertAll(path);
  return 0;
}
