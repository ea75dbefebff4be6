// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products that no GEMM library does well: matrix times vector, which is bound
// by reading the matrix once, and products so small, or so thin, that a library
// call costs more than the arithmetic. Both are built from lines: one index of
// c += a·b run in a vectorised loop, for any strides.

#ifndef NTK_RT_LINES_H
#define NTK_RT_LINES_H

#include "ntk-rt/Backend.h"
#include "ntk-rt/GemmLoops.h"

#include <algorithm>
#include <cstdlib>

namespace ntk {
namespace rt {
namespace detail {

/// Σ_{i<n} a[i]·b[i] for R rows of a at once, in independent partial sums.
template <int R, typename T>
NTK_RT_INLINE void dotRows(int64_t n, const T *a, int64_t rowA, const T *b,
                           T *sums) {
  constexpr int lanes = R == 1 ? 32 : 16;
  T part[R][lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (int r = 0; r < R; ++r)
      for (int l = 0; l < lanes; ++l)
        part[r][l] += a[r * rowA + i + l] * b[i + l];
  for (int r = 0; r < R; ++r) {
    for (int64_t j = i; j < n; ++j)
      part[r][j - i] += a[r * rowA + j] * b[j];
    for (int width = lanes / 2; width > 0; width /= 2)
      for (int l = 0; l < width; ++l)
        part[r][l] += part[r][l + width];
    sums[r] = part[r][0];
  }
}

/// c[i·sc] (+)= a[i·sa]·b[i·sb] for i < n; with sc = 0 a dot product.
template <typename T>
NTK_RT_INLINE void lineBody(int64_t n, const T *a, int64_t sa, const T *b,
                            int64_t sb, T *c, int64_t sc, bool accumulate) {
  if (sc == 0) {
    T sum = 0;
    if (sa == 1 && sb == 1) {
      dotRows<1>(n, a, 0, b, &sum);
    } else {
      for (int64_t i = 0; i < n; ++i)
        sum += a[i * sa] * b[i * sb];
    }
    *c = accumulate ? *c + sum : sum;
    return;
  }
  if (sa == 0 && sb != 0) { // the scaled vector is `a`
    std::swap(a, b);
    std::swap(sa, sb);
  }
  if (sb == 0) {
    const T scale = *b;
    if (sa == 1 && sc == 1) {
      if (accumulate)
        for (int64_t i = 0; i < n; ++i)
          c[i] += a[i] * scale;
      else
        for (int64_t i = 0; i < n; ++i)
          c[i] = a[i] * scale;
    } else {
      for (int64_t i = 0; i < n; ++i)
        c[i * sc] = (accumulate ? c[i * sc] : T(0)) + a[i * sa] * scale;
    }
    return;
  }
  if (sa == 1 && sb == 1 && sc == 1) {
    if (accumulate)
      for (int64_t i = 0; i < n; ++i)
        c[i] += a[i] * b[i];
    else
      for (int64_t i = 0; i < n; ++i)
        c[i] = a[i] * b[i];
    return;
  }
  for (int64_t i = 0; i < n; ++i)
    c[i * sc] = (accumulate ? c[i * sc] : T(0)) + a[i * sa] * b[i * sb];
}

/// Rows of a matrix whose rows are contiguous, times a contiguous vector:
/// y[i·sy] (+)= Σ_j a[i·rowA + j]·x[j].
template <typename T>
NTK_RT_INLINE void gemvRowsBody(int64_t m, int64_t n, const T *a, int64_t rowA,
                                const T *x, T *y, int64_t sy, bool accumulate) {
  T sums[4];
  for (int64_t i = 0; i < m;) {
    const int rows = i + 4 <= m ? 4 : 1;
    if (rows == 4)
      dotRows<4>(n, a + i * rowA, rowA, x, sums);
    else
      dotRows<1>(n, a + i * rowA, rowA, x, sums);
    for (int r = 0; r < rows; ++r, ++i)
      y[i * sy] = accumulate ? y[i * sy] + sums[r] : sums[r];
  }
}

/// Columns of a matrix whose columns are contiguous, times a vector, into a
/// contiguous result: y[i] += Σ_j a[i + j·colA]·x[j·sx].
template <typename T>
NTK_RT_INLINE void gemvColumnsBody(int64_t m, int64_t n, const T *a,
                                   int64_t colA, const T *x, int64_t sx, T *y) {
  constexpr int64_t block = 2048; // of y, kept in the first-level cache
  for (int64_t begin = 0; begin < m; begin += block) {
    const int64_t rows = std::min(block, m - begin);
    T *out = y + begin;
    int64_t j = 0;
    for (; j + 4 <= n; j += 4) {
      const T *p = a + begin + j * colA;
      const T x0 = x[j * sx], x1 = x[(j + 1) * sx], x2 = x[(j + 2) * sx],
              x3 = x[(j + 3) * sx];
      for (int64_t i = 0; i < rows; ++i)
        out[i] += p[i] * x0 + p[i + colA] * x1 + p[i + 2 * colA] * x2 +
                  p[i + 3 * colA] * x3;
    }
    for (; j < n; ++j)
      for (int64_t i = 0; i < rows; ++i)
        out[i] += a[begin + i + j * colA] * x[j * sx];
  }
}

/// The loops above for each type, once per instruction set.
#define NTK_RT_LINE_KERNELS(T)                                                 \
  NTK_RT_CLONES static inline void line(int64_t n, const T *a, int64_t sa,     \
                                        const T *b, int64_t sb, T *c,          \
                                        int64_t sc, bool accumulate) {         \
    lineBody(n, a, sa, b, sb, c, sc, accumulate);                              \
  }                                                                            \
  NTK_RT_CLONES static inline void gemvRows(int64_t m, int64_t n, const T *a,  \
                                            int64_t rowA, const T *x, T *y,    \
                                            int64_t sy, bool accumulate) {     \
    gemvRowsBody(m, n, a, rowA, x, y, sy, accumulate);                         \
  }                                                                            \
  NTK_RT_CLONES static inline void gemvColumns(int64_t m, int64_t n,           \
                                               const T *a, int64_t colA,       \
                                               const T *x, int64_t sx, T *y) { \
    gemvColumnsBody(m, n, a, colA, x, sx, y);                                  \
  }
NTK_RT_LINE_KERNELS(float)
NTK_RT_LINE_KERNELS(double)
#undef NTK_RT_LINE_KERNELS

/// y (+)= A·x for any strides: A [m][n], x [n], y [m].
template <typename T>
void gemv(int64_t m, int64_t n, const T *a, int64_t rowA, int64_t colA,
          const T *x, int64_t sx, T *y, int64_t sy, bool accumulate) {
  if (rowA == 1 && sy == 1 && colA != 1) {
    if (!accumulate)
      std::fill(y, y + m, T(0));
    gemvColumns(m, n, a, colA, x, sx, y);
  } else if (colA == 1 && sx == 1) {
    gemvRows(m, n, a, rowA, x, y, sy, accumulate);
  } else if (std::abs(rowA) < std::abs(colA)) { // along the shorter stride
    if (!accumulate)
      line(m, a, rowA, x, 0, y, sy, false);
    for (int64_t j = accumulate ? 0 : 1; j < n; ++j)
      line(m, a + j * colA, rowA, x + j * sx, 0, y, sy, true);
  } else {
    for (int64_t i = 0; i < m; ++i)
      line(n, a + i * rowA, colA, x, sx, y + i * sy, 0, accumulate);
  }
}

/// How well an index suits a vectorised innermost loop: its size, up to where
/// the overhead of a line no longer counts; a strided line counts an eighth.
inline int64_t lineLength(const GemmIndex &i) {
  auto good = [](int64_t s) { return s == 0 || s == 1; };
  const int64_t length = std::min<int64_t>(i.size, 256);
  return good(i.a) && good(i.b) && good(i.c) ? length : length / 8;
}

/// c (+)= a·b over four indices, in lines along the best of them. For small
/// and thin products.
template <typename T>
void nest(const GemmIndex &m, const GemmIndex &n, const GemmIndex &k,
          const GemmIndex &l, const T *a, const T *b, T *c, bool accumulate) {
  GemmIndex index[4] = {k, l, m, n}; // the last one runs fastest
  for (int i = 0; i < 3; ++i)
    if (lineLength(index[i]) > lineLength(index[3]))
      std::swap(index[i], index[3]);
  const GemmIndex &in = index[3];
  for (int64_t x = 0; x < index[0].size; ++x)
    for (int64_t y = 0; y < index[1].size; ++y)
      for (int64_t z = 0; z < index[2].size; ++z) {
        auto at = [&](int64_t GemmIndex::*s) {
          return x * (index[0].*s) + y * (index[1].*s) + z * (index[2].*s);
        };
        bool add = accumulate;
        const int64_t step[3] = {x, y, z};
        for (int i = 0; i < 3; ++i)
          add = add || (step[i] > 0 && GemmLoops::isSum(index[i]));
        line(in.size, a + at(&GemmIndex::a), in.a, b + at(&GemmIndex::b), in.b,
             c + at(&GemmIndex::c), in.c, add);
      }
}

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_LINES_H
