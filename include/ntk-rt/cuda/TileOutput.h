// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes a tile into Θ on the device, one element of the tile a thread;
// ntk-rt/TileOutput.h says where each goes.

#ifndef NTK_RT_CUDA_TILEOUTPUT_H
#define NTK_RT_CUDA_TILEOUTPUT_H

#include "ntk-rt/TileOutput.h"
#include "ntk-rt/cuda/Launch.h"

namespace ntk {
namespace rt {
namespace detail {

template <typename T>
__global__ void writeTileElement(int64_t count, Layout l, TilePlace place,
                                 int64_t examples2, T scale, const T *tile,
                                 T *theta) {
  int64_t at = threadIndex();
  if (at >= count)
    return;
  const T value = scale * tile[at];
  const int64_t j = takeIndex(at, l.hasP() ? place.p.count : 1);
  const int64_t m = place.m + takeIndex(at, place.count2);
  const int64_t i = takeIndex(at, l.hasO() ? place.o.count : 1);
  const int64_t n = place.n + at;
  if ((l.hasO() && i < place.o.skip) || (l.hasP() && j < place.p.skip) ||
      (place.mirror && m > n))
    return;
  T *pair = theta + (n * examples2 + m) * l.pairSize();
  T *mirrored = theta + (m * examples2 + n) * l.pairSize();
  const int64_t o = l.hasO() ? place.o.first + i : 0;
  const int64_t p = l.hasP() ? place.p.first + j : 0;
  if (place.mirror && m == n && p > o && l.hasP())
    return;
  T &out = pair[l.place1(o) + (l.hasP() ? l.place2(p) : 0)];
  out = (place.accumulate ? out : T(0)) + value;
  if (place.mirror)
    mirrored[l.hasP() ? l.place1(p) + l.place2(o) : l.place1(o)] = out;
}

} // namespace detail

/// Writes a tile, scaled, into Θ, which has `examples2` columns of examples.
template <typename T>
void writeTile(Device &device, const Layout &layout,
               const detail::TilePlace &place, int64_t examples2, T scale,
               const T *tile, T *theta) {
  const int64_t count = place.count1 * place.count2 *
                        (layout.hasO() ? place.o.count : 1) *
                        (layout.hasP() ? place.p.count : 1);
  launch(device, detail::writeTileElement<T>, count, layout, place, examples2,
         scale, tile, theta);
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CUDA_TILEOUTPUT_H
