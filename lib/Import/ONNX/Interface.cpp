// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What can be said about a graph before importing it: which outputs are wanted,
// which nodes matter, and which operators are not supported.

#include "GraphImporter.h"
#include "OperatorDomains.h"
#include "llvm/Support/GlobPattern.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

static std::string listNames(ArrayRef<ValueInfo> values) {
  std::string list;
  for (const ValueInfo &value : values)
    list += (list.empty() ? "'" : ", '") + value.name + "'";
  return list;
}

/// Outputs that are declared to be no floats are refused before anything else:
/// what only they need is often not supported either.
static llvm::Error checkOutputKinds(const Model &model) {
  std::vector<ValueInfo> floats;
  for (const ValueInfo &output : model.outputs)
    if (!output.kind || isFloat(*output.kind))
      floats.push_back(output);
  for (const ValueInfo &output : model.outputs) {
    if (!output.kind || isFloat(*output.kind))
      continue;
    return llvm::createStringError(
        "output '" + output.name +
        "': expected floating-point numbers, but got " + nameOf(*output.kind) +
        (floats.empty()
             ? ""
             : "; --outputs leaves it out, there are " + listNames(floats)));
  }
  return llvm::Error::success();
}

llvm::Error onnximport::selectOutputs(Model &model,
                                      const OnnxImportOptions &options) {
  if (model.outputs.empty())
    return llvm::createStringError("expected outputs, but the graph has none");
  std::vector<bool> isWanted(model.outputs.size(), options.outputs.empty());
  for (const std::string &text : options.outputs) {
    llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(text);
    if (!glob)
      return llvm::createStringError("--outputs '" + text +
                                     "': " + llvm::toString(glob.takeError()));
    bool found = false;
    for (auto [i, output] : llvm::enumerate(model.outputs)) {
      if (output.name != text && !glob->match(output.name))
        continue;
      isWanted[i] = found = true;
    }
    if (!found)
      return llvm::createStringError(
          "--outputs '" + text +
          "': expected the name or a glob of outputs, but it matches none of " +
          listNames(model.outputs));
  }
  std::vector<ValueInfo> outputs;
  for (auto [i, output] : llvm::enumerate(model.outputs))
    if (isWanted[i])
      outputs.push_back(output);
  model.outputs = std::move(outputs);
  return checkOutputKinds(model);
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

/// Does the operator compute in, or convert to, small integers?
static bool isQuantised(const Node &node) {
  StringRef type = node.type;
  return type.contains("Quantize") || type.starts_with("QLinear") ||
         type.ends_with("Integer") || type.contains("MatMulInteger") ||
         type.contains("NBits") || type == "QAttention" || type == "QGemm" ||
         type == "QMoE";
}

/// "2 unsupported operators: node 'a' (X), node 'b' (Y)".
static llvm::Error checkOperators(const Model &model,
                                  ArrayRef<size_t> liveNodes) {
  std::string list, hint = unsupportedHint.str();
  size_t count = 0;
  for (size_t position : liveNodes) {
    const Node &node = model.nodes[position];
    if (findOperator(node))
      continue;
    if (node.domain == "com.microsoft.nchwc")
      hint =
          "; ONNX Runtime laid the model out for one processor: save it with "
          "graph_optimization_level ORT_ENABLE_EXTENDED or below";
    if (isQuantised(node))
      return llvm::createStringError(
          "node '" + node.displayName() + "' (" + node.qualifiedType() +
          "): expected a network in floating point, but got a quantised one: "
          "export the model from before its quantisation");
    ++count;
    list += (count == 1 ? "node '" : ", node '") + node.displayName().str() +
            "' (" + node.qualifiedType() + ")";
  }
  if (count == 0)
    return llvm::Error::success();
  return llvm::createStringError(Twine(count) + " unsupported operator" +
                                 (count == 1 ? "" : "s") + ": " + list + hint);
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
          (node.opset ? Twine(node.opset) : Twine("none")) +
          ": onnx.version_converter.convert_version(model, 18) gives the model "
          "in a set that is supported");
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
