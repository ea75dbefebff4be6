// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that are written: .npy, .npz and text, all by ntk-rt/OutputFile.h.

#include "ntk-rt/NpyFile.h"
#include "ntk-rt/ZipFile.h"
#include "ntk/Data/Arrays.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/JSON.h"

using namespace mlir::ntk;
namespace rt = ::ntk::rt;
using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

Output::Output() = default;
Output::~Output() = default;

Error Output::open(StringRef option, StringRef name) {
  path = name.str();
  file = std::make_unique<rt::OutputFile>();
  std::string error;
  if (file->open(path, error))
    return Error::success();
  return createStringError(option.empty() ? error
                                          : (option + ": " + error).str());
}

Error Output::reserve(int64_t bytes) {
  std::string error;
  return file->reserve(bytes, error) ? Error::success()
                                     : createStringError(error);
}

Error Output::write(ArrayRef<StringRef> parts) {
  std::string error;
  for (StringRef part : parts)
    if (!file->write(part.data(), part.size(), error))
      return createStringError(error);
  return Error::success();
}

Error Output::finish() {
  std::string error;
  return file->finish(error) ? Error::success() : createStringError(error);
}

Error Output::commit() {
  std::string error;
  return file->commit(error) ? Error::success() : createStringError(error);
}

bool mlir::ntk::isStream(StringRef path) {
  rt::detail::OutputPlace place;
  std::string error;
  return place.find(path.str(), error) && place.isStream;
}

//===----------------------------------------------------------------------===//
// .npy
//===----------------------------------------------------------------------===//

static std::string npyHeader(ElementKind kind, ArrayRef<int64_t> shape) {
  return rt::detail::npyHeader(static_cast<rt::ElementType>(kind), shape.vec());
}

static StringRef bytesOf(const Array &array) {
  return {array.bytes().data(), array.bytes().size()};
}

int64_t mlir::ntk::npyFileSize(ElementKind kind, ArrayRef<int64_t> shape) {
  return npyHeader(kind, shape).size() + byteSizeOf(kind, shape).value_or(0);
}

/// NumPy has no such array.
static Error checkNumpy(StringRef path, const Array &array,
                        const llvm::Twine &of) {
  if (array.kind == ElementKind::BFloat16)
    return createStringError(path + ": NumPy has no bfloat16" + of);
  if (array.shape.size() > rt::maxAxes)
    return createStringError(path + ": NumPy has at most " +
                             llvm::Twine(rt::maxAxes) + " axes, but got " +
                             llvm::Twine(array.shape.size()) + of);
  return Error::success();
}

Error Output::writeNpy(const Array &array) {
  if (Error error = checkNumpy(path, array, ""))
    return error;
  return write({npyHeader(array.kind, array.shape), bytesOf(array)});
}

//===----------------------------------------------------------------------===//
// .npz
//===----------------------------------------------------------------------===//

namespace {
/// A zip archive of stored members, as it grows. All sizes are those of zip64,
/// so that nothing changes where they become large.
class ZipWriter {
public:
  explicit ZipWriter(Output &output) : output(output) {}

  Error add(StringRef name, StringRef header, StringRef content);
  Error close();

private:
  using Bytes = std::string;
  static constexpr uint64_t inExtra = 0xffffffff;

  static void put(Bytes &to, std::initializer_list<uint64_t> values, int width);
  Error write(const Bytes &record, ArrayRef<StringRef> parts = {});

  Output &output;
  Bytes directory;
  uint64_t offset = 0, count = 0;
};
} // namespace

/// Appends numbers of `width` bytes, the lowest first.
void ZipWriter::put(Bytes &to, std::initializer_list<uint64_t> values,
                    int width) {
  for (uint64_t value : values)
    for (int i = 0; i < width; ++i)
      to += static_cast<char>(value >> 8 * i);
}

Error ZipWriter::write(const Bytes &record, ArrayRef<StringRef> parts) {
  offset += record.size();
  for (StringRef part : parts)
    offset += part.size();
  if (Error error = output.write({record}))
    return error;
  return output.write(parts);
}

Error ZipWriter::add(StringRef name, StringRef header, StringRef content) {
  uint32_t sum = rt::detail::checksumOf(header.data(), header.size());
  sum = rt::detail::checksumOf(content.data(), content.size(), sum);
  uint64_t size = header.size() + content.size();
  Bytes common, local = "PK\3\4", extra;
  // Version 4.5, names in UTF-8 or bytes, stored, 1 January 1980.
  uint64_t flags = llvm::json::isUTF8(name) ? 0x800 : 0;
  put(common, {45, flags, 0, 0, 0x21}, 2);
  put(common, {sum, inExtra, inExtra}, 4);
  put(common, {name.size()}, 2);
  put(extra, {1, 16}, 2);
  put(extra, {size, size}, 8);
  local += common;
  put(local, {extra.size()}, 2);
  local += name.str() + extra;

  directory += "PK\1\2";
  put(directory, {45}, 2);
  directory += common;
  put(directory, {28, 0, 0, 0}, 2); // the extra field, and what is not there
  put(directory, {0, inExtra}, 4);
  directory += name;
  put(directory, {1, 24}, 2);
  put(directory, {size, size, offset}, 8);
  ++count;
  return write(local, {header, content});
}

Error ZipWriter::close() {
  uint64_t begin = offset;
  if (Error error = write(directory))
    return error;
  Bytes end = "PK\6\6";
  put(end, {44}, 8);
  put(end, {45, 45}, 2);
  put(end, {0, 0}, 4);
  put(end, {count, count, directory.size(), begin}, 8);
  end += "PK\6\7";
  put(end, {0}, 4);
  put(end, {offset}, 8);
  put(end, {1}, 4);
  end += "PK\5\6";
  put(end, {0, 0, 0xffff, 0xffff}, 2);
  put(end, {inExtra, inExtra}, 4);
  put(end, {0}, 2);
  return write(end);
}

Error Output::writeNpz(ArrayRef<NamedArray> arrays) {
  if (arrays.empty())
    return createStringError(path + ": expected at least one array to write");
  llvm::StringSet<> names;
  for (const auto &[name, array] : arrays) {
    if (Error error = checkNumpy(path, array, ", the array of '" + name + "'"))
      return error;
    if (name.size() > 65000)
      return createStringError(path +
                               ": expected names of at most 65000 "
                               "bytes, but got one of " +
                               llvm::Twine(name.size()));
    if (!names.insert(name).second)
      return createStringError(path + ": two arrays have the name '" + name +
                               "'");
  }
  ZipWriter archive(*this);
  for (const auto &[name, array] : arrays)
    if (Error error = archive.add(
            name + ".npy", npyHeader(array.kind, array.shape), bytesOf(array)))
      return error;
  return archive.close();
}

//===----------------------------------------------------------------------===//
// Whole files
//===----------------------------------------------------------------------===//

/// Opens `path`, lets `write` fill it, and puts it in its place.
static Error writeWhole(StringRef path,
                        llvm::function_ref<Error(Output &)> write) {
  Output output;
  if (Error error = output.open(/*option=*/"", path))
    return error;
  if (Error error = write(output))
    return error;
  return output.commit();
}

Error mlir::ntk::writeNpy(StringRef path, const Array &array) {
  return writeWhole(path,
                    [&](Output &output) { return output.writeNpy(array); });
}

Error mlir::ntk::writeNpz(StringRef path, ArrayRef<NamedArray> arrays) {
  return writeWhole(path,
                    [&](Output &output) { return output.writeNpz(arrays); });
}
