// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A machine: the seconds that a step takes on it. Rates are measured once
// (ntk-run --calibrate) on a grid of shapes and read off in between; a machine
// that was never measured is taken for one that was, MachineFile.h.

#ifndef NTK_MACHINE_MACHINE_H
#define NTK_MACHINE_MACHINE_H

#include "ntk/Machine/Step.h"
#include "llvm/ADT/ArrayRef.h"

#include <array>
#include <string>
#include <vector>

namespace mlir::ntk {

/// Which index of each matrix of a product has its elements side by side.
enum class ProductLayout {
  NN,     ///< k in A, n in B
  NT,     ///< k in A, k in B: sums along lines of both
  TN,     ///< m in A, n in B
  TT,     ///< m in A, k in B
  Strided ///< of one of A, B and C none
};
inline constexpr unsigned productLayouts = 5;

/// Multiply-adds a second of one thread, while the others do the same, of
/// products M x N x K on a grid of sizes.
class ProductRates {
public:
  /// Sizes of M and of N, and of K, that are measured.
  static llvm::ArrayRef<int64_t> getSides();
  static llvm::ArrayRef<int64_t> getDepths();
  static size_t getCount() {
    return getSides().size() * getSides().size() * getDepths().size();
  }

  /// By M, N and K, the last fastest; empty where nothing was measured.
  std::vector<double> rates;

  /// The rate at any sizes from 1 on: geometric means between the grid's, and
  /// its last values beyond.
  double getRate(double m, double n, double k) const;
};

/// The multiply-adds a second, on all threads, of one convolution.
struct ConvolutionRate {
  int64_t channels, outputs; ///< of a group
  int64_t groups, pixels;    ///< of the output, of one example
  int64_t taps, stride;
  bool isBackward;
  double rate;
};

/// Seconds of one thread for loops over elements.
struct LoopRates {
  double iteration = 0;  ///< of one iteration that copies
  double arithmetic = 0; ///< of one operation more
  double division = 0, function = 0;
  double strided = 0;  ///< of one element that lies apart from the last
  double gathered = 0; ///< of one element whose place is computed
  double sum = 0;      ///< of one element of a sum along a line
  double line = 0;     ///< of one run of the innermost loop
};

/// Bytes a second, on all threads, of data that were used so many bytes ago.
struct Bandwidth {
  double distance, rate;
};

/// Seconds, on all threads, of writing a tile into the kernel: of a row of
/// outputs of one pair of examples, and of each element in it.
struct WritingRates {
  double row = 0, element = 0;
};

/// What was measured in one real type.
struct TypeRates {
  std::array<ProductRates, productLayouts> products;
  /// Lines of thin products: seconds of a line, and of an element of one.
  double line = 0, lineElement = 0;
  std::vector<ConvolutionRate> convolutions;
  /// Seconds, on all threads, of the pixels under one tap in one channel, and
  /// of each of them.
  double patchRow = 0, patchElement = 0;
  LoopRates loops;
  WritingRates writing, mirroring;
};

struct Machine {
  std::string name; ///< of the processor
  int64_t threads = 1;
  TypeRates f32, f64;
  std::vector<Bandwidth> bandwidths; ///< by distance
  double call = 0;                   ///< seconds of a step that does nothing
  double handover = 0; ///< seconds of sharing a step out among threads

  const TypeRates &getRates(bool isDouble) const {
    return isDouble ? f64 : f32;
  }

  /// Seconds of one run of a step.
  double getSeconds(const Step &step) const;

  /// Seconds of writing a tile of so many rows into the kernel, once or, the
  /// second time mirrored, twice.
  double getSecondsOfWriting(double rows, double elements, bool isMirrored,
                             bool isDouble) const {
    const TypeRates &rates = getRates(isDouble);
    const WritingRates &w = isMirrored ? rates.mirroring : rates.writing;
    return handover + rows * w.row + elements * w.element;
  }
};

/// The layout of a product, C being written along its rows (the transposed
/// product where it is not).
struct OrientedProduct {
  int64_t m, n, k;
  ProductLayout layout;
};
OrientedProduct orient(const ::ntk::rt::GemmIndex &m,
                       const ::ntk::rt::GemmIndex &n,
                       const ::ntk::rt::GemmIndex &k);

} // namespace mlir::ntk

#endif // NTK_MACHINE_MACHINE_H
