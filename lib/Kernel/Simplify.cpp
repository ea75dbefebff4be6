// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --ntk-simplify: structure that the graph shows, identities and broadcasts, is
// turned into index sharing before any order is planned.

#include "ntk/Kernel/Simplify.h"
#include "dialects/Support/Einsum.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ntk/Kernel/Expand.h"
#include "ntk/Kernel/FactorEditing.h"
#include "ntk/Kernel/Passes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_SIMPLIFYPASS
#include "ntk/Kernel/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

/// `op`, which has no plan, with other factors and letters.
static void replaceContract(PatternRewriter &rewriter, ContractOp op,
                            ValueRange factors, const Einsum &einsum) {
  rewriter.replaceOpWithNewOp<ContractOp>(op, factors, op.getInit(),
                                          rewriter.getStringAttr(einsum.str()),
                                          PlanAttr(), ArrayAttr());
}

/// Σ_j δ[i,j] A[…,j,…] = A[…,i,…]: drops an identity operand and renames the
/// letter that is summed over.
LogicalResult mlir::ntk::foldIdentityOperand(ContractOp op,
                                             PatternRewriter &rewriter) {
  Einsum einsum = Einsum::get(op.getSpec());
  if (einsum.operands.size() < 2)
    return rewriter.notifyMatchFailure(op, "expected a second operand");
  if (op.getPlan())
    return rewriter.notifyMatchFailure(op, "expected no plan");
  for (size_t i = 0; i < einsum.operands.size(); ++i) {
    Value factor = op.getFactors()[i];
    auto identity = factor.getDefiningOp<IdentityOp>();
    if (!identity || identity.getBlock() != identity.getOutputs())
      continue;
    char a = einsum.operands[i][0], b = einsum.operands[i][1];
    if (StringRef(einsum.result).contains(b))
      std::swap(a, b);
    if (StringRef(einsum.result).contains(b))
      continue; // δ[o,p] of the result stays
    bool meet = llvm::any_of(llvm::enumerate(einsum.operands), [&](auto word) {
      return word.index() != i && StringRef(word.value()).contains(a) &&
             StringRef(word.value()).contains(b);
    });
    bool elsewhere =
        llvm::any_of(llvm::enumerate(einsum.operands), [&](auto word) {
          return word.index() != i && StringRef(word.value()).contains(b);
        });
    if (meet || !elsewhere)
      continue; // a diagonal, or a plain sum of the identity
    SmallVector<Value> factors(op.getFactors());
    factors.erase(factors.begin() + i);
    einsum.operands.erase(einsum.operands.begin() + i);
    einsum.rename(b, a);
    replaceContract(rewriter, op, factors, einsum);
    return success();
  }
  return rewriter.notifyMatchFailure(op, "expected an identity operand");
}

/// A contraction of one operand that neither sums nor transposes.
LogicalResult mlir::ntk::foldTrivialContract(ContractOp op,
                                             PatternRewriter &rewriter) {
  Einsum einsum = Einsum::get(op.getSpec());
  if (einsum.operands.size() != 1 || einsum.operands[0] != einsum.result)
    return rewriter.notifyMatchFailure(op, "expected one unchanged operand");
  if (op.getInit() || op.getFactors()[0].getType() != op.getType())
    return rewriter.notifyMatchFailure(op, "expected neither sum nor mask");
  rewriter.replaceOp(op, op.getFactors()[0]);
  return success();
}

/// A broadcast operand is constant along its new letters, which other operands
/// give their sizes to.
LogicalResult mlir::ntk::foldBroadcastOperand(ContractOp op,
                                              PatternRewriter &rewriter) {
  if (op.getPlan())
    return rewriter.notifyMatchFailure(op, "expected no plan");
  Einsum einsum = Einsum::get(op.getSpec());
  for (auto [i, factor] : llvm::enumerate(op.getFactors())) {
    auto broadcast = factor.getDefiningOp<BroadcastOp>();
    if (!broadcast)
      continue;
    size_t batch = getResultBatch(broadcast).size();
    std::string letters = einsum.operands[i].substr(0, batch);
    for (int64_t axis : broadcast.getDimensions())
      letters += einsum.operands[i][batch + axis];
    std::string elsewhere;
    for (auto [j, word] : llvm::enumerate(einsum.operands))
      elsewhere += j == i ? letters : word;
    if (llvm::any_of(einsum.operands[i], [&](char letter) {
          return !StringRef(elsewhere).contains(letter);
        }))
      continue;
    SmallVector<Value> factors(op.getFactors());
    factors[i] = broadcast.getInput();
    einsum.operands[i] = letters;
    replaceContract(rewriter, op, factors, einsum);
    return success();
  }
  return rewriter.notifyMatchFailure(op, "expected a broadcast operand");
}

void mlir::ntk::populateSimplifyPatterns(RewritePatternSet &patterns) {
  patterns.add(foldIdentityOperand);
  patterns.add(foldTrivialContract);
  patterns.add(foldBroadcastOperand);
}

bool mlir::ntk::belongsInTile(Operation *op) {
  if (auto identity = dyn_cast<IdentityOp>(op))
    return !identity.getFirst();
  return isa<BroadcastOp>(op);
}

/// Makes identities and broadcasts of factors in the tile, where they meet the
/// contractions that fold them.
static void sinkIntoTile(KernelFunctions functions) {
  for (int side : {1, 2}) {
    FactorEditor editor(functions, side);
    for (bool changed = true; changed;) {
      changed = false;
      for (BlockArgument argument : editor.getFactors()) {
        Operation *op = editor.getResult(argument).getDefiningOp();
        if (!op || argument.use_empty() || !belongsInTile(op))
          continue;
        editor.sink(argument);
        changed = true;
      }
    }
    editor.removeUnused();
  }
}

LogicalResult mlir::ntk::simplifyKernels(ModuleOp module) {
  RewritePatternSet patterns(module.getContext());
  populateSimplifyPatterns(patterns);
  FrozenRewritePatternSet frozen(std::move(patterns));
  GreedyRewriteConfig config;
  config.enableRegionSimplification = GreedySimplifyRegionLevel::Disabled;
  // Operands first: an op of thousands is then visited once, not for each.
  config.useTopDownTraversal = true;
  auto fold = [&] {
    for (auto function : module.getOps<func::FuncOp>())
      if (failed(applyPatternsAndFoldGreedily(function, frozen, config)))
        return failure();
    return success();
  };
  if (failed(fold()))
    return failure();
  for (auto kernel : module.getOps<KernelOp>()) {
    KernelFunctions functions =
        findKernelFunctions(module, kernel.getSymName());
    if (functions.tile && functions.factors1 != functions.factors2)
      sinkIntoTile(functions);
  }
  return fold();
}

namespace {
struct SimplifyPass : mlir::ntk::impl::SimplifyPassBase<SimplifyPass> {
  void runOnOperation() override {
    if (failed(simplifyKernels(getOperation())))
      signalPassFailure();
  }
};
} // namespace
