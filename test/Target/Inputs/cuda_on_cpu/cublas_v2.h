// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests only: as much of cuBLAS as emitted code uses, as plain loops, with
// cuBLAS's checks of sizes and strides.

#ifndef NTK_TEST_CUBLAS_V2_H
#define NTK_TEST_CUBLAS_V2_H

#include "cuda_runtime.h"

enum cublasStatus_t {
  CUBLAS_STATUS_SUCCESS = 0,
  CUBLAS_STATUS_INVALID_VALUE = 7
};
enum cublasOperation_t { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1 };
enum cublasMath_t {
  CUBLAS_DEFAULT_MATH = 0,
  CUBLAS_PEDANTIC_MATH = 2,
  CUBLAS_TF32_TENSOR_OP_MATH = 3
};
struct cublasContext {
  cudaStream_t stream;
  cublasMath_t math;
};
typedef cublasContext *cublasHandle_t;

inline cublasStatus_t cublasCreate(cublasHandle_t *handle) {
  *handle = new cublasContext{nullptr, CUBLAS_DEFAULT_MATH};
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasGetStream(cublasHandle_t handle,
                                      cudaStream_t *stream) {
  *stream = handle->stream;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasSetStream(cublasHandle_t handle,
                                      cudaStream_t stream) {
  handle->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasGetMathMode(cublasHandle_t handle,
                                        cublasMath_t *mode) {
  *mode = handle->math;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasSetMathMode(cublasHandle_t handle,
                                        cublasMath_t mode) {
  handle->math = mode;
  return CUBLAS_STATUS_SUCCESS;
}

/// C = alpha op(A) op(B) + beta C for each of `batch` products, columns of
/// contiguous elements; with beta = 0 C is not read.
template <typename T>
cublasStatus_t stridedBatched(cublasOperation_t opA, cublasOperation_t opB,
                              int m, int n, int k, T alpha, const T *a, int lda,
                              long long strideA, const T *b, int ldb,
                              long long strideB, T beta, T *c, int ldc,
                              long long strideC, int batch) {
  const int rowsA = opA == CUBLAS_OP_N ? m : k;
  const int rowsB = opB == CUBLAS_OP_N ? k : n;
  if (m < 0 || n < 0 || k < 0 || batch < 0 || lda < (rowsA > 1 ? rowsA : 1) ||
      ldb < (rowsB > 1 ? rowsB : 1) || ldc < (m > 1 ? m : 1))
    return CUBLAS_STATUS_INVALID_VALUE;
  const DeviceAccess access;
  auto element = [](cublasOperation_t op, const T *x, int ld, int row,
                    int column) {
    return op == CUBLAS_OP_N ? x[row + static_cast<int64_t>(column) * ld]
                             : x[column + static_cast<int64_t>(row) * ld];
  };
  for (int l = 0; l < batch; ++l, a += strideA, b += strideB, c += strideC)
    for (int j = 0; j < n; ++j)
      for (int i = 0; i < m; ++i) {
        T sum = 0;
        for (int s = 0; s < k; ++s)
          sum += element(opA, a, lda, i, s) * element(opB, b, ldb, s, j);
        T &out = c[i + static_cast<int64_t>(j) * ldc];
        out = alpha * sum + (beta == T(0) ? T(0) : beta * out);
      }
  return CUBLAS_STATUS_SUCCESS;
}

inline cublasStatus_t cublasSgemmStridedBatched(
    cublasHandle_t, cublasOperation_t opA, cublasOperation_t opB, int m, int n,
    int k, const float *alpha, const float *a, int lda, long long strideA,
    const float *b, int ldb, long long strideB, const float *beta, float *c,
    int ldc, long long strideC, int batch) {
  return stridedBatched(opA, opB, m, n, k, *alpha, a, lda, strideA, b, ldb,
                        strideB, *beta, c, ldc, strideC, batch);
}
inline cublasStatus_t cublasDgemmStridedBatched(
    cublasHandle_t, cublasOperation_t opA, cublasOperation_t opB, int m, int n,
    int k, const double *alpha, const double *a, int lda, long long strideA,
    const double *b, int ldb, long long strideB, const double *beta, double *c,
    int ldc, long long strideC, int batch) {
  return stridedBatched(opA, opB, m, n, k, *alpha, a, lda, strideA, b, ldb,
                        strideB, *beta, c, ldc, strideC, batch);
}

#endif // NTK_TEST_CUBLAS_V2_H
