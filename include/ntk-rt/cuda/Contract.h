// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sum of products by named indices on the device (ntk-rt/Contract.h is the
// same for the CPU). The loops are folded into one matrix product; one of those
// that are left is the batch of a strided batched cuBLAS call, further ones are
// calls. What cuBLAS cannot express (no unit stride), or would need many small
// calls for, is a kernel with one element of the result a thread.

#ifndef NTK_RT_CUDA_CONTRACT_H
#define NTK_RT_CUDA_CONTRACT_H

#include "ntk-rt/ContractSpec.h"
#include "ntk-rt/Tensor.h"
#include "ntk-rt/cuda/Launch.h"

#include <climits>

namespace ntk {
namespace rt {
namespace detail {

//===----------------------------------------------------------------------===//
// Without a library
//===----------------------------------------------------------------------===//

/// The step of the loops first..last at flat iteration `at`, in each array.
__host__ __device__ inline GemmIndex stepAt(const GemmLoops &g, int first,
                                            int last, int64_t at) {
  GemmIndex step = {0, 0, 0, 0};
  for (int i = last - 1; i >= first; --i) {
    const int64_t index = at % g.loop[i].size;
    at /= g.loop[i].size;
    step.a += index * g.loop[i].a;
    step.b += index * g.loop[i].b;
    step.c += index * g.loop[i].c;
  }
  return step;
}

/// One element of C; its index is (loops that don't add up, i, j). The sum runs
/// over `sums` iterations of the others, and over k.
template <typename T>
__global__ void contractElements(int64_t count, GemmLoops g, int outer,
                                 int64_t sums, const T *a, const T *b, T *c) {
  int64_t at = threadIndex();
  if (at >= count)
    return;
  const int64_t j = takeIndex(at, g.n.size);
  const int64_t i = takeIndex(at, g.m.size);
  const GemmIndex place = stepAt(g, 0, outer, at);
  a += place.a + i * g.m.a;
  b += place.b + j * g.n.b;
  c += place.c + i * g.m.c + j * g.n.c;
  T sum = g.accumulate ? *c : T(0);
  for (int64_t s = 0; s < sums; ++s) {
    const GemmIndex step = stepAt(g, outer, g.loops, s);
    for (int64_t k = 0; k < g.k.size; ++k)
      sum += a[step.a + k * g.k.a] * b[step.b + k * g.k.b];
  }
  *c = sum;
}

//===----------------------------------------------------------------------===//
// cuBLAS
//===----------------------------------------------------------------------===//

/// cuBLAS's strided batched product, by type.
inline auto batchedGemmOf(const float *) { return &cublasSgemmStridedBatched; }
inline auto batchedGemmOf(const double *) { return &cublasDgemmStridedBatched; }

/// A matrix as cuBLAS takes it: column after column, or transposed.
struct CublasMatrix {
  bool valid = true;
  cublasOperation_t operation = CUBLAS_OP_N;
  int64_t distance = 1; // between columns

  CublasMatrix(int64_t rows, int64_t columns, int64_t rowStride,
               int64_t columnStride) {
    if ((rows == 1 || rowStride == 1) && (columns == 1 || columnStride >= rows))
      distance = columns == 1 ? rows : columnStride;
    else if ((columns == 1 || columnStride == 1) &&
             (rows == 1 || rowStride >= columns))
      operation = CUBLAS_OP_T, distance = rows == 1 ? columns : rowStride;
    else
      valid = false;
    valid = valid && distance <= INT_MAX;
  }
};

/// The transposed product, Cᵀ = Bᵀ·Aᵀ: the arrays a and b change places.
inline GemmLoops transposed(const GemmLoops &g) {
  GemmLoops t = g;
  auto turn = [](const GemmIndex &i) {
    return GemmIndex{i.size, i.b, i.a, i.c};
  };
  t.m = turn(g.n);
  t.n = turn(g.m);
  t.k = turn(g.k);
  for (int i = 0; i < g.loops; ++i)
    t.loop[i] = turn(g.loop[i]);
  return t;
}

/// Computes by cuBLAS, if the product is one that suits it, and says so. The
/// first `outer` loops are those that don't add up.
template <typename T>
bool libraryContract(Device &device, GemmLoops g, int outer, const T *a,
                     const T *b, T *c) {
  const CublasMatrix left(g.m.size, g.k.size, g.m.a, g.k.a);
  const CublasMatrix right(g.k.size, g.n.size, g.k.b, g.n.b);
  const CublasMatrix out(g.m.size, g.n.size, g.m.c, g.n.c);
  if (!left.valid || !right.valid || !out.valid || out.operation != CUBLAS_OP_N)
    return false;
  // The longest loop is the batch; it goes first.
  GemmIndex batch = {1, 0, 0, 0};
  int first = 0;
  for (int i = 1; i < outer; ++i)
    if (g.loop[i].size > g.loop[0].size)
      std::swap(g.loop[0], g.loop[i]);
  if (outer > 0)
    batch = g.loop[first++];
  for (int64_t size : {g.m.size, g.n.size, g.k.size, batch.size})
    if (size > INT_MAX)
      return false;
  const int64_t sums = g.iterations(true);
  const int64_t calls = g.iterations(false) / batch.size * sums;
  constexpr int64_t few = 8, worthACall = 1 << 18;
  if (calls > few && g.multiplies() * batch.size < worthACall)
    return false;
  auto number = [](int64_t n) { return static_cast<int>(n); };
  for (int64_t call = 0; call < calls; ++call) {
    const GemmIndex at = stepAt(g, first, g.loops, call);
    const bool add = g.accumulate || call % sums > 0;
    const T one = 1, beta = add ? 1 : 0;
    device.check(batchedGemmOf(a)(
        device.blas, left.operation, right.operation, number(g.m.size),
        number(g.n.size), number(g.k.size), &one, a + at.a,
        number(left.distance), batch.a, b + at.b, number(right.distance),
        batch.b, &beta, c + at.c, number(out.distance), batch.c,
        number(batch.size)));
  }
  return true;
}

/// C (+)= A·B with loops around it, in normal form or not.
template <typename T>
void gemm(Device &device, GemmLoops g, const T *a, const T *b, T *c) {
  if (!g.writesAnything() || !device.ok())
    return;
  const bool empty = g.isEmptySum();
  if (!empty)
    g.normalise();
  int outer = 0;
  for (int i = 0; i < g.loops; ++i)
    if (!GemmLoops::isSum(g.loop[i]))
      std::swap(g.loop[outer++], g.loop[i]);
  if (!empty && (libraryContract(device, g, outer, a, b, c) ||
                 libraryContract(device, transposed(g), outer, b, a, c)))
    return;
  const int64_t sums = empty ? 0 : g.iterations(true);
  launch(device, contractElements<T>, g.iterations(false) * g.m.size * g.n.size,
         g, outer, sums, a, b, c);
}

} // namespace detail

/// c = the sum of products of a and b; see ntk-rt/Contract.h.
template <typename A, typename B, typename C>
void contract(Device &device, const char *spec, const A &a, const B &b,
              const C &c) {
  using T = typename C::Element;
  detail::gemm<T>(device, detail::readSpec(spec, a, b, c, false), a.data(),
                  b.data(), c.data());
}

/// c += the sum of products of a and b.
template <typename A, typename B, typename C>
void contractInto(Device &device, const char *spec, const A &a, const B &b,
                  const C &c) {
  using T = typename C::Element;
  detail::gemm<T>(device, detail::readSpec(spec, a, b, c, true), a.data(),
                  b.data(), c.data());
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CUDA_CONTRACT_H
