// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mutations of nodes, graphs and models. Nodes of the models seen so far are
// kept as donors.

#include "MutateModel.h"
#include "Mutator.h"
#include "ntk/Import/ONNX.h"

using namespace mlir::ntk;
using namespace mlir::ntk::fuzz;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

namespace {
/// Nodes of models seen so far; the oldest leave first.
struct Donors {
  static constexpr size_t most = 2048;
  std::vector<NodeProto> nodes;
  size_t next = 0;

  void add(const NodeProto &node) {
    if (node.ByteSizeLong() > 2048)
      return;
    if (nodes.size() < most)
      nodes.push_back(node);
    else
      nodes[next++ % most] = node;
  }
};
} // namespace

static Donors donors;

/// The graph or, as often, one inside it.
GraphProto &Mutator::pickGraph(GraphProto &graph, unsigned depth) {
  std::vector<GraphProto *> inner;
  for (NodeProto &node : *graph.mutable_node())
    for (AttributeProto &attribute : *node.mutable_attribute())
      if (attribute.has_g())
        inner.push_back(attribute.mutable_g());
  if (inner.empty() || depth > 8 || oneIn(2))
    return graph;
  return pickGraph(*pick(inner), depth + 1);
}

/// A value that stands before node `before`, seldom any other name.
std::string Mutator::pickValue(const GraphProto &graph, int before) {
  std::vector<std::string> names;
  for (const ValueInfoProto &input : graph.input())
    names.push_back(input.name());
  for (const TensorProto &tensor : graph.initializer())
    names.push_back(tensor.name());
  int end = oneIn(50) ? graph.node_size() : before;
  for (int i = 0; i < end; ++i)
    names.insert(names.end(), graph.node(i).output().begin(),
                 graph.node(i).output().end());
  if (names.empty() || oneIn(50))
    return oneIn(2) ? "" : "x";
  return oneIn(3) ? names.back() : pick(names);
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

void Mutator::mutateOperands(GraphProto &graph, int position) {
  NodeProto &node = *graph.mutable_node(position);
  if (node.input_size() == 0 || oneIn(6))
    node.add_input(pickValue(graph, position));
  else if (oneIn(8))
    node.mutable_input()->RemoveLast();
  else
    pick(*node.mutable_input()) = pickValue(graph, position);
}

static void setOperator(NodeProto &node, const OnnxOperator &entry) {
  node.set_domain(entry.domain.str());
  node.set_op_type(entry.name.str());
}

void Mutator::mutateNode(GraphProto &graph) {
  static const auto operators = listOnnxOperators();
  int position = below(graph.node_size());
  NodeProto &node = *graph.mutable_node(position);
  auto &attributes = *node.mutable_attribute();
  switch (below(16)) {
  case 0:
  case 1:
    setOperator(node, pick(operators));
    break;
  case 2:
  case 3:
  case 4:
    mutateOperands(graph, position);
    break;
  case 5:
    if (node.output_size() == 0 || oneIn(2))
      node.add_output(makeName());
    else if (oneIn(2))
      node.mutable_output()->RemoveLast();
    else
      pick(*node.mutable_output()) = pickValue(graph, position);
    break;
  case 6:
  case 7:
  case 8:
    if (!attributes.empty() && oneIn(3)) {
      attributes.DeleteSubrange(below(attributes.size()), 1);
    } else if (!donors.nodes.empty()) {
      NodeProto &donor = pick(donors.nodes);
      if (donor.attribute_size())
        *node.add_attribute() = pick(*donor.mutable_attribute());
    }
    break;
  default:
    if (!attributes.empty())
      mutateAttribute(pick(attributes));
  }
}

/// A node of another model or a new one, between the makers and readers of a
/// value.
void Mutator::insertNode(GraphProto &graph) {
  static const auto operators = listOnnxOperators();
  NodeProto node;
  int position = below(graph.node_size() + 1);
  if (!donors.nodes.empty() && !oneIn(4)) {
    node = pick(donors.nodes);
    for (std::string &input : *node.mutable_input())
      input = pickValue(graph, position);
  } else {
    const OnnxOperator &entry = pick(operators);
    setOperator(node, entry);
    size_t extra = std::min<size_t>(entry.maxInputs - entry.minInputs, 3);
    for (size_t i = entry.minInputs + below(extra + 1); i > 0; --i)
      node.add_input(pickValue(graph, position));
  }
  if (node.output_size() == 0)
    node.add_output("");
  for (std::string &output : *node.mutable_output())
    output = makeName();
  *graph.add_node() = node;
  for (int i = graph.node_size() - 1; i > position; --i)
    graph.mutable_node()->SwapElements(i, i - 1);
  if (position + 1 < graph.node_size()) {
    NodeProto &reader = *graph.mutable_node(position + 1);
    if (reader.input_size())
      pick(*reader.mutable_input()) = node.output(0);
  } else if (graph.output_size()) {
    graph.mutable_output(0)->set_name(node.output(0));
  }
}

void Mutator::moveNode(GraphProto &graph) {
  auto &nodes = *graph.mutable_node();
  if (nodes.empty())
    return;
  size_t i = below(nodes.size());
  if (oneIn(3)) {
    nodes.DeleteSubrange(i, 1);
  } else if (oneIn(8)) {
    nodes.SwapElements(i, below(nodes.size()));
  } else {
    NodeProto copy = nodes.Get(i);
    for (std::string &output : *copy.mutable_output())
      output = makeName();
    *nodes.Add() = std::move(copy);
  }
}

/// Puts the last nodes into an inner graph.
void Mutator::wrapNodes(GraphProto &graph) {
  if (graph.node_size() == 0 || graph.ByteSizeLong() > 8192)
    return;
  GraphProto body;
  size_t first = below(graph.node_size());
  for (int i = first; i < graph.node_size(); ++i)
    *body.add_node() = graph.node(i);
  graph.mutable_node()->DeleteSubrange(first, graph.node_size() - first);
  for (const ValueInfoProto &output : graph.output())
    *body.add_output() = output;
  NodeProto &node = *graph.add_node();
  static const char *const kinds[][2] = {
      {"If", "then_branch"}, {"Loop", "body"}, {"Scan", "body"}};
  const auto &kind = kinds[below(std::size(kinds))];
  node.set_op_type(kind[0]);
  for (size_t i = below(3); i < 3; ++i)
    node.add_input(pickValue(graph, graph.node_size() - 1));
  for (const ValueInfoProto &output : graph.output())
    node.add_output(output.name());
  AttributeProto &attribute = *node.add_attribute();
  attribute.set_name(kind[1]);
  attribute.set_type(AttributeProto::GRAPH);
  *attribute.mutable_g() = body;
  if (node.op_type() == "If") {
    AttributeProto other = attribute;
    other.set_name("else_branch");
    *node.add_attribute() = std::move(other);
  }
}

//===----------------------------------------------------------------------===//
// Graphs and models
//===----------------------------------------------------------------------===//

void Mutator::mutateGraph(ModelProto &model, GraphProto &graph) {
  switch (below(20)) {
  case 0:
    mutateInterface(graph);
    break;
  case 1:
    moveNode(graph);
    break;
  case 2:
  case 3:
    insertNode(graph);
    break;
  case 4:
    if (oneIn(3))
      wrapNodes(graph);
    break;
  case 5:
    if (oneIn(3))
      makeFunction(model, graph);
    break;
  case 6:
    mutateOpset(model);
    break;
  case 7:
    mutateMetadata(graph);
    break;
  case 8:
  case 9:
    if (graph.initializer_size())
      mutateTensor(pick(*graph.mutable_initializer()));
    break;
  default:
    if (graph.node_size())
      mutateNode(graph);
  }
}

/// A node becomes a call of a function that does the same, or calls itself.
void Mutator::makeFunction(ModelProto &model, GraphProto &graph) {
  if (graph.node_size() == 0 || model.functions_size() > 8)
    return;
  NodeProto &node = pick(*graph.mutable_node());
  FunctionProto &function = *model.add_functions();
  std::string name =
      "f" + std::to_string(oneIn(8) ? 0 : model.functions_size());
  function.set_domain("my");
  function.set_name(name);
  *function.mutable_input() = node.input();
  *function.mutable_output() = node.output();
  *function.add_node() = node;
  node.set_domain("my");
  node.set_op_type(name);
  if (oneIn(8))
    *function.add_node() = node;
}

void Mutator::mutateOpset(ModelProto &model) {
  if (oneIn(2))
    return;
  if (model.opset_import_size() == 0)
    model.add_opset_import();
  model.mutable_opset_import(0)->set_version(oneIn(8) ? number(20)
                                                      : 7 + below(19));
}

void Mutator::mutate(ModelProto &model) {
  for (const NodeProto &node : model.graph().node())
    if (oneIn(4))
      donors.add(node);
  if (oneIn(8)) // how it is read
    model.set_model_version(below(512));
  for (size_t count = 1 + below(3); count > 0; --count)
    mutateGraph(model, pickGraph(*model.mutable_graph()));
}

size_t fuzz::mutateModel(uint8_t *data, size_t size, size_t maxSize,
                         unsigned seed) {
  ModelProto model;
  if (seed % 32 == 0 || !model.ParseFromArray(data, size) || !model.has_graph())
    return LLVMFuzzerMutate(data, size, maxSize);
  Mutator(seed).mutate(model);
  if (model.ByteSizeLong() > maxSize ||
      !model.SerializeToArray(data, model.ByteSizeLong()))
    return LLVMFuzzerMutate(data, size, maxSize);
  return model.ByteSizeLong();
}
