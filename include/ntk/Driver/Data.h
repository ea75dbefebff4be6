// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays on disk: inputs, parameters and kernels as NumPy's .npy and .npz and
// as .safetensors. Reading maps the file where its bytes can be used as they
// are and copies otherwise (Fortran order, big-endian, compressed members).
// Nothing in a file is trusted: sizes are checked against the bytes there are
// before anything is allocated. Files appear under their name when complete.
//
// Every error is one line, "PATH: what was expected, what was found".

#ifndef NTK_DRIVER_DATA_H
#define NTK_DRIVER_DATA_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlir::ntk {

/// The element types that arrays on disk have.
enum class ElementKind {
  Bool,
  Int8,
  UInt8,
  Int16,
  UInt16,
  Int32,
  UInt32,
  Int64,
  UInt64,
  Float16,
  BFloat16,
  Float32,
  Float64
};

/// Bytes of one element.
int64_t byteWidth(ElementKind kind);
/// Float16, BFloat16, Float32 or Float64.
bool isFloat(ElementKind kind);
/// NumPy's name of the type: "float32", "int64", "bool".
llvm::StringRef nameOf(ElementKind kind);
/// The type as in "float32[8, 3, 16, 16]", for messages.
std::string describe(ElementKind kind, llvm::ArrayRef<int64_t> shape);

/// Elements of an array of this shape, times byteWidth if a kind is given;
/// none if an extent is negative or the number does not fit 63 bits.
std::optional<int64_t> sizeOf(llvm::ArrayRef<int64_t> shape);
std::optional<int64_t> byteSizeOf(ElementKind kind,
                                  llvm::ArrayRef<int64_t> shape);

/// An array in row-major order and the machine's byte order. Copies share the
/// bytes, which belong to the array or are the mapped file; they are aligned to
/// the element's width.
class Array {
public:
  Array() = default;
  /// Takes `bytes`, which lie in `owner`, as they are.
  Array(ElementKind kind, llvm::ArrayRef<int64_t> shape,
        llvm::ArrayRef<char> bytes, std::shared_ptr<llvm::MemoryBuffer> owner)
      : kind(kind), shape(shape), data(bytes), owner(std::move(owner)) {}

  /// A new array of unspecified values, to be written through `bytes`. Fails if
  /// the memory cannot be had.
  static llvm::Expected<Array> allocate(ElementKind kind,
                                        llvm::ArrayRef<int64_t> shape,
                                        llvm::MutableArrayRef<char> &bytes);

  ElementKind kind = ElementKind::Float32;
  llvm::SmallVector<int64_t> shape;

  int64_t size() const { return *sizeOf(shape); }
  llvm::ArrayRef<char> bytes() const { return data; }
  /// The elements; T has the kind's width and meaning.
  template <typename T> llvm::ArrayRef<T> as() const {
    return {reinterpret_cast<const T *>(data.data()), data.size() / sizeof(T)};
  }

private:
  llvm::ArrayRef<char> data;
  std::shared_ptr<llvm::MemoryBuffer> owner;
};

/// An array of an .npz or .safetensors file. The one array of an .npy file has
/// the empty name.
struct NamedArray {
  std::string name;
  Array array;
};

llvm::Expected<Array> readNpy(llvm::StringRef path);
/// The members in the file's order, without their ".npy".
llvm::Expected<std::vector<NamedArray>> readNpz(llvm::StringRef path);
/// The tensors in the order of their bytes in the file.
llvm::Expected<std::vector<NamedArray>> readSafetensors(llvm::StringRef path);
/// Any of the three, told apart by the first bytes of the file.
llvm::Expected<std::vector<NamedArray>> readArrays(llvm::StringRef path);

/// The bytes before an .npy file's data, a multiple of 64 of them.
std::string npyHeader(ElementKind kind, llvm::ArrayRef<int64_t> shape);
/// Writes `parts`, one behind the other, to a temporary file beside `path` and
/// renames it when all is written; on an error nothing is left and a file that
/// was there stays. A `path` that is not a regular file, as /dev/stdout, is
/// written to directly.
llvm::Error writeWhole(llvm::StringRef path,
                       llvm::ArrayRef<llvm::StringRef> parts);
/// An error, which begins with the option, if a file of this name cannot be
/// made: known before hours of work.
llvm::Error checkOutput(llvm::StringRef option, llvm::StringRef path);
/// Writes as writeWhole does. BFloat16, which NumPy does not have, is refused.
llvm::Error writeNpy(llvm::StringRef path, const Array &array);
/// The same for an uncompressed .npz. Names must differ.
llvm::Error writeNpz(llvm::StringRef path, llvm::ArrayRef<NamedArray> arrays);

/// `array` as Float32 or Float64: itself if it is of that kind, else converted,
/// rounding to nearest. Integers and booleans are refused.
llvm::Expected<Array> convertFloat(const Array &array, ElementKind to);
/// `array` as Int64: itself if it is, else converted. Floats are refused, and
/// so is a UInt64 that does not fit.
llvm::Expected<Array> convertToInt64(const Array &array);

/// How many elements of a float array are not finite.
struct NonFiniteCount {
  int64_t nans = 0;
  int64_t infinities = 0;
};
NonFiniteCount countNonFinite(const Array &array);

} // namespace mlir::ntk

#endif // NTK_DRIVER_DATA_H
