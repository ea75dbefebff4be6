// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where sizes come from: size arguments and their products, the batch axes of
// arguments, and views, whose dynamic axes are given or those of their source.

#include "SizeAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "ntk/Lower/Sizes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::ntk;

SizeAnalysis::SizeAnalysis(func::FuncOp function) : function(function) {
  for (auto [letter, argument] : getSizeArguments(function))
    letters[argument] = letter;
}

LogicalResult SizeAnalysis::multiply(Value size, Monomial &product) {
  IntegerAttr constant;
  if (matchPattern(size, m_Constant(&constant))) {
    product.factor *= constant.getInt();
    return success();
  }
  if (auto it = letters.find(size); it != letters.end()) {
    product.letters += it->second;
    return success();
  }
  if (auto factors = size.getDefiningOp<arith::MulIOp>())
    return success(succeeded(multiply(factors.getLhs(), product)) &&
                   succeeded(multiply(factors.getRhs(), product)));
  if (auto dim = size.getDefiningOp<memref::DimOp>())
    if (std::optional<int64_t> axis = dim.getConstantIndex())
      return multiplyAxis(dim.getSource(), *axis, product);
  return failure();
}

/// The leading axes of an argument are its batch letters; without any, its
/// dynamic axes are n and m, in order.
LogicalResult SizeAnalysis::multiplyArgument(BlockArgument argument,
                                             int64_t axis, Monomial &product) {
  if (argument.getOwner() != &function.front())
    return failure();
  auto batch = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                     batchArgAttrName);
  auto type = cast<MemRefType>(argument.getType());
  StringRef letters = batch ? batch.getValue() : "nm";
  int64_t position = batch ? axis : type.getDynamicDimIndex(axis);
  if (position >= static_cast<int64_t>(letters.size()))
    return failure();
  product.letters += letters[position];
  return success();
}

LogicalResult SizeAnalysis::multiplyAxis(Value memref, int64_t axis,
                                         Monomial &product) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(axis)) {
    product.factor *= type.getDimSize(axis);
    return success();
  }
  int64_t number = type.getDynamicDimIndex(axis);
  if (auto argument = dyn_cast<BlockArgument>(memref))
    return multiplyArgument(argument, axis, product);
  return llvm::TypeSwitch<Operation *, LogicalResult>(memref.getDefiningOp())
      .Case([&](memref::AllocOp op) {
        return multiply(op.getDynamicSizes()[number], product);
      })
      .Case([&](memref::ViewOp op) {
        return multiply(op.getSizes()[number], product);
      })
      .Case([&](memref::SubViewOp op) -> LogicalResult {
        if (op.getDroppedDims().any())
          return failure();
        auto size = dyn_cast<Value>(op.getMixedSizes()[axis]);
        return size ? multiply(size, product) : failure();
      })
      .Case([&](memref::ExpandShapeOp op) {
        return multiply(op.getOutputShape()[number], product);
      })
      .Case([&](memref::CollapseShapeOp op) {
        return success(llvm::all_of(
            op.getReassociationIndices()[axis], [&](int64_t joined) {
              return succeeded(multiplyAxis(op.getSrc(), joined, product));
            }));
      })
      .Case([&](memref::CastOp op) {
        return multiplyAxis(op.getSource(), axis, product);
      })
      .Default([](Operation *) { return failure(); });
}

FailureOr<Monomial> SizeAnalysis::get(Operation *op,
                                      const rt::SizeProduct &product) {
  Monomial sizes{product.getFactor(), ""};
  for (const rt::SizeProduct::Axis &axis : product.getAxes()) {
    if (axis.isStride ||
        failed(multiplyAxis(op->getOperand(axis.operand), axis.axis, sizes)))
      return failure();
  }
  return sizes;
}

FailureOr<SmallVector<Monomial>> SizeAnalysis::getTrips(linalg::LinalgOp op) {
  SmallVector<Monomial> trips(op.getNumLoops());
  llvm::SmallBitVector seen(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim || seen.test(dim.getPosition()))
        continue;
      seen.set(dim.getPosition());
      if (failed(multiplyAxis(operand.get(), axis, trips[dim.getPosition()])))
        return failure();
    }
  }
  return trips;
}

LogicalResult SizeAnalysis::multiplyTrips(scf::ForOp loop, Monomial &product) {
  if (getConstantIntValue(loop.getLowerBound()) != 0 ||
      getConstantIntValue(loop.getStep()) != 1)
    return failure();
  return multiply(loop.getUpperBound(), product);
}
