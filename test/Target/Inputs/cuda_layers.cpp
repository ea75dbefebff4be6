// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The device's contractions and convolutions against those of the CPU, on
// random numbers: shapes that cuBLAS takes, that become many calls, and that it
// can't express; windows with strides, dilations, uneven pads and groups, by
// our own kernels and by cuDNN where it can express them.

#include "ntk-rt/Contract.h"
#include "ntk-rt/Layers.h"
#include "ntk-rt/cuda/Contract.h"
#include "ntk-rt/cuda/Cudnn.h"
#include "ntk-rt/cuda/Layers.h"
#include "ntk-rt/cuda/Memory.h"

#include <cmath>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

namespace rt = ntk::rt;
using rt::dyn, rt::Tensor;
using Numbers = std::vector<double>;

static Numbers makeNumbers(int64_t count) {
  static std::mt19937 generator(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  Numbers numbers(static_cast<size_t>(count));
  for (double &number : numbers)
    number = uniform(generator);
  return numbers;
}

/// A tensor of this type that is nowhere, for its sizes.
template <typename T> static T at(double *data = nullptr) { return T(data); }

static int failures = 0;

/// Compares a result of the device with that of the CPU.
static void check(const char *name, rt::DeviceMemory &memory,
                  const double *device, const Numbers &expected) {
  Numbers found(expected.size());
  bool fine = memory.copyOut(found.data(), device,
                             static_cast<int64_t>(found.size() * 8));
  for (size_t i = 0; i < found.size(); ++i)
    fine = fine && std::fabs(found[i] - expected[i]) <= 1e-12;
  if (!fine)
    std::printf("%s: the device differs\n", name), ++failures;
}

/// A copy of `numbers` on the device, as a tensor of the same type as `like`.
template <typename Like>
static Like copyIn(rt::DeviceMemory &memory, const Numbers &numbers,
                   const Like &) {
  const auto bytes = static_cast<int64_t>(numbers.size() * 8);
  return Like(
      const_cast<double *>(memory.copyIn<double>(numbers.data(), bytes)));
}

template <typename A, typename B, typename C>
static void checkContract(const char *spec, A, B, C) {
  rt::DeviceMemory memory;
  rt::Device device(memory.blas(), /*tf32=*/false);
  Numbers a = makeNumbers(at<A>().size()), b = makeNumbers(at<B>().size());
  Numbers c = makeNumbers(at<C>().size());
  const A da = copyIn(memory, a, at<A>());
  const B db = copyIn(memory, b, at<B>());
  const C dc = copyIn(memory, c, at<C>());
  rt::contractInto(spec, A(a.data()), B(b.data()), C(c.data()));
  rt::contractInto(device, spec, da, db, dc);
  check(spec, memory, dc.data(), c);
  rt::contract(spec, A(a.data()), B(b.data()), C(c.data()));
  rt::contract(device, spec, da, db, dc);
  check(spec, memory, dc.data(), c);
  if (!device.ok())
    std::printf("%s: the device failed\n", spec), ++failures;
}

/// Calls of cuDNN since the last look; on a GPU nobody counts them.
static int takeCudnnCalls(int unknown) {
#ifdef NTK_TEST_CUDNN_H
  (void)unknown;
  return std::exchange(cudnnCalls, 0);
#else
  return unknown;
#endif
}

/// Both directions by our own kernels or by cuDNN, according to `device`.
template <typename Device, int Rank, typename X, typename W, typename Y>
static void checkDirections(const char *name, Device &device,
                            rt::DeviceMemory &memory, X, W, Y,
                            const rt::Window<Rank> &window) {
  Numbers x = makeNumbers(at<X>().size()), w = makeNumbers(at<W>().size());
  Numbers y = makeNumbers(at<Y>().size());
  const X dx = copyIn(memory, x, at<X>());
  const W dw = copyIn(memory, w, at<W>());
  const Y dy = copyIn(memory, y, at<Y>());
  rt::convolution(X(x.data()), W(w.data()), Y(y.data()), window);
  rt::convolution(device, dx, dw, dy, window);
  check(name, memory, dy.data(), y);
  rt::convolutionBackwardData(Y(y.data()), W(w.data()), X(x.data()), window);
  rt::convolutionBackwardData(device, dy, dw, dx, window);
  check(name, memory, dx.data(), x);
  if (!device.ok())
    std::printf("%s: the device failed\n", name), ++failures;
}

/// `calls`: how many of the two directions cuDNN can express.
template <int Rank, typename X, typename W, typename Y>
static void checkCudnn(const char *name, X x, W w, Y y,
                       const rt::Window<Rank> &window, int calls) {
  rt::DeviceMemory memory;
  rt::CudnnHandle dnn;
  rt::CudnnDevice device(memory.blas(), dnn.get(), /*tf32=*/false,
                         memory.allocate<char>(rt::CudnnDevice::scratchBytes));
  takeCudnnCalls(0);
  checkDirections(name, device, memory, x, w, y, window);
  const int made = takeCudnnCalls(calls);
  if (made != calls) {
    std::printf("%s: expected %d calls of cuDNN, but got %d\n", name, calls,
                made);
    ++failures;
  }
}

template <int Rank, typename X, typename W, typename Y, typename Z>
static void checkConvolution(const char *name, X x, W w, Y y, Z,
                             const rt::Window<Rank> &window, int calls) {
  rt::DeviceMemory memory;
  rt::Device device(memory.blas(), /*tf32=*/false);
  Numbers in = makeNumbers(at<X>().size()), z = makeNumbers(at<Z>().size());
  const X dx = copyIn(memory, in, at<X>());
  const Z dz = copyIn(memory, z, at<Z>());
  rt::patches(X(in.data()), Z(z.data()), window);
  rt::patches(device, dx, dz, window);
  check(name, memory, dz.data(), z);
  checkDirections(name, device, memory, x, w, y, window);
  checkCudnn(name, x, w, y, window, calls);
}

/// The stream of a cuDNN handle, and floats: exact, unless TF32 is asked for.
static void checkCudnnDevice() {
  rt::DeviceMemory memory;
  rt::CudnnHandle dnn;
  void *scratch = memory.allocate<char>(rt::CudnnDevice::scratchBytes);
  const auto expect = [](const char *what, bool fine) {
    if (!fine)
      std::printf("expected %s\n", what), ++failures;
  };
  cudaStream_t none = nullptr, blas = nullptr, during = nullptr;
  cudaStreamCreate(&blas);
  cublasSetStream(memory.blas(), blas);
  float error[2];
  for (bool tf32 : {false, true}) {
    rt::CudnnDevice device(memory.blas(), dnn.get(), tf32, scratch);
    cudnnGetStream(dnn.get(), &during);
    expect("cuDNN on the stream of cuBLAS", during == blas);
    const float x[] = {1.0f + 1.0f / 4096}, w[] = {1.0f + 1.0f / 8192};
    float y[1] = {};
    const Tensor<const float, 1, 1, 1> dx(memory.copyIn<float>(x, 4));
    const Tensor<const float, 1, 1, 1> dw(memory.copyIn<float>(w, 4));
    const Tensor<float, 1, 1, 1> dy(memory.allocate<float>(4));
    rt::convolution(device, dx, dw, dy,
                    rt::Window<1>{{1}, {1}, {0}, {0}, {1}, 1});
    cudaStreamSynchronize(blas);
    expect("a convolution", memory.copyOut(y, dy.data(), 4) && device.ok());
    error[tf32] = std::fabs(y[0] - x[0] * w[0]);
  }
  expect("exact floats", error[0] == 0);
#ifdef NTK_TEST_CUDNN_H // a GPU may well be exact for one product
  expect("TF32 where it is asked for", error[1] > 0);
#endif
  cudnnGetStream(dnn.get(), &during);
  expect("the stream that cuDNN had", during == none);
  cublasSetStream(memory.blas(), nullptr);
  cudaStreamDestroy(blas);
}

template <int64_t... Extents> static Tensor<double, Extents...> of() {
  return at<Tensor<double, Extents...>>();
}

int main() {
  checkContract("ik, kj -> ij", of<5, 7>(), of<7, 4>(), of<5, 4>());
  checkContract("ki, jk -> ji", of<7, 5>(), of<4, 7>(), of<4, 5>());
  checkContract("nokc, mpkc -> nomp", of<3, 2, 4, 5>(), of<4, 2, 4, 5>(),
                of<3, 2, 4, 2>());
  // A batch, and further loops.
  checkContract("bik, bkj -> bij", of<6, 5, 7>(), of<6, 7, 4>(), of<6, 5, 4>());
  checkContract("nogcs, ngats -> nogcat", of<2, 3, 4, 2, 9>(),
                of<2, 4, 2, 3, 9>(), of<2, 3, 4, 2, 2, 3>());
  checkContract("abik, bakj -> iabj", of<3, 5, 4, 7>(), of<5, 3, 7, 6>(),
                of<4, 3, 5, 6>());
  // Many products, small and large.
  checkContract("aibk, kbja -> baij", of<6, 3, 7, 2>(), of<2, 7, 4, 6>(),
                of<7, 6, 3, 4>());
  checkContract("aibk, kbja -> baij", of<4, 40, 5, 40>(), of<40, 5, 40, 4>(),
                of<5, 4, 40, 40>());
  // Sums over what cannot be one inner index, no inner index, one element.
  checkContract("akib, bkja -> ij", of<3, 4, 5, 6>(), of<6, 4, 7, 3>(),
                of<5, 7>());
  checkContract("ai, aj -> aij", of<6, 5>(), of<6, 4>(), of<6, 5, 4>());
  checkContract("k, k -> ", of<9>(), of<9>(), of<>());
  checkContract("k, ki -> i", of<9>(), of<9, 4>(), of<4>());

  checkConvolution("3x3", of<2, 3, 6, 5>(), of<4, 3, 3, 3>(), of<2, 4, 6, 5>(),
                   of<2, 1, 3, 9, 30>(),
                   rt::Window<2>{{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1}, 2);
  checkConvolution("strides, dilations, uneven pads, groups", of<2, 4, 9, 8>(),
                   of<6, 2, 2, 3>(), of<2, 6, 4, 5>(), of<2, 2, 2, 6, 20>(),
                   rt::Window<2>{{2, 3}, {2, 1}, {0, 2}, {1, -1}, {2, 2}, 2},
                   0);
  checkConvolution("1-D", of<3, 2, 11>(), of<4, 2, 3>(), of<3, 4, 4>(),
                   of<3, 1, 2, 3, 4>(),
                   rt::Window<1>{{3}, {3}, {1}, {0}, {1}, 1}, 2);
  checkConvolution(
      "3-D", of<1, 2, 4, 5, 3>(), of<2, 1, 2, 2, 2>(), of<1, 2, 3, 4, 2>(),
      of<1, 2, 1, 8, 24>(),
      rt::Window<3>{{2, 2, 2}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}, {1, 1, 1}, 2},
      2);
  checkConvolution("dilations, a group a channel", of<2, 3, 8, 8>(),
                   of<6, 1, 3, 2>(), of<2, 6, 3, 4>(), of<2, 3, 1, 6, 12>(),
                   rt::Window<2>{{3, 2}, {2, 2}, {1, 0}, {0, 0}, {2, 1}, 3}, 2);
  checkCudnnDevice();
#ifdef NTK_TEST_CUDNN_H
  // Forwards there is an algorithm without a workspace.
  cudnnWorkspaceBytes = rt::CudnnDevice::scratchBytes + 1;
  checkCudnn("no workspace", of<2, 3, 6, 5>(), of<4, 3, 3, 3>(),
             of<2, 4, 6, 5>(),
             rt::Window<2>{{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1}, 1);
#endif
  return failures != 0;
}
