// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowering of convolutions to the runtime library, all batch dimensions as one,
// and of fold_patches to loops.

#include "dialects/NTK/IR/Convolution.h"
#include "dialects/NTK/IR/LoweringHelpers.h"
#include "dialects/RT/RTOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// One batch dimension
//===----------------------------------------------------------------------===//

/// Groups that join the first `first` of `rank` dimensions.
static SmallVector<ReassociationIndices> joinFirst(int64_t first,
                                                   int64_t rank) {
  SmallVector<ReassociationIndices> groups(1);
  llvm::append_range(groups[0], llvm::seq<int64_t>(0, first));
  for (int64_t i = first; i < rank; ++i)
    groups.push_back({i});
  return groups;
}

/// `value` with its `batch` leading dimensions as one.
static Value joinBatch(Lowering &lowering, Location loc, Value value,
                       int64_t batch) {
  RankedTensorType type = getTensorType(value);
  if (batch == 1)
    return value;
  if (batch > 1)
    return lowering.builder.create<tensor::CollapseShapeOp>(
        loc, value, joinFirst(batch, type.getRank()));
  SmallVector<int64_t> shape = {1};
  llvm::append_range(shape, type.getShape());
  return lowering.builder.create<tensor::ExpandShapeOp>(
      loc, RankedTensorType::get(shape, type.getElementType()), value,
      joinFirst(2, type.getRank() + 1));
}

/// The inverse: `value` with the dimensions of `like`.
static Value splitBatch(Lowering &lowering, Location loc, Value value,
                        Value like, int64_t batch) {
  RankedTensorType type = getTensorType(like);
  if (batch == 1)
    return value;
  if (batch == 0)
    return lowering.builder.create<tensor::CollapseShapeOp>(
        loc, value, joinFirst(2, type.getRank() + 1));
  SmallVector<OpFoldResult> sizes;
  for (int64_t i = 0; i < type.getRank(); ++i)
    sizes.push_back(getMixedSize(lowering, loc, like, i));
  return lowering.builder.create<tensor::ExpandShapeOp>(
      loc, type, value, joinFirst(batch, type.getRank()), sizes);
}

/// Calls `create(input, destination) -> value` on operands with one batch
/// dimension.
static Value
onOneBatch(Lowering &lowering, Operation *op, Value input,
           function_ref<Value(Value input, Value destination)> create) {
  Location loc = op->getLoc();
  int64_t batch = getOperandBatch(op, 0).size();
  Value empty = lowering.createEmpty(op, getCoreResultType(op));
  Value result = create(joinBatch(lowering, loc, input, batch),
                        joinBatch(lowering, loc, empty, batch));
  return splitBatch(lowering, loc, result, empty, batch);
}

static LogicalResult checkKernelWithoutBatch(Operation *op) {
  StringRef letters = getOperandBatch(op, 1);
  if (letters.empty())
    return success();
  return op->emitOpError("expected a kernel without batch letters, but got \"")
         << letters << "\"";
}

//===----------------------------------------------------------------------===//
// Library calls
//===----------------------------------------------------------------------===//

FailureOr<Value> ConvOp::lower(Lowering &lowering, ValueRange operands) {
  if (failed(checkKernelWithoutBatch(*this)))
    return failure();
  return onOneBatch(lowering, *this, operands[0], [&](Value input, Value out) {
    return lowering.builder
        .create<rt::ConvOp>(getLoc(), input, operands[1], out, getStrides(),
                            getPadding(), getDilations(), getGroups())
        ->getResult(0);
  });
}

FailureOr<Value> ConvTransposeOp::lower(Lowering &lowering,
                                        ValueRange operands) {
  if (failed(checkKernelWithoutBatch(*this)))
    return failure();
  return onOneBatch(lowering, *this, operands[0], [&](Value input, Value out) {
    return lowering.builder
        .create<rt::ConvBackwardDataOp>(getLoc(), input, operands[1], out,
                                        getStrides(), getPadding(),
                                        getDilations(), getGroups())
        ->getResult(0);
  });
}

FailureOr<Value> PatchesOp::lower(Lowering &lowering, ValueRange operands) {
  return onOneBatch(lowering, *this, operands[0], [&](Value input, Value out) {
    return lowering.builder
        .create<rt::PatchesOp>(getLoc(), input, out, getKernelSize(),
                               getStrides(), getPadding(), getDilations(),
                               getGroups())
        ->getResult(0);
  });
}

//===----------------------------------------------------------------------===//
// fold_patches
//===----------------------------------------------------------------------===//

/// z [batch…, G, A, taps, pixels] as [batch…, G·A, taps…, pixels…].
static Value splitPatches(Lowering &lowering, Location loc, Value patches,
                          const Window &window, int64_t channels,
                          int64_t batch) {
  RankedTensorType type = getTensorType(patches);
  int64_t rank = window.getRank();
  SmallVector<ReassociationIndices> collapse, expand;
  for (int64_t i = 0; i < batch; ++i) {
    collapse.push_back({i});
    expand.push_back({i});
  }
  collapse.append({{batch, batch + 1}, {batch + 2}, {batch + 3}});
  expand.push_back({batch});
  for (int64_t group = 0; group < 2; ++group) {
    expand.emplace_back();
    for (int64_t axis = 0; axis < rank; ++axis)
      expand.back().push_back(batch + 1 + group * rank + axis);
  }
  Value joined =
      lowering.builder.create<tensor::CollapseShapeOp>(loc, patches, collapse);
  SmallVector<int64_t> shape(type.getShape().take_front(batch));
  shape.push_back(channels);
  llvm::append_range(shape, window.window);
  llvm::append_range(shape, window.getOutputSizes());
  SmallVector<OpFoldResult> sizes;
  for (auto [i, size] : llvm::enumerate(shape))
    sizes.push_back(static_cast<int64_t>(i) < batch
                        ? getMixedSize(lowering, loc, joined, i)
                        : lowering.builder.getIndexAttr(size));
  return lowering.builder.create<tensor::ExpandShapeOp>(
      loc, RankedTensorType::get(shape, type.getElementType()), joined, expand,
      sizes);
}

/// Loops over channels, taps and pixels; the last two are reductions, for
/// several of them add to one pixel of the padded image.
FailureOr<Value> FoldPatchesOp::lower(Lowering &lowering, ValueRange operands) {
  OpBuilder &builder = lowering.builder;
  RankedTensorType core = getCoreResultType(*this);
  Type element = core.getElementType();
  Window window = getWindow(*this);
  int64_t rank = window.getRank(), batch = getOperandBatch(*this, 0).size();
  unsigned loops = 1 + 2 * rank;
  Value patches = splitPatches(lowering, getLoc(), operands[0], window,
                               core.getDimSize(0), batch);
  SmallVector<int64_t> shape = {core.getDimSize(0)};
  llvm::append_range(shape, window.getPaddedSizes());
  Value zeros =
      lowering.createFilled(*this, RankedTensorType::get(shape, element),
                            getScalarAttr(builder, element, 0));
  SmallVector<AffineExpr> pixel = {builder.getAffineDimExpr(0)};
  llvm::append_range(pixel,
                     window.getPaddedPixels(builder.getContext(), 1 + rank, 1));
  Value padded = lowering.createGeneric(
      *this, patches, getLoops(1, 2 * rank),
      builder.getMultiDimIdentityMap(loops),
      AffineMap::get(loops, 0, pixel, builder.getContext()),
      [](OpBuilder &nested, Location loc, ValueRange x) -> Value {
        return nested.create<arith::AddFOp>(loc, x[1], x[0]);
      },
      zeros);
  if (!window.isPadded())
    return padded;
  SmallVector<int64_t> starts = {0};
  llvm::append_range(starts, window.getLows());
  return extractBox(lowering, getLoc(), padded, batch, starts, core.getShape(),
                    SmallVector<int64_t>(core.getRank(), 1));
}
