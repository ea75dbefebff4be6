// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays on disk: inputs, parameters and kernels as NumPy's .npy and .npz and
// as .safetensors, read by the headers that generated code includes. A file is
// first only looked at: its arrays have kinds and shapes, and `load` reads
// them. Nothing in a file is trusted: sizes are checked against the bytes there
// are before anything is allocated. Files appear under their name when
// complete.
//
// Every error is one line, "PATH: what was expected, what was found".

#ifndef NTK_DATA_ARRAYS_H
#define NTK_DATA_ARRAYS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ntk::rt {
class InputFile;
class OutputFile;
} // namespace ntk::rt

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
/// bytes, which are aligned to the element's width. The bytes of an array from
/// a file are not there before it is loaded.
class Array {
public:
  using Reader = std::function<llvm::Expected<Array>()>;

  Array() = default;
  /// Takes `bytes`, which `owner` keeps alive, as they are.
  Array(ElementKind kind, llvm::ArrayRef<int64_t> shape,
        llvm::ArrayRef<char> bytes, std::shared_ptr<const void> owner)
      : kind(kind), shape(shape), data(bytes), owner(std::move(owner)) {}

  /// A new array of unspecified values, to be written through `bytes`. Fails if
  /// the memory cannot be had.
  static llvm::Expected<Array> allocate(ElementKind kind,
                                        llvm::ArrayRef<int64_t> shape,
                                        llvm::MutableArrayRef<char> &bytes);
  /// An array that `reader` reads.
  static Array inFile(ElementKind kind, llvm::ArrayRef<int64_t> shape,
                      Reader reader) {
    Array array(kind, shape, {}, nullptr);
    array.reader = std::move(reader);
    return array;
  }
  /// The array with its bytes: itself, or read from its file.
  llvm::Expected<Array> load() const { return reader ? reader() : *this; }

  ElementKind kind = ElementKind::Float32;
  llvm::SmallVector<int64_t> shape;

  int64_t size() const { return *sizeOf(shape); }
  llvm::ArrayRef<char> bytes() const {
    assert(!reader && "an array has to be loaded first");
    return data;
  }
  /// The elements; T has the kind's width and meaning.
  template <typename T> llvm::ArrayRef<T> as() const {
    return {reinterpret_cast<const T *>(bytes().data()),
            bytes().size() / sizeof(T)};
  }

private:
  llvm::ArrayRef<char> data;
  std::shared_ptr<const void> owner;
  Reader reader;
};

/// An array of an .npz or .safetensors file. The one array of an .npy file has
/// the empty name.
struct NamedArray {
  std::string name;
  Array array;
};

/// The arrays of an .npy, .npz or .safetensors file, told apart by the first
/// bytes of the file, by name and not loaded. An .npz's names are without
/// ".npy". Arrays of more bytes than `memoryLimit` cannot be loaded.
llvm::Expected<std::vector<NamedArray>>
readArrays(llvm::StringRef path,
           int64_t memoryLimit = std::numeric_limits<int64_t>::max());
/// The array of an .npy file, not loaded.
llvm::Expected<Array>
readNpy(llvm::StringRef path,
        int64_t memoryLimit = std::numeric_limits<int64_t>::max());

using InputFile = ::ntk::rt::InputFile;
/// Opens a file or a pipe.
llvm::Expected<std::shared_ptr<InputFile>> openInput(llvm::StringRef path);
/// Everything that the file has, with a NUL behind it.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readWhole(const InputFile &file);
/// An error that begins with the file's name if it has more bytes than that.
llvm::Error checkSize(const InputFile &file, int64_t most);

/// A file to be written, see ntk-rt/OutputFile.h.
class Output {
public:
  Output();
  ~Output();

  /// Finds out, before the work, whether it can be written, and makes nothing.
  /// An error begins with the option, if there is one.
  llvm::Error open(llvm::StringRef option, llvm::StringRef path);
  /// Fails if there is no room for so many bytes.
  llvm::Error reserve(int64_t bytes);
  llvm::Error write(llvm::ArrayRef<llvm::StringRef> parts);
  /// BFloat16, which NumPy does not have, is refused.
  llvm::Error writeNpy(const Array &array);
  /// An uncompressed .npz. Names must differ.
  llvm::Error writeNpz(llvm::ArrayRef<NamedArray> arrays);
  /// Forces it to the disk. Of several files all are finished before the first
  /// is committed.
  llvm::Error finish();
  /// Gives it its name.
  llvm::Error commit();

private:
  std::string path;
  std::unique_ptr<::ntk::rt::OutputFile> file;
};

/// Is the path one of a device, a pipe or an open descriptor?
bool isStream(llvm::StringRef path);
/// The size of an .npy file.
int64_t npyFileSize(ElementKind kind, llvm::ArrayRef<int64_t> shape);
/// Writes a whole file: nothing of it stays on an error.
llvm::Error writeNpy(llvm::StringRef path, const Array &array);
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

#endif // NTK_DATA_ARRAYS_H
