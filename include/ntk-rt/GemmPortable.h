// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A matrix product without a library: A and B are packed into panels that fit
// the caches (Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication", 2008), and a register tile of C runs over them. Packing
// takes any strides. Slower than a tuned BLAS, but within a small factor.

#ifndef NTK_RT_GEMMPORTABLE_H
#define NTK_RT_GEMMPORTABLE_H

#include "ntk-rt/Backend.h"
#include "ntk-rt/Scratch.h"

#include <algorithm>
#include <cstring>

namespace ntk {
namespace rt {
namespace detail {

/// Sizes of the register tile (rows × columns) and of the packed blocks.
template <typename T> struct GemmTile {
  static constexpr int64_t rows = 6;
  static constexpr int64_t columns = 64 / sizeof(T); // one or two registers
  static constexpr int64_t blockRows = 96;
  static constexpr int64_t blockColumns = 64 * columns;
  static constexpr int64_t depth = 256;
};

/// Copies a rows × depth block into panels of `width` rows, depth-major within
/// a panel, padded with zeros: panel p holds [depth][width].
template <int64_t Width, typename T>
NTK_RT_INLINE void packBody(int64_t rows, int64_t depth, const T *from,
                            int64_t rowStride, int64_t depthStride, T *to) {
  for (int64_t p = 0; p < rows; p += Width, from += Width * rowStride) {
    const int64_t width = std::min(Width, rows - p);
    if (width == Width && rowStride == 1) {
      for (int64_t k = 0; k < depth; ++k, to += Width)
        std::memcpy(to, from + k * depthStride, Width * sizeof(T));
      continue;
    }
    for (int64_t k = 0; k < depth; ++k, to += Width)
      for (int64_t i = 0; i < Width; ++i)
        to[i] = i < width ? from[i * rowStride + k * depthStride] : T(0);
  }
}

/// One register tile: C [rows][columns] += Σ_k a[k][rows]·b[k][columns], of
/// which m × n are stored.
template <typename T>
NTK_RT_INLINE void registerTile(int64_t depth, const T *a, const T *b, T *c,
                                int64_t rowC, int64_t colC, int64_t m,
                                int64_t n) {
  constexpr int64_t rows = GemmTile<T>::rows, columns = GemmTile<T>::columns;
  typedef T Row __attribute__((vector_size(64), aligned(sizeof(T))));
  Row sum[rows] = {};
  for (int64_t k = 0; k < depth; ++k, a += rows, b += columns) {
    const Row right = *reinterpret_cast<const Row *>(b);
    for (int64_t i = 0; i < rows; ++i)
      sum[i] += right * a[i];
  }
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      c[i * rowC + j * colC] += sum[i][j];
}

/// C += A·B for one packed block of each.
template <typename T>
NTK_RT_INLINE void blockProductBody(int64_t m, int64_t n, int64_t depth,
                                    const T *a, const T *b, T *c, int64_t rowC,
                                    int64_t colC) {
  constexpr int64_t rows = GemmTile<T>::rows, columns = GemmTile<T>::columns;
  for (int64_t j = 0; j < n; j += columns)
    for (int64_t i = 0; i < m; i += rows)
      registerTile(depth, a + i * depth, b + j * depth, c + i * rowC + j * colC,
                   rowC, colC, std::min(rows, m - i), std::min(columns, n - j));
}

#define NTK_RT_BLOCK_KERNELS(T)                                                \
  NTK_RT_CLONES static inline void packRows(int64_t rows, int64_t depth,       \
                                            const T *from, int64_t rowStride,  \
                                            int64_t depthStride, T *to) {      \
    packBody<GemmTile<T>::rows>(rows, depth, from, rowStride, depthStride,     \
                                to);                                           \
  }                                                                            \
  NTK_RT_CLONES static inline void packColumns(                                \
      int64_t columns, int64_t depth, const T *from, int64_t columnStride,     \
      int64_t depthStride, T *to) {                                            \
    packBody<GemmTile<T>::columns>(columns, depth, from, columnStride,         \
                                   depthStride, to);                           \
  }                                                                            \
  NTK_RT_CLONES static inline void blockProduct(                               \
      int64_t m, int64_t n, int64_t depth, const T *a, const T *b, T *c,       \
      int64_t rowC, int64_t colC) {                                            \
    blockProductBody(m, n, depth, a, b, c, rowC, colC);                        \
  }
NTK_RT_BLOCK_KERNELS(float)
NTK_RT_BLOCK_KERNELS(double)
#undef NTK_RT_BLOCK_KERNELS

/// C (+)= A·B on the calling thread, for any strides.
template <typename T>
void portableGemm(int64_t m, int64_t n, int64_t k, const T *a, int64_t rowA,
                  int64_t colA, const T *b, int64_t rowB, int64_t colB, T *c,
                  int64_t rowC, int64_t colC, bool accumulate) {
  using Tile = GemmTile<T>;
  if (!accumulate)
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j)
        c[i * rowC + j * colC] = T(0);
  Scratch packed((Tile::blockRows + Tile::blockColumns) * Tile::depth *
                 sizeof(T));
  T *left = packed.as<T>(), *right = left + Tile::blockRows * Tile::depth;
  for (int64_t j = 0; j < n; j += Tile::blockColumns) {
    const int64_t columns = std::min(Tile::blockColumns, n - j);
    for (int64_t p = 0; p < k; p += Tile::depth) {
      const int64_t depth = std::min(Tile::depth, k - p);
      packColumns(columns, depth, b + p * rowB + j * colB, colB, rowB, right);
      for (int64_t i = 0; i < m; i += Tile::blockRows) {
        const int64_t rows = std::min(Tile::blockRows, m - i);
        packRows(rows, depth, a + i * rowA + p * colA, rowA, colA, left);
        blockProduct(rows, columns, depth, left, right, c + i * rowC + j * colC,
                     rowC, colC);
      }
    }
  }
}

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_GEMMPORTABLE_H
