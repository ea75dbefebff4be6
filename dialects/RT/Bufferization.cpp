// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the ops of `rt` become ops on memrefs: the same op, on the buffers of its
// operands. Only a kernel that needs dense operands and is given a strided
// view (a slice of a concatenation) gets a copy of its own.

#include "dialects/RT/RTOps.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace mlir::ntk::rt;

/// A buffer of the shape of `buffer`, dense.
static Value createDenseBuffer(OpBuilder &builder, Location loc, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<Value> sizes;
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    if (type.isDynamicDim(axis))
      sizes.push_back(builder.create<memref::DimOp>(loc, buffer, axis));
  return builder.create<memref::AllocOp>(
      loc, MemRefType::get(type.getShape(), type.getElementType()), sizes);
}

namespace {
template <typename OpTy>
struct RuntimeCallModel
    : DstBufferizableOpInterfaceExternalModel<RuntimeCallModel<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return cast<DestinationStyleOpInterface>(op).isDpsInput(&operand) ||
           cast<RuntimeCallOpInterface>(op).readsDestination();
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options) const {
    auto destination = cast<DestinationStyleOpInterface>(op);
    bool dense = cast<RuntimeCallOpInterface>(op).needsDenseOperands();
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(op);
    OperationState state(op->getLoc(), op->getName());
    Value out, copyOfOut;
    for (OpOperand &operand : op->getOpOperands()) {
      FailureOr<Value> buffer = getBuffer(rewriter, operand.get(), options);
      if (failed(buffer))
        return failure();
      Value used = *buffer;
      bool isOut = destination.isDpsInit(&operand);
      if (dense && !isDense(cast<MemRefType>(used.getType()))) {
        used = createDenseBuffer(rewriter, op->getLoc(), *buffer);
        if (isOut)
          copyOfOut = used;
        else
          rewriter.create<memref::CopyOp>(op->getLoc(), *buffer, used);
      }
      if (isOut)
        out = *buffer;
      state.addOperands(used);
    }
    state.propertiesAttr = op->getPropertiesAsAttribute();
    rewriter.create(state);
    if (copyOfOut)
      rewriter.create<memref::CopyOp>(op->getLoc(), copyOfOut, out);
    replaceOpWithBufferizedValues(rewriter, op, out);
    return success();
  }
};
} // namespace

void mlir::ntk::rt::registerBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, RTDialect *) {
    ContractOp::attachInterface<RuntimeCallModel<ContractOp>>(*context);
    ConvOp::attachInterface<RuntimeCallModel<ConvOp>>(*context);
    ConvBackwardDataOp::attachInterface<RuntimeCallModel<ConvBackwardDataOp>>(
        *context);
    PatchesOp::attachInterface<RuntimeCallModel<PatchesOp>>(*context);
  });
}
