// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values with many readers. Bufferization compares each reader of a value with
// each other, so that a value read n times takes n² steps. Here it is written
// into a buffer, and every few readers get a tensor of that buffer of their
// own.

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "ntk/Lower/Passes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_BOUNDALIASESPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

/// The `tensor.empty` that the destination of `value` began as, or null.
static tensor::EmptyOp findEmpty(OpResult value) {
  while (true) {
    Operation *definition = value.getOwner();
    if (auto empty = dyn_cast<tensor::EmptyOp>(definition))
      return empty;
    auto destination = dyn_cast<DestinationStyleOpInterface>(definition);
    if (!destination)
      return {};
    auto init = dyn_cast<OpResult>(
        destination.getDpsInitOperand(value.getResultNumber())->get());
    if (!init || init.getType() != value.getType())
      return {};
    value = init;
  }
}

/// A buffer that holds the root of `views` from behind its definition on, or
/// null where its size is not known.
static Value getBuffer(OpBuilder &builder, OpResult root) {
  Location loc = root.getLoc();
  if (auto tensor = dyn_cast<bufferization::ToTensorOp>(root.getOwner()))
    return tensor.getMemref();
  tensor::EmptyOp empty = findEmpty(root);
  if (!empty || empty == root.getOwner())
    return {};
  auto type = cast<RankedTensorType>(root.getType());
  builder.setInsertionPoint(empty);
  Value buffer = builder.create<memref::AllocOp>(
      loc, MemRefType::get(type.getShape(), type.getElementType()),
      empty.getDynamicSizes());
  builder.setInsertionPointAfter(root.getOwner());
  builder.create<bufferization::MaterializeInDestinationOp>(
      loc, /*result=*/Type(), root, buffer, /*restrict=*/true,
      /*writable=*/true);
  return buffer;
}

/// The views by which `value` comes from its root, last first.
static SmallVector<Operation *> getViews(OpResult &value) {
  SmallVector<Operation *> views;
  while (isa<tensor::ExtractSliceOp, tensor::CollapseShapeOp,
             tensor::ExpandShapeOp, tensor::CastOp>(value.getOwner())) {
    auto source = dyn_cast<OpResult>(value.getOwner()->getOperand(0));
    if (!source)
      break;
    views.push_back(value.getOwner());
    value = source;
  }
  return views;
}

/// Gives every `most` readers of `value` a tensor of their own.
static void spread(OpBuilder &builder, OpResult value, size_t most) {
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : value.getUses())
    uses.push_back(&use);
  OpResult root = value;
  SmallVector<Operation *> views = getViews(root);
  Value buffer = getBuffer(builder, root);
  if (!buffer)
    return;
  builder.setInsertionPointAfter(value.getOwner());
  if (views.empty() && !isa<bufferization::ToTensorOp>(value.getOwner()))
    builder.setInsertionPointAfter(value.getOwner()->getNextNode());
  Value tensor;
  for (auto [i, use] : llvm::enumerate(llvm::reverse(uses))) {
    if (i % most == 0) {
      tensor = builder.create<bufferization::ToTensorOp>(
          value.getLoc(), buffer, /*restrict=*/true, /*writable=*/false);
      for (Operation *view : llvm::reverse(views)) {
        Operation *clone = builder.clone(*view);
        clone->setOperand(0, tensor);
        tensor = clone->getResult(0);
      }
    }
    use->set(tensor);
  }
}

namespace {
struct BoundAliasesPass
    : mlir::ntk::impl::BoundAliasesPassBase<BoundAliasesPass> {
  using BoundAliasesPassBase::BoundAliasesPassBase;
  void runOnOperation() override {
    SmallVector<OpResult> values;
    for (Operation &op : getOperation().front())
      for (OpResult result : op.getResults())
        if (isa<RankedTensorType>(result.getType()) &&
            std::distance(result.use_begin(), result.use_end()) >
                static_cast<int64_t>(readers))
          values.push_back(result);
    OpBuilder builder(&getContext());
    for (OpResult value : values)
      spread(builder, value, readers);
  }
};
} // namespace
