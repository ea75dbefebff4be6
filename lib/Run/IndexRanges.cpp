// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integers within their ranges. An input that an op reads as it is needs no
// more than a look at its elements. Where the network computes what the op
// reads, as by adding a constant, that part of it is evaluated for each example
// by the reference interpreter: it is integers, and cheap.

#include "ntk/Run/IndexRanges.h"
#include "dialects/NTK/IR/IndexRange.h"
#include "dialects/NTK/IR/Names.h"
#include "ntk/Reference/Interpreter.h"
#include "ntk/Run/ReferenceRun.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

#include <deque>

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// Demands
//===----------------------------------------------------------------------===//

namespace {
/// An op that is defined for some integers only.
struct Demand {
  Operation *op;
  Value operand;
  IndexRange range;
};
} // namespace

/// Positions in an axis of this size; negative ones count from its end.
static Demand demandPositions(Operation *op, int64_t size) {
  return {op, op->getOperand(1), {-size, size - 1}};
}

static std::optional<Demand> findDemand(Operation *op) {
  if (std::optional<IndexRange> range = getStatedRange(op))
    return Demand{op, op->getOperand(0), *range};
  auto getSize = [](Value table, int64_t axis) {
    return cast<RankedTensorType>(table.getType()).getDimSize(axis);
  };
  return llvm::TypeSwitch<Operation *, std::optional<Demand>>(op)
      .Case([&](GatherOp gather) {
        return demandPositions(op,
                               getSize(gather.getInput(), gather.getAxis()));
      })
      .Case([&](TakeAlongOp take) {
        int64_t rank = cast<RankedTensorType>(take.getType()).getRank();
        return demandPositions(op, getSize(take.getInput(), rank - 1));
      })
      .Case<ScatterAddOp, PutAlongOp>(
          [&](auto scatter) { return demandPositions(op, scatter.getSize()); })
      .Default([](Operation *) { return std::nullopt; });
}

static SmallVector<Demand> findDemands(NetworkOp network) {
  SmallVector<Demand> demands;
  for (Operation &op : network.getBody().front())
    if (std::optional<Demand> demand = findDemand(&op))
      demands.push_back(*demand);
  return demands;
}

/// The value whose elements these are, in another shape.
static Value lookThroughViews(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<ReshapeOp, TransposeOp, BroadcastOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

int64_t mlir::ntk::getIdBound(Model &model, const NetworkInput &input) {
  int64_t bound = 0;
  Value ids = model.network.getArguments()[input.argument];
  for (const Demand &demand : findDemands(model.network)) {
    if (lookThroughViews(demand.operand) != ids || demand.range.except)
      continue;
    int64_t size = demand.range.to + 1;
    bound = bound ? std::min(bound, size) : size;
  }
  return bound;
}

//===----------------------------------------------------------------------===//
// What leads to them
//===----------------------------------------------------------------------===//

namespace {
/// The ops and the arguments of the network that a value is made of.
struct Origin {
  llvm::SetVector<Operation *> ops;
  llvm::SetVector<BlockArgument> arguments;
};
} // namespace

static Origin findOrigin(Value value) {
  Origin origin;
  SmallVector<Value> open = {value};
  while (!open.empty()) {
    Value next = open.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(next))
      origin.arguments.insert(argument);
    else if (origin.ops.insert(next.getDefiningOp()))
      llvm::append_range(open, next.getDefiningOp()->getOperands());
  }
  return origin;
}

namespace {
/// Evaluates what the demands read, example by example.
class IndexEvaluation {
public:
  IndexEvaluation(Model &model, const ParameterStore &store,
                  const Examples &examples, std::string file)
      : model(model), store(store), examples(examples), file(std::move(file)) {}

  Error check();

private:
  Error checkInput(const Demand &demand, size_t input);
  Error addOrigin(const Demand &demand);
  Error bindBuffer(BlockArgument argument);
  Error checkExample(int64_t example);
  Error refuse(const Demand &demand, double value, int64_t example);
  /// The number of the input, or none of a parameter or buffer.
  std::optional<size_t> findInput(BlockArgument argument) const {
    for (auto [i, input] : llvm::enumerate(model.inputs))
      if (input.argument == argument.getArgNumber())
        return i;
    return std::nullopt;
  }

  Model &model;
  const ParameterStore &store;
  const Examples &examples;
  std::string file;
  /// Those of which the operand is computed, and all it is computed of.
  SmallVector<Demand> computed;
  Origin origin;
  SmallVector<Operation *> order;
  DenseMap<Value, DualTensor> buffers;
};
} // namespace

/// "from 0 to 9 or -100".
static std::string describe(const IndexRange &range) {
  std::string text =
      ("from " + Twine(range.from) + " to " + Twine(range.to)).str();
  return range.except ? text + " or " + std::to_string(*range.except) : text;
}

Error IndexEvaluation::refuse(const Demand &demand, double value,
                              int64_t example) {
  std::string names;
  BlockArgument only;
  for (BlockArgument argument : findOrigin(demand.operand).arguments) {
    if (std::optional<size_t> input = findInput(argument)) {
      names += (names.empty() ? "'" : ", '") + model.inputs[*input].name + "'";
      only = argument;
    }
  }
  bool fits = value >= -0x1p63 && value < 0x1p63; // in int64; not NaN
  std::string got = fits ? std::to_string(static_cast<int64_t>(value))
                         : std::to_string(value);
  std::string text = file + ": " + names + ": expected ids " +
                     describe(demand.range) + ", but got " + got;
  if (lookThroughViews(demand.operand) == only)
    return createStringError(text);
  StringRef name = getLocationName(demand.op->getLoc());
  if (!name.empty())
    text += " at '" + name.str() + "'";
  return createStringError(text + ", computed from example " + Twine(example));
}

Error IndexEvaluation::checkInput(const Demand &demand, size_t input) {
  const Array &array = examples.inputs[input];
  int64_t size = array.size() / std::max<int64_t>(examples.count, 1);
  for (int64_t i = 0; i < array.size(); ++i) {
    auto value = static_cast<double>(array.kind == ElementKind::Int64
                                         ? array.as<int64_t>()[i]
                                         : array.as<int32_t>()[i]);
    if (!demand.range.contains(value))
      return refuse(demand, value, i / std::max<int64_t>(size, 1));
  }
  return Error::success();
}

Error IndexEvaluation::bindBuffer(BlockArgument argument) {
  StringRef name = model.network.getBufferName(argument.getArgNumber());
  auto type = cast<RankedTensorType>(argument.getType());
  Expected<Array> values = convertTo(store.find(name)->values,
                                     type.getElementType(), "'" + name + "'");
  if (!values)
    return values.takeError();
  buffers.try_emplace(argument, toDual(*values, type.getShape(), 0));
  return Error::success();
}

/// Takes up a demand unless a parameter or no input leads to it.
Error IndexEvaluation::addOrigin(const Demand &demand) {
  Origin own = findOrigin(demand.operand);
  bool hasInput = false;
  for (BlockArgument argument : own.arguments) {
    if (!model.network.getParameterName(argument.getArgNumber()).empty())
      return Error::success();
    hasInput |= findInput(argument).has_value();
  }
  if (!hasInput)
    return Error::success();
  computed.push_back(demand);
  origin.ops.insert(own.ops.begin(), own.ops.end());
  for (BlockArgument argument : own.arguments)
    if (origin.arguments.insert(argument) && !findInput(argument))
      if (Error error = bindBuffer(argument))
        return error;
  return Error::success();
}

Error IndexEvaluation::checkExample(int64_t example) {
  Interpreter interpreter;
  std::deque<DualTensor> tensors;
  for (BlockArgument argument : origin.arguments) {
    std::optional<size_t> input = findInput(argument);
    if (!input) {
      interpreter.bind(argument, buffers.find(argument)->second);
      continue;
    }
    RankedTensorType type = model.inputs[*input].type;
    interpreter.bind(argument, tensors.emplace_back(toDual(
                                   examples.inputs[*input], type.getShape(),
                                   example * type.getNumElements())));
  }
  for (Operation *op : order)
    if (failed(interpreter.run(op)))
      return createStringError(file + ": evaluation of indices failed");
  for (const Demand &demand : computed)
    for (const Dual &element : interpreter.lookup(demand.operand)->elements)
      if (!demand.range.contains(element.value))
        return refuse(demand, element.value, example);
  return Error::success();
}

Error IndexEvaluation::check() {
  for (const Demand &demand : findDemands(model.network)) {
    auto argument = dyn_cast<BlockArgument>(lookThroughViews(demand.operand));
    std::optional<size_t> input =
        argument ? findInput(argument) : std::optional<size_t>();
    if (Error error = input ? checkInput(demand, *input) : addOrigin(demand))
      return error;
  }
  if (computed.empty())
    return Error::success();
  for (Operation &op : model.network.getBody().front())
    if (origin.ops.contains(&op))
      order.push_back(&op);
  for (int64_t n = 0; n < examples.count; ++n)
    if (Error error = checkExample(n))
      return error;
  return Error::success();
}

Error mlir::ntk::checkIndices(Model &model, const ParameterStore &store,
                              const Examples &examples, ExampleSource source) {
  return IndexEvaluation(model, store, examples, source.describe()).check();
}
