// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rates of matrix products of one thread while the others do the same: a grid
// of sizes in each layout, and lines for what is thinner.

#include "Measure.h"
#include "ntk-rt/Abi.h"

using namespace mlir::ntk;

static void multiply(const int64_t *d, const float *a, const float *b,
                     float *c) {
  ntk_rt_gemm_f32(d, a, b, c);
}
static void multiply(const int64_t *d, const double *a, const double *b,
                     double *c) {
  ntk_rt_gemm_f64(d, a, b, c);
}

namespace {
/// Products of one real type, with memory for each thread.
template <typename T> class Bench {
public:
  Bench() : threads(::ntk::rt::threads()) {
    // One thread after the other takes a part; they never share a line.
    for (int64_t i = 0; i < 3 * threads; ++i)
      memory.push_back(allocateHalves<T>(mostElements));
  }

  bool isThere() const {
    return llvm::all_of(
        memory, [](const AlignedBytes &part) { return part.data != nullptr; });
  }

  /// Multiply-adds a second of a product; 0 if it is too large to be measured.
  double getRate(ProductLayout layout, int64_t m, int64_t n, int64_t k) {
    if (std::max({m * k, n * k, m * n}) > mostElements || m * n * k > mostWork)
      return 0;
    const bool kInA =
        layout != ProductLayout::TN && layout != ProductLayout::TT;
    const bool nInB =
        layout == ProductLayout::NN || layout == ProductLayout::TN;
    // Of C alone, as products that are a part of many have it.
    const int64_t apart = layout == ProductLayout::Strided ? 8 : 1;
    if (m * n * apart > mostElements)
      return 0;
    const int64_t d[] = {m,
                         n,
                         k,
                         kInA ? k : 1,
                         kInA ? 1 : m,
                         nInB ? n : 1,
                         nInB ? 1 : k,
                         n * apart,
                         apart,
                         0,
                         0};
    return static_cast<double>(m * n * k) / run(d);
  }

  /// Seconds of a call of 64 outer products m x n.
  double getSecondsOfLines(int64_t m, int64_t n) {
    const int64_t loops = 64;
    const int64_t d[] = {m, n, 1, 1, 1, n, 1, n, 1, 0, 1, loops, m, n, m * n};
    return run(d);
  }

private:
  double run(const int64_t *d) {
    return measureOnAll([&](int64_t thread) {
      multiply(d, at(3 * thread), at(3 * thread + 1), at(3 * thread + 2));
    });
  }
  T *at(int64_t part) { return reinterpret_cast<T *>(memory[part].data); }

  static constexpr int64_t mostElements = 1 << 22, mostWork = 1 << 23;
  int64_t threads;
  std::vector<AlignedBytes> memory;
};
} // namespace

template <typename T> static bool measureProducts(TypeRates &rates) {
  Bench<T> bench;
  if (!bench.isThere())
    return false;
  for (unsigned i = 0; i < productLayouts; ++i) {
    std::vector<double> &grid = rates.products[i].rates;
    grid.resize(ProductRates::getCount(), 0);
    size_t at = 0;
    for (int64_t m : ProductRates::getSides())
      for (int64_t n : ProductRates::getSides())
        for (int64_t k : ProductRates::getDepths()) {
          double rate = bench.getRate(static_cast<ProductLayout>(i), m, n, k);
          // Too large: what a smaller one had.
          grid[at] = rate > 0 ? std::max(grid[at], rate) : grid[at - 1];
          ++at;
        }
  }
  // Lines of 8 and of 256, 16 of them in each of 64 products.
  const double lines = 16 * 64;
  const double shortOnes = bench.getSecondsOfLines(16, 8) / lines;
  const double longOnes = bench.getSecondsOfLines(16, 256) / lines;
  double element = std::max((longOnes - shortOnes) / (256 - 8), 1e-12);
  rates.lineElement = takeFaster(rates.lineElement, element);
  rates.line = takeFaster(rates.line, std::max(shortOnes - 8 * element, 1e-12));
  return true;
}

bool mlir::ntk::measureProducts(Machine &machine) {
  return ::measureProducts<float>(machine.f32) &&
         ::measureProducts<double>(machine.f64);
}
