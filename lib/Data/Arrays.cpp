// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays in memory: their sizes, their bytes, and conversion between element
// types.

#include "ntk/Data/Arrays.h"
#include "ntk-rt/Pages.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir::ntk;
using llvm::ArrayRef;
using llvm::Expected;

int64_t mlir::ntk::byteWidth(ElementKind kind) {
  switch (kind) {
  case ElementKind::Bool:
  case ElementKind::Int8:
  case ElementKind::UInt8:
    return 1;
  case ElementKind::Int16:
  case ElementKind::UInt16:
  case ElementKind::Float16:
  case ElementKind::BFloat16:
    return 2;
  case ElementKind::Int32:
  case ElementKind::UInt32:
  case ElementKind::Float32:
    return 4;
  case ElementKind::Int64:
  case ElementKind::UInt64:
  case ElementKind::Float64:
    return 8;
  }
  llvm_unreachable("unknown element kind");
}

bool mlir::ntk::isFloat(ElementKind kind) {
  return kind >= ElementKind::Float16;
}

llvm::StringRef mlir::ntk::nameOf(ElementKind kind) {
  static constexpr llvm::StringLiteral names[] = {
      "bool",  "int8",   "uint8",   "int16",    "uint16",  "int32",  "uint32",
      "int64", "uint64", "float16", "bfloat16", "float32", "float64"};
  return names[static_cast<int>(kind)];
}

std::string mlir::ntk::describe(ElementKind kind, ArrayRef<int64_t> shape) {
  std::string text = nameOf(kind).str() + "[";
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(shape, stream);
  return text + "]";
}

std::optional<int64_t> mlir::ntk::sizeOf(ArrayRef<int64_t> shape) {
  // Extents of zero come last, so that [0, 2^62, 2^62] does not fit either.
  int64_t size = 1;
  bool empty = false;
  for (int64_t extent : shape) {
    if (extent < 0)
      return std::nullopt;
    if (extent == 0)
      empty = true;
    else if (llvm::MulOverflow(size, extent, size))
      return std::nullopt;
  }
  return empty ? 0 : size;
}

std::optional<int64_t> mlir::ntk::byteSizeOf(ElementKind kind,
                                             ArrayRef<int64_t> shape) {
  std::optional<int64_t> size = sizeOf(shape);
  int64_t bytes;
  if (!size || llvm::MulOverflow(*size, byteWidth(kind), bytes))
    return std::nullopt;
  return bytes;
}

Expected<Array> Array::allocate(ElementKind kind, ArrayRef<int64_t> shape,
                                llvm::MutableArrayRef<char> &bytes) {
  std::optional<int64_t> size = byteSizeOf(kind, shape);
  std::unique_ptr<llvm::WritableMemoryBuffer> memory;
  if (size)
    memory = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(*size, "array",
                                                               llvm::Align(64));
  if (!memory)
    return llvm::createStringError("no memory for " + describe(kind, shape));
  bytes = memory->getBuffer();
  ::ntk::rt::useLargePages(bytes.data(), *size);
  return Array(kind, shape, bytes,
               std::shared_ptr<llvm::WritableMemoryBuffer>(std::move(memory)));
}

/// The value of an IEEE half.
static float fromHalf(uint16_t bits) {
  int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  float magnitude = exponent == 31 ? (fraction ? NAN : INFINITY)
                    : exponent     ? std::ldexp(1024 + fraction, exponent - 25)
                                   : std::ldexp(fraction, -24);
  return std::copysign(magnitude, bits >> 15 ? -1.0f : 1.0f);
}

/// The value of a bfloat16, the upper half of a float.
static float fromBFloat16(uint16_t bits) {
  return llvm::bit_cast<float>(uint32_t(bits) << 16);
}

/// Calls `visit` with the elements of a float array, one after the other.
template <typename Visit>
static void forEachFloat(const Array &array, Visit visit) {
  switch (array.kind) {
  case ElementKind::Float16:
    for (uint16_t bits : array.as<uint16_t>())
      visit(fromHalf(bits));
    return;
  case ElementKind::BFloat16:
    for (uint16_t bits : array.as<uint16_t>())
      visit(fromBFloat16(bits));
    return;
  case ElementKind::Float32:
    for (float value : array.as<float>())
      visit(value);
    return;
  default:
    for (double value : array.as<double>())
      visit(value);
  }
}

Expected<Array> mlir::ntk::convertFloat(const Array &array, ElementKind to) {
  if (array.kind == to)
    return array;
  if (!isFloat(array.kind))
    return llvm::createStringError("expected floating-point numbers, but got " +
                                   describe(array.kind, array.shape));
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> result = Array::allocate(to, array.shape, bytes);
  if (!result)
    return result;
  auto convertTo = [&](auto *next) {
    forEachFloat(array, [&](auto value) {
      *next++ = static_cast<std::remove_pointer_t<decltype(next)>>(value);
    });
  };
  if (to == ElementKind::Float32)
    convertTo(reinterpret_cast<float *>(bytes.data()));
  else if (to == ElementKind::Float64)
    convertTo(reinterpret_cast<double *>(bytes.data()));
  else
    llvm_unreachable("convertFloat gives Float32 or Float64");
  return result;
}

/// Calls `visit` with the elements of an integer or boolean array.
template <typename Visit>
static void forEachInteger(const Array &array, Visit visit) {
  auto all = [&](auto values) {
    for (auto value : values)
      visit(value);
  };
  switch (array.kind) {
  case ElementKind::Int8:
    return all(array.as<int8_t>());
  case ElementKind::Int16:
    return all(array.as<int16_t>());
  case ElementKind::UInt16:
    return all(array.as<uint16_t>());
  case ElementKind::Int32:
    return all(array.as<int32_t>());
  case ElementKind::UInt32:
    return all(array.as<uint32_t>());
  case ElementKind::Int64:
    return all(array.as<int64_t>());
  case ElementKind::UInt64:
    return all(array.as<uint64_t>());
  default:
    return all(array.as<uint8_t>());
  }
}

Expected<Array> mlir::ntk::convertToInt64(const Array &array) {
  if (array.kind == ElementKind::Int64)
    return array;
  if (isFloat(array.kind))
    return llvm::createStringError("expected integers, but got " +
                                   describe(array.kind, array.shape));
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> result =
      Array::allocate(ElementKind::Int64, array.shape, bytes);
  if (!result)
    return result;
  auto *next = reinterpret_cast<int64_t *>(bytes.data());
  bool fits = true;
  forEachInteger(array, [&](auto value) {
    *next = static_cast<int64_t>(value);
    fits &= value < 0 || *next >= 0;
    ++next;
  });
  if (!fits)
    return llvm::createStringError(
        "expected integers below 2^63, but got a larger one in " +
        describe(array.kind, array.shape));
  return result;
}

NonFiniteCount mlir::ntk::countNonFinite(const Array &array) {
  NonFiniteCount count;
  if (isFloat(array.kind)) {
    forEachFloat(array, [&](auto value) {
      count.nans += std::isnan(value);
      count.infinities += std::isinf(value);
    });
  }
  return count;
}
