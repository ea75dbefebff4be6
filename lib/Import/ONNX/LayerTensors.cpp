// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which tensors stand where layers have their weight or bias, also through what
// is computed without data, as pruned weights are. An operand of a sum or a
// difference is a bias behind a product with a weight, and what scales or
// shifts normalised data is the weight or bias of the norm, whether that is one
// node or several.

#include "ParameterUses.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

namespace {
class LayerFinder {
public:
  explicit LayerFinder(const Model &model);

  llvm::StringSet<> run();

private:
  void visit(const Node &node);
  bool isLayerSlot(const Node &node, unsigned input) const;
  bool isProduct(StringRef value, int depth = 0) const;
  bool isNormalised(StringRef value, int depth = 0) const;
  bool isDeviation(StringRef value, int depth = 0) const;
  bool isInverseDeviation(StringRef value) const;

  /// Does no data go into the value?
  bool isFixed(StringRef value) const {
    return value.empty() || sources.count(value);
  }

  const Model &model;
  llvm::StringMap<const Node *> makers;
  /// By value without data: the initializers it is computed from.
  llvm::StringMap<llvm::StringSet<>> sources;
  llvm::StringSet<> found;
};
} // namespace

static constexpr int deepest = 8;

LayerFinder::LayerFinder(const Model &model) : model(model) {
  for (const NamedTensor &tensor : model.initializers)
    sources[tensor.name].insert(tensor.name);
  forEachNode(model.nodes, [&](const Node &node) {
    for (const std::string &output : node.outputs)
      makers[output] = &node;
  });
}

static bool isSum(const Node &node) {
  return node.type == "Add" || node.type == "Sum" || node.type == "Sub";
}

/// Is it a product with a weight, or a sum of such?
bool LayerFinder::isProduct(StringRef value, int depth) const {
  const Node *node = makers.lookup(value);
  if (!node || depth == deepest || node->inputs.empty() || isFixed(value))
    return false;
  if (isMove(*node))
    return isProduct(node->inputs.front(), depth + 1);
  auto isOperand = [&](StringRef input) { return isProduct(input, depth + 1); };
  if (isSum(*node))
    return llvm::any_of(node->inputs, isOperand);
  bool multiplies =
      llvm::StringSwitch<bool>(node->type)
          .Cases("MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum", true)
          .Default(false);
  return multiplies && llvm::any_of(node->inputs, [&](StringRef input) {
           return !input.empty() && isFixed(input);
         });
}

/// A root of the data, as norms divide by.
bool LayerFinder::isDeviation(StringRef value, int depth) const {
  const Node *node = makers.lookup(value);
  if (!node || depth == deepest || isFixed(value))
    return false;
  if (node->type == "Sqrt" || node->type == "ReduceL2")
    return true;
  bool passes = isMove(*node) || isSum(*node) || node->type == "Max" ||
                node->type == "Clip";
  return passes && llvm::any_of(node->inputs, [&](StringRef input) {
           return isDeviation(input, depth + 1);
         });
}

bool LayerFinder::isInverseDeviation(StringRef value) const {
  const Node *node = makers.lookup(value);
  if (!node || isFixed(value))
    return false;
  if (node->type == "Reciprocal" || node->type == "Div")
    return isDeviation(node->inputs.back());
  return node->type == "Pow";
}

/// Are the data divided by their deviation, and scaled and shifted at most?
bool LayerFinder::isNormalised(StringRef value, int depth) const {
  const Node *node = makers.lookup(value);
  if (!node || depth == deepest || node->inputs.empty() || isFixed(value))
    return false;
  if (StringRef(node->type).ends_with("Normalization"))
    return true;
  if (isMove(*node))
    return isNormalised(node->inputs.front(), depth + 1);
  if (node->type == "Div" && isDeviation(node->inputs.back()))
    return true;
  bool isScale = node->type == "Mul";
  if (isScale && llvm::any_of(node->inputs, [&](StringRef input) {
        return isInverseDeviation(input);
      }))
    return true;
  if ((!isScale && !isSum(*node)) || node->inputs.size() != 2)
    return false;
  bool isLeftFixed = isFixed(node->inputs[0]);
  return isLeftFixed != isFixed(node->inputs[1]) &&
         isNormalised(node->inputs[isLeftFixed ? 1 : 0], depth + 1);
}

/// Does a layer have its weight or bias in this input?
bool LayerFinder::isLayerSlot(const Node &node, unsigned input) const {
  if (isWeightSlot(node.type, input))
    return true;
  if (node.inputs.size() != 2 || (!isSum(node) && node.type != "Mul"))
    return false;
  StringRef other = node.inputs[1 - input];
  return isNormalised(other) || (isSum(node) && isProduct(other));
}

void LayerFinder::visit(const Node &node) {
  bool isInner = llvm::any_of(node.attributes, [](const auto &attribute) {
    return attribute.second.graph != nullptr;
  });
  bool isShape = node.type == "Shape" || node.type == "Size";
  bool isOutputFixed =
      isShape || (!isInner && llvm::all_of(node.inputs, [&](StringRef input) {
        return isFixed(input);
      }));
  llvm::StringSet<> from;
  for (auto [i, input] : llvm::enumerate(node.inputs)) {
    auto source = sources.find(input);
    if (source == sources.end() || isShape)
      continue;
    bool isLayer = isLayerSlot(node, i);
    for (const auto &name : source->second) {
      from.insert(name.getKey());
      if (isLayer)
        found.insert(name.getKey());
    }
  }
  if (isOutputFixed)
    for (const std::string &output : node.outputs)
      sources[output] = from;
}

llvm::StringSet<> LayerFinder::run() {
  forEachNode(model.nodes, [&](const Node &node) { visit(node); });
  return std::move(found);
}

llvm::StringSet<> onnximport::findLayerTensors(const Model &model) {
  return LayerFinder(model).run();
}
