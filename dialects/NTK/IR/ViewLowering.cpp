// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowering of constants, reshapes (tensor.collapse_shape and expand_shape,
// which copy nothing), transposes and broadcasts.

#include "dialects/NTK/IR/LoweringHelpers.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

using namespace mlir;
using namespace mlir::ntk;

FailureOr<Value> ConstantOp::lower(Lowering &lowering, ValueRange) {
  return Value(lowering.builder.create<arith::ConstantOp>(
      getLoc(), cast<TypedAttr>(getValue())));
}

//===----------------------------------------------------------------------===//
// reshape
//===----------------------------------------------------------------------===//

using Reassociation = SmallVector<ReassociationIndices>;

/// Groups of `core` behind one group for each batch dimension. Where the core
/// has no groups (a rank of 0 on the other side), its `coreRank` axes of size
/// one join the last batch dimension.
static Reassociation prependBatch(const Reassociation &core, int64_t batch,
                                  int64_t coreRank) {
  Reassociation groups;
  for (int64_t i = 0; i < batch; ++i)
    groups.push_back({i});
  for (const ReassociationIndices &group : core) {
    groups.emplace_back();
    for (int64_t axis : group)
      groups.back().push_back(batch + axis);
  }
  if (core.empty() && batch > 0)
    for (int64_t axis = 0; axis < coreRank; ++axis)
      groups.back().push_back(batch + axis);
  return groups;
}

static RankedTensorType replaceCore(RankedTensorType type, int64_t batch,
                                    ArrayRef<int64_t> core) {
  SmallVector<int64_t> shape(type.getShape().take_front(batch));
  llvm::append_range(shape, core);
  return RankedTensorType::get(shape, type.getElementType());
}

/// One group of `rank` axes.
static Reassociation getOneGroup(int64_t rank) {
  Reassociation groups(1);
  llvm::append_range(groups[0], llvm::seq<int64_t>(0, rank));
  return groups;
}

namespace {
/// Reshapes the core of one value, behind `batch` batch dimensions.
struct Reshaper {
  Lowering &lowering;
  Location loc;
  int64_t batch;

  Value collapse(Value value, ArrayRef<int64_t> core,
                 const Reassociation &groups) const {
    RankedTensorType type = getTensorType(value);
    return lowering.builder.create<tensor::CollapseShapeOp>(
        loc, replaceCore(type, batch, core), value,
        prependBatch(groups, batch, type.getRank() - batch));
  }

  Value expand(Value value, ArrayRef<int64_t> core,
               const Reassociation &groups) const {
    SmallVector<OpFoldResult> sizes;
    for (int64_t i = 0; i < batch; ++i)
      sizes.push_back(getMixedSize(lowering, loc, value, i));
    for (int64_t size : core)
      sizes.push_back(lowering.builder.getIndexAttr(size));
    return lowering.builder.create<tensor::ExpandShapeOp>(
        loc, replaceCore(getTensorType(value), batch, core), value,
        prependBatch(groups, batch, core.size()), sizes);
  }
};
} // namespace

FailureOr<Value> ReshapeOp::lower(Lowering &lowering, ValueRange operands) {
  RankedTensorType from = getCoreOperandType(*this, 0);
  RankedTensorType to = getCoreResultType(*this);
  if (from == to)
    return operands[0];
  Reshaper reshaper{lowering, getLoc(),
                    static_cast<int64_t>(getOperandBatch(*this, 0).size())};
  Value value = operands[0];
  if (from.getRank() != to.getRank()) {
    if (auto groups = getReassociationIndicesForReshape(from, to)) {
      if (from.getRank() > to.getRank())
        return reshaper.collapse(value, to.getShape(), *groups);
      return reshaper.expand(value, to.getShape(), *groups);
    }
  }
  // By way of one axis.
  int64_t volume = to.getNumElements();
  if (from.getRank() > 1)
    value = reshaper.collapse(value, volume, getOneGroup(from.getRank()));
  else if (from.getRank() == 0)
    return reshaper.expand(value, to.getShape(), {});
  if (to.getRank() == 0)
    return reshaper.collapse(value, {}, {});
  if (to.getRank() > 1)
    value = reshaper.expand(value, to.getShape(), getOneGroup(to.getRank()));
  return value;
}

//===----------------------------------------------------------------------===//
// transpose, broadcast
//===----------------------------------------------------------------------===//

/// y[i…] = x[the loops `axes`].
static Value lowerPicking(Lowering &lowering, Operation *op,
                          ValueRange operands, ArrayRef<int64_t> axes) {
  int64_t rank = getCoreResultType(op).getRank();
  OpBuilder &builder = lowering.builder;
  SmallVector<AffineExpr> results;
  for (int64_t axis : axes)
    results.push_back(builder.getAffineDimExpr(axis));
  AffineMap map = AffineMap::get(rank, 0, results, builder.getContext());
  return lowering.createGeneric(
      op, operands, getLoops(rank), map, builder.getMultiDimIdentityMap(rank),
      [](OpBuilder &, Location, ValueRange x) { return x[0]; });
}

FailureOr<Value> TransposeOp::lower(Lowering &lowering, ValueRange operands) {
  return lowerPicking(lowering, *this, operands,
                      invertPermutationVector(getPermutation()));
}

FailureOr<Value> BroadcastOp::lower(Lowering &lowering, ValueRange operands) {
  return lowerPicking(lowering, *this, operands, getDimensions());
}
