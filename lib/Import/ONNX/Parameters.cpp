// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// torch's signature of a model, parameters that its older exporter merged, and
// the choice of parameters: by the rule, then by the options.

#include "Parameters.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

std::optional<Signature> onnximport::readSignature(const Model &model) {
  if (model.signature.empty())
    return std::nullopt;
  Signature signature;
  llvm::SmallVector<StringRef> lines;
  StringRef(model.signature).split(lines, '\n');
  for (StringRef line : lines) {
    auto [head, tail] = line.split(" target='");
    if (line.starts_with("#") || tail.empty())
      continue;
    StringRef target = tail.take_until([](char c) { return c == '\''; });
    bool isParameter = head.contains(": PARAMETER");
    if (isParameter && signature.parameters.insert(target).second)
      signature.order.push_back(target.str());
    if (isParameter)
      continue;
    signature.buffers.insert(target);
    if (!head.contains(": BUFFER") || line.contains("persistent=False"))
      signature.transient.insert(target);
  }
  return signature;
}

void onnximport::separateMerged(Model &model) {
  if (model.producer != "pytorch" || !model.signature.empty())
    return;
  llvm::StringMap<size_t> positions;
  for (auto [i, tensor] : llvm::enumerate(model.initializers))
    positions[tensor.name] = i;
  llvm::StringSet<> outputs;
  for (const ValueInfo &output : model.outputs)
    outputs.insert(output.name);
  llvm::erase_if(model.nodes, [&](const Node &node) {
    if (node.type != "Identity" || !node.domain.empty() ||
        node.inputs.size() != 1 || node.outputs.size() != 1)
      return false;
    StringRef name = node.outputs.front();
    auto source = positions.find(node.inputs.front());
    if (source == positions.end() || outputs.contains(name) ||
        name.starts_with("/") || name.starts_with("onnx::") ||
        !name.contains('.') || positions.contains(name))
      return false;
    Array values = model.initializers[source->second].values;
    positions[name] = model.initializers.size();
    model.initializers.push_back({name.str(), std::move(values)});
    return true;
  });
}

llvm::Error onnximport::setValues(Model &model,
                                  llvm::ArrayRef<NamedArray> values) {
  llvm::StringMap<const Array *> byName;
  for (const NamedArray &entry : values)
    byName[entry.name] = &entry.array;
  for (NamedTensor &tensor : model.initializers) {
    const Array *given = byName.lookup(tensor.name);
    if (!given || given->shape != tensor.values.shape ||
        isFloat(given->kind) != isFloat(tensor.values.kind))
      continue;
    llvm::Expected<Array> array = given->load();
    if (!array)
      return array.takeError();
    tensor.declared = tensor.values.kind;
    tensor.values = std::move(*array);
  }
  return llvm::Error::success();
}

llvm::Expected<std::vector<ParameterChoice>>
onnximport::chooseParameters(const Model &model,
                             const llvm::StringSet<> &standIns,
                             const OnnxImportOptions &options) {
  std::vector<ParameterChoice> choices = judgeParameters(model, standIns);
  if (llvm::Error error = applyGlobs(choices, options.wrt, options.frozen))
    return std::move(error);
  return choices;
}
