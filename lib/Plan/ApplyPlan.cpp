// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --ntk-apply-plan: n-ary contractions become the binary ones of their plans,
// and work of one side leaves the tile.

#include "dialects/NTK/IR/Einsum.h"
#include "dialects/NTK/IR/Names.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"

#include "ntk/Kernel/FactorEditing.h"
#include "ntk/Kernel/Simplify.h"
#include "ntk/Plan/ContractionOrder.h"
#include "ntk/Plan/Passes.h"
#include "ntk/Plan/Plan.h"
#include <map>

namespace mlir::ntk {
#define GEN_PASS_DEF_APPLYPLANPASS
#include "ntk/Plan/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Splitting
//===----------------------------------------------------------------------===//

namespace {

/// Carries out the plan of one contraction.
class PlanApplier {
public:
  PlanApplier(ContractOp contract)
      : contract(contract), einsum(Einsum::get(contract.getSpec())),
        builder(contract) {
    for (auto [factor, word] :
         llvm::zip_equal(contract.getFactors(), einsum.operands))
      values.push_back({factor, word, 1u << values.size()});
  }

  LogicalResult run() {
    PlanAttr plan = contract.getPlanAttr();
    if (plan.getResults().size() + 1 != values.size())
      return contract.emitOpError("expected a plan of ")
             << values.size() - 1 << " steps, but got "
             << plan.getResults().size();
    live.assign(values.size(), true);
    for (auto [step, word] : llvm::enumerate(plan.getResults())) {
      auto [a, b] =
          std::pair(plan.getOrder()[2 * step], plan.getOrder()[2 * step + 1]);
      bool last = step + 1 == plan.getResults().size();
      if (failed(checkWord(a, b, word, last)))
        return failure();
      addStep(a, b, word.str(), last);
    }
    contract.replaceAllUsesWith(values.back().value);
    contract.erase();
    return success();
  }

private:
  struct Term {
    Value value;
    std::string word;
    unsigned operands; ///< of the contraction that are in it, as bits
  };

  /// The sides that operands belong to: bits 0 and 1.
  unsigned getOperandSides(unsigned operands) const {
    bool hasSecondOutput = false;
    std::string letters;
    for (auto [i, word] : llvm::enumerate(einsum.operands)) {
      hasSecondOutput |= StringRef(word).contains('p');
      if (operands >> i & 1)
        letters += word;
    }
    return getSides(letters, hasSecondOutput);
  }

  /// What the product of some operands is called: the half that belongs to one
  /// side is the gradient of the parameter, `a` and `b` of one name are a Gram.
  Location nameProduct(unsigned operands, Value a, Value b) {
    Location loc = contract.getLoc();
    unsigned sides = getOperandSides(operands), ofSide = 0;
    for (unsigned i = 0; i < einsum.operands.size(); ++i)
      if (getOperandSides(1u << i) & sides)
        ofSide |= 1u << i;
    bool isHalf = 2 * llvm::popcount(operands) ==
                  static_cast<int>(einsum.operands.size());
    if ((sides == 1 || sides == 2) && isHalf && (ofSide & ~operands) == 0)
      return nameRole(loc, "gradient");
    StringRef name = getLocationName(a.getLoc());
    if (b && !name.empty() && name == getLocationName(b.getLoc()))
      return nameLocation(loc.getContext(), name + ".gram");
    return nameRole(loc, "product");
  }

  /// Letters that someone other than `a` and `b`, or the result, needs.
  std::string getNeeded(int64_t a, int64_t b) const {
    std::string needed = einsum.result;
    for (auto [i, term] : llvm::enumerate(values))
      if (live[i] && static_cast<int64_t>(i) != a &&
          static_cast<int64_t>(i) != b)
        needed += term.word;
    return needed;
  }

  LogicalResult checkWord(int64_t a, int64_t b, StringAttr word, bool last) {
    std::string both = values[a].word + values[b].word;
    std::string needed = getNeeded(a, b);
    auto isKept = [&](char letter) {
      return StringRef(both).contains(letter) &&
             StringRef(needed).contains(letter);
    };
    bool fits = llvm::all_of(word.getValue(), isKept) &&
                llvm::all_of(both, [&](char letter) {
                  return !isKept(letter) || word.getValue().contains(letter);
                });
    if (fits && (!last || word.getValue() == einsum.result))
      return success();
    return contract.emitOpError("expected the letters of the plan's result "
                                "that are still needed, but got ")
           << word;
  }

  /// Makes numbers of value `i` if it is a mask, which alone has no product.
  void makeReal(int64_t i) {
    Type real = getElementTypeOrSelf(contract.getType());
    Term &term = values[i];
    if (getElementTypeOrSelf(term.value) == real)
      return;
    Location loc = term.value.getLoc();
    Value one = createSplat(builder, loc, RankedTensorType::get({}, real), 1);
    term.value = createContract(builder, loc, term.word + ", -> " + term.word,
                                {term.value, one});
  }

  /// Sums over letters of value `i` that neither `other` nor anyone needs.
  void sumPrivateLetters(int64_t i, int64_t other) {
    std::string needed = getNeeded(i, other) + values[other].word, kept;
    for (char letter : values[i].word)
      if (StringRef(needed).contains(letter))
        kept += letter;
    if (kept == values[i].word)
      return;
    makeReal(i);
    Einsum sum;
    sum.operands = {values[i].word};
    sum.result = kept;
    Location loc = nameProduct(values[i].operands, values[i].value, Value());
    values[i].value = createContract(builder, loc, sum.str(), values[i].value);
    values[i].word = kept;
  }

  void addStep(int64_t a, int64_t b, std::string word, bool last) {
    sumPrivateLetters(a, b);
    sumPrivateLetters(b, a);
    if (!isa<FloatType>(getElementTypeOrSelf(values[b].value)))
      makeReal(a);
    Einsum step;
    step.operands = {values[a].word, values[b].word};
    step.result = word;
    unsigned operands = values[a].operands | values[b].operands;
    Location loc =
        last ? contract.getLoc()
             : nameProduct(operands, values[a].value, values[b].value);
    Value result = createOp<ContractOp>(
        builder, loc, ValueRange{values[a].value, values[b].value},
        last ? contract.getInit() : Value(), builder.getStringAttr(step.str()),
        PlanAttr());
    live[a] = live[b] = false;
    live.push_back(true);
    values.push_back({result, word, operands});
  }

  ContractOp contract;
  Einsum einsum;
  OpBuilder builder;
  SmallVector<Term> values;
  SmallVector<bool> live;
};

} // namespace

static LogicalResult splitContractions(func::FuncOp function) {
  SmallVector<ContractOp> planned;
  function.walk([&](ContractOp contract) {
    if (contract.getPlan() && contract.getFactors().size() > 1)
      planned.push_back(contract);
  });
  for (ContractOp contract : planned)
    if (failed(PlanApplier(contract).run()))
      return failure();
  return success();
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
  SmallVector<ContractOp> grams;
  tile.walk([&](ContractOp contract) { grams.push_back(contract); });
  for (ContractOp sum : SmallVector<ContractOp>(grams)) {
    if (!sum || !sum.getInit() || sum.getFactors().size() != 2)
      continue;
    auto *gram = llvm::find_if(grams, [&](ContractOp other) {
      return other && other != sum && !other.getInit() &&
             isSameProduct(other, sum);
    });
    ContractOp product =
        gram == grams.end() ? ContractOp() : findHadamardProduct(*gram);
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
    *llvm::find(grams, sum) = ContractOp();
    sum.erase();
  }
}

static void hoistOneSidedOps(KernelFunctions functions) {
  for (int side : {1, 2}) {
    FactorEditor editor(functions, side);
    Block &body = functions.tile.getBody().front();
    for (Operation &op : llvm::make_early_inc_range(body.without_terminator()))
      if (editor.isOneSided(&op) && !belongsInTile(&op))
        editor.hoist(&op);
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
      if (factors && failed(splitContractions(factors)))
        return failure();
    if (!functions.tile || functions.factors1 == functions.factors2)
      continue;
    if (failed(splitContractions(functions.tile)))
      return failure();
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
