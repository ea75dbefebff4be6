// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds what tensors are used for. A slot of an operator says much (a running
// variance is never trained, the weight of a convolution is), and what stands
// around an addition tells a bias from a constant: a bias is added to a product
// of data and weights.

#include "ParameterUses.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::StringRef;

bool onnximport::isModulePath(const Model &model, StringRef name) {
  return model.producer == "pytorch" && !name.starts_with("onnx::") &&
         !name.starts_with("/");
}

//===----------------------------------------------------------------------===//
// Slots
//===----------------------------------------------------------------------===//

bool onnximport::isMove(const Node &node) {
  return llvm::StringSwitch<bool>(node.type)
      .Cases("Transpose", "Reshape", "Squeeze", "Unsqueeze", "Identity",
             "Flatten", true)
      .Cases("Slice", "Expand", "Cast", "CastLike", "Split", "Tile", true)
      .Default(false);
}

/// Slots that hold numbers of the graph, not of the network.
static bool isSetting(StringRef type, unsigned input) {
  return llvm::StringSwitch<bool>(type)
      .Cases("Resize", "Clip", input == 1 || input == 2)
      .Cases("Upsample", "Dropout", "Pow", input == 1)
      .Cases("Pad", "OneHot", input == 2)
      .Cases("SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss", input == 2)
      .Case("Range", true)
      .Default(false);
}

bool onnximport::isWeightSlot(StringRef type, unsigned input) {
  return llvm::StringSwitch<bool>(type)
      .Cases("Conv", "ConvTranspose", "BatchNormalization",
             "InstanceNormalization", input == 1 || input == 2)
      .Cases("GroupNormalization", "LayerNormalization",
             input == 1 || input == 2)
      .Cases("Gemm", "MatMul", "Einsum", true)
      .Cases("LSTM", "GRU", "RNN", (input >= 1 && input <= 3) || input == 7)
      .Cases("RMSNormalization", "PRelu", input == 1)
      .Case("Gather", input == 0)
      .Cases("LinearRegressor", "LinearClassifier", input >= 1)
      .Default(false);
}

//===----------------------------------------------------------------------===//
// Channels of a product
//===----------------------------------------------------------------------===//

/// How many channels an Einsum gives that only its operand `slot` has, whose
/// shape is `shape`.
static std::optional<int64_t> countChannels(StringRef equation, unsigned slot,
                                            ArrayRef<int64_t> shape) {
  if (equation.contains('.') || !equation.contains("->"))
    return std::nullopt;
  auto [inputs, output] = equation.split("->");
  llvm::SmallVector<StringRef> terms;
  inputs.split(terms, ',');
  if (slot >= terms.size())
    return std::nullopt;
  StringRef own = terms[slot].trim();
  if (own.size() != shape.size())
    return std::nullopt;
  int64_t channels = 1;
  for (auto [label, size] : llvm::zip_equal(own, shape)) {
    bool isShared = llvm::any_of(llvm::enumerate(terms), [&](auto term) {
      return term.index() != slot && term.value().contains(label);
    });
    if (output.contains(label) && !isShared)
      channels *= size;
  }
  return channels;
}

static int64_t getInteger(const Node &node, StringRef name, int64_t otherwise) {
  auto found = node.attributes.find(name);
  return found == node.attributes.end() || found->second.ints.empty()
             ? otherwise
             : found->second.ints.front();
}

static double getReal(const Node &node, StringRef name, double otherwise) {
  auto found = node.attributes.find(name);
  return found == node.attributes.end() || found->second.floats.empty()
             ? otherwise
             : found->second.floats.front();
}

/// How many channels a product with a weight of this shape in input `slot` has;
/// none if the node is no product, or cannot tell.
static std::optional<int64_t> countChannels(const Node &node, unsigned slot,
                                            ArrayRef<int64_t> shape) {
  size_t rank = shape.size();
  if (node.type == "MatMul" && rank > 0)
    return rank == 1 ? 1 : shape[slot == 1 ? rank - 1 : rank - 2];
  if (node.type == "Gemm" && rank == 2 && slot < 2) {
    bool transposed = getInteger(node, slot == 1 ? "transB" : "transA", 0);
    return shape[(slot == 1) == transposed ? 0 : 1];
  }
  if (node.type == "Conv" && rank > 0 && slot == 1)
    return shape[0];
  if (node.type == "ConvTranspose" && rank > 1 && slot == 1)
    return shape[1] * getInteger(node, "group", 1);
  auto equation = node.attributes.find("equation");
  if (node.type == "Einsum" && equation != node.attributes.end() &&
      !equation->second.strings.empty())
    return countChannels(equation->second.strings.front(), slot, shape);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Uses
//===----------------------------------------------------------------------===//

namespace {
class UseFinder {
public:
  explicit UseFinder(const Model &model);

  TensorUses run();

private:
  /// Initializers that a value holds elements of.
  using Roots = llvm::StringSet<>;

  void visit(const Node &node);
  void visitOutputs(ArrayRef<std::string> outputs);
  TensorUse classify(const Node &node, unsigned input,
                     const NamedTensor &tensor) const;
  bool shiftsInput(const Node &node, unsigned input) const;
  TensorUse::Kind classifyBias(const NamedTensor &tensor,
                               std::optional<int64_t> channels) const;

  /// The channels of the product with weights that made a value, through moves
  /// and sums; none if it is no such product, 0 if they cannot be told.
  std::optional<int64_t> findProduct(StringRef value, int depth = 0) const;

  const Model &model;
  llvm::StringMap<const NamedTensor *> tensors;
  llvm::StringMap<const Node *> makers;
  llvm::StringMap<Roots> roots;
  /// Values that are the data with nothing done but moves and scaling.
  llvm::StringSet<> data;
  TensorUses uses;
};
} // namespace

UseFinder::UseFinder(const Model &model) : model(model) {
  for (const NamedTensor &tensor : model.initializers) {
    tensors[tensor.name] = &tensor;
    roots[tensor.name].insert(tensor.name);
  }
  for (const ValueInfo &input : model.inputs)
    data.insert(input.name);
  forEachNode(model.nodes, [&](const Node &node) {
    for (const std::string &output : node.outputs)
      makers[output] = &node;
  });
}

std::optional<int64_t> UseFinder::findProduct(StringRef value,
                                              int depth) const {
  constexpr int deepest = 8;
  const Node *node = makers.lookup(value);
  if (!node || depth == deepest || node->inputs.empty())
    return std::nullopt;
  if (isMove(*node))
    return findProduct(node->inputs.front(), depth + 1);
  if (node->type == "Add" || node->type == "Sum" || node->type == "Sub") {
    for (const std::string &input : node->inputs)
      if (std::optional<int64_t> channels = findProduct(input, depth + 1))
        return channels;
    return std::nullopt;
  }
  bool isProduct =
      llvm::StringSwitch<bool>(node->type)
          .Cases("MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum", true)
          .Default(false);
  if (!isProduct)
    return std::nullopt;
  for (auto [i, input] : llvm::enumerate(node->inputs)) {
    if (const NamedTensor *weight = tensors.lookup(input))
      if (auto channels = countChannels(*node, i, weight->values.shape))
        return channels;
    if (i < 2 && roots.contains(input))
      return 0; // a weight that is moved first
  }
  return std::nullopt;
}

TensorUse::Kind UseFinder::classifyBias(const NamedTensor &tensor,
                                        std::optional<int64_t> channels) const {
  if (!channels)
    return TensorUse::Kind::Value;
  bool isWide = tensor.values.size() > 1;
  bool mayBeOne =
      *channels == 1 || (*channels == 0 && !tensor.values.shape.empty());
  return isWide || mayBeOne ? TensorUse::Kind::Bias
                            : TensorUse::Kind::SharedBias;
}

/// Is the operand subtracted from the data, or divides them? In pipelines of
/// scikit-learn scalers also multiply and add.
bool UseFinder::shiftsInput(const Node &node, unsigned input) const {
  if (node.inputs.size() != 2 || !data.contains(node.inputs[1 - input]))
    return false;
  if (node.type == "Sub" || node.type == "Div")
    return input == 1;
  return model.producer == "skl2onnx" &&
         (node.type == "Mul" || node.type == "Add");
}

/// Is the operand added to another, or one taken off the other?
static bool isAddition(const Node &node) {
  return node.inputs.size() == 2 &&
         (node.type == "Add" || node.type == "Sum" || node.type == "Sub");
}

TensorUse UseFinder::classify(const Node &node, unsigned input,
                              const NamedTensor &tensor) const {
  TensorUse use{TensorUse::Kind::Value, node.qualifiedType(), node.name};
  // A learned exponent has a name.
  bool isExponent =
      tensor.values.size() == 1 && !isModulePath(model, tensor.name);
  if (node.type == "BatchNormalization" && (input == 3 || input == 4))
    use.kind = TensorUse::Kind::Statistic;
  else if (isSetting(node.type, input) && (node.type != "Pow" || isExponent))
    use.kind = TensorUse::Kind::Setting;
  else if (node.type == "Gemm" && input == 2)
    use.kind = getReal(node, "beta", 1) == 0
                   ? TensorUse::Kind::Setting
                   : classifyBias(tensor, findProduct(node.outputs.front()));
  else if (isWeightSlot(node.type, input))
    use.kind = TensorUse::Kind::Weight;
  else if (isAddition(node) && !shiftsInput(node, input))
    use.kind = classifyBias(tensor, findProduct(node.inputs[1 - input]));
  else if (shiftsInput(node, input))
    use.kind = TensorUse::Kind::InputShift;
  if (use.kind == TensorUse::Kind::Value && node.type == "Gemm")
    use.kind = TensorUse::Kind::Weight; // the product's channels are unknown
  return use;
}

/// Does the node scale or shift its first input by a tensor of the file?
static bool isScaling(const Node &node) {
  return llvm::StringSwitch<bool>(node.type)
      .Cases("Sub", "Div", "Mul", "Add", true)
      .Default(false);
}

void UseFinder::visit(const Node &node) {
  for (auto [i, input] : llvm::enumerate(node.inputs)) {
    auto found = roots.find(input);
    if (found == roots.end())
      continue;
    Roots sources = found->second;
    bool passes = node.type == "Concat" || (isMove(node) && i == 0);
    for (const auto &source : sources) {
      StringRef name = source.getKey();
      if (!passes)
        uses[name].push_back(classify(node, i, *tensors.lookup(name)));
      else
        for (const std::string &output : node.outputs)
          roots[output].insert(name);
    }
  }
  // Data that get more axes are compared with, not normalised by, what follows.
  bool keepsAxes =
      llvm::StringSwitch<bool>(node.type)
          .Cases("Cast", "CastLike", "Identity", "Transpose", "Flatten", true)
          .Default(false);
  bool stays =
      keepsAxes && !node.inputs.empty() && data.contains(node.inputs.front());
  if (isScaling(node) && node.inputs.size() == 2)
    stays =
        llvm::any_of(node.inputs,
                     [&](StringRef input) { return data.contains(input); }) &&
        llvm::any_of(node.inputs,
                     [&](StringRef input) { return tensors.contains(input); });
  if (stays)
    for (const std::string &output : node.outputs)
      data.insert(output);
}

void UseFinder::visitOutputs(ArrayRef<std::string> outputs) {
  for (const std::string &output : outputs) {
    auto found = roots.find(output);
    if (found == roots.end())
      continue;
    for (const auto &source : found->second)
      uses[source.getKey()].push_back({TensorUse::Kind::Output, "", ""});
  }
}

TensorUses UseFinder::run() {
  forEachNode(model.nodes, [&](const Node &node) {
    visit(node);
    // What an inner graph returns is used by the node around it.
    for (const auto &attribute : node.attributes)
      if (attribute.second.graph)
        visitOutputs(attribute.second.graph->outputs);
  });
  std::vector<std::string> outputs;
  for (const ValueInfo &output : model.outputs)
    outputs.push_back(output.name);
  visitOutputs(outputs);
  return std::move(uses);
}

TensorUses onnximport::findUses(const Model &model) {
  return UseFinder(model).run();
}
