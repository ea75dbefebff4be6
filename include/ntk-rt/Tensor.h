// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays with their shape in their type, as emitted code reads and writes them.
// A tensor is a pointer and the few sizes that are not known when the code is
// emitted (numbers of examples): x(i, c, h, w) is one element, with an address
// that the compiler computes from constants. Nothing is owned or allocated.

#ifndef NTK_RT_TENSOR_H
#define NTK_RT_TENSOR_H

#include "ntk-rt/Device.h"

#include <cstdint>
#include <type_traits>

namespace ntk {
namespace rt {

/// A size or a stride that is known only when the code runs.
constexpr int64_t dyn = -1;

/// A list of sizes or strides, of which some are `dyn`.
template <int64_t... Numbers> struct Shape {};

template <typename T, typename Extents, typename Strides> class Strided;

/// An array of any strides, all of them known: a part of a dense one.
template <typename T, int64_t... Extents, int64_t... Strides>
class Strided<T, Shape<Extents...>, Shape<Strides...>> {
public:
  using Element = T;
  static constexpr int rank = sizeof...(Extents);

  /// `data` points at the first element; then the sizes that are `dyn`, in
  /// their order.
  template <typename... Sizes>
  NTK_RT_DEVICE explicit Strided(T *data, Sizes... sizes) : first(data) {
    const int64_t given[] = {static_cast<int64_t>(sizes)..., 0};
    const int64_t fixed[] = {Extents..., 0};
    for (int i = 0, next = 0; i < rank; ++i)
      extents[i] = fixed[i] == dyn ? given[next++] : fixed[i];
  }

  template <typename... Indices>
  NTK_RT_DEVICE T &operator()(Indices... at) const {
    static_assert(sizeof...(at) == rank, "one index for each axis");
    return first[(int64_t(0) + ... + (Strides * static_cast<int64_t>(at)))];
  }

  NTK_RT_DEVICE T *data() const { return first; }
  NTK_RT_DEVICE int64_t extent(int axis) const { return extents[axis]; }
  NTK_RT_DEVICE int64_t stride(int axis) const {
    const int64_t strides[] = {Strides..., 0};
    return strides[axis];
  }

private:
  T *first;
  int64_t extents[rank + 1] = {};
};

/// A dense array in row-major order.
template <typename T, int64_t... Extents> class Tensor {
public:
  using Element = T;
  static constexpr int rank = sizeof...(Extents);

  /// `data` points at the first element, of this type or as bytes; then the
  /// sizes that are `dyn`, in their order.
  template <typename Pointer, typename... Sizes>
  NTK_RT_DEVICE explicit Tensor(Pointer *data, Sizes... sizes)
      : first(reinterpret(data)) {
    const int64_t given[] = {static_cast<int64_t>(sizes)..., 0};
    const int64_t fixed[] = {Extents..., 0};
    for (int i = 0, next = 0; i < rank; ++i)
      extents[i] = fixed[i] == dyn ? given[next++] : fixed[i];
  }

  template <typename... Indices>
  NTK_RT_DEVICE T &operator()(Indices... at) const {
    static_assert(sizeof...(at) == rank, "one index for each axis");
    return first[offset(std::integral_constant<int, 0>(), int64_t(0),
                        static_cast<int64_t>(at)...)];
  }

  NTK_RT_DEVICE T *data() const { return first; }
  NTK_RT_DEVICE int64_t extent(int axis) const { return extents[axis]; }
  NTK_RT_DEVICE int64_t stride(int axis) const {
    int64_t product = 1;
    for (int i = axis + 1; i < rank; ++i)
      product *= extents[i];
    return product;
  }
  NTK_RT_DEVICE int64_t size() const {
    return rank == 0 ? 1 : extents[0] * stride(0);
  }

private:
  NTK_RT_DEVICE static constexpr int64_t fixedExtent(int axis) {
    const int64_t fixed[] = {Extents..., 0};
    return fixed[axis];
  }
  template <typename Pointer>
  NTK_RT_DEVICE static T *reinterpret(Pointer *data) {
    return static_cast<T *>(static_cast<Void<T> *>(data));
  }

  /// Horner's rule from the first axis on, with the sizes that are constants
  /// taken from the type.
  template <int Axis>
  NTK_RT_DEVICE int64_t offset(std::integral_constant<int, Axis>,
                               int64_t sum) const {
    return sum;
  }
  template <int Axis, typename... Rest>
  NTK_RT_DEVICE int64_t offset(std::integral_constant<int, Axis>, int64_t sum,
                               int64_t at, Rest... rest) const {
    constexpr int64_t fixed = fixedExtent(Axis);
    const int64_t extent = fixed == dyn ? extents[Axis] : fixed;
    return offset(std::integral_constant<int, Axis + 1>(), sum * extent + at,
                  rest...);
  }

  template <typename U> struct VoidOf {
    using Type = void;
  };
  template <typename U> struct VoidOf<const U> {
    using Type = const void;
  };
  template <typename U> using Void = typename VoidOf<U>::Type;

  T *first;
  int64_t extents[rank + 1] = {};
};

} // namespace rt
} // namespace ntk

#endif // NTK_RT_TENSOR_H
