// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What can be said about a graph before importing it: the shapes of its inputs
// and where their batch axis is, which nodes matter, and which operators are
// not supported.

#include "GraphImporter.h"
#include "Operators.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// The batch axis: the only one of open size, else one that is called so, else
/// the first.
static int64_t findBatchAxis(const ValueInfo &info) {
  SmallVector<int64_t> open, named;
  for (auto [axis, dimension] : llvm::enumerate(info.shape)) {
    if (dimension.size)
      continue;
    open.push_back(axis);
    StringRef symbol = dimension.symbol;
    if (symbol.equals_insensitive("n") || symbol.contains_insensitive("batch"))
      named.push_back(axis);
  }
  if (open.size() == 1)
    return open.front();
  return named.empty() ? 0 : named.front();
}

/// Fills sizes of a whole batch that the file leaves open.
static llvm::Error fixSizes(ValueInfo &info, const OnnxImportOptions &options,
                            bool isOnlyInput) {
  bool isOnly = isOnlyInput && options.inputShapes.size() == 1;
  auto given = llvm::find_if(options.inputShapes, [&](const auto &shape) {
    return isOnly || shape.first == info.name;
  });
  if (given != options.inputShapes.end()) {
    if (given->second.size() != info.shape.size())
      return llvm::createStringError(
          "expected an array of rank " + Twine(info.shape.size()) +
          ", the whole batch, but got rank " + Twine(given->second.size()));
    for (auto [dimension, size] : llvm::zip_equal(info.shape, given->second))
      if (!dimension.size)
        dimension.size = size;
  }
  if (options.batchSize && !info.shape.empty()) {
    Dimension &batch = info.shape[findBatchAxis(info)];
    if (!batch.size)
      batch.size = options.batchSize;
  }
  return llvm::Error::success();
}

/// Takes over the sizes of one example, and the batch size if it is fixed.
static llvm::Error readSizes(const ValueInfo &info, OnnxInterface &input,
                             OnnxImport &result) {
  for (auto [axis, dimension] : llvm::enumerate(info.shape)) {
    if (dimension.size && *dimension.size < 1)
      return llvm::createStringError("expected sizes from 1 on, but axis " +
                                     Twine(axis) + " has " +
                                     Twine(*dimension.size));
    if (static_cast<int64_t>(axis) != input.batchAxis) {
      if (!dimension.size)
        return llvm::createStringError(
            "expected fixed sizes beside the batch, but axis " + Twine(axis) +
            " is '" + dimension.symbol + "'");
      input.shape.push_back(*dimension.size);
      continue;
    }
    if (dimension.size && result.batchSize &&
        *dimension.size != *result.batchSize)
      return llvm::createStringError(
          "expected the batch size " + Twine(*result.batchSize) +
          " of other inputs, but got " + Twine(*dimension.size));
    if (dimension.size)
      result.batchSize = *dimension.size;
  }
  if (!sizeOf(input.shape))
    return llvm::createStringError("expected sizes that fit memory");
  return llvm::Error::success();
}

static llvm::Error readInput(ValueInfo info, const OnnxImportOptions &options,
                             bool isOnly, OnnxImport &result) {
  if (!info.kind || !info.hasShape)
    return llvm::createStringError("expected a tensor of numbers with a shape");
  OnnxInterface input{info.name, *info.kind, {}, std::nullopt};
  if (options.wholeBatch) {
    int64_t batchAxis = info.shape.empty() ? -1 : findBatchAxis(info);
    if (llvm::Error error = fixSizes(info, options, isOnly))
      return error;
    if (!result.wholeBatchSize && batchAxis >= 0)
      result.wholeBatchSize = info.shape[batchAxis].size;
  } else if (!info.shape.empty()) {
    input.batchAxis = findBatchAxis(info);
  }
  if (llvm::Error error = readSizes(info, input, result))
    return error;
  result.inputs.push_back(std::move(input));
  return llvm::Error::success();
}

llvm::Error onnximport::readInputs(const Model &model,
                                   const OnnxImportOptions &options,
                                   OnnxImport &result) {
  llvm::StringSet<> names;
  for (const ValueInfo &info : model.inputs) {
    if (!names.insert(info.name).second)
      return llvm::createStringError("input '" + info.name +
                                     "': expected distinct names");
    if (llvm::Error error =
            readInput(info, options, model.inputs.size() == 1, result))
      return llvm::createStringError("input '" + info.name +
                                     "': " + llvm::toString(std::move(error)));
  }
  if (model.outputs.empty())
    return llvm::createStringError("expected outputs, but the graph has none");
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// Every name is made once.
static llvm::Error checkNames(const Model &model) {
  llvm::StringSet<> names;
  auto add = [&](StringRef name) -> llvm::Error {
    if (name.empty() || names.insert(name).second)
      return llvm::Error::success();
    return llvm::createStringError("expected one origin of each value, but "
                                   "'" +
                                   name + "' is made twice");
  };
  for (const ValueInfo &info : model.inputs)
    if (llvm::Error error = add(info.name))
      return error;
  for (const NamedTensor &tensor : model.initializers)
    if (llvm::Error error = add(tensor.name))
      return error;
  for (const Node &node : model.nodes)
    for (const std::string &output : node.outputs)
      if (llvm::Error error = add(output))
        return error;
  return llvm::Error::success();
}

/// "2 unsupported operators: node 'a' (X), node 'b' (Y)".
static llvm::Error checkOperators(const Model &model,
                                  ArrayRef<size_t> liveNodes) {
  std::string list;
  size_t count = 0;
  for (size_t position : liveNodes) {
    const Node &node = model.nodes[position];
    if (node.domain.empty() && findOperator(node.type, node.opset))
      continue;
    ++count;
    list += (count == 1 ? "node '" : ", node '") + node.displayName().str() +
            "' (" + node.qualifiedType() + ")";
  }
  if (count == 0)
    return llvm::Error::success();
  return llvm::createStringError(Twine(count) + " unsupported operator" +
                                 (count == 1 ? "" : "s") + ": " + list);
}

/// The standard operator sets, of the model and its functions, are ones whose
/// operators are known.
static llvm::Error checkOpset(const Model &model) {
  for (const Node &node : model.nodes) {
    if (node.domain.empty() &&
        (node.opset < oldestOpset || node.opset > newestOpset)) {
      return llvm::createStringError(
          "expected operator set " + Twine(oldestOpset) + " to " +
          Twine(newestOpset) + ", but got " +
          (node.opset ? Twine(node.opset) : Twine("none")));
    }
  }
  return llvm::Error::success();
}

/// Positions of the nodes that the named values need.
static std::vector<size_t> findNeeded(ArrayRef<Node> nodes,
                                      llvm::StringSet<> needed) {
  std::vector<size_t> live;
  for (size_t i = nodes.size(); i-- > 0;) {
    const Node &node = nodes[i];
    if (!llvm::any_of(node.outputs, [&](const std::string &output) {
          return !output.empty() && needed.contains(output);
        }))
      continue;
    live.push_back(i);
    forEachRead(node, [&](const std::string &name) { needed.insert(name); });
  }
  std::reverse(live.begin(), live.end());
  return live;
}

std::vector<const Node *> onnximport::findLiveNodes(const Graph &graph) {
  llvm::StringSet<> needed;
  for (const std::string &output : graph.outputs)
    needed.insert(output);
  std::vector<const Node *> live;
  for (size_t position : findNeeded(graph.nodes, std::move(needed)))
    live.push_back(&graph.nodes[position]);
  return live;
}

llvm::Expected<std::vector<size_t>>
onnximport::findLiveNodes(const Model &model) {
  if (llvm::Error error = checkNames(model))
    return std::move(error);
  llvm::StringSet<> needed;
  for (const ValueInfo &output : model.outputs)
    needed.insert(output.name);
  std::vector<size_t> liveNodes = findNeeded(model.nodes, std::move(needed));
  if (llvm::Error error = checkOpset(model))
    return std::move(error);
  if (llvm::Error error = checkOperators(model, liveNodes))
    return std::move(error);
  return liveNodes;
}
