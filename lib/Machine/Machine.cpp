// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Seconds of steps: arithmetic at the rate that was measured for such shapes,
// or the traffic of its operands, whichever takes longer.

#include "ntk/Machine/Machine.h"
#include "ntk-rt/Tuning.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir::ntk;
using ::ntk::rt::ConvolutionShape;
using ::ntk::rt::GemmIndex;
using ::ntk::rt::GemmLoops;
using ::ntk::rt::GemmTasks;

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

llvm::ArrayRef<int64_t> ProductRates::getSides() {
  static constexpr int64_t sides[] = {1, 4, 8, 16, 32, 64, 128, 512};
  return sides;
}

llvm::ArrayRef<int64_t> ProductRates::getDepths() {
  static constexpr int64_t depths[] = {3, 16, 64, 256, 1024, 8192};
  return depths;
}

namespace {
/// A place between two points of a grid.
struct Place {
  size_t below;
  double share; ///< of the point above
};
} // namespace

static Place findPlace(llvm::ArrayRef<int64_t> grid, double size) {
  if (size <= grid.front())
    return {0, 0};
  for (size_t i = 0; i + 1 < grid.size(); ++i)
    if (size <= grid[i + 1])
      return {i, std::log(size / grid[i]) /
                     std::log(static_cast<double>(grid[i + 1]) / grid[i])};
  return {grid.size() - 1, 0};
}

double ProductRates::getRate(double m, double n, double k) const {
  if (rates.empty())
    return 0;
  const size_t sides = getSides().size(), depths = getDepths().size();
  const Place places[] = {findPlace(getSides(), m), findPlace(getSides(), n),
                          findPlace(getDepths(), k)};
  double logarithm = 0;
  for (unsigned corner = 0; corner < 8; ++corner) {
    double weight = 1;
    size_t at[3];
    for (unsigned i = 0; i < 3; ++i) {
      const bool above = corner >> i & 1;
      weight *= above ? places[i].share : 1 - places[i].share;
      at[i] = places[i].below + above;
    }
    if (weight > 0)
      logarithm +=
          weight * std::log(rates[(at[0] * sides + at[1]) * depths + at[2]]);
  }
  return std::exp(logarithm);
}

OrientedProduct mlir::ntk::orient(const GemmIndex &m, const GemmIndex &n,
                                  const GemmIndex &k) {
  GemmIndex rows = m, columns = n, depth = k;
  if (m.c == 1 && n.c != 1) { // the transposed product: Cᵀ = Bᵀ·Aᵀ
    std::swap(rows, columns);
    std::swap(rows.a, rows.b);
    std::swap(columns.a, columns.b);
    std::swap(depth.a, depth.b);
  }
  // Which of two strides is 1; an index that is not there does not matter.
  auto isAlong = [](const GemmIndex &index, int64_t stride,
                    const GemmIndex &other, int64_t otherStride) {
    return stride == 1 || (otherStride != 1 && stride <= otherStride) ||
           (index.size > 1 && other.size == 1);
  };
  auto isApart = [](const GemmIndex &i, const GemmIndex &j,
                    int64_t GemmIndex::*stride) {
    return i.*stride != 1 && j.*stride != 1 && i.size > 1 && j.size > 1;
  };
  if (isApart(rows, depth, &GemmIndex::a) ||
      isApart(depth, columns, &GemmIndex::b) ||
      isApart(rows, columns, &GemmIndex::c))
    return {rows.size, columns.size, depth.size, ProductLayout::Strided};
  const bool kInA = isAlong(depth, depth.a, rows, rows.a);
  const bool nInB = isAlong(columns, columns.b, depth, depth.b);
  return {rows.size, columns.size, depth.size,
          kInA ? (nInB ? ProductLayout::NN : ProductLayout::NT)
               : (nInB ? ProductLayout::TN : ProductLayout::TT)};
}

/// Seconds on one thread of a thin product, done in lines along the index that
/// suits them best; `run` is a further loop that it takes in.
static double getSecondsOfLines(const TypeRates &rates,
                                llvm::ArrayRef<GemmIndex> indices) {
  double elements = 1;
  int64_t best = 1, length = 1;
  for (const GemmIndex &index : indices) {
    elements *= static_cast<double>(index.size);
    auto isEven = [](int64_t stride) { return stride == 0 || stride == 1; };
    const bool even = isEven(index.a) && isEven(index.b) && isEven(index.c);
    const int64_t suits = std::min<int64_t>(index.size, 256) / (even ? 1 : 8);
    if (suits > best) {
      best = suits;
      length = index.size;
    }
  }
  const double lines = elements / static_cast<double>(length);
  return lines * rates.line + elements * rates.lineElement;
}

/// Seconds on one thread of all calls of a product.
static double getSecondsOfCalls(const TypeRates &rates, GemmLoops g,
                                const GemmTasks &tasks, bool isRun) {
  g.m.size = std::max<int64_t>(g.m.size / tasks.rowParts, 1);
  g.n.size = std::max<int64_t>(g.n.size / tasks.columnParts, 1);
  const double calls =
      static_cast<double>(g.iterations(true) * tasks.iterations) *
      static_cast<double>(tasks.rowParts * tasks.columnParts);
  if (::ntk::rt::isThin(g.m.size, g.n.size, g.k.size)) {
    GemmIndex run = {1, 0, 0, 0};
    for (int i = 0; isRun && i < g.loops; ++i)
      if (!GemmLoops::isSum(g.loop[i]))
        run = g.loop[i]; // the last one
    return calls / static_cast<double>(run.size) *
           getSecondsOfLines(rates, {g.m, g.n, g.k, run});
  }
  const OrientedProduct product = orient(g.m, g.n, g.k);
  const double m = static_cast<double>(product.m),
               n = static_cast<double>(product.n),
               k = static_cast<double>(product.k);
  return calls * m * n * k /
         rates.products[static_cast<unsigned>(product.layout)].getRate(m, n, k);
}

static double getSecondsOfProduct(const Machine &machine,
                                  const ProductWork &work,
                                  const TypeRates &rates) {
  const GemmLoops &g = work.loops;
  if (!g.writesAnything() || g.isEmptySum())
    return 0;
  const GemmTasks tasks =
      ::ntk::rt::shareOut(g, g.iterations(false), machine.threads);
  const int64_t parts = tasks.rowParts * tasks.columnParts;
  const bool isRun = parts == 1 && g.iterations(true) == 1;
  const double seconds = getSecondsOfCalls(rates, g, tasks, isRun);
  const int64_t count = tasks.iterations * parts;
  const int64_t pieces = (count + tasks.grain - 1) / tasks.grain;
  if (pieces == 1 || machine.threads == 1)
    return seconds;
  // Of the pieces that each thread takes in turn, the last are waited for.
  const int64_t rounds = (pieces + machine.threads - 1) / machine.threads;
  const double longest =
      seconds * static_cast<double>(std::min(rounds * tasks.grain, count)) /
      static_cast<double>(count);
  return machine.handover + longest;
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// How far a measured convolution is from one: the sum of the squares of the
/// logarithms of what they differ by. Pixels and taps, which change rates less
/// than channels do, count half: weights set by hand.
static double getDistance(const ConvolutionRate &rate,
                          const ConvolutionShape &s, bool isBackward) {
  if (rate.isBackward != isBackward || (rate.groups == 1) != (s.groups == 1) ||
      (rate.taps == 1) != (s.taps() == 1))
    return std::numeric_limits<double>::infinity();
  auto square = [](double a, double b, double weight) {
    const double ratio = std::log(std::max(a, 1.0) / std::max(b, 1.0));
    return weight * ratio * ratio;
  };
  auto number = [](int64_t count) { return static_cast<double>(count); };
  const int64_t stride = s.stride[1] * s.stride[2];
  return square(number(rate.channels), number(s.groupCin()), 1) +
         square(number(rate.outputs), number(s.groupCout()), 1) +
         square(number(rate.pixels), number(s.outPixels()), 0.5) +
         square(number(rate.taps), number(s.taps()), 0.5) +
         square(number(rate.stride * rate.stride), number(stride), 1);
}

/// A mean of the rates that were measured for the nearest shapes.
static double getConvolutionRate(const TypeRates &rates,
                                 const ConvolutionShape &s, bool isBackward) {
  double sum = 0, weights = 0;
  for (const ConvolutionRate &rate : rates.convolutions) {
    const double distance = getDistance(rate, s, isBackward);
    const double weight = 1 / (0.01 + distance * distance);
    if (std::isinf(distance))
      continue;
    sum += weight * std::log(rate.rate);
    weights += weight;
  }
  return weights > 0 ? std::exp(sum / weights) : 0;
}

static double getSecondsOfConvolution(const Machine &machine,
                                      const ConvolutionWork &work,
                                      const TypeRates &rates) {
  const ConvolutionShape &s = work.shape;
  const double multiplies = static_cast<double>(s.examples * s.multiplies());
  const double rate = getConvolutionRate(rates, s, work.isBackward);
  if (multiplies == 0 || rate == 0)
    return 0;
  const double worth = 2.0 * ::ntk::rt::tuning::convolutionWorthAThread;
  const bool isSmall = multiplies < worth;
  return (isSmall ? static_cast<double>(machine.threads) : 1) * multiplies /
             rate +
         (isSmall ? 0 : machine.handover);
}

//===----------------------------------------------------------------------===//
// Loops and traffic
//===----------------------------------------------------------------------===//

static double getSecondsOfLoops(const Machine &machine, const LoopWork &work,
                                const LoopRates &rates) {
  const double seconds =
      work.iterations * (work.isSum ? rates.sum : rates.iteration) +
      work.arithmetic * rates.arithmetic + work.divisions * rates.division +
      work.functions * rates.function + work.strided * rates.strided +
      work.gathered * rates.gathered + work.lines * rates.line;
  if (!work.isShared)
    return seconds;
  return machine.handover + seconds / static_cast<double>(machine.threads);
}

static double getSecondsOfPatches(const Machine &machine,
                                  const PatchesWork &work,
                                  const TypeRates &rates) {
  const ConvolutionShape &s = work.shape;
  const double rows = static_cast<double>(s.examples * s.cin * s.taps());
  return machine.handover + rows * rates.patchRow +
         rows * static_cast<double>(s.outPixels()) * rates.patchElement;
}

/// Bytes a second of what was used so many bytes ago.
static double getBandwidth(llvm::ArrayRef<Bandwidth> bandwidths,
                           double distance) {
  if (distance <= bandwidths.front().distance)
    return bandwidths.front().rate;
  for (size_t i = 0; i + 1 < bandwidths.size(); ++i) {
    const Bandwidth &a = bandwidths[i], &b = bandwidths[i + 1];
    if (distance > b.distance)
      continue;
    const double share =
        std::log(distance / a.distance) / std::log(b.distance / a.distance);
    return std::exp((1 - share) * std::log(a.rate) + share * std::log(b.rate));
  }
  return bandwidths.back().rate;
}

static double getSecondsOfTraffic(const Machine &machine, const Step &step) {
  double seconds = 0;
  for (const Traffic &part : step.traffic)
    seconds += part.bytes / getBandwidth(machine.bandwidths, part.distance);
  return seconds;
}

double Machine::getSeconds(const Step &step) const {
  const TypeRates &rates = getRates(step.isDouble);
  const double traffic = getSecondsOfTraffic(*this, step);
  double seconds = 0, overlap = 1;
  if (const auto *product = std::get_if<ProductWork>(&step.work))
    seconds = getSecondsOfProduct(*this, *product, rates);
  else if (const auto *conv = std::get_if<ConvolutionWork>(&step.work))
    seconds = getSecondsOfConvolution(*this, *conv, rates);
  else if (const auto *patches = std::get_if<PatchesWork>(&step.work))
    seconds = getSecondsOfPatches(*this, *patches, rates);
  else if (const auto *loops = std::get_if<LoopWork>(&step.work)) {
    // A loop has less to do while it waits than a product has.
    seconds = getSecondsOfLoops(*this, *loops, rates.loops);
    overlap = 0.5;
  }
  return call + std::max(seconds, traffic) +
         (1 - overlap) * std::min(seconds, traffic);
}
