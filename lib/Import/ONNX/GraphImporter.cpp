// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk over the graph. Nodes stand in topological order by the
// specification, so a value that is not there yet is an error, and so is a
// cycle.

#include "GraphImporter.h"
#include "LoopOverBatch.h"
#include "NodeImporter.h"
#include "OperatorDomains.h"
#include <deque>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

LogicalResult GraphImporter::run(ArrayRef<size_t> liveNodes) {
  if (failed(importInputs()))
    return failure();
  importInitializers();
  for (size_t position : liveNodes)
    if (failed(importNode(model.nodes[position])))
      return failure();
  current.clear();
  if (failed(importOutputs()))
    return failure();
  findDeadEnds();
  removeUnused();
  finishSignature();
  return success();
}

//===----------------------------------------------------------------------===//
// Inputs and initializers
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::importInputs() {
  // Inputs are the first arguments, before what is stored.
  for (const GraphInput &input : inputs) {
    if (input.shared)
      continue;
    const OnnxInterface &interface = input.interface;
    result.inputs.push_back(interface);
    auto type = RankedTensorType::get(interface.shape,
                                      graph.elementType(interface.kind));
    Value argument = body.addArgument(
        type, NameLoc::get(graph.attributes().getStringAttr(interface.name)));
    graph.setVarying(argument);
    Frame frame;
    frame.shape.assign(interface.shape.begin(), interface.shape.end());
    values[interface.name] = graph.wrap(argument, interface.kind, frame);
  }
  for (const GraphInput &input : inputs) {
    const OnnxInterface &interface = input.interface;
    graph.setLocation(
        NameLoc::get(graph.attributes().getStringAttr(interface.name)));
    if (input.shared) {
      GraphValue value = importTensor(interface.name, *input.shared,
                                      /*isParameter=*/false);
      value.kind = interface.kind;
      values[interface.name] = std::move(value);
    }
    Result value = values[interface.name];
    if (batch == Batch::Apart && interface.batchAxis)
      value = graph.giveBatch(value, BatchAxis{*interface.batchAxis});
    else if (batch == Batch::OfOne && interface.batchAxis)
      value = graph.unsqueeze(value, {*interface.batchAxis});
    if (failed(value))
      return failure();
    values[interface.name] = *value;
  }
  return success();
}

/// Integers and single numbers are known; other tensors are arguments.
GraphValue GraphImporter::importTensor(StringRef name, const Array &array,
                                       bool isParameter) {
  int64_t most = isFloat(array.kind) ? 1 : maxKnownElements;
  if (!isParameter && array.size() <= most)
    return makeKnown(array);
  GraphValue value;
  value.kind = array.kind;
  value.shape = array.shape;
  value.core = graph.addArgument(name, array, isParameter);
  if (!isParameter && array.size() <= maxKnownElements)
    value.stored = std::make_shared<const Array>(array);
  return value;
}

void GraphImporter::importInitializers() {
  for (const NamedTensor &tensor : model.initializers) {
    GraphValue &value = values[tensor.name];
    value = importTensor(tensor.name, tensor.values,
                         trainable.contains(tensor.name));
    value.kind = tensor.declared.value_or(value.kind);
  }
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

LogicalResult
GraphImporter::collectInputs(const Node &node,
                             SmallVectorImpl<const GraphValue *> &inputs) {
  for (const std::string &name : node.inputs) {
    auto found = values.find(name);
    if (name.empty())
      inputs.push_back(nullptr);
    else if (found != values.end())
      inputs.push_back(&found->second);
    else {
      return graph.emitError()
             << "expected an input that a node before makes, but nothing makes "
                "'"
             << name << "'";
    }
  }
  while (!inputs.empty() && !inputs.back())
    inputs.pop_back();
  return success();
}

/// As many inputs as the operator has, the required ones not left out.
static LogicalResult checkInputs(const Operator &entry,
                                 ArrayRef<const GraphValue *> inputs,
                                 GraphBuilder &graph) {
  size_t count = inputs.size();
  if (count >= entry.minInputs && count <= entry.maxInputs) {
    if (!llvm::is_contained(inputs.take_front(entry.minInputs), nullptr))
      return success();
    return graph.emitError() << "expected the first " << entry.minInputs
                             << " inputs, but one is left out";
  }
  InFlightDiagnostic error = graph.emitError() << "expected ";
  if (entry.maxInputs == anyInputs)
    error << "at least ";
  error << entry.minInputs;
  if (entry.minInputs < entry.maxInputs && entry.maxInputs != anyInputs)
    error << " to " << entry.maxInputs;
  return error << " inputs, but got " << count;
}

LogicalResult GraphImporter::checkTensors(const Operator &entry,
                                          ArrayRef<const GraphValue *> inputs) {
  auto isOfExample = [](const GraphValue *input) {
    return input && input->isOfExample && !input->isSequence();
  };
  auto isOfAll = [](const GraphValue *input) { return input && input->batch; };
  if (llvm::any_of(inputs, isOfExample) && llvm::any_of(inputs, isOfAll) &&
      entry.takes != Takes::Places)
    return graph.emitError() << "expected values of the example at which a "
                                "loop is, but got values of all: the network "
                                "mixes examples";
  for (auto [i, input] : llvm::enumerate(inputs)) {
    if (!input)
      continue;
    bool namesPlaces = input->hasPlaces() || input->hasEnd;
    if (namesPlaces && entry.takes != Takes::Places)
      return graph.refusePlaces();
    if ((input->isSequence() || input->isMissing()) &&
        entry.takes != Takes::Sequences) {
      return graph.emitError()
             << "expected a tensor as input " << i << ", but got "
             << (input->isSequence() ? "a sequence"
                                     : "an empty optional value");
    }
  }
  return success();
}

/// Inner graphs are imported once for each time that they run.
FailureOr<SmallVector<GraphValue>>
GraphImporter::importBody(const Graph &body, ArrayRef<GraphValue> inputs) {
  constexpr int64_t maxBodies = 4096, maxNodes = 1 << 18;
  numBodyNodes += body.nodes.size();
  if (++numBodies > maxBodies || numBodyNodes > maxNodes)
    return graph.emitError()
           << "expected at most " << maxBodies << " runs of inner graphs and "
           << maxNodes << " nodes in them, but got more";
  std::string outer = current;
  Location location = graph.getLocation();
  for (auto [name, value] : llvm::zip_equal(body.inputs, inputs))
    values[name] = value;
  auto importNodes = [&]() -> LogicalResult {
    for (const Node *node : findLiveNodes(body))
      if (failed(importNode(*node)))
        return failure();
    return success();
  };
  LogicalResult imported = importNodes();
  current = outer;
  graph.setLocation(location);
  if (failed(imported))
    return failure();
  SmallVector<GraphValue> results;
  for (const std::string &output : body.outputs) {
    auto found = values.find(output);
    if (found == values.end())
      return graph.emitError()
             << "expected a node that makes the inner output '" << output
             << "', but nothing does";
    results.push_back(found->second);
  }
  // What an inner graph makes is not seen outside.
  for (const std::string &name : body.inputs)
    values.erase(name);
  for (const Node &node : body.nodes)
    for (const std::string &output : node.outputs)
      values.erase(output);
  return results;
}

/// All numbers that are known while importing stay in memory.
LogicalResult GraphImporter::countNumbers(const GraphValue &value) {
  constexpr int64_t maxNumbers = 1 << 23; // of 40 bytes each
  if (value.isKnown())
    numNumbers += value.numbers->size();
  if (numNumbers <= maxNumbers)
    return success();
  return graph.emitError() << "expected at most " << maxNumbers
                           << " numbers that are computed while importing, "
                              "but got more";
}

/// Does a value differ from example to example because an input of its node is
/// of the example at which a loop is?
static bool namesExample(ArrayRef<const GraphValue *> inputs,
                         const GraphValue &value) {
  auto isOfExample = [](const GraphValue *input) {
    return input && input->isOfExample && !input->isSequence();
  };
  if (value.isSequence() || llvm::none_of(inputs, isOfExample))
    return false;
  return !value.isKnown() ||
         llvm::any_of(*value.numbers, [](const Number &number) {
           return number.position != 0 || number.isUndecided;
         });
}

LogicalResult GraphImporter::importNode(const Node &node) {
  current =
      ("node '" + node.displayName() + "' (" + node.qualifiedType() + "): ")
          .str();
  StringRef name =
      node.outputs.front().empty() ? node.displayName() : node.outputs.front();
  graph.setLocation(NameLoc::get(graph.attributes().getStringAttr(name)));
  const Operator *entry = findOperator(node);
  if (!entry)
    return graph.emitError() << "unsupported operator" << unsupportedHint;
  SmallVector<const GraphValue *> inputs;
  if (failed(collectInputs(node, inputs)))
    return failure();
  std::deque<GraphValue> ofLast;
  for (const GraphValue *&input : inputs)
    if (input && graph.isLastExample)
      input = &ofLast.emplace_back(readForLast(*input));
  if (failed(checkInputs(*entry, inputs, graph)) ||
      failed(checkTensors(*entry, inputs)))
    return failure();
  auto importInner = [&](const Graph &body, ArrayRef<GraphValue> values) {
    return importBody(body, values);
  };
  NodeImporter importer(graph, node, node.opset, inputs, importInner);
  if (failed(entry->import(importer)) || !importer.attributesAreValid())
    return failure();
  for (auto [output, value] :
       llvm::zip_equal(node.outputs, importer.getOutputs())) {
    if (value && !output.empty()) {
      if (failed(countNumbers(*value)))
        return failure();
      values[output] = *value;
      values[output].isOfExample |= namesExample(inputs, *value);
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::importOutput(StringRef name, GraphValue value,
                                          SmallVectorImpl<Value> &cores) {
  if (value.isSequence() || value.isMissing())
    return graph.emitError()
           << "output '" << name << "': expected a tensor, but got "
           << (value.isSequence() ? "a sequence" : "an empty optional value");
  if (!value.isFloat())
    return graph.emitError() << "output '" << name
                             << "': expected floating-point numbers, but got "
                             << nameOf(value.kind);
  OnnxInterface interface { name.str(), value.kind, {}, std::nullopt };
  if (value.batch)
    interface.batchAxis = value.batch->axis;
  if (batch == Batch::OfOne && value.rank() > 0 && value.shape[0] == 1) {
    interface.batchAxis = 0;
    Result example = graph.squeeze(value, {0});
    if (failed(example))
      return failure();
    value = *example;
  }
  FailureOr<Value> core = graph.materialize(value);
  if (failed(core))
    return failure();
  cores.push_back(*core);
  SmallVector<int64_t> shape = value.coreShape();
  interface.shape.assign(shape.begin(), shape.end());
  result.outputs.push_back(std::move(interface));
  return success();
}

LogicalResult GraphImporter::importOutputs() {
  SmallVector<Value> cores;
  for (const ValueInfo &output : model.outputs) {
    auto found = values.find(output.name);
    graph.setLocation(
        NameLoc::get(graph.attributes().getStringAttr(output.name)));
    if (found == values.end())
      return graph.emitError() << "output '" << output.name
                               << "': expected a node that makes it, but "
                                  "nothing does";
    if (failed(importOutput(output.name, found->second, cores)))
      return failure();
  }
  OpBuilder builder = OpBuilder::atBlockEnd(&body);
  builder.create<ReturnOp>(network.getLoc(), cores);
  return success();
}

//===----------------------------------------------------------------------===//
// The network's signature
//===----------------------------------------------------------------------===//

/// Ops and stored arguments that nothing reads leave; inputs stay.
void GraphImporter::removeUnused() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (!isa<ReturnOp>(op) && op.use_empty())
      op.erase();
  ParameterStore used;
  size_t first = result.inputs.size();
  BitVector unused(body.getNumArguments());
  for (auto [i, tensor] : llvm::enumerate(result.store.tensors())) {
    if (body.getArgument(first + i).use_empty())
      unused.set(first + i);
    else
      used.add(tensor.name, tensor.values, tensor.trainable);
  }
  body.eraseArguments(unused);
  result.store = std::move(used);
}

void GraphImporter::finishSignature() {
  Builder &builder = graph.attributes();
  network.setType(builder.getFunctionType(
      body.getArgumentTypes(), body.getTerminator()->getOperandTypes()));
  size_t first = result.inputs.size();
  for (auto [i, tensor] : llvm::enumerate(result.store.tensors()))
    network.setArgAttr(first + i,
                       tensor.trainable ? paramAttrName : bufferAttrName,
                       builder.getStringAttr(tensor.name));
}
