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

namespace detail {

/// The sizes of an array, of which those that are `dyn` are given in their
/// order.
template <int64_t... Extents> class Sizes {
public:
  static constexpr int rank = sizeof...(Extents);

  template <typename... Given> NTK_RT_DEVICE explicit Sizes(Given... sizes) {
    const int64_t given[] = {static_cast<int64_t>(sizes)..., 0};
    const int64_t fixed[] = {Extents..., 0};
    for (int i = 0, next = 0; i < rank; ++i)
      extents[i] = fixed[i] == dyn ? given[next++] : fixed[i];
  }

  NTK_RT_DEVICE int64_t extent(int axis) const { return extents[axis]; }

private:
  int64_t extents[rank + 1] = {};
};

} // namespace detail

template <typename T, typename Extents, typename Strides> class Strided;

/// An array of any strides, all of them known: a part of a dense one.
template <typename T, int64_t... Extents, int64_t... Strides>
class Strided<T, Shape<Extents...>, Shape<Strides...>>
    : public detail::Sizes<Extents...> {
public:
  using Element = T;

  /// `data` points at the first element; then the sizes that are `dyn`, in
  /// their order.
  template <typename... Sizes>
  NTK_RT_DEVICE explicit Strided(T *data, Sizes... sizes)
      : detail::Sizes<Extents...>(sizes...), first(data) {}

  template <typename... Indices>
  NTK_RT_DEVICE T &operator()(Indices... at) const {
    static_assert(sizeof...(at) == sizeof...(Extents),
                  "one index for each axis");
    return first[(int64_t(0) + ... + (Strides * static_cast<int64_t>(at)))];
  }

  NTK_RT_DEVICE T *data() const { return first; }
  NTK_RT_DEVICE int64_t stride(int axis) const {
    const int64_t strides[] = {Strides..., 0};
    return strides[axis];
  }

private:
  T *first;
};

/// A dense array in row-major order.
template <typename T, int64_t... Extents>
class Tensor : public detail::Sizes<Extents...> {
public:
  using Element = T;

  /// `data` points at the first element, of this type or as bytes; then the
  /// sizes that are `dyn`, in their order.
  template <typename Pointer, typename... Sizes>
  NTK_RT_DEVICE explicit Tensor(Pointer *data, Sizes... sizes)
      : detail::Sizes<Extents...>(sizes...),
        first(static_cast<T *>(static_cast<Void *>(data))) {}

  template <typename... Indices>
  NTK_RT_DEVICE T &operator()(Indices... at) const {
    static_assert(sizeof...(at) == sizeof...(Extents),
                  "one index for each axis");
    // Horner's rule; sizes that are constants are taken from the type.
    [[maybe_unused]] int axis = 0;
    int64_t offset = 0;
    ((offset = offset * (Extents == dyn ? this->extent(axis) : Extents) +
               static_cast<int64_t>(at),
      ++axis),
     ...);
    return first[offset];
  }

  NTK_RT_DEVICE T *data() const { return first; }
  NTK_RT_DEVICE int64_t stride(int axis) const {
    int64_t product = 1;
    for (int i = axis + 1; i < this->rank; ++i)
      product *= this->extent(i);
    return product;
  }
  NTK_RT_DEVICE int64_t size() const {
    return this->rank == 0 ? 1 : this->extent(0) * stride(0);
  }

private:
  using Void = std::conditional_t<std::is_const_v<T>, const void, void>;

  T *first;
};

} // namespace rt
} // namespace ntk

#endif // NTK_RT_TENSOR_H
