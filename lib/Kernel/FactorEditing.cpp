// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Keeping a factor function's results and the tile's arguments in step.

#include "ntk/Kernel/FactorEditing.h"
#include "dialects/Support/Einsum.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;
using namespace mlir::ntk;

FactorEditor::FactorEditor(KernelFunctions functions, int side)
    : factors(side == 1 ? functions.factors1 : functions.factors2),
      tile(functions.tile), side(side) {}

static func::ReturnOp getReturn(func::FuncOp function) {
  return cast<func::ReturnOp>(function.getBody().front().getTerminator());
}

SmallVector<BlockArgument> FactorEditor::getFactors() {
  SmallVector<BlockArgument> found;
  for (BlockArgument argument : tile.getArguments()) {
    auto of = tile.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(),
                                                 sideAttrName);
    if (of && of.getInt() == side)
      found.push_back(argument);
  }
  return found;
}

Value FactorEditor::getResult(BlockArgument factor) {
  auto number =
      tile.getArgAttrOfType<IntegerAttr>(factor.getArgNumber(), factorAttrName);
  return getReturn(factors).getOperand(number.getInt());
}

//===----------------------------------------------------------------------===//
// Letters
//===----------------------------------------------------------------------===//

std::string FactorEditor::toTileLetters(StringRef letters) const {
  return side == 2 ? moveToSide(letters, 2) : letters.str();
}

std::string FactorEditor::toFactorLetters(StringRef letters) const {
  return side == 2 ? moveToSide(letters, 1) : letters.str();
}

/// Renames the letters of an op that moved.
void FactorEditor::renameBatch(Operation *op, bool toTile) {
  Builder builder(op->getContext());
  auto rename = [&](StringRef letters) {
    return toTile ? toTileLetters(letters) : toFactorLetters(letters);
  };
  if (auto contract = dyn_cast<ContractOp>(op)) {
    contract.setSpec(rename(contract.getSpec()));
    return;
  }
  auto batch = op->getAttrOfType<ArrayAttr>(batchAttrName);
  if (!batch)
    return;
  SmallVector<Attribute> renamed;
  for (StringRef letters : batch.getAsValueRange<StringAttr>())
    renamed.push_back(builder.getStringAttr(rename(letters)));
  op->setAttr(batchAttrName, builder.getArrayAttr(renamed));
}

//===----------------------------------------------------------------------===//
// Moving ops
//===----------------------------------------------------------------------===//

static StringAttr getStoredName(func::FuncOp function, unsigned argument) {
  if (auto name =
          function.getArgAttrOfType<StringAttr>(argument, paramAttrName))
    return name;
  return function.getArgAttrOfType<StringAttr>(argument, bufferAttrName);
}

/// The parameter or buffer of `to` with the name that `value` has in `from`.
Value FactorEditor::getOtherFunctionValue(func::FuncOp from, func::FuncOp to,
                                          Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  StringAttr name =
      argument ? getStoredName(from, argument.getArgNumber()) : StringAttr();
  if (!name)
    return {};
  for (BlockArgument other : to.getArguments())
    if (getStoredName(to, other.getArgNumber()) == name)
      return other;
  return {};
}

SmallVector<BlockArgument> FactorEditor::addFactors(ArrayRef<NewFactor> added) {
  // All at once: each new signature is kept as long as the context.
  func::ReturnOp terminator = getReturn(factors);
  Builder builder(tile.getContext());
  unsigned number = terminator.getNumOperands();
  SmallVector<Value> results;
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  SmallVector<Location> locations;
  for (const NewFactor &factor : added) {
    NamedAttribute named[] = {
        builder.getNamedAttr(batchArgAttrName,
                             builder.getStringAttr(factor.letters)),
        builder.getNamedAttr(
            factorAttrName, builder.getI64IntegerAttr(number + results.size())),
        builder.getNamedAttr(sideAttrName, builder.getI64IntegerAttr(side))};
    results.push_back(factor.result);
    types.push_back(factor.result.getType());
    attributes.push_back(builder.getDictionaryAttr(named));
    locations.push_back(factor.loc);
  }
  terminator->insertOperands(number, results);
  factors.insertResults(SmallVector<unsigned>(added.size(), number), types, {});
  unsigned position = tile.getNumArguments();
  tile.insertArguments(SmallVector<unsigned>(added.size(), position), types,
                       attributes, locations);
  return llvm::to_vector(tile.getArguments().drop_front(position));
}

void FactorEditor::sink(BlockArgument factor) {
  Operation *op = getResult(factor).getDefiningOp();
  IRMapping mapping;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    Value here = getOtherFunctionValue(factors, tile, operand);
    if (!here)
      here = addFactors({{operand, toTileLetters(getOperandBatch(op, i)),
                          operand.getLoc()}})
                 .front();
    mapping.map(operand, here);
  }
  OpBuilder builder = OpBuilder::atBlockBegin(&tile.getBody().front());
  Operation *clone = builder.clone(*op, mapping);
  renameBatch(clone, /*toTile=*/true);
  factor.replaceAllUsesWith(clone->getResult(0));
}

/// Made by an op without operands: a constant or an identity.
static bool isConstant(Value value) {
  Operation *op = value.getDefiningOp();
  return op && op->getNumOperands() == 0 && isMemoryEffectFree(op);
}

/// All batch letters of an op, and letters of a contraction that could be taken
/// for some.
static std::string getAllLetters(Operation *op) {
  if (auto contract = dyn_cast<ContractOp>(op))
    return Einsum::get(contract.getSpec()).getLetters();
  std::string letters;
  for (unsigned i = 0; i < op->getNumOperands(); ++i)
    letters += getOperandBatch(op, i);
  return letters;
}

bool FactorEditor::isOneSided(Operation *op, const IRMapping &moved) {
  // A transposition of outputs, "po -> op", has letters of both sides though it
  // reads one: they cannot be renamed to those of a factor function.
  StringRef others = getSideLetters(3 - side);
  if (StringRef(getAllLetters(op)).find_first_of(others) != StringRef::npos)
    return false;
  bool hasFactor = false;
  for (Value operand : op->getOperands()) {
    if (isConstant(operand))
      continue;
    if (moved.contains(operand)) {
      hasFactor = true;
      continue;
    }
    auto argument = dyn_cast<BlockArgument>(operand);
    if (!argument)
      return false;
    auto of = tile.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(),
                                                 sideAttrName);
    if (of && of.getInt() == side)
      hasFactor = true;
    else if (!getStoredName(tile, argument.getArgNumber()))
      return false;
  }
  return hasFactor;
}

/// The letters of the result of an op of the tile.
static std::string getLetters(Operation *op) {
  if (auto contract = dyn_cast<ContractOp>(op)) {
    std::string letters;
    for (char letter : Einsum::get(contract.getSpec()).result)
      if (canonicalOrder.contains(letter))
        letters += letter;
    return letters;
  }
  return getResultBatch(op);
}

/// Gives the letters that a contraction of one side sums over names that do
/// not depend on the side it came from, so that equal work is equal text.
static void nameSummedLetters(ContractOp contract) {
  Einsum einsum = Einsum::get(contract.getSpec());
  std::string used = einsum.result + canonicalOrder.str();
  std::string summed;
  for (char letter : einsum.getLetters())
    if (!StringRef(used).contains(letter))
      summed += letter;
  // By way of letters nobody uses, for old and new names may overlap.
  std::string fresh, all = used + summed;
  for (char letter : summed) {
    fresh += getFreeLetter(all);
    all += fresh.back();
    einsum.rename(letter, fresh.back());
  }
  for (char letter : fresh) {
    StringRef names = "tsruvwxyz";
    size_t free = names.find_if(
        [&](char name) { return !StringRef(used).contains(name); });
    if (free == StringRef::npos)
      break;
    used += names[free];
    einsum.rename(letter, names[free]);
  }
  contract.setSpec(einsum.str());
}

/// The parameters and buffers of `function` by name.
static DenseMap<StringAttr, Value> getStored(func::FuncOp function) {
  DenseMap<StringAttr, Value> stored;
  for (BlockArgument argument : function.getArguments())
    if (StringAttr name = getStoredName(function, argument.getArgNumber()))
      stored[name] = argument;
  return stored;
}

/// What `value` of the tile is in the factor function, or null. `moved` has the
/// results of ops that moved.
Value FactorEditor::findInFactors(Value value, const IRMapping &moved,
                                  const DenseMap<StringAttr, Value> &stored) {
  if (Value there = moved.lookupOrNull(value))
    return there;
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return {};
  if (StringAttr name = getStoredName(tile, argument.getArgNumber()))
    return stored.lookup(name);
  return getResult(argument);
}

/// The op in the factor function that `op`, one of the tile, becomes.
Operation *
FactorEditor::cloneIntoFactors(Operation *op, const IRMapping &moved,
                               const DenseMap<StringAttr, Value> &stored) {
  IRMapping mapping;
  OpBuilder builder(getReturn(factors));
  for (Value operand : op->getOperands()) {
    if (Value there = findInFactors(operand, moved, stored))
      mapping.map(operand, there);
    else
      builder.clone(*operand.getDefiningOp(), mapping); // a constant
  }
  Operation *clone = builder.clone(*op, mapping);
  renameBatch(clone, /*toTile=*/false);
  if (auto contract = dyn_cast<ContractOp>(clone))
    nameSummedLetters(contract);
  return clone;
}

void FactorEditor::hoistOneSidedOps(function_ref<bool(Operation *)> stays) {
  DenseMap<StringAttr, Value> stored = getStored(factors);
  IRMapping moved;
  llvm::SetVector<Operation *> ops;
  for (Operation &op : tile.getBody().front().without_terminator()) {
    if (!isOneSided(&op, moved) || stays(&op))
      continue;
    Operation *clone = cloneIntoFactors(&op, moved, stored);
    moved.map(op.getResult(0), clone->getResult(0));
    ops.insert(&op);
  }
  auto isRead = [&](Operation *user) { return !ops.contains(user); };
  SmallVector<Value> read;
  SmallVector<NewFactor> added;
  for (Operation *op : ops) {
    if (llvm::none_of(op->getUsers(), isRead))
      continue;
    read.push_back(op->getResult(0));
    added.push_back({moved.lookup(read.back()), getLetters(op), op->getLoc()});
  }
  for (auto [value, factor] : llvm::zip_equal(read, addFactors(added)))
    value.replaceUsesWithIf(
        factor, [&](OpOperand &use) { return isRead(use.getOwner()); });
  for (Operation *op : llvm::reverse(ops))
    op->erase();
}

//===----------------------------------------------------------------------===//
// Cleaning up
//===----------------------------------------------------------------------===//

/// Erases ops without uses, last first.
static void eraseDeadOps(func::FuncOp function) {
  SmallVector<Operation *> ops;
  for (Operation &op : function.getBody().front().without_terminator())
    ops.push_back(&op);
  for (Operation *op : llvm::reverse(ops))
    if (op->use_empty() && isMemoryEffectFree(op))
      op->erase();
}

void FactorEditor::removeUnused() {
  eraseDeadOps(tile);
  // Factors with one value, or without a use, leave; numbers follow.
  func::ReturnOp terminator = getReturn(factors);
  SmallVector<Value> results;
  DenseMap<Value, BlockArgument> kept;
  llvm::BitVector erased(tile.getNumArguments());
  Builder builder(tile.getContext());
  SmallVector<DictionaryAttr> attributes;
  tile.getAllArgAttrs(attributes);
  for (BlockArgument factor : getFactors()) {
    Value result = getResult(factor);
    if (auto it = kept.find(result); it != kept.end())
      factor.replaceAllUsesWith(it->second);
    if (factor.use_empty()) {
      erased.set(factor.getArgNumber());
      continue;
    }
    kept[result] = factor;
    NamedAttrList named(attributes[factor.getArgNumber()]);
    named.set(factorAttrName, builder.getI64IntegerAttr(results.size()));
    attributes[factor.getArgNumber()] = named.getDictionary(tile.getContext());
    results.push_back(result);
  }
  tile.setAllArgAttrs(attributes);
  tile.eraseArguments(erased);
  terminator->setOperands(results);
  factors.setFunctionType(builder.getFunctionType(
      factors.getArgumentTypes(), ValueRange(results).getTypes()));
  eraseDeadOps(factors);
}
