// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Grams of a group are added as the ones that their factors are.

#include "Groups.h"
#include "dialects/NTK/IR/Names.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "dialects/Support/Einsum.h"
#include <map>

using namespace mlir;
using namespace mlir::ntk;

bool mlir::ntk::isSameEinsum(const Einsum &a, const Einsum &b) {
  if (a.operands.size() != b.operands.size() || a.result != b.result)
    return false;
  std::map<char, char> names;
  for (auto [u, v] : llvm::zip_equal(a.operands, b.operands)) {
    if (u.size() != v.size())
      return false;
    for (auto [c, d] : llvm::zip_equal(u, v))
      if (names.try_emplace(c, d).first->second != d)
        return false;
  }
  return true;
}

bool mlir::ntk::isScaledBy(StringRef result, StringRef gram, StringRef with) {
  std::string kept; // what is only in `with` is summed before
  for (char letter : with)
    if (result.contains(letter))
      kept += letter;
  return result == gram && unionOfBatches({kept}) == kept;
}

/// Does `product`, a step that is added to Θ, multiply the Gram that `rider`
/// adds?
static bool carries(ContractOp product, ContractOp rider) {
  if (product == rider || product.getFactors().size() != 2 ||
      !isa<FloatType>(getElementTypeOrSelf(product.getFactors()[1])))
    return false;
  auto gram = product.getFactors()[0].getDefiningOp<ContractOp>();
  if (!gram || gram.getInit() || gram.getFactors() != rider.getFactors() ||
      !isSameEinsum(Einsum::get(gram.getSpec()), Einsum::get(rider.getSpec())))
    return false;
  Einsum einsum = Einsum::get(product.getSpec());
  return isScaledBy(einsum.result, einsum.operands[0], einsum.operands[1]);
}

/// Adds one to what `product` multiplies the Gram of `rider` by.
static Operation *addOne(ContractOp product, ContractOp rider) {
  OpBuilder builder(product);
  std::string word = Einsum::get(product.getSpec()).operands[1];
  StringRef letters[] = {word};
  Value features = product.getFactors()[1];
  auto shifted = builder.create<ShiftOp>(
      describeLocation(nameRole(features.getLoc(), "with.one"),
                       "plus 1 for `" + getLayerName(rider.getLoc()) + "`"),
      features, builder.getF64FloatAttr(1), builder.getStrArrayAttr(letters));
  product->setOperand(1, shifted);
  return shifted;
}

LogicalResult mlir::ntk::joinGroups(
    func::FuncOp tile,
    function_ref<void(Operation *gram, Operation *one)> onJoin) {
  std::map<int64_t, SmallVector<ContractOp>> groups;
  tile.walk([&](ContractOp contract) {
    if (auto group = contract->getAttrOfType<IntegerAttr>(groupAttrName)) {
      groups[group.getInt()].push_back(contract);
      contract->removeAttr(groupAttrName);
    }
  });
  for (auto &[number, group] : groups) {
    SmallVector<std::pair<ContractOp, ContractOp>> pairs; // product, rider
    DenseSet<Operation *> products, riders;
    for (ContractOp rider : group) {
      if (products.contains(rider))
        continue;
      auto product = llvm::find_if(group, [&](ContractOp other) {
        return !riders.contains(other) && carries(other, rider);
      });
      if (product == group.end())
        continue;
      pairs.emplace_back(*product, rider);
      products.insert(*product);
      riders.insert(rider);
    }
    for (ContractOp contract : group)
      if (!products.contains(contract) && !riders.contains(contract))
        return contract.emitOpError("expected another contraction of group ")
               << number << " that multiplies the Gram of this one, or has it, "
               << "but found none";
    for (auto [product, rider] : pairs) {
      onJoin(rider, addOne(product, rider));
      rider.replaceAllUsesWith(rider.getInit());
      rider.erase();
    }
  }
  return success();
}
