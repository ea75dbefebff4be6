// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements as files have them, converted to the types that kernels compute in,
// and the search for values that are not finite.

#ifndef NTK_RT_CONVERT_H
#define NTK_RT_CONVERT_H

#include "ntk-rt/Array.h"

#include <type_traits>

namespace ntk {
namespace rt {
namespace detail {

/// The value of an IEEE half.
inline float fromHalf(uint16_t bits) {
  const uint32_t sign = (bits & 0x8000u) << 16, magnitude = bits & 0x7fffu;
  uint32_t wide; // the magnitude's bits as a float
  if (magnitude >= 0x7c00) {
    wide = 0x7f800000u | (magnitude & 0x3ff) << 13;
  } else if (magnitude >= 0x400) {
    wide = (magnitude << 13) + (112u << 23);
  } else { // a multiple of 2^-24
    const float value = static_cast<float>(magnitude) * 0x1p-24f;
    std::memcpy(&wide, &value, sizeof wide);
  }
  wide |= sign;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

/// The value of a bfloat16, the upper half of a float.
inline float fromBFloat16(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

template <typename To> void copyFloats(const Array &from, To *to) {
  const int64_t n = from.size();
  switch (from.type) {
  case ElementType::F16:
    for (int64_t i = 0; i < n; ++i)
      to[i] = fromHalf(from.as<uint16_t>()[i]);
    return;
  case ElementType::BF16:
    for (int64_t i = 0; i < n; ++i)
      to[i] = fromBFloat16(from.as<uint16_t>()[i]);
    return;
  case ElementType::F32:
    for (int64_t i = 0; i < n; ++i)
      to[i] = from.as<float>()[i];
    return;
  default:
    for (int64_t i = 0; i < n; ++i)
      to[i] = static_cast<To>(from.as<double>()[i]);
  }
}

/// Copies integers; false if one is not between the limits.
template <typename To, typename From>
bool copyIntegers(const From *from, int64_t n, To *to, int64_t least,
                  int64_t most) {
  bool fit = true;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t value = static_cast<int64_t>(from[i]);
    const bool beyond = !std::is_signed<From>::value && value < 0; // 2^63 on
    fit &= !beyond && value >= least && value <= most;
    to[i] = static_cast<To>(value);
  }
  return fit;
}

template <typename To>
bool copyIntegers(const Array &from, To *to, int64_t least, int64_t most) {
  const int64_t n = from.size();
  switch (from.type) {
  case ElementType::I8:
    return copyIntegers(from.as<int8_t>(), n, to, least, most);
  case ElementType::I16:
    return copyIntegers(from.as<int16_t>(), n, to, least, most);
  case ElementType::U16:
    return copyIntegers(from.as<uint16_t>(), n, to, least, most);
  case ElementType::I32:
    return copyIntegers(from.as<int32_t>(), n, to, least, most);
  case ElementType::U32:
    return copyIntegers(from.as<uint32_t>(), n, to, least, most);
  case ElementType::I64:
    return copyIntegers(from.as<int64_t>(), n, to, least, most);
  case ElementType::U64:
    return copyIntegers(from.as<uint64_t>(), n, to, least, most);
  default:
    return copyIntegers(from.as<uint8_t>(), n, to, least, most);
  }
}

/// Counts floats, as wide as `Bits`, whose exponent is all ones.
template <typename Bits>
void countNonFinite(const void *elements, int64_t n, Bits exponent,
                    int64_t &nans, int64_t &infinities) {
  const char *at = static_cast<const char *>(elements);
  for (int64_t i = 0; i < n; ++i, at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, at, sizeof bits);
    if ((bits & exponent) != exponent)
      continue;
    const Bits lowest = exponent & (~exponent + 1);
    ++((bits & (lowest - 1)) ? nans : infinities);
  }
}

} // namespace detail

/// Writes the elements as `to`, which is F32, F64, I32, I64 or Bool, to
/// `result`, which has room for them. Floats of any width become floats,
/// integers and booleans become integers; neither becomes the other, and no
/// integer loses its value.
inline bool convertInto(const Array &from, ElementType to, void *result,
                        std::string &error) {
  if (isFloat(from.type) != isFloat(to))
    return detail::fail(error, std::string("expected ") +
                                   (isFloat(to) ? "floats" : "integers") +
                                   ", but got " +
                                   describe(from.type, from.shape));
  constexpr auto least = std::numeric_limits<int64_t>::min();
  constexpr auto most = std::numeric_limits<int64_t>::max();
  bool fit = true;
  if (from.type == to)
    std::memcpy(result, from.bytes.data(),
                static_cast<size_t>(from.bytes.size()));
  else if (to == ElementType::F32)
    detail::copyFloats(from, static_cast<float *>(result));
  else if (to == ElementType::F64)
    detail::copyFloats(from, static_cast<double *>(result));
  else if (to == ElementType::I64)
    fit =
        detail::copyIntegers(from, static_cast<int64_t *>(result), least, most);
  else if (to == ElementType::I32)
    fit = detail::copyIntegers(from, static_cast<int32_t *>(result),
                               std::numeric_limits<int32_t>::min(),
                               std::numeric_limits<int32_t>::max());
  else if (to == ElementType::Bool)
    fit = detail::copyIntegers(from, static_cast<uint8_t *>(result), 0, 1);
  else
    return detail::fail(error, std::string("no conversion to ") +
                                   detail::infoOf(to).name);
  if (!fit)
    return detail::fail(
        error, "expected values of " + std::string(detail::infoOf(to).name) +
                   ", but one of " + describe(from.type, from.shape) +
                   " is out of its range");
  return true;
}

/// Converts in place; see `convertInto`.
inline bool convertTo(Array &array, ElementType to, std::string &error) {
  if (array.type == to)
    return true;
  Array result;
  result.type = to;
  result.shape = array.shape;
  if (!result.bytes.allocate(byteSizeOf(to, array.shape), error) ||
      !convertInto(array, to, result.bytes.data(), error))
    return false;
  array = std::move(result);
  return true;
}

/// The values that are not finite among others.
struct NonFiniteCount {
  int64_t nans = 0, infinities = 0;

  bool any() const { return nans + infinities > 0; }
  /// "2 NaN and 1 infinite values"
  std::string describe() const {
    return std::to_string(nans) + " NaN and " + std::to_string(infinities) +
           " infinite values";
  }
};

/// Counts among `n` elements. The bits tell, so that also code compiled with
/// -ffast-math finds them.
inline NonFiniteCount countNonFinite(ElementType type, const void *elements,
                                     int64_t n) {
  NonFiniteCount count;
  if (type == ElementType::F32)
    detail::countNonFinite<uint32_t>(elements, n, 0x7f800000u, count.nans,
                                     count.infinities);
  else if (type == ElementType::F64)
    detail::countNonFinite<uint64_t>(elements, n, 0x7ffull << 52, count.nans,
                                     count.infinities);
  return count;
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CONVERT_H
