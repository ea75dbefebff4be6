// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays in memory: the types their elements have in files, their shapes and
// their bytes. Nothing throws, not for want of memory either: what can fail
// returns whether it succeeded, and sets `error` to one line if not.

#ifndef NTK_RT_ARRAY_H
#define NTK_RT_ARRAY_H

#include "ntk-rt/Pages.h"
#include "ntk-rt/Printable.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace ntk {
namespace rt {

enum class ElementType {
  Bool,
  I8,
  U8,
  I16,
  U16,
  I32,
  U32,
  I64,
  U64,
  F16,
  BF16,
  F32,
  F64
};

namespace detail {

/// An element type, in the order of the enumeration.
struct ElementTypeInfo {
  int64_t width;           ///< bytes of an element
  const char *name;        ///< as NumPy names it, for messages
  const char *npy;         ///< in an .npy header, behind the byte order
  const char *safetensors; ///< in a .safetensors header
};
inline constexpr ElementTypeInfo elementTypes[] = {
    {1, "bool", "b1", "BOOL"},   {1, "int8", "i1", "I8"},
    {1, "uint8", "u1", "U8"},    {2, "int16", "i2", "I16"},
    {2, "uint16", "u2", "U16"},  {4, "int32", "i4", "I32"},
    {4, "uint32", "u4", "U32"},  {8, "int64", "i8", "I64"},
    {8, "uint64", "u8", "U64"},  {2, "float16", "f2", "F16"},
    {2, "bfloat16", "", "BF16"}, {4, "float32", "f4", "F32"},
    {8, "float64", "f8", "F64"}};

inline const ElementTypeInfo &infoOf(ElementType type) {
  return elementTypes[static_cast<int>(type)];
}

/// Sets the error; false, for "return fail(...)".
inline bool fail(std::string &error, std::string message) {
  error = printable(message);
  return false;
}

/// The product of two numbers from 0 on; -1 if it does not fit or one is -1.
inline int64_t multiply(int64_t a, int64_t b) {
  if (a < 0 || b < 0 || (a && b > std::numeric_limits<int64_t>::max() / a))
    return -1;
  return a * b;
}

} // namespace detail

/// Axes of an array, as many as NumPy allows, and arrays of a file.
inline constexpr size_t maxAxes = 64;
inline constexpr size_t maxArrays = 1 << 18;

inline bool isFloat(ElementType type) { return type >= ElementType::F16; }

/// The elements of an array of this shape; -1 if they are more than 2^63.
inline int64_t sizeOf(const std::vector<int64_t> &shape) {
  // Extents of zero come last, so that [0, 2^62, 2^62] does not fit either.
  int64_t size = 1;
  bool empty = false;
  for (int64_t extent : shape) {
    empty |= extent == 0;
    size = detail::multiply(size, extent == 0 ? 1 : extent);
  }
  return empty && size > 0 ? 0 : size;
}

/// Its bytes; -1 if they are more than 2^63.
inline int64_t byteSizeOf(ElementType type, const std::vector<int64_t> &shape) {
  return detail::multiply(sizeOf(shape), detail::infoOf(type).width);
}

/// "[2, 3]"
inline std::string describe(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (int64_t extent : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

/// "float32[2, 3]"
inline std::string describe(ElementType type,
                            const std::vector<int64_t> &shape) {
  return detail::infoOf(type).name + describe(shape);
}

/// Uninitialised bytes on a 64-byte boundary; see Pages.h.
class Memory {
public:
  Memory() = default;
  Memory(Memory &&other) noexcept { *this = std::move(other); }
  Memory &operator=(Memory &&other) noexcept {
    std::swap(start, other.start);
    std::swap(count, other.count);
    return *this;
  }
  ~Memory() { std::free(start); }

  /// Replaces what is here. Fails if there is no memory for so many bytes.
  bool allocate(int64_t bytes, std::string &error) {
    *this = Memory();
    start = static_cast<char *>(allocatePages(bytes));
    if (!start)
      return detail::fail(error,
                          "no memory for " + std::to_string(bytes) + " bytes");
    count = bytes;
    return true;
  }
  /// Keeps `bytes` bytes from `offset` on, moved to the front.
  void keep(int64_t offset, int64_t bytes) {
    std::memmove(start, start + offset, static_cast<size_t>(bytes));
    count = bytes;
  }

  char *data() { return start; }
  const char *data() const { return start; }
  int64_t size() const { return count; }

private:
  char *start = nullptr;
  int64_t count = 0;
};

/// A dense array, the last axis contiguous.
struct Array {
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape;
  Memory bytes;

  int64_t size() const { return sizeOf(shape); }
  template <typename T> const T *as() const {
    return reinterpret_cast<const T *>(bytes.data());
  }
};

} // namespace rt
} // namespace ntk

#endif // NTK_RT_ARRAY_H
