// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a draft grows: arguments, ops, and which of them are taken in.

#include "Draft.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "ntk/Analysis/Dependence.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::random;

Draft::Draft(MLIRContext *context, uint64_t seed, int64_t examples)
    : random(seed), seed(seed), builder(context), interpreters(examples) {
  Location loc = builder.getUnknownLoc();
  module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  network =
      builder.create<NetworkOp>(loc, "random", builder.getFunctionType({}, {}));
  body = &network.getBody().front();
  builder.setInsertionPointToEnd(body);
}

//===----------------------------------------------------------------------===//
// Chance
//===----------------------------------------------------------------------===//

// The distributions of the standard library differ between its vendors.
int64_t Draft::number(int64_t low, int64_t high) {
  return low +
         static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
}

double Draft::real(double low, double high) {
  return low + (high - low) * static_cast<double>(random() >> 11) * 0x1p-53;
}

SmallVector<int64_t> Draft::shape(int64_t minRank, int64_t maxRank,
                                  int64_t elements) {
  SmallVector<int64_t> sizes;
  int64_t left = elements;
  for (int64_t rank = number(minRank, maxRank); rank > 0; --rank) {
    int64_t size = chance(0.1) ? 1 : number(2, 5);
    sizes.push_back(std::max<int64_t>(1, std::min(size, left)));
    left /= sizes.back();
  }
  return sizes;
}

SmallVector<int64_t> Draft::permutation(int64_t rank) {
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  for (int64_t i = rank - 1; i > 0; --i)
    std::swap(axes[i], axes[number(0, i)]);
  return axes;
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

Value Draft::addArgument(Type type, StringRef kind, double low, double high) {
  unsigned number = network.getNumArguments();
  // i0, p1, b2: the initial of input, param or buffer, and a number.
  std::string name =
      kind.drop_front(4).take_front(1).str() + std::to_string(number);
  network.insertArgument(
      number, type,
      builder.getDictionaryAttr(
          {builder.getNamedAttr(kind, builder.getStringAttr(name)),
           builder.getNamedAttr(rangeAttrName,
                                builder.getF64ArrayAttr({low, high}))}),
      builder.getUnknownLoc());
  Value argument = network.getArgument(number);
  for (auto [example, interpreter] : llvm::enumerate(interpreters)) {
    argumentValues.push_back(drawArgument(network, number, example, seed));
    interpreter.bind(argument, argumentValues.back());
  }
  return argument;
}

Value Draft::input(ArrayRef<int64_t> shape) {
  Value value = addArgument(RankedTensorType::get(shape, getRealType()),
                            "ntk.input", -1, 1);
  reals.push_back(value);
  return value;
}

Value Draft::parameter(ArrayRef<int64_t> shape) {
  double low = chance(0.2) ? 0.3 : -1;
  Value value = addArgument(RankedTensorType::get(shape, getRealType()),
                            "ntk.param", low, 1);
  reals.push_back(value);
  return value;
}

Value Draft::buffer(ArrayRef<int64_t> shape) {
  Value value = addArgument(RankedTensorType::get(shape, getRealType()),
                            "ntk.buffer", -1, 1);
  reals.push_back(value);
  return value;
}

Value Draft::constant(ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, getRealType());
  SmallVector<double> values;
  int64_t count = chance(0.4) ? 1 : type.getNumElements();
  for (int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<double>(number(-16, 16)) / 8 + 1. / 16);
  return apply("constant", {},
               {attribute("value", DenseElementsAttr::get(
                                       type, ArrayRef<double>(values)))});
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

NamedAttribute Draft::attribute(StringRef name, ArrayRef<int64_t> values) {
  return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(values));
}
NamedAttribute Draft::attribute(StringRef name, int64_t value) {
  return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
}
NamedAttribute Draft::attribute(StringRef name, double value) {
  return builder.getNamedAttr(name, builder.getF64FloatAttr(value));
}
NamedAttribute Draft::attribute(StringRef name, Attribute value) {
  return builder.getNamedAttr(name, value);
}

Value Draft::apply(StringRef op, ValueRange operands,
                   ArrayRef<NamedAttribute> attributes) {
  if (llvm::is_contained(operands, Value()))
    return {};
  // What does not fit is an error of the op, and here only a bad draw.
  ScopedDiagnosticHandler silent(builder.getContext(),
                                 [](Diagnostic &) { return success(); });
  OperationState state(builder.getUnknownLoc(), ("ntk." + op).str(), operands,
                       {}, attributes);
  auto infer = state.name.getInterface<InferTypeOpInterface>();
  if (!infer)
    return {};
  if (op == "contract")
    state.addAttribute("operandSegmentSizes",
                       builder.getDenseI32ArrayAttr(
                           {static_cast<int32_t>(operands.size()), 0}));
  // As builders do: a verified op with its types inferred from properties.
  DictionaryAttr dictionary =
      state.attributes.getDictionary(builder.getContext());
  SmallVector<char> storage(state.name.getOpPropertyByteSize());
  OpaqueProperties properties(storage.data());
  state.name.initOpProperties(properties, nullptr);
  bool isKnown = succeeded(state.name.setOpPropertiesFromAttribute(
      state.name, properties, dictionary,
      [&] { return emitError(state.location); }));
  SmallVector<Type> types;
  isKnown = isKnown && succeeded(infer->inferReturnTypes(
                           builder.getContext(), state.location, operands,
                           dictionary, properties, {}, types));
  state.name.destroyOpProperties(properties);
  if (!isKnown)
    return {};
  auto type = cast<RankedTensorType>(types.front());
  if (type.getNumElements() > maxElements || type.getNumElements() == 0 ||
      type.getRank() > maxRank)
    return {};
  state.addTypes(types);
  Operation *created = builder.create(state);
  if (failed(verify(created)) || !isAcceptable(created)) {
    created->erase();
    return {};
  }
  Value result = created->getResult(0);
  Type element = type.getElementType();
  (isa<FloatType>(element) ? reals
   : element.isInteger(1)  ? masks
                           : integers)
      .push_back(result);
  return result;
}

Value Draft::applyAtKink(StringRef op, ValueRange operands,
                         ArrayRef<NamedAttribute> attributes) {
  mayHaveKinks = true;
  Value result = apply(op, operands, attributes);
  mayHaveKinks = false;
  return result;
}

/// Numbers the rest of a network can be computed from without losing digits.
static bool isTame(const DualTensor &tensor) {
  double largest = 0;
  for (const Dual &element : tensor.elements) {
    if (!std::isfinite(element.value))
      return false;
    largest = std::max(largest, std::abs(element.value));
  }
  return largest > 1e-2 && largest < 12;
}

bool Draft::isAcceptable(Operation *op) {
  bool isReal = isa<FloatType>(getElementTypeOrSelf(op->getResult(0)));
  for (Interpreter &interpreter : interpreters) {
    if (failed(interpreter.run(op)))
      return false;
    if (isReal && !isTame(*interpreter.lookup(op->getResult(0))))
      return false;
    if (!mayHaveKinks && !isSmoothAt(op, interpreter))
      return false;
  }
  return true;
}

/// Operands with every number changed by up to `size` of itself, moving in a
/// random direction.
static std::vector<DualTensor> perturb(Draft &draft, Operation *op,
                                       Interpreter &interpreter,
                                       ArrayRef<DualTensor> directions,
                                       double size) {
  std::vector<DualTensor> operands;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    operands.push_back(*interpreter.lookup(operand));
    if (!isa<FloatType>(getElementTypeOrSelf(operand)))
      continue;
    for (int64_t k = 0; k < operands.back().size(); ++k) {
      Dual &element = operands.back()[k];
      element.value *= 1 + size * draft.real(-1, 1);
      element.tangent = {};
      element.tangent[0] = directions[i][k].value;
    }
  }
  return operands;
}

static DualTensor evaluate(Operation *op, ArrayRef<DualTensor> operands) {
  SmallVector<const DualTensor *> pointers;
  for (const DualTensor &operand : operands)
    pointers.push_back(&operand);
  DualTensor result(
      cast<RankedTensorType>(op->getResult(0).getType()).getShape());
  cast<EvaluableOpInterface>(op).evaluate(pointers, result);
  return result;
}

bool Draft::isSmoothAt(Operation *op, Interpreter &interpreter) {
  constexpr double step = 3e-4, allowed = 3e-2, steepest = 20;
  std::vector<DualTensor> directions;
  for (Value operand : op->getOperands()) {
    directions.push_back(*interpreter.lookup(operand));
    for (Dual &element : directions.back().elements)
      element = Dual(real(-1, 1));
  }
  DualTensor at = evaluate(op, perturb(*this, op, interpreter, directions, 0));
  for (int trial = 0; trial < 3; ++trial) {
    DualTensor near =
        evaluate(op, perturb(*this, op, interpreter, directions, step));
    for (int64_t i = 0; i < at.size(); ++i) {
      double slope = at[i].tangent[0];
      if (!(std::abs(slope) < steepest) ||
          !(std::abs(near[i].value - at[i].value) < allowed) ||
          !(std::abs(near[i].tangent[0] - slope) <
            allowed * std::max(1., std::abs(slope))))
        return false;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// The end
//===----------------------------------------------------------------------===//

SmallVector<Value> Draft::getActiveValues() {
  SmallVector<Value> parameters;
  for (unsigned i = 0; i < network.getNumArguments(); ++i)
    if (!network.getParameterName(i).empty())
      parameters.push_back(network.getArgument(i));
  DenseSet<Value> active = getActiveDependents(*body, parameters);
  SmallVector<Value> values;
  for (Operation &op : *body)
    if (active.contains(op.getResult(0)))
      values.push_back(op.getResult(0));
  return values;
}

OwningOpRef<ModuleOp> Draft::finish(ArrayRef<Value> results) {
  builder.create<ReturnOp>(builder.getUnknownLoc(), results);
  SmallVector<Type> types;
  for (Value result : results)
    types.push_back(result.getType());
  network.setFunctionType(
      builder.getFunctionType(network.getArgumentTypes(), types));
  SmallVector<Operation *> ops;
  for (Operation &op : body->without_terminator())
    ops.push_back(&op);
  for (Operation *op : llvm::reverse(ops))
    if (op->use_empty())
      op->erase();
  for (unsigned i = network.getNumArguments(); i-- > 0;)
    if (network.getArgument(i).use_empty() && !chance(0.1))
      network.eraseArgument(i);
  return std::move(module);
}
