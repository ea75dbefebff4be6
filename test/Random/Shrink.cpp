// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The steps of making a network smaller. A step edits a copy of the module at
// its k-th place, and says if there is no such place.

#include "Shrink.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::random;

namespace {
enum class Outcome { Changed, Unsuited, NoPlace };

/// A copy of a module under the knife.
struct Patient {
  NetworkOp network;
  uint64_t seed;
  int64_t examples;

  Block &getBody() { return network.getBody().front(); }
  Operation *getOp(unsigned i) {
    for (Operation &op : getBody().without_terminator())
      if (i-- == 0)
        return &op;
    return nullptr;
  }
  void removeUnused();
};

using Step = Outcome (*)(Patient &patient, unsigned place);
} // namespace

void Patient::removeUnused() {
  // Reverse iterators of the block stand on the op itself, those of ranges on
  // the one behind it, which may be gone.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(getBody())))
    if (op.use_empty() && !op.hasTrait<OpTrait::IsTerminator>())
      op.erase();
  for (unsigned i = network.getNumArguments(); i-- > 0;)
    if (network.getArgument(i).use_empty())
      network.eraseArgument(i);
  SmallVector<Type> results(network.getReturn().getOperandTypes());
  network.setFunctionType(FunctionType::get(
      network.getContext(), network.getArgumentTypes(), results));
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

static Outcome dropOutput(Patient &patient, unsigned place) {
  ReturnOp end = patient.network.getReturn();
  if (end.getNumOperands() < 2 || place >= end.getNumOperands())
    return Outcome::NoPlace;
  end->eraseOperand(place);
  return Outcome::Changed;
}

static Outcome returnEarlier(Patient &patient, unsigned place) {
  Operation *op = patient.getOp(place);
  if (!op)
    return Outcome::NoPlace;
  ReturnOp end = patient.network.getReturn();
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (!isa<FloatType>(type.getElementType()) || type.getNumElements() > 24 ||
      (end.getNumOperands() == 1 && end.getOperand(0) == op->getResult(0)))
    return Outcome::Unsuited;
  end->setOperands(op->getResults());
  return Outcome::Changed;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

static Outcome replaceByOperand(Patient &patient, unsigned place) {
  Operation *op = patient.getOp(place / 3);
  if (!op)
    return Outcome::NoPlace;
  if (place % 3 >= op->getNumOperands() ||
      op->getOperand(place % 3).getType() != op->getResult(0).getType())
    return Outcome::Unsuited;
  op->getResult(0).replaceAllUsesWith(op->getOperand(place % 3));
  return Outcome::Changed;
}

/// The least and the largest element of the value over all examples; of equal
/// ones a little more.
static std::pair<double, double> getRange(Patient &patient, Value value) {
  double low = INFINITY, high = -INFINITY;
  for (int64_t n = 0; n < patient.examples; ++n) {
    Arguments arguments = drawArguments(patient.network, n, patient.seed);
    Interpreter interpreter;
    for (auto [argument, tensor] :
         llvm::zip_equal(patient.network.getArguments(), arguments))
      interpreter.bind(argument, tensor);
    if (failed(interpreter.run(patient.getBody())))
      return {-1, 1};
    for (const Dual &element : interpreter.lookup(value)->elements) {
      low = std::min(low, element.value);
      high = std::max(high, element.value);
    }
  }
  if (!isa<FloatType>(getElementTypeOrSelf(value)))
    high += 1;
  else if (high == low)
    high = low + 0.5;
  return {low, high};
}

/// Kinds of arguments in the order in which they are preferred.
static Outcome replaceByArgument(Patient &patient, unsigned place) {
  Operation *op = patient.getOp(place / 3);
  if (!op)
    return Outcome::NoPlace;
  StringRef kinds[] = {"ntk.buffer", "ntk.input", "ntk.param"};
  StringRef kind = kinds[place % 3];
  Value result = op->getResult(0);
  if (kind == "ntk.param" && !isa<FloatType>(getElementTypeOrSelf(result)))
    return Outcome::Unsuited;
  auto [low, high] = getRange(patient, result);
  NetworkOp network = patient.network;
  unsigned number = network.getNumArguments();
  std::string name;
  for (int k = 0; name.empty(); ++k) {
    name = "s" + std::to_string(k);
    for (unsigned i = 0; i < number; ++i)
      if (getArgumentName(network, i) == name)
        name.clear();
  }
  OpBuilder builder(network.getContext());
  network.insertArgument(
      number, result.getType(),
      builder.getDictionaryAttr(
          {builder.getNamedAttr(kind, builder.getStringAttr(name)),
           builder.getNamedAttr(rangeAttrName,
                                builder.getF64ArrayAttr({low, high}))}),
      op->getLoc());
  result.replaceAllUsesWith(network.getArgument(number));
  return Outcome::Changed;
}

static Outcome freeze(Patient &patient, unsigned place) {
  NetworkOp network = patient.network;
  if (place >= network.getNumArguments())
    return Outcome::NoPlace;
  StringRef name = network.getParameterName(place);
  if (name.empty())
    return Outcome::Unsuited;
  StringAttr kept = StringAttr::get(network.getContext(), name);
  network.removeArgAttr(place, "ntk.param");
  network.setArgAttr(place, "ntk.buffer", kept);
  return Outcome::Changed;
}

//===----------------------------------------------------------------------===//
// All
//===----------------------------------------------------------------------===//

static bool hasParameter(NetworkOp network) {
  for (unsigned i = 0; i < network.getNumArguments(); ++i)
    if (!network.getParameterName(i).empty())
      return true;
  return false;
}

OwningOpRef<ModuleOp>
mlir::ntk::random::shrinkNetwork(ModuleOp module, uint64_t seed,
                                 int64_t examples,
                                 function_ref<bool(ModuleOp)> stillFails) {
  const Step steps[] = {dropOutput, returnEarlier, replaceByOperand,
                        replaceByArgument, freeze};
  OwningOpRef<ModuleOp> smallest = module.clone();
  bool changed = true;
  while (changed) {
    changed = false;
    for (Step step : steps)
      for (unsigned place = 0;;) {
        OwningOpRef<ModuleOp> copy = smallest->clone();
        Patient patient{*copy->getOps<NetworkOp>().begin(), seed, examples};
        Outcome outcome = step(patient, place);
        if (outcome == Outcome::NoPlace)
          break;
        if (outcome == Outcome::Changed)
          patient.removeUnused();
        if (outcome == Outcome::Changed && hasParameter(patient.network) &&
            succeeded(verify(*copy)) && stillFails(*copy)) {
          smallest = std::move(copy);
          changed = true;
        } else {
          ++place;
        }
      }
  }
  return smallest;
}
