// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A bias of zeros changes no output, and the optimizer removes it; the kernel
// loses its term. The call names it still, and its length is that of the
// output's channels.

#include "Undo/ZeroBias.h"
#include "Undo/Roles.h"
#include "Undo/Tensors.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

static int64_t getInt(const Node &node, StringRef name, int64_t missing) {
  auto found = node.attributes.find(name);
  return found == node.attributes.end() || found->second.ints.empty()
             ? missing
             : found->second.ints.front();
}

std::optional<int64_t> onnximport::countChannels(const ExportedModel &model,
                                                 const Node &node) {
  std::optional<ValueType> weight;
  if (node.inputs.size() > 1)
    weight = model.typeOf(node.inputs[1]);
  if (!weight || weight->shape.size() < 2)
    return std::nullopt;
  if (node.type == "ConvTranspose")
    return weight->shape[1] * getInt(node, "group", 1);
  if (node.type == "Gemm" && !getInt(node, "transB", 0))
    return weight->shape[1];
  return weight->shape[0];
}

/// Is the bias one of a module that has the weight, too? Such layers have an
/// element for each output, whatever they call.
static bool isOfLayer(const ExportedModel &model, const FxCall &call,
                      StringRef parameter) {
  StringRef stem = parameter;
  if (!stem.consume_back(".bias"))
    return false;
  std::string weight = (stem + ".weight").str();
  return llvm::any_of(call.references, [&](const std::string &value) {
    return model.parameterOf(value) == weight;
  });
}

/// The shape of the bias, where the call leaves a choice: `addmm` adds what
/// can be broadcast.
static llvm::SmallVector<int64_t>
chooseShape(const ExportedModel &model, Findings &findings, const FxCall &call,
            StringRef parameter, int64_t channels) {
  auto given = findings.given.find(parameter);
  bool isOpen = call.op == "addmm" && channels > 1;
  if (isOpen && given != findings.given.end()) {
    llvm::ArrayRef<int64_t> shape = given->second.shape;
    if (shape.size() <= 2 && llvm::all_of(shape, [&](int64_t size) {
          return size == 1 || size == channels;
        }))
      return llvm::SmallVector<int64_t>(shape);
  }
  if (isOpen && !isOfLayer(model, call, parameter))
    findings.openBiases.push_back(parameter.str());
  return {channels};
}

llvm::Expected<bool> onnximport::restoreZeroBias(ExportedModel &model,
                                                 Findings &findings,
                                                 const CallNodes &nodes,
                                                 StringRef value) {
  const FxCall &call = nodes.call;
  StringRef parameter = model.parameterOf(value);
  for (size_t index : nodes.nodes) {
    const Node &node = model.node(index);
    int position = getBiasArgument(call.op, node.type);
    if (position < 0 || call.valueOf(position) != value ||
        llvm::count(call.references, value) != 1)
      continue;
    std::optional<int64_t> channels = countChannels(model, node);
    if ((node.inputs.size() > 2 && !node.inputs[2].empty()) || !channels)
      continue;
    if (!model.find(parameter)) {
      llvm::Expected<Array> zeros =
          makeZeros(model.typeOf(node.inputs[1])->kind,
                    chooseShape(model, findings, call, parameter, *channels));
      if (!zeros)
        return zeros.takeError();
      model.addTensor(parameter, std::move(*zeros));
    }
    model.setInput({index, 2}, parameter);
    model.placed.insert(parameter);
    ++findings.restored;
    return true;
  }
  return false;
}
