// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads inputs, attributes and axes of a node.

#include "NodeImporter.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

bool NodeImporter::isKnown(unsigned i) const {
  return hasInput(i) && (input(i).isKnown() || input(i).stored);
}

FailureOr<SmallVector<Number>> NodeImporter::getNumbers(unsigned i) {
  if (!hasInput(i) || !input(i).isKnown())
    return emitError() << "expected input " << i
                       << " to be known while importing, but it depends on "
                          "the network's inputs or is missing";
  if (input(i).rank() > 1 || input(i).isFloat() || input(i).batch)
    return emitError() << "expected integers in a list as input " << i
                       << ", but got "
                       << describe(input(i).kind, input(i).shape);
  for (const Number &number : *input(i).numbers) {
    if (number.isUndecided || number.position != 0)
      return emitError() << "expected input " << i
                         << " not to depend on the place of the example in the "
                            "batch";
  }
  return llvm::to_vector(*input(i).numbers);
}

FailureOr<SmallVector<int64_t>> NodeImporter::getIntegers(unsigned i) {
  FailureOr<SmallVector<Number>> numbers = getNumbers(i);
  if (failed(numbers))
    return failure();
  SmallVector<int64_t> integers;
  for (const Number &number : *numbers) {
    if (!number.isPlain())
      return emitError() << "expected input " << i
                         << " not to depend on the batch size";
    integers.push_back(number.integer);
  }
  return integers;
}

FailureOr<SmallVector<double>> NodeImporter::getReals(unsigned i) {
  if (!isKnown(i))
    return emitError() << "expected input " << i
                       << " to be a constant, but it depends on the network's "
                          "inputs or parameters";
  GraphValue value =
      input(i).isKnown() ? input(i) : makeKnown(*input(i).stored);
  SmallVector<double> reals;
  if (!llvm::all_of(*value.numbers,
                    [](const Number &number) { return number.isPlain(); }))
    return graph.refusePlaces();
  for (const Number &number : *value.numbers)
    reals.push_back(value.isFloat() ? number.real
                                    : static_cast<double>(number.integer));
  return reals;
}

FailureOr<double> NodeImporter::getReal(unsigned i) {
  FailureOr<SmallVector<double>> reals = getReals(i);
  if (failed(reals))
    return failure();
  if (reals->size() != 1)
    return emitError() << "expected one number as input " << i << ", but got "
                       << reals->size();
  return reals->front();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

/// What an attribute of this kind is called in messages.
static StringRef kindName(NodeAttribute::Kind kind) {
  switch (kind) {
  case NodeAttribute::Kind::Float:
    return "a number";
  case NodeAttribute::Kind::Int:
    return "an integer";
  case NodeAttribute::Kind::String:
    return "a string";
  case NodeAttribute::Kind::Tensor:
    return "a tensor";
  case NodeAttribute::Kind::Graph:
    return "a graph";
  case NodeAttribute::Kind::Floats:
    return "numbers";
  case NodeAttribute::Kind::Ints:
    return "integers";
  case NodeAttribute::Kind::Strings:
    return "strings";
  case NodeAttribute::Kind::Other:
    return "something else";
  }
  llvm_unreachable("all kinds are above");
}

const NodeAttribute *NodeImporter::getAttribute(StringRef name,
                                                NodeAttribute::Kind kind) {
  auto it = node.attributes.find(name);
  if (it == node.attributes.end())
    return nullptr;
  if (it->second.kind == kind)
    return &it->second;
  if (valid)
    emitError() << "expected attribute '" << name << "' to be "
                << kindName(kind) << ", but got " << kindName(it->second.kind);
  valid = false;
  return nullptr;
}

int64_t NodeImporter::getInteger(StringRef name, int64_t missing) {
  const NodeAttribute *found = getAttribute(name, NodeAttribute::Kind::Int);
  return found ? found->ints.front() : missing;
}

double NodeImporter::getReal(StringRef name, double missing) {
  const NodeAttribute *found = getAttribute(name, NodeAttribute::Kind::Float);
  return found ? found->floats.front() : missing;
}

std::string NodeImporter::getString(StringRef name, StringRef missing) {
  const NodeAttribute *found = getAttribute(name, NodeAttribute::Kind::String);
  return found ? found->strings.front() : missing.str();
}

SmallVector<int64_t> NodeImporter::getIntegers(StringRef name,
                                               ArrayRef<int64_t> missing) {
  const NodeAttribute *found = getAttribute(name, NodeAttribute::Kind::Ints);
  return llvm::to_vector(found ? ArrayRef<int64_t>(found->ints) : missing);
}

FailureOr<SmallVector<GraphValue>>
NodeImporter::importBody(StringRef attribute, ArrayRef<GraphValue> values,
                         size_t minOutputs) {
  const NodeAttribute *found =
      getAttribute(attribute, NodeAttribute::Kind::Graph);
  if (!found && valid)
    emitError() << "expected a graph '" << attribute << "'";
  if (!found)
    return failure();
  const Graph &graph = *found->graph;
  if (graph.inputs.size() != values.size())
    return emitError() << "expected a graph '" << attribute << "' of "
                       << values.size() << " inputs, but got "
                       << graph.inputs.size();
  if (graph.outputs.size() < minOutputs)
    return emitError() << "expected a graph '" << attribute << "' of "
                       << minOutputs << " outputs or more, but got "
                       << graph.outputs.size();
  return body(graph, values);
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

FailureOr<int64_t> NodeImporter::getAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return emitError() << "expected an axis of a value of rank " << rank
                       << ", but got " << axis;
  return axis < 0 ? axis + rank : axis;
}

FailureOr<SmallVector<int64_t>> NodeImporter::getAxes(ArrayRef<int64_t> axes,
                                                      int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t axis : axes) {
    FailureOr<int64_t> normalized = getAxis(axis, rank);
    if (failed(normalized))
      return failure();
    if (llvm::is_contained(result, *normalized))
      return emitError() << "expected each axis once, but got " << axis
                         << " again";
    result.push_back(*normalized);
  }
  llvm::sort(result);
  return result;
}

FailureOr<std::optional<SmallVector<int64_t>>>
NodeImporter::getOptionalAxes(int64_t since, unsigned i, int64_t rank) {
  using Axes = std::optional<SmallVector<int64_t>>;
  SmallVector<int64_t> axes;
  if (opset >= since && hasInput(i)) {
    FailureOr<SmallVector<int64_t>> given = getIntegers(i);
    if (failed(given))
      return failure();
    axes = *given;
  } else if (hasAttribute("axes")) {
    axes = getIntegers("axes");
  } else {
    return Axes();
  }
  FailureOr<SmallVector<int64_t>> normalized = getAxes(axes, rank);
  if (failed(normalized))
    return failure();
  return Axes(*normalized);
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

LogicalResult NodeImporter::setOutput(unsigned i, Result value) {
  if (failed(value))
    return failure();
  if (i < outputs.size())
    outputs[i] = *value;
  return success();
}

void NodeImporter::endDerivative(const GraphValue &x, bool isStopped) {
  if (x.core && graph.isActive(x.core))
    graph.deadEnds.push_back(
        {x.core, node.displayName().str() + "' (" + node.qualifiedType() + ")",
         isStopped});
}
