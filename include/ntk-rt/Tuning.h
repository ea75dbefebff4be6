// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the runtime decides by the size of a step: how it is shared out among
// threads, and when a product is too small for a library. Functions of the
// shape and of these numbers alone, so that what prices a step can ask the same
// question. The numbers were measured, and none of them is sharp: between half
// and twice of each, times change by a few per cent.

#ifndef NTK_RT_TUNING_H
#define NTK_RT_TUNING_H

#include "ntk-rt/GemmLoops.h"

#include <algorithm>
#include <cmath>

namespace ntk {
namespace rt {
namespace tuning {

/// Multiply-adds of a product for which another thread is worth its while.
constexpr double productWorthAThread = 1e5;
/// Of a convolution by oneDNN, which wakes its threads more slowly.
constexpr int64_t convolutionWorthAThread = 1000000;
/// Of a convolution by our own loops: a piece of work.
constexpr int64_t convolutionPiece = 100000;
/// Operations of a loop nest: a piece of work, and the most that is left inside
/// of the loops that are shared out.
constexpr int64_t loopPiece = 1 << 15;
constexpr int64_t loopInside = 1 << 14;
/// Multiply-adds up to which a product is done in lines, and up to which in
/// blocked loops of our own: a library's call costs more.
constexpr int64_t thinProduct = 512;
constexpr int64_t tinyProduct = 4096;
/// Terms of a sum up to which a product is done in lines, however large.
constexpr int64_t shallowProduct = 2;

} // namespace tuning

/// Is a product done in lines, without a library?
inline bool isThin(int64_t m, int64_t n, int64_t k) {
  return k <= tuning::shallowProduct || m * n * k <= tuning::thinProduct;
}

/// How a product is shared out: the rows and columns of each call in how many
/// parts, and whether small products keep their first loop to themselves.
struct GemmTasks {
  int64_t iterations; // of the loops that don't add up
  int64_t rowParts = 1, columnParts = 1;
  int64_t grain = 1; // tasks at a time
};

/// For a product in normal form, with so many `iterations` of the loops that
/// don't add up, on `workers` threads.
inline GemmTasks shareOut(const GemmLoops &g, int64_t iterations,
                          int64_t workers) {
  GemmTasks tasks;
  tasks.iterations = iterations;
  // Cost in multiplications; an element moved counts as four.
  const double call =
      static_cast<double>(g.multiplies()) +
      4.0 * static_cast<double>(g.m.size * g.k.size + g.k.size * g.n.size +
                                g.m.size * g.n.size);
  const double each = call * static_cast<double>(g.iterations(true));
  if (workers == 1 || each * static_cast<double>(iterations) <
                          2 * tuning::productWorthAThread) {
    tasks.grain = iterations;
    return tasks;
  }
  if (iterations >= 4 * workers || each < 2 * tuning::productWorthAThread) {
    int64_t worth =
        static_cast<int64_t>(std::ceil(tuning::productWorthAThread / each));
    int64_t fair = std::max<int64_t>(iterations / (4 * workers), 1);
    tasks.grain = std::min(std::max<int64_t>(worth, 1), fair);
    return tasks;
  }
  // Few large products: cut each so that its parts are as square as can be.
  constexpr int64_t narrow = 16;
  int64_t parts = iterations % workers == 0 ? 1 : workers;
  parts = std::min(
      parts, static_cast<int64_t>(each / tuning::productWorthAThread) + 1);
  while (tasks.rowParts * tasks.columnParts < parts) {
    int64_t rows = g.m.size / tasks.rowParts;
    int64_t columns = g.n.size / tasks.columnParts;
    if (std::max(rows, columns) < 2 * narrow)
      break;
    if (rows >= columns)
      tasks.rowParts = std::min(2 * tasks.rowParts, g.m.size);
    else
      tasks.columnParts = std::min(2 * tasks.columnParts, g.n.size);
  }
  return tasks;
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_TUNING_H
