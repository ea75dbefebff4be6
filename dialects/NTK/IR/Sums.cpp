// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums whose terms do not overlap are concatenations.

#include "dialects/NTK/IR/Sums.h"
#include "dialects/NTK/IR/OpHelpers.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {
/// A term that is zero but for a stretch of one axis.
struct Stretch {
  PadOp pad;
  int64_t start, end;
};
} // namespace

/// The only axis that `pad` adds zeros to, all of them outside; nothing if
/// there is no such axis.
static std::optional<int64_t> getPaddedAxis(PadOp pad) {
  std::optional<int64_t> padded;
  for (int64_t axis = 0, rank = pad.getLow().size(); axis < rank; ++axis) {
    if (pad.getInterior()[axis])
      return std::nullopt;
    if (!pad.getLow()[axis] && !pad.getHigh()[axis])
      continue;
    if (padded)
      return std::nullopt;
    padded = axis;
  }
  return padded;
}

static Value createPad(OpBuilder &builder, Location loc, Value x, int64_t axis,
                       int64_t low, int64_t high) {
  if (!low && !high)
    return x;
  int64_t rank = getShape(x).size();
  SmallVector<int64_t> lows(rank, 0), highs(rank, 0), interior(rank, 0);
  lows[axis] = low;
  highs[axis] = high;
  return createOp<PadOp>(builder, loc, x, builder.getDenseI64ArrayAttr(lows),
                         builder.getDenseI64ArrayAttr(highs),
                         builder.getDenseI64ArrayAttr(interior));
}

/// One value for stretches that follow one another along `axis`.
static Value join(OpBuilder &builder, Location loc, int64_t axis,
                  ArrayRef<Stretch> stretches) {
  SmallVector<Value> parts;
  for (auto [i, stretch] : llvm::enumerate(stretches)) {
    bool isLast = i + 1 == stretches.size();
    int64_t gap = isLast ? 0 : stretches[i + 1].start - stretch.end;
    PadOp pad = stretch.pad;
    parts.push_back(createPad(builder, loc, pad.getInput(), axis, 0, gap));
  }
  Value joined =
      createOp<ConcatOp>(builder, loc, parts, builder.getI64IntegerAttr(axis));
  PadOp first = stretches.front().pad;
  int64_t size = getShape(first.getResult())[axis];
  return createPad(builder, loc, joined, axis, stretches.front().start,
                   size - stretches.back().end);
}

/// Joins what can be joined of `stretches`, and appends the results and the
/// rest to `terms`. Each round takes those that do not overlap, first ones
/// first.
static void joinAll(OpBuilder &builder, Location loc, int64_t axis,
                    std::vector<Stretch> stretches,
                    SmallVectorImpl<Value> &terms) {
  llvm::stable_sort(stretches, [](const Stretch &a, const Stretch &b) {
    return a.start < b.start;
  });
  constexpr int mostRounds = 4;
  for (int round = 0; round < mostRounds; ++round) {
    std::vector<Stretch> taken, left;
    for (const Stretch &stretch : stretches) {
      bool fits = taken.empty() || taken.back().end <= stretch.start;
      (fits ? taken : left).push_back(stretch);
    }
    if (taken.size() < 2)
      break;
    // The pads stay: they may be the cotangents of other values, too.
    terms.push_back(join(builder, loc, axis, taken));
    stretches = std::move(left);
  }
  for (const Stretch &stretch : stretches)
    terms.push_back(PadOp(stretch.pad).getResult());
}

Value mlir::ntk::createSum(OpBuilder &builder, Location loc,
                           ArrayRef<Value> terms) {
  SmallVector<Value> joined;
  std::map<int64_t, std::vector<Stretch>> stretches;
  for (Value term : terms) {
    auto pad = terms.size() > 1 ? term.getDefiningOp<PadOp>() : PadOp();
    std::optional<int64_t> axis = pad ? getPaddedAxis(pad) : std::nullopt;
    if (!axis) {
      joined.push_back(term);
      continue;
    }
    int64_t start = pad.getLow()[*axis];
    stretches[*axis].push_back(
        {pad, start, start + getShape(pad.getInput())[*axis]});
  }
  for (auto &[axis, list] : stretches)
    joinAll(builder, loc, axis, std::move(list), joined);
  Value sum = joined.front();
  for (Value term : ArrayRef(joined).drop_front())
    sum = createOp<AddOp>(builder, loc, sum, term);
  return sum;
}
