// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The floating-point operations of every step of Level 3: those of a kernel of
// the runtime by its op, those of a loop nest by its body.

#include "SizeAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
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
      known = addCall(call, flops);
    else if (auto loops = dyn_cast<linalg::LinalgOp>(op))
      known = addLoops(loops, flops);
    else if (auto nest = dyn_cast<scf::ForOp>(op))
      known = addNest(nest, Monomial(), flops);
    if (failed(known))
      return std::nullopt;
    return flops;
  }

private:
  static void add(const Monomial &term, Polynomial &flops) {
    flops.add(static_cast<double>(term.factor), term.letters);
  }

  LogicalResult addCall(rt::RuntimeCallOpInterface op, Polynomial &flops) {
    FailureOr<Monomial> term = sizes.get(op, op.countFlops());
    if (succeeded(term))
      add(*term, flops);
    return term;
  }

  /// The operations of the body, for each value of all iterators.
  LogicalResult addLoops(linalg::LinalgOp op, Polynomial &flops) {
    FailureOr<SmallVector<Monomial>> trips = sizes.getTrips(op);
    if (failed(trips))
      return failure();
    Monomial term{llvm::count_if(*op.getBlock(), isFlop), ""};
    for (const Monomial &count : *trips)
      term.multiply(count);
    add(term, flops);
    return success();
  }

  /// A nest that runs `outer` times.
  LogicalResult addNest(scf::ForOp nest, Monomial outer, Polynomial &flops) {
    if (failed(sizes.multiplyTrips(nest, outer)))
      return failure();
    for (Operation &op : nest.getBody()->without_terminator()) {
      if (isFlop(op))
        add(outer, flops);
      if (auto inner = dyn_cast<scf::ForOp>(op))
        if (failed(addNest(inner, outer, flops)))
          return failure();
    }
    return success();
  }

  SizeAnalysis sizes;
};

struct CountFlopsPass : mlir::ntk::impl::CountFlopsPassBase<CountFlopsPass> {
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
