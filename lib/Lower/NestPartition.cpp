// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Trips and operations of nests, before they are loops and after.

#include "NestPartition.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::ntk;

static int64_t getTrips(Value lower, Value upper) {
  std::optional<int64_t> from = getConstantIntValue(lower);
  std::optional<int64_t> to = getConstantIntValue(upper);
  return from && to ? std::max<int64_t>(*to - *from, 1) : unknownTrips;
}

/// Ops run by one pass through `region`, loops inside included.
static int64_t estimateWork(Region &region) {
  int64_t work = 0;
  for (Operation &op : region.front()) {
    int64_t trips = 1;
    if (auto loop = dyn_cast<scf::ForOp>(op))
      trips = getTrips(loop.getLowerBound(), loop.getUpperBound());
    else if (auto loop = dyn_cast<scf::ParallelOp>(op))
      for (auto [lower, upper] :
           llvm::zip_equal(loop.getLowerBound(), loop.getUpperBound()))
        trips *= getTrips(lower, upper);
    int64_t inner = 1;
    for (Region &nested : op.getRegions())
      if (!nested.empty())
        inner = std::max(inner, estimateWork(nested));
    work += trips * inner;
  }
  return work;
}

/// Partitions loops of `trips`, inside which `inner` operations are done.
static LoopPartition planLoops(ArrayRef<int64_t> trips, int64_t inner) {
  SmallVector<int64_t> longer;
  llvm::copy_if(trips, std::back_inserter(longer),
                [](int64_t count) { return count != 1; });
  return longer.empty() ? LoopPartition() : choosePartition(longer, inner);
}

/// Loops from 0 in steps of 1, as linalg makes them, can be cut.
static bool isNormalised(scf::ParallelOp loop) {
  return loop.getNumReductions() == 0 &&
         llvm::all_of(loop.getLowerBound(),
                      [](Value v) { return isConstantIntValue(v, 0); }) &&
         llvm::all_of(loop.getStep(),
                      [](Value v) { return isConstantIntValue(v, 1); });
}

static LoopPartition planLoop(scf::ParallelOp loop) {
  if (!isNormalised(loop))
    return LoopPartition();
  SmallVector<int64_t> trips;
  for (auto [lower, upper] :
       llvm::zip_equal(loop.getLowerBound(), loop.getUpperBound()))
    trips.push_back(getTrips(lower, upper));
  return planLoops(trips, estimateWork(loop.getRegion()));
}

/// Its first parallel loops become one nest, in which the others are.
static LoopPartition planOp(linalg::LinalgOp op) {
  SmallVector<int64_t> outer;
  auto ops = op.getBlock()->without_terminator();
  int64_t inner = op->getNumOperands() + std::distance(ops.begin(), ops.end());
  bool isOuter = true;
  for (auto [range, kind] :
       llvm::zip_equal(op.getStaticLoopRanges(), op.getIteratorTypesArray())) {
    int64_t trips = ShapedType::isDynamic(range) ? unknownTrips : range;
    isOuter &= kind == utils::IteratorType::parallel;
    if (isOuter)
      outer.push_back(trips);
    else
      inner *= std::max<int64_t>(trips, 1);
  }
  return planLoops(outer, inner);
}

LoopPartition mlir::ntk::planNest(Operation *nest) {
  if (auto op = dyn_cast<linalg::LinalgOp>(nest))
    return planOp(op);
  if (auto loop = dyn_cast<scf::ParallelOp>(nest))
    return planLoop(loop);
  return LoopPartition();
}
