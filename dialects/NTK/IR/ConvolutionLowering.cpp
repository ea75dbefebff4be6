// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowering of convolutions to the runtime library, and of fold_patches to
// loops.

#include "dialects/NTK/IR/Convolution.h"
#include "dialects/NTK/IR/LoweringHelpers.h"
#include "dialects/RT/RTOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::ntk;

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
  Value out = lowering.createEmpty(*this, getCoreResultType(*this));
  return lowering.builder
      .create<rt::ConvOp>(getLoc(), operands[0], operands[1], out, getStrides(),
                          getPadding(), getDilations(), getGroups())
      ->getResult(0);
}

FailureOr<Value> ConvTransposeOp::lower(Lowering &lowering,
                                        ValueRange operands) {
  if (failed(checkKernelWithoutBatch(*this)))
    return failure();
  Value out = lowering.createEmpty(*this, getCoreResultType(*this));
  return lowering.builder
      .create<rt::ConvBackwardDataOp>(getLoc(), operands[0], operands[1], out,
                                      getStrides(), getPadding(),
                                      getDilations(), getGroups())
      ->getResult(0);
}

FailureOr<Value> PatchesOp::lower(Lowering &lowering, ValueRange operands) {
  Value out = lowering.createEmpty(*this, getCoreResultType(*this));
  return lowering.builder
      .create<rt::PatchesOp>(getLoc(), operands[0], out, getKernelSize(),
                             getStrides(), getPadding(), getDilations(),
                             getGroups())
      ->getResult(0);
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
