// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Neighbouring loops that go through memory as one loop would become one: the
// innermost is then long, and no index is divided to find where it stands.

#include "LoopGroups.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ntk/Lower/Passes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_COLLAPSELOOPSPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

/// Can the loops be changed: do they only say which element of each operand it
/// is?
static bool isPlain(linalg::GenericOp op) {
  return !op.hasIndexSemantics() && op.hasPureBufferSemantics() &&
         llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) {
           return map.isProjectedPermutation();
         });
}

/// Is the loop `next` inside of `loop`, with nothing between, in every operand
/// that has one of them, in memory without gaps, and are both of one kind?
static bool isOneLoop(linalg::LinalgOp op, unsigned loop, unsigned next) {
  auto kinds = op.getIteratorTypesArray();
  if (kinds[loop] != kinds[next])
    return false;
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto find = [&](unsigned dim) {
      return map.getResultPosition(getAffineDimExpr(dim, map.getContext()));
    };
    std::optional<unsigned> outer = find(loop), inner = find(next);
    if (!outer && !inner)
      return true;
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    return outer && inner && *inner == *outer + 1 && type &&
           type.getLayout().isIdentity();
  });
}

SmallVector<ReassociationIndices>
mlir::ntk::findLoopGroups(linalg::LinalgOp op) {
  auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
  const bool plain = generic && isPlain(generic);
  SmallVector<ReassociationIndices> groups;
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
    if (loop > 0 && plain && isOneLoop(op, loop - 1, loop))
      groups.back().push_back(loop);
    else
      groups.push_back({static_cast<int64_t>(loop)});
  }
  return groups;
}

/// Does the loop go through every operand element by element, or stay where it
/// is?
static bool isEven(linalg::LinalgOp op, unsigned loop) {
  return llvm::all_of(op.getIndexingMapsArray(), [&](AffineMap map) {
    std::optional<unsigned> at =
        map.getResultPosition(getAffineDimExpr(loop, map.getContext()));
    return !at || *at + 1 == map.getNumResults();
  });
}

/// The order of the loops in which the innermost is even, if there is one that
/// leaves a loop outside for the threads; an empty one otherwise.
static SmallVector<unsigned> findEvenOrder(linalg::GenericOp op) {
  unsigned count = op.getNumLoops();
  auto kinds = op.getIteratorTypesArray();
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  if (count < 2 || isEven(op, count - 1))
    return {};
  for (unsigned loop = count - 1; loop-- > 0;) {
    constexpr int64_t shortLine = 8;
    bool isLong =
        ShapedType::isDynamic(ranges[loop]) || ranges[loop] >= shortLine;
    if (!isLong || !isEven(op, loop))
      continue;
    SmallVector<unsigned> order;
    for (unsigned other = 0; other < count; ++other)
      if (other != loop)
        order.push_back(other);
    bool isShared = kinds[order.front()] == utils::IteratorType::parallel &&
                    ranges[order.front()] != 1;
    order.push_back(loop);
    return isShared ? order : SmallVector<unsigned>();
  }
  return {};
}

/// Puts a loop innermost that goes through memory evenly.
static linalg::GenericOp interchange(linalg::GenericOp op,
                                     RewriterBase &rewriter) {
  if (!isPlain(op))
    return op;
  SmallVector<unsigned> order = findEvenOrder(op);
  if (order.empty())
    return op;
  rewriter.setInsertionPoint(op);
  FailureOr<linalg::GenericOp> turned =
      linalg::interchangeGenericOp(rewriter, op, order);
  return succeeded(turned) ? *turned : op;
}

/// Makes equal views of one memref one value: a loop that writes over what it
/// reads shall see that the two are the same.
static void shareViews(Operation *op) {
  for (OpOperand &operand : op->getOpOperands()) {
    auto view = operand.get().getDefiningOp<memref::CollapseShapeOp>();
    for (OpOperand &other : op->getOpOperands().take_front(
             view ? operand.getOperandNumber() : 0)) {
      auto first = other.get().getDefiningOp<memref::CollapseShapeOp>();
      if (!first || first.getSrc() != view.getSrc() || first == view ||
          first.getReassociation() != view.getReassociation())
        continue;
      operand.set(first);
      if (view->use_empty())
        view.erase();
      break;
    }
  }
}

/// Collapses what can be; operands whose rows are apart stay as they are.
static void collapse(linalg::GenericOp op, RewriterBase &rewriter) {
  SmallVector<ReassociationIndices> groups = findLoopGroups(op);
  if (groups.size() == op.getNumLoops())
    return;
  rewriter.setInsertionPoint(op);
  FailureOr<linalg::CollapseResult> collapsed =
      linalg::collapseOpIterationDims(op, groups, rewriter);
  if (failed(collapsed))
    return;
  rewriter.eraseOp(op);
  shareViews(collapsed->collapsedOp);
}

namespace {
struct CollapseLoopsPass
    : mlir::ntk::impl::CollapseLoopsPassBase<CollapseLoopsPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) { ops.push_back(op); });
    for (linalg::GenericOp op : ops)
      collapse(interchange(op, rewriter), rewriter);
  }
};
} // namespace
