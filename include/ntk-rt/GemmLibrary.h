// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One matrix product on the calling thread, by the library that is fastest for
// its type and shape: oneDNN for f32 where rows or columns are contiguous, BLIS
// for f64 and for general strides, or a CBLAS, or our own blocked loops.

#ifndef NTK_RT_GEMMLIBRARY_H
#define NTK_RT_GEMMLIBRARY_H

#include "ntk-rt/Backend.h"
#include "ntk-rt/GemmPortable.h"
#include "ntk-rt/Tuning.h"

#if NTK_RT_USE_ONEDNN
#include "ntk-rt/BlisKernels.h"
#include <oneapi/dnnl/dnnl.h>
#elif NTK_RT_USE_CBLAS
#include <cblas.h>
#endif

#include <climits>

namespace ntk {
namespace rt {
namespace detail {

/// A strided matrix as BLAS wants it: one stride is 1, the other at least the
/// length of a contiguous line. `valid` is false where the strides don't allow.
struct BlasMatrix {
  BlasMatrix(int64_t rows, int64_t columns, int64_t row, int64_t column) {
    if (columns == 1 || column == 1) {
      transposed = false;
      leading = rows == 1 ? columns : row;
      valid = leading >= columns && (columns == 1 || column == 1);
      if (valid)
        return;
    }
    transposed = true;
    leading = columns == 1 ? rows : column;
    valid = leading >= rows && (rows == 1 || row == 1);
  }
  bool transposed, valid;
  int64_t leading;
};

#if NTK_RT_USE_ONEDNN
/// One thread, and the choice of BLIS's kernels that don't pack: for sums along
/// contiguous lines of A and B they are half as fast unless one side is narrow.
inline void blisSettings(rntm_t &settings, int64_t m, int64_t n, bool dots) {
  blisKernels(); // chosen before the first product
  bli_rntm_init(&settings);
  bli_rntm_set_num_threads(1, &settings);
  if (dots && std::min(m, n) > 16)
    bli_rntm_disable_l3_sup(&settings);
}

inline void blisGemm(int64_t m, int64_t n, int64_t k, const float *a,
                     int64_t rowA, int64_t colA, const float *b, int64_t rowB,
                     int64_t colB, float *c, int64_t rowC, int64_t colC,
                     bool accumulate) {
  float one = 1, beta = accumulate ? 1 : 0;
  rntm_t threads;
  blisSettings(threads, m, n, colA == 1 && rowB == 1);
  bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, m, n, k, &one,
               const_cast<float *>(a), rowA, colA, const_cast<float *>(b), rowB,
               colB, &beta, c, rowC, colC, nullptr, &threads);
}
inline void blisGemm(int64_t m, int64_t n, int64_t k, const double *a,
                     int64_t rowA, int64_t colA, const double *b, int64_t rowB,
                     int64_t colB, double *c, int64_t rowC, int64_t colC,
                     bool accumulate) {
  double one = 1, beta = accumulate ? 1 : 0;
  rntm_t threads;
  blisSettings(threads, m, n, colA == 1 && rowB == 1);
  bli_dgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, m, n, k, &one,
               const_cast<double *>(a), rowA, colA, const_cast<double *>(b),
               rowB, colB, &beta, c, rowC, colC, nullptr, &threads);
}

/// False where oneDNN cannot take the matrices, or is known to be slow.
inline bool oneDnnGemm(int64_t m, int64_t n, int64_t k, const float *a,
                       int64_t rowA, int64_t colA, const float *b, int64_t rowB,
                       int64_t colB, float *c, int64_t rowC, int64_t colC,
                       bool accumulate) {
  if (std::min(m, n) <= 16 && std::max(m, n) <= 256 && k >= 256 && colA == 1 &&
      rowB == 1)
    return false; // few long dot products: BLIS is up to twice as fast
  BlasMatrix left(m, k, rowA, colA), right(k, n, rowB, colB),
      out(m, n, rowC, colC);
  if (!left.valid || !right.valid || !out.valid || out.transposed)
    return false;
  return dnnl_sgemm(left.transposed ? 'T' : 'N', right.transposed ? 'T' : 'N',
                    m, n, k, 1, a, left.leading, b, right.leading,
                    accumulate ? 1 : 0, c, out.leading) == dnnl_success;
}
inline bool oneDnnGemm(int64_t, int64_t, int64_t, const double *, int64_t,
                       int64_t, const double *, int64_t, int64_t, double *,
                       int64_t, int64_t, bool) {
  return false; // oneDNN has no f64
}
#endif // NTK_RT_USE_ONEDNN

#if NTK_RT_USE_CBLAS
inline void cblasGemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n,
                      int k, const float *a, int lda, const float *b, int ldb,
                      float beta, float *c, int ldc) {
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
}
inline void cblasGemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n,
                      int k, const double *a, int lda, const double *b, int ldb,
                      double beta, double *c, int ldc) {
  cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
}
#endif // NTK_RT_USE_CBLAS

/// C (+)= A·B on the calling thread, for any strides and m, n, k > 0.
template <typename T>
void libraryGemm(int64_t m, int64_t n, int64_t k, const T *a, int64_t rowA,
                 int64_t colA, const T *b, int64_t rowB, int64_t colB, T *c,
                 int64_t rowC, int64_t colC, bool accumulate) {
  // C with contiguous columns: compute Cᵀ = Bᵀ·Aᵀ, whose rows are contiguous.
  if (rowC == 1 && colC != 1)
    return libraryGemm(n, m, k, b, colB, rowB, a, colA, rowA, c, colC, rowC,
                       accumulate);
  if (m * n * k <= tuning::tinyProduct)
    return portableGemm(m, n, k, a, rowA, colA, b, rowB, colB, c, rowC, colC,
                        accumulate);
#if NTK_RT_USE_ONEDNN
  if (!oneDnnGemm(m, n, k, a, rowA, colA, b, rowB, colB, c, rowC, colC,
                  accumulate))
    blisGemm(m, n, k, a, rowA, colA, b, rowB, colB, c, rowC, colC, accumulate);
#else
#if NTK_RT_USE_CBLAS
  BlasMatrix left(m, k, rowA, colA), right(k, n, rowB, colB),
      out(m, n, rowC, colC);
  if (left.valid && right.valid && out.valid && !out.transposed &&
      std::max({m, n, k, left.leading, right.leading, out.leading}) <=
          INT_MAX) {
    auto flag = [](bool t) { return t ? CblasTrans : CblasNoTrans; };
    return cblasGemm(flag(left.transposed), flag(right.transposed),
                     static_cast<int>(m), static_cast<int>(n),
                     static_cast<int>(k), a, static_cast<int>(left.leading), b,
                     static_cast<int>(right.leading), accumulate ? 1 : 0, c,
                     static_cast<int>(out.leading));
  }
#endif
  portableGemm(m, n, k, a, rowA, colA, b, rowB, colB, c, rowC, colC,
               accumulate);
#endif
}

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_GEMMLIBRARY_H
