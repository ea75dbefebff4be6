// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The device's contractions and convolutions against those of the CPU, on
// random numbers: shapes that cuBLAS takes, that become many calls, and that it
// can't express; windows with strides, dilations, uneven pads and groups.

#include "ntk-rt/Contract.h"
#include "ntk-rt/Layers.h"
#include "ntk-rt/cuda/Contract.h"
#include "ntk-rt/cuda/Layers.h"
#include "ntk-rt/cuda/Memory.h"

#include <cmath>
#include <cstdio>
#include <random>
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

template <int Rank, typename X, typename W, typename Y, typename Z>
static void checkConvolution(const char *name, X, W, Y, Z,
                             const rt::Window<Rank> &window) {
  rt::DeviceMemory memory;
  rt::Device device(memory.blas(), /*tf32=*/false);
  Numbers x = makeNumbers(at<X>().size()), w = makeNumbers(at<W>().size());
  Numbers y = makeNumbers(at<Y>().size()), z = makeNumbers(at<Z>().size());
  const X dx = copyIn(memory, x, at<X>());
  const W dw = copyIn(memory, w, at<W>());
  const Y dy = copyIn(memory, y, at<Y>());
  const Z dz = copyIn(memory, z, at<Z>());
  rt::patches(X(x.data()), Z(z.data()), window);
  rt::patches(device, dx, dz, window);
  check(name, memory, dz.data(), z);
  rt::convolution(X(x.data()), W(w.data()), Y(y.data()), window);
  rt::convolution(device, dx, dw, dy, window);
  check(name, memory, dy.data(), y);
  rt::convolutionBackwardData(Y(y.data()), W(w.data()), X(x.data()), window);
  rt::convolutionBackwardData(device, dy, dw, dx, window);
  check(name, memory, dx.data(), x);
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
                   rt::Window<2>{{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1});
  checkConvolution("strides, dilations, uneven pads, groups", of<2, 4, 9, 8>(),
                   of<6, 2, 2, 3>(), of<2, 6, 4, 5>(), of<2, 2, 2, 6, 20>(),
                   rt::Window<2>{{2, 3}, {2, 1}, {0, 2}, {1, -1}, {2, 2}, 2});
  checkConvolution("1-D", of<3, 2, 11>(), of<4, 2, 3>(), of<3, 4, 4>(),
                   of<3, 1, 2, 3, 4>(),
                   rt::Window<1>{{3}, {3}, {1}, {0}, {1}, 1});
  checkConvolution(
      "3-D", of<1, 2, 4, 5, 3>(), of<2, 1, 2, 2, 2>(), of<1, 2, 3, 4, 2>(),
      of<1, 2, 1, 8, 24>(),
      rt::Window<3>{{2, 2, 2}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}, {1, 1, 1}, 2});
  return failures != 0;
}
