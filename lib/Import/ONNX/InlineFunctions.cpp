// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes a model one flat set of names. Calls of local functions become their
// nodes, whose values are called after the call; attributes of the call take
// the places that refer to them. Inner graphs keep their nodes, but no name is
// made twice, so that the importer needs no scopes, and their initializers
// stand with those of the model, where parameters are chosen.

#include "Model.h"
#include "Operators.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

/// Deeper calls are a recursion, more nodes an explosion.
static constexpr unsigned maxDepth = 64;
static constexpr size_t maxNodes = 1 << 18;

namespace {

/// Names of a graph and, if it is an inner one, of those around it.
struct Scope {
  llvm::StringMap<std::string> names;
  /// The call and its function, or null outside functions.
  const Node *call = nullptr;
  const Function *function = nullptr;
  /// The names of the model's own graph stay.
  bool isModel = false;
};

class Inliner {
public:
  explicit Inliner(Model &model) : model(model) {}
  llvm::Error run();

private:
  llvm::Error expandNodes(const std::vector<Node> &nodes, Scope &scope,
                          bool isInner, std::vector<Node> &result);
  llvm::Error expandNode(Node node, Scope &scope, bool isInner,
                         std::vector<Node> &result);
  llvm::Error expandCall(const Node &call, const Function &function,
                         bool isInner, std::vector<Node> &result);
  llvm::Expected<std::shared_ptr<const Graph>> expandGraph(const Graph &graph,
                                                           Scope scope);
  void resolveReferences(Node &node, const Scope &scope);
  void hoistInitializer(const NamedTensor &tensor, Scope &scope);
  const Function *findFunction(const Node &node) const;

  /// A name that nothing has, like `wish`.
  std::string makeName(StringRef wish);
  std::string define(const std::string &name, Scope &scope);
  std::string lookup(const std::string &name, Scope &scope);

  Model &model;
  llvm::StringSet<> taken;
  llvm::StringMap<unsigned> copies; ///< names made from one wish
  llvm::StringMap<const Function *> functions;
  llvm::DenseMap<const NamedTensor *, std::string> hoistedTensors;
  std::vector<Node> hoistedConstants;
  /// The functions that are being expanded; one of them again is a recursion.
  llvm::DenseSet<const Function *> running;
  unsigned depth = 0;
  size_t numNodes = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

std::string Inliner::makeName(StringRef wish) {
  std::string name = wish.str();
  while (!taken.insert(name).second)
    name = (wish + "." + llvm::Twine(++copies[wish])).str();
  return name;
}

std::string Inliner::define(const std::string &name, Scope &scope) {
  if (name.empty() || scope.isModel)
    return name;
  std::string prefix =
      scope.call ? scope.call->displayName().str() + "/" : std::string();
  return scope.names[name] = makeName(prefix + name);
}

/// Functions see nothing but their own values.
std::string Inliner::lookup(const std::string &name, Scope &scope) {
  auto found = scope.names.find(name);
  if (found != scope.names.end())
    return found->second;
  return name.empty() || !scope.function ? name : makeName(name);
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

const Function *Inliner::findFunction(const Node &node) const {
  // A standard operator is what its specification says.
  if (node.domain.empty() && findOperator(node.type, node.opset))
    return nullptr;
  return functions.lookup(node.qualifiedType());
}

/// Attributes of the call, or the function's defaults, in place of references;
/// what neither has is left out.
void Inliner::resolveReferences(Node &node, const Scope &scope) {
  if (!scope.function)
    return;
  llvm::StringMap<NodeAttribute> resolved;
  for (const auto &entry : node.attributes) {
    const NodeAttribute &attribute = entry.second;
    if (attribute.reference.empty()) {
      resolved[entry.getKey()] = attribute;
      continue;
    }
    for (const auto *values :
         {&scope.call->attributes, &scope.function->defaults}) {
      auto found = values->find(attribute.reference);
      if (found == values->end())
        continue;
      resolved[entry.getKey()] = found->second;
      break;
    }
  }
  node.attributes = std::move(resolved);
}

llvm::Error Inliner::expandNode(Node node, Scope &scope, bool isInner,
                                std::vector<Node> &result) {
  if (++numNodes > maxNodes)
    return llvm::createStringError("expected at most " + llvm::Twine(maxNodes) +
                                   " nodes with functions inlined");
  // A graph that the call hands over has its names already.
  llvm::StringSet<> own;
  for (const auto &entry : node.attributes)
    if (entry.second.reference.empty() && entry.second.graph)
      own.insert(entry.getKey());
  resolveReferences(node, scope);
  if (scope.call && node.fxNode.empty())
    node.fxNode = scope.call->fxNode;
  if (scope.call)
    node.name = (scope.call->displayName() + "/" + node.displayName()).str();
  for (std::string &input : node.inputs)
    input = lookup(input, scope);
  for (auto &entry : node.attributes) {
    if (!own.contains(entry.getKey()))
      continue;
    auto graph = expandGraph(*entry.second.graph, scope);
    if (!graph)
      return graph.takeError();
    entry.second.graph = *graph;
  }
  for (std::string &output : node.outputs)
    output = define(output, scope);
  if (const Function *function = findFunction(node))
    return expandCall(node, *function, isInner, result);
  auto value = node.attributes.find("value");
  bool isTensor = node.type == "Constant" && node.domain.empty() &&
                  value != node.attributes.end() && value->second.tensor;
  (isInner && isTensor ? hoistedConstants : result).push_back(std::move(node));
  return llvm::Error::success();
}

llvm::Error Inliner::expandNodes(const std::vector<Node> &nodes, Scope &scope,
                                 bool isInner, std::vector<Node> &result) {
  for (const Node &node : nodes)
    if (llvm::Error error = expandNode(node, scope, isInner, result))
      return error;
  return llvm::Error::success();
}

/// An Identity for an output of a call that is an input or another output.
static Node makeIdentity(const std::string &from, const std::string &to) {
  Node node;
  node.type = "Identity";
  node.inputs = {from};
  node.outputs = {to};
  node.opset = newestOpset;
  return node;
}

llvm::Error Inliner::expandCall(const Node &call, const Function &function,
                                bool isInner, std::vector<Node> &result) {
  std::string name = "function '" + call.qualifiedType() + "': ";
  if (depth == maxDepth || !running.insert(&function).second)
    return llvm::createStringError(name + "expected calls at most " +
                                   llvm::Twine(maxDepth) +
                                   " deep, but it calls itself or is deeper");
  if (call.inputs.size() > function.inputs.size() ||
      call.outputs.size() > function.outputs.size()) {
    return llvm::createStringError(
        name + "expected at most " + llvm::Twine(function.inputs.size()) +
        " inputs and " + llvm::Twine(function.outputs.size()) +
        " outputs at node '" + call.displayName() + "', but got " +
        llvm::Twine(call.inputs.size()) + " and " +
        llvm::Twine(call.outputs.size()));
  }
  Scope scope;
  scope.call = &call;
  scope.function = &function;
  for (auto [i, input] : llvm::enumerate(function.inputs))
    scope.names[input] = i < call.inputs.size() ? call.inputs[i] : "";
  ++depth;
  if (llvm::Error error = expandNodes(function.nodes, scope, isInner, result))
    return error;
  --depth;
  running.erase(&function);
  for (auto [output, inner] : llvm::zip(call.outputs, function.outputs))
    if (!output.empty())
      result.push_back(makeIdentity(lookup(inner, scope), output));
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Inner graphs
//===----------------------------------------------------------------------===//

/// The copies of one initializer that calls of its function make are one.
void Inliner::hoistInitializer(const NamedTensor &tensor, Scope &scope) {
  std::string &name = hoistedTensors[&tensor];
  if (name.empty()) {
    name = makeName(tensor.name);
    model.initializers.push_back({name, tensor.values});
  }
  scope.names[tensor.name] = name;
}

llvm::Expected<std::shared_ptr<const Graph>>
Inliner::expandGraph(const Graph &graph, Scope scope) {
  scope.isModel = false;
  Graph result;
  for (const NamedTensor &tensor : graph.initializers)
    hoistInitializer(tensor, scope);
  for (const std::string &input : graph.inputs)
    result.inputs.push_back(define(input, scope));
  if (llvm::Error error =
          expandNodes(graph.nodes, scope, /*isInner=*/true, result.nodes))
    return std::move(error);
  for (const std::string &output : graph.outputs)
    result.outputs.push_back(lookup(output, scope));
  return std::make_shared<const Graph>(std::move(result));
}

llvm::Error Inliner::run() {
  for (const Function &function : model.functions) {
    std::string name =
        (function.domain.empty() ? "" : function.domain + "::") + function.name;
    if (!functions.try_emplace(name, &function).second)
      return llvm::createStringError("function '" + name +
                                     "': expected distinct names");
  }
  for (const ValueInfo &input : model.inputs)
    taken.insert(input.name);
  for (const NamedTensor &tensor : model.initializers)
    taken.insert(tensor.name);
  for (const Node &node : model.nodes)
    for (const std::string &output : node.outputs)
      taken.insert(output);
  Scope scope;
  scope.isModel = true;
  std::vector<Node> nodes;
  if (llvm::Error error =
          expandNodes(model.nodes, scope, /*isInner=*/false, nodes))
    return error;
  model.nodes = std::move(hoistedConstants);
  model.nodes.insert(model.nodes.end(), std::make_move_iterator(nodes.begin()),
                     std::make_move_iterator(nodes.end()));
  return llvm::Error::success();
}

llvm::Error onnximport::inlineFunctions(Model &model) {
  return Inliner(model).run();
}
