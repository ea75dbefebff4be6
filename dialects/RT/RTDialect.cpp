// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of the dialect, and what its ops have in common: the rule for
// destinations and the memory effects.

#include "dialects/RT/RTOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::ntk::rt;

#include "dialects/RT/RTDialect.cpp.inc"
#include "dialects/RT/RTInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/RT/RTOps.cpp.inc"

void RTDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/RT/RTOps.cpp.inc"
      >();
}

bool mlir::ntk::rt::isDense(MemRefType type) {
  if (type.getLayout().isIdentity())
    return true;
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(getStridesAndOffset(type, strides, offset)))
    return false;
  int64_t dense = 1;
  for (int64_t axis = type.getRank() - 1; axis >= 0; --axis) {
    if (type.getDimSize(axis) != 1 && strides[axis] != dense)
      return false;
    dense *= type.getDimSize(axis); // a dynamic size is the first
    if (type.isDynamicDim(axis) && axis > 0)
      return false;
  }
  return true;
}

std::string mlir::ntk::rt::getTypedName(StringRef name, Type shaped) {
  bool isF32 = getElementTypeOrSelf(shaped).isF32();
  return (name + (isF32 ? "_f32" : "_f64")).str();
}

LogicalResult mlir::ntk::rt::verifyDestination(Operation *op) {
  Value destination =
      cast<DestinationStyleOpInterface>(op).getDpsInitOperand(0)->get();
  Type type = destination.getType();
  for (Value operand : op->getOperands()) {
    if (getElementTypeOrSelf(operand) != getElementTypeOrSelf(type))
      return op->emitOpError("expected one element type, but got ")
             << getElementTypeOrSelf(operand) << " and "
             << getElementTypeOrSelf(type);
  }
  if (isa<MemRefType>(type)) {
    if (op->getNumResults() != 0)
      return op->emitOpError("expected no result on memrefs, but got ")
             << op->getNumResults();
  } else if (op->getNumResults() != 1 || op->getResult(0).getType() != type) {
    return op->emitOpError("expected one result of the destination's type ")
           << type << ", but got " << op->getResultTypes();
  }
  bool isBuffer = isa<MemRefType>(type);
  for (Value operand : op->getOperands()) {
    if (isa<MemRefType>(operand.getType()) != isBuffer)
      return op->emitOpError("expected all operands on ")
             << (isBuffer ? "memrefs" : "tensors") << ", but got "
             << operand.getType();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Memory effects
//===----------------------------------------------------------------------===//

using Effects =
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

/// Memrefs are read and written; on tensors an op has no effect.
static void addEffects(Operation *op, Effects &effects) {
  auto destination = cast<DestinationStyleOpInterface>(op);
  bool readsOut = cast<RuntimeCallOpInterface>(op).readsDestination();
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    bool isOut = destination.isDpsInit(&operand);
    if (!isOut || readsOut)
      effects.emplace_back(MemoryEffects::Read::get(), &operand,
                           SideEffects::DefaultResource::get());
    if (isOut)
      effects.emplace_back(MemoryEffects::Write::get(), &operand,
                           SideEffects::DefaultResource::get());
  }
}

void ContractOp::getEffects(Effects &effects) { addEffects(*this, effects); }
void ConvOp::getEffects(Effects &effects) { addEffects(*this, effects); }
void ConvBackwardDataOp::getEffects(Effects &effects) {
  addEffects(*this, effects);
}
void PatchesOp::getEffects(Effects &effects) { addEffects(*this, effects); }

/// No step goes from one side of a clock to the other.
void ClockOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Write::get(),
                       SideEffects::DefaultResource::get());
}
