// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Batch normalisation in evaluation mode is a scale and a shift, and the
// optimizer multiplies them into the weight before it:
//
//   W' = W γ / √(σ² + ε)      b' = (b − μ) γ / √(σ² + ε) + β
//
// W' keeps the name of W. Four tensors cannot be told from two; but the call
// of the norm is still beside the fused node, with the names of all its
// parameters, so that the norm can be put back where their values are given.

#include "Undo/BatchNorm.h"
#include "Undo/ZeroBias.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Error;
using llvm::StringRef;

namespace {

/// One node that a norm was folded into.
class NormUnfolder {
public:
  NormUnfolder(ExportedModel &model, Findings &findings, const FxCall &call,
               size_t node)
      : model(model), findings(findings), call(call), node(node) {}

  Error run();

private:
  std::string findOwnBias() const;
  std::string nameOf(size_t argument) const;
  bool areGiven(std::optional<int64_t> channels) const;
  Error restore(int64_t channels);
  void lose();

  ExportedModel &model;
  Findings &findings;
  const FxCall &call;
  size_t node;
  std::string weight, bias;
  /// Scale, shift, mean and variance; empty where the norm has none.
  std::string names[4];
};

} // namespace

/// The bias that the product had before: it keeps its name, or, if it was zero
/// and went before the norm was folded, no call names it.
std::string NormUnfolder::findOwnBias() const {
  const Node &fused = model.node(node);
  if (fused.inputs.size() > 2 && model.isParameter(fused.inputs[2]))
    return fused.inputs[2];
  StringRef stem = weight;
  if (!stem.consume_back("weight"))
    return "";
  std::string own = (stem + "bias").str();
  bool isGone = model.isParameter(own) && !model.named.contains(own) &&
                !model.isRead(own);
  return isGone ? own : "";
}

std::string NormUnfolder::nameOf(size_t argument) const {
  StringRef value = call.valueOf(argument);
  StringRef parameter = model.parameterOf(value);
  return (parameter.empty() ? model.bufferOf(value) : parameter).str();
}

bool NormUnfolder::areGiven(std::optional<int64_t> channels) const {
  auto has = [&](const std::string &name, llvm::ArrayRef<int64_t> shape) {
    auto found = findings.given.find(name);
    return found != findings.given.end() && isFloat(found->second.kind) &&
           llvm::ArrayRef<int64_t>(found->second.shape) == shape;
  };
  const Array *fused = model.find(weight);
  if (!channels || !fused || !model.isParameter(weight) ||
      !has(weight, fused->shape) || (!bias.empty() && !has(bias, *channels)))
    return false;
  // A norm without parameters has statistics all the same.
  return !names[2].empty() && !names[3].empty() &&
         llvm::all_of(names, [&](const std::string &name) {
           return name.empty() || has(name, *channels);
         });
}

void NormUnfolder::lose() {
  std::vector<std::string> lost;
  for (const std::string &name : {weight, bias, names[0], names[1]})
    if (model.isParameter(name))
      lost.push_back(name);
  for (const std::string &input : model.node(node).inputs)
    if (model.isFloatTensor(input) && !model.isParameter(input))
      findings.standIns.insert(input);
  findings.losses.push_back({"batch norm is folded into", "'" + weight + "'",
                             std::move(lost),
                             /*isDecidable=*/true});
}

Error onnximport::addUniform(ExportedModel &model, StringRef name,
                             int64_t count, float value) {
  llvm::MutableArrayRef<char> bytes;
  llvm::Expected<Array> array =
      Array::allocate(ElementKind::Float32, count, bytes);
  if (!array)
    return array.takeError();
  std::fill_n(reinterpret_cast<float *>(bytes.data()), count, value);
  model.addTensor(name, std::move(*array));
  return Error::success();
}

Node onnximport::makeBatchNorm(const ExportedModel &model,
                               const std::string &input,
                               llvm::ArrayRef<std::string> parameters,
                               const std::string &output, double epsilon) {
  std::vector<std::string> inputs{input};
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  Node norm = model.makeNode("BatchNormalization", std::move(inputs), {output});
  NodeAttribute attribute;
  attribute.kind = NodeAttribute::Kind::Float;
  attribute.floats = {epsilon};
  norm.attributes["epsilon"] = std::move(attribute);
  return norm;
}

Error NormUnfolder::restore(int64_t channels) {
  model.setTensor(weight, findings.given[weight]);
  if (bias.empty()) {
    model.dropInputs(node, 2);
  } else {
    if (!model.find(bias))
      model.addTensor(bias, findings.given[bias]);
    model.setTensor(bias, findings.given[bias]);
    model.setInput({node, 2}, bias);
  }
  for (const std::string &name : names)
    if (!name.empty() && !model.find(name))
      model.addTensor(name, findings.given[name]);
  for (unsigned i : {0, 1}) {
    if (!names[i].empty())
      continue;
    names[i] = model.makeName(call.name + (i ? ".zeros" : ".ones"));
    if (Error error = addUniform(model, names[i], channels, i ? 0 : 1))
      return error;
  }
  for (const std::string &name : {weight, bias, names[0], names[1]})
    model.placed.insert(name);
  std::string result = model.node(node).outputs[0];
  // The name that the call has for it, so that it is not missed.
  StringRef read = call.valueOf(0);
  std::string product =
      model.makeName(read.empty() ? result + ".product" : read.str());
  model.setOutput(node, 0, product);
  bool isNative = StringRef(call.op).starts_with("_native");
  double epsilon = 1e-5;
  size_t position = isNative ? 6 : 7;
  if (position < call.args.size())
    StringRef(call.args[position]).getAsDouble(epsilon);
  model.insertBehind(node,
                     makeBatchNorm(model, product, names, result, epsilon));
  findings.restored += 2;
  return Error::success();
}

Error NormUnfolder::run() {
  const Node &fused = model.node(node);
  weight = fused.inputs.size() > 1 ? fused.inputs[1] : std::string();
  bias = findOwnBias();
  for (size_t i = 0; i < 4; ++i)
    names[i] = nameOf(i + 1);
  std::optional<int64_t> channels = countChannels(model, fused);
  if (areGiven(channels))
    return restore(*channels);
  lose();
  return Error::success();
}

Error onnximport::unfoldBatchNorms(ExportedModel &model, Findings &findings) {
  for (const CallNodes &nodes : model.getCalls()) {
    for (size_t index : nodes.nodes) {
      StringRef rules = model.node(index).rewriteRules;
      if (rules.contains("FuseBatchNorm"))
        if (Error error =
                NormUnfolder(model, findings, nodes.call, index).run())
          return error;
    }
  }
  return Error::success();
}
