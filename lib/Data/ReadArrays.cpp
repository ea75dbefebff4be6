// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that are read: arrays as ntk-rt/ArrayFile.h finds them, and text.

#include "ntk-rt/ArrayFile.h"
#include "ntk/Data/Arrays.h"
#include "llvm/ADT/Twine.h"

using namespace mlir::ntk;
namespace rt = ::ntk::rt;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

static_assert(static_cast<int>(ElementKind::Float16) ==
                      static_cast<int>(rt::ElementType::F16) &&
                  static_cast<int>(ElementKind::Float64) ==
                      static_cast<int>(rt::ElementType::F64),
              "both list the same types in the same order");

/// What an array that is not read yet needs.
static Error checkMemory(const Array &array, StringRef where, int64_t limit) {
  std::optional<int64_t> bytes = byteSizeOf(array.kind, array.shape);
  if (bytes && *bytes <= limit)
    return Error::success();
  return createStringError(where + ": " + describe(array.kind, array.shape) +
                           " needs at least " + llvm::Twine(bytes.value_or(0)) +
                           " B of memory, but there is room for " +
                           llvm::Twine(limit) + " B (--memory-limit)");
}

/// Reads one array of an open file.
static Expected<Array> readArray(const rt::ArrayFile &file,
                                 const std::string &name) {
  auto array = std::make_shared<rt::Array>();
  std::string error;
  if (!file.read(name, *array, error))
    return createStringError(error);
  llvm::ArrayRef<char> bytes(array->bytes.data(), array->bytes.size());
  return Array(static_cast<ElementKind>(array->type), array->shape, bytes,
               array);
}

Expected<std::vector<NamedArray>> mlir::ntk::readArrays(StringRef path,
                                                        int64_t memoryLimit) {
  auto file = std::make_shared<rt::ArrayFile>();
  std::string error;
  if (!file->open(path.str(), error))
    return createStringError(error);
  std::vector<NamedArray> arrays;
  for (const std::string &name : file->names()) {
    rt::ElementType type;
    std::vector<int64_t> shape;
    if (!file->describe(name, type, shape, error))
      return createStringError(error);
    Array header(static_cast<ElementKind>(type), shape, {}, nullptr);
    auto read = [file, name, header, memoryLimit]() -> Expected<Array> {
      if (Error error = checkMemory(header, file->describe(name), memoryLimit))
        return std::move(error);
      return readArray(*file, name);
    };
    arrays.push_back({name, Array::inFile(header.kind, shape, read)});
  }
  return arrays;
}

Expected<Array> mlir::ntk::readNpy(StringRef path, int64_t memoryLimit) {
  Expected<std::vector<NamedArray>> arrays = readArrays(path, memoryLimit);
  if (!arrays)
    return arrays.takeError();
  if (arrays->size() != 1 || !arrays->front().name.empty())
    return createStringError(path + ": not an .npy file");
  return arrays->front().array;
}

Expected<std::shared_ptr<InputFile>> mlir::ntk::openInput(StringRef path) {
  auto file = std::make_shared<InputFile>();
  std::string error;
  if (!file->open(path.str(), error))
    return createStringError(error);
  return file;
}

Expected<std::unique_ptr<llvm::MemoryBuffer>>
mlir::ntk::readWhole(const InputFile &file) {
  std::unique_ptr<llvm::WritableMemoryBuffer> memory =
      llvm::WritableMemoryBuffer::getNewUninitMemBuffer(file.size(),
                                                        file.name());
  if (!memory)
    return createStringError(file.name() + ": no memory for " +
                             llvm::Twine(file.size()) + " bytes");
  std::string error;
  if (!file.read(0, memory->getBufferStart(), file.size(), error))
    return createStringError(error);
  return memory;
}

Error mlir::ntk::checkSize(const InputFile &file, int64_t most) {
  if (file.size() <= most)
    return Error::success();
  return createStringError(file.name() + ": expected at most " +
                           llvm::Twine(most) + " bytes, but it has " +
                           llvm::Twine(file.size()));
}
