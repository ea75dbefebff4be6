// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --ntk-apply-plan: n-ary contractions become the binary ones of their plans,
// and work of one side leaves the tile.

#include "dialects/NTK/IR/Names.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "dialects/Support/Einsum.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"

#include "ntk/Kernel/FactorEditing.h"
#include "ntk/Kernel/Simplify.h"
#include "ntk/Plan/Passes.h"
#include "ntk/Plan/Plan.h"
#include <map>

namespace mlir::ntk {
#define GEN_PASS_DEF_APPLYPLANPASS
#include "ntk/Plan/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

static void splitContractions(func::FuncOp function) {
  SmallVector<ContractOp> planned;
  function.walk([&](ContractOp contract) {
    if (contract.getPlan() && contract.getFactors().size() > 1)
      planned.push_back(contract);
  });
  for (ContractOp contract : planned)
    splitContraction(contract);
}

//===----------------------------------------------------------------------===//
// Hoisting and sharing
//===----------------------------------------------------------------------===//

static void shareEqualOps(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  DominanceInfo dominance(function);
  eliminateCommonSubExpressions(rewriter, dominance, function);
}

/// The same product of the same operands, whatever its summed letters are
/// called and whatever it is added to?
static bool isSameProduct(ContractOp a, ContractOp b) {
  Einsum x = Einsum::get(a.getSpec()), y = Einsum::get(b.getSpec());
  if (a.getFactors() != b.getFactors() || x.result != y.result)
    return false;
  std::map<char, char> names;
  for (auto [u, v] : llvm::zip_equal(x.operands, y.operands)) {
    if (u.size() != v.size())
      return false;
    for (auto [c, d] : llvm::zip_equal(u, v))
      if (names.try_emplace(c, d).first->second != d)
        return false;
  }
  return true;
}

/// Θ + Z∘D + D = Θ + (Z + 1)∘D: a layer's bias has the cotangent Gram D of its
/// weight, and its feature is a one. Finds the Hadamard product of D with a
/// smaller Gram Z that is added to the kernel.
static ContractOp findHadamardProduct(ContractOp gram) {
  for (Operation *user : gram->getUsers()) {
    auto product = dyn_cast<ContractOp>(user);
    if (!product || !product.getInit() || product.getFactors().size() != 2 ||
        product.getFactors()[0] != gram.getResult())
      continue;
    Einsum einsum = Einsum::get(product.getSpec());
    bool isPlain = einsum.result == einsum.operands[0] &&
                   llvm::all_of(einsum.operands[1], [&](char letter) {
                     return StringRef(einsum.result).contains(letter);
                   });
    std::string batch = unionOfBatches({einsum.operands[1]});
    if (isPlain && batch == einsum.operands[1])
      return product;
  }
  return {};
}

static void shareGrams(func::FuncOp tile) {
  // Products that are added to nothing, by their factors.
  DenseMap<std::pair<Value, Value>, SmallVector<ContractOp>> grams;
  SmallVector<ContractOp> sums;
  tile.walk([&](ContractOp contract) {
    if (contract.getFactors().size() != 2)
      return;
    if (contract.getInit())
      sums.push_back(contract);
    else
      grams[{contract.getFactors()[0], contract.getFactors()[1]}].push_back(
          contract);
  });
  for (ContractOp sum : sums) {
    ArrayRef<ContractOp> same =
        grams[{sum.getFactors()[0], sum.getFactors()[1]}];
    const auto *gram = llvm::find_if(
        same, [&](ContractOp other) { return isSameProduct(other, sum); });
    ContractOp product =
        gram == same.end() ? ContractOp() : findHadamardProduct(*gram);
    if (!product)
      continue;
    OpBuilder builder(product);
    std::string word = Einsum::get(product.getSpec()).operands[1];
    StringRef letters[] = {word};
    Value features = product.getFactors()[1];
    Value shifted = builder.create<ShiftOp>(
        describeLocation(nameRole(features.getLoc(), "with.one"),
                         "plus 1 for `" + getLayerName(sum.getLoc()) + "`"),
        features, builder.getF64FloatAttr(1), builder.getStrArrayAttr(letters));
    product->setOperand(1, shifted);
    sum.replaceAllUsesWith(sum.getInit());
    sum.erase();
  }
}

static void hoistOneSidedOps(KernelFunctions functions) {
  for (int side : {1, 2}) {
    FactorEditor editor(functions, side);
    editor.hoistOneSidedOps(belongsInTile);
    editor.removeUnused();
  }
}

/// One factor function if both compute the same results.
static void mergeFactorFunctions(KernelFunctions functions, StringRef kernel) {
  func::FuncOp first = functions.factors1, second = functions.factors2;
  if (first.getFunctionType() != second.getFunctionType() ||
      !OperationEquivalence::isRegionEquivalentTo(
          &first.getBody(), &second.getBody(),
          OperationEquivalence::IgnoreLocations))
    return;
  Builder builder(first.getContext());
  second.erase();
  first->setAttr(sidesAttrName, builder.getDenseI64ArrayAttr({1, 2}));
  first.setSymName((kernel + "_factors").str());
}

LogicalResult mlir::ntk::applyPlans(ModuleOp module) {
  for (auto kernel : module.getOps<KernelOp>()) {
    KernelFunctions functions =
        findKernelFunctions(module, kernel.getSymName());
    for (func::FuncOp factors : {functions.factors1, functions.factors2})
      if (factors)
        splitContractions(factors);
    if (!functions.tile || functions.factors1 == functions.factors2)
      continue;
    splitContractions(functions.tile);
    shareEqualOps(functions.tile);
    shareGrams(functions.tile);
    hoistOneSidedOps(functions);
    shareEqualOps(functions.factors1);
    shareEqualOps(functions.factors2);
    FactorEditor(functions, 1).removeUnused();
    FactorEditor(functions, 2).removeUnused();
    mergeFactorFunctions(functions, kernel.getSymName());
  }
  return success();
}

namespace {
struct ApplyPlanPass : ntk::impl::ApplyPlanPassBase<ApplyPlanPass> {
  void runOnOperation() override {
    if (failed(applyPlans(getOperation())))
      signalPassFailure();
  }
};
} // namespace
