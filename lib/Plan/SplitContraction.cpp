// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An n-ary contraction becomes the binary ones of its plan; products of many
// factors in networks do before derivatives are taken.

#include "dialects/NTK/IR/Names.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "dialects/Support/Einsum.h"
#include "ntk/Plan/ContractionOrder.h"
#include "ntk/Plan/Passes.h"
#include "ntk/Plan/Plan.h"
#include "llvm/ADT/SmallBitVector.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_SPLITPRODUCTSPASS
#include "ntk/Plan/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

namespace {

/// Carries out the plan of one contraction.
class PlanApplier {
public:
  PlanApplier(ContractOp contract)
      : contract(contract), einsum(Einsum::get(contract.getSpec())),
        builder(contract) {
    for (auto [factor, word] :
         llvm::zip_equal(contract.getFactors(), einsum.operands)) {
      llvm::SmallBitVector itself(einsum.operands.size());
      itself.set(values.size());
      values.push_back({factor, word, std::move(itself)});
      hasSecondOutput |= StringRef(word).contains('p');
    }
  }

  void run() {
    PlanAttr plan = contract.getPlanAttr();
    live.assign(values.size(), true);
    for (auto [step, word] : llvm::enumerate(plan.getResults())) {
      auto [a, b] =
          std::pair(plan.getOrder()[2 * step], plan.getOrder()[2 * step + 1]);
      addStep(a, b, word.str(), step + 1 == plan.getResults().size());
    }
    contract.replaceAllUsesWith(values.back().value);
    contract.erase();
  }

private:
  struct Term {
    Value value;
    std::string word;
    llvm::SmallBitVector operands; ///< of the contraction that are in it
  };

  /// The sides that an operand belongs to: bits 0 and 1.
  unsigned getOperandSides(unsigned operand) const {
    return getSides(einsum.operands[operand], hasSecondOutput);
  }

  /// What the product of some operands is called: the half that belongs to one
  /// side is the gradient of the parameter, `a` and `b` of one name are a Gram.
  Location nameProduct(const llvm::SmallBitVector &operands, Value a, Value b) {
    Location loc = contract.getLoc();
    unsigned sides = 0;
    for (unsigned i : operands.set_bits())
      sides |= getOperandSides(i);
    bool isHalf = 2 * operands.count() == einsum.operands.size();
    if ((sides == 1 || sides == 2) && isHalf &&
        llvm::all_of(llvm::seq<unsigned>(0, einsum.operands.size()),
                     [&](unsigned i) {
                       return operands[i] || !(getOperandSides(i) & sides);
                     }))
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
    llvm::SmallBitVector operands = values[a].operands;
    operands |= values[b].operands;
    Location loc =
        last ? contract.getLoc()
             : nameProduct(operands, values[a].value, values[b].value);
    Value result = createOp<ContractOp>(
        builder, loc, ValueRange{values[a].value, values[b].value},
        last ? contract.getInit() : Value(), builder.getStringAttr(step.str()),
        PlanAttr());
    live[a] = live[b] = false;
    live.push_back(true);
    values.push_back({result, word, std::move(operands)});
  }

  ContractOp contract;
  Einsum einsum;
  bool hasSecondOutput = false;
  OpBuilder builder;
  SmallVector<Term> values;
  SmallVector<bool> live;
};

} // namespace

void mlir::ntk::splitContraction(ContractOp contract) {
  PlanApplier(contract).run();
}

//===----------------------------------------------------------------------===//
// Networks
//===----------------------------------------------------------------------===//

void mlir::ntk::splitLongProducts(NetworkOp network) {
  constexpr size_t mostFactors = 4;
  SmallVector<ContractOp> products;
  network.walk([&](ContractOp contract) {
    if (contract.getFactors().size() > mostFactors || contract.getPlan())
      products.push_back(contract);
  });
  // On one example there are no sizes to be planned for.
  ProblemSize oneExample{1, 1, /*symmetric=*/false};
  for (ContractOp contract : products) {
    planContraction(contract, oneExample);
    splitContraction(contract);
  }
}

namespace {
struct SplitProductsPass
    : mlir::ntk::impl::SplitProductsPassBase<SplitProductsPass> {
  void runOnOperation() override {
    for (auto network : getOperation().getOps<NetworkOp>())
      splitLongProducts(network);
  }
};
} // namespace
