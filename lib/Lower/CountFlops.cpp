// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The floating-point operations of every step of Level 3: those of a kernel of
// the runtime by its op, those of a loop nest by its body.

#include "SizeAnalysis.h"
#include "dialects/RT/RTOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "ntk/Lower/Passes.h"
#include "ntk/Lower/Sizes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_COUNTFLOPSPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

/// One for an operation on floats, functions and comparisons included.
static bool isFlop(Operation &op) {
  return isa_and_present<arith::ArithDialect, math::MathDialect>(
             op.getDialect()) &&
         !isa<arith::ConstantOp, arith::SelectOp>(op) &&
         llvm::any_of(op.getOperandTypes(), llvm::IsaPred<FloatType>);
}

namespace {
class Counter {
public:
  explicit Counter(func::FuncOp function) : sizes(function) {}

  /// The operations of a step, or nothing where a size is not known.
  std::optional<Polynomial> count(Operation *op) {
    Polynomial flops;
    LogicalResult known = success();
    if (auto call = dyn_cast<rt::RuntimeCallOpInterface>(op))
      known = add(op, call.countFlops(), flops);
    else if (auto loops = dyn_cast<linalg::LinalgOp>(op))
      known = add(op, getIterations(loops), flops);
    else if (auto nest = dyn_cast<scf::ForOp>(op))
      known = addNest(nest, Monomial(), flops);
    if (failed(known))
      return std::nullopt;
    return flops;
  }

private:
  LogicalResult add(Operation *op, const rt::SizeProduct &product,
                    Polynomial &flops) {
    Monomial term{product.getFactor(), ""};
    for (const rt::SizeProduct::Axis &axis : product.getAxes())
      if (failed(sizes.multiplyAxis(op->getOperand(axis.operand), axis.axis,
                                    term)))
        return failure();
    flops.add(static_cast<double>(term.factor), term.letters);
    return success();
  }

  /// The operations of the body, for each value of all iterators.
  static rt::SizeProduct getIterations(linalg::LinalgOp op) {
    rt::SizeProduct product = llvm::count_if(*op.getBlock(), isFlop);
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
        product = product *
                  rt::SizeProduct::ofSize(op, operand.getOperandNumber(), axis);
      }
    }
    return product;
  }

  /// A nest that runs `outer` times.
  LogicalResult addNest(scf::ForOp nest, Monomial outer, Polynomial &flops) {
    if (getConstantIntValue(nest.getLowerBound()) != 0 ||
        getConstantIntValue(nest.getStep()) != 1 ||
        failed(sizes.multiply(nest.getUpperBound(), outer)))
      return failure();
    for (Operation &op : nest.getBody()->without_terminator()) {
      if (isFlop(op))
        flops.add(static_cast<double>(outer.factor), outer.letters);
      if (auto inner = dyn_cast<scf::ForOp>(op))
        if (failed(addNest(inner, outer, flops)))
          return failure();
    }
    return success();
  }

  SizeAnalysis sizes;
};

struct CountFlopsPass : ntk::impl::CountFlopsPassBase<CountFlopsPass> {
  void runOnOperation() override {
    Counter counter(getOperation());
    for (Operation &op : getOperation().front()) {
      std::optional<Polynomial> flops = counter.count(&op);
      if (flops && !flops->getTerms().empty())
        op.setAttr(flopsAttrName, getPolynomialAttr(&getContext(), *flops));
    }
  }
};
} // namespace
