// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel's model has: parameters, inputs, outputs.

#include "Objects.h"

using namespace mlir;
using namespace mlir::ntk;

static ElementKind getKind(Type element) {
  if (isa<FloatType>(element))
    return element.isF64() ? ElementKind::Float64 : ElementKind::Float32;
  return element.isInteger(1) ? ElementKind::Bool : ElementKind::Int64;
}

static TensorEntry describeType(StringRef name, Type type) {
  auto tensor = cast<RankedTensorType>(type);
  TensorEntry entry;
  entry.name = name.str();
  entry.kind = getKind(tensor.getElementType());
  llvm::append_range(entry.shape, tensor.getShape());
  return entry;
}

/// The state of the model, as a state_dict has it, and what else has no value.
static void listParameters(ntk_kernel &kernel, const Model &model) {
  NetworkOp network = model.network;
  llvm::StringMap<RankedTensorType> missing;
  SmallVector<StringRef> order;
  for (unsigned i = 0; i < network.getNumArguments(); ++i) {
    StringRef name = network.getParameterName(i);
    if (name.empty())
      name = network.getBufferName(i);
    if (name.empty() || model.store.find(name))
      continue;
    missing[name] = cast<RankedTensorType>(network.getArgumentTypes()[i]);
    order.push_back(name);
  }
  for (const ParameterChoice &choice : model.choices) {
    bool isState = choice.role != ParameterChoice::Role::Constant;
    if (!choice.used || (!isState && !choice.taken))
      continue;
    TensorEntry entry;
    entry.name = choice.name;
    entry.kind = choice.kind;
    entry.shape = choice.shape;
    entry.isDifferentiated = choice.taken;
    entry.isNeeded = missing.erase(choice.name);
    kernel.parameters.push_back(std::move(entry));
  }
  for (StringRef name : order) {
    if (!missing.contains(name))
      continue;
    TensorEntry entry = describeType(name, missing[name]);
    entry.isNeeded = true;
    kernel.parameters.push_back(std::move(entry));
  }
}

void mlir::ntk::fillLists(ntk_kernel &kernel) {
  const Model &model = kernel.compiled->getModel();
  listParameters(kernel, model);
  for (const NetworkInput &input : model.inputs)
    kernel.inputs.push_back(describeType(input.name, input.type));
  NetworkOp network = model.network;
  for (auto [i, type] : llvm::enumerate(network.getResultTypes()))
    kernel.outputs.push_back(describeType(
        i < model.outputs.size() ? StringRef(model.outputs[i]) : "", type));
  for (const std::string &line : model.warnings)
    kernel.warnings.push_back(spellOptions(line));
  for (const std::string &line : model.notes)
    kernel.notes.push_back(spellOptions(line));
}

//===----------------------------------------------------------------------===//
// Reading them
//===----------------------------------------------------------------------===//

/// An entry of a list, or null behind the last.
template <typename T>
static const T *find(const std::vector<T> &list, int64_t index) {
  return index >= 0 && index < static_cast<int64_t>(list.size()) ? &list[index]
                                                                 : nullptr;
}

int ntk_kernel_tensor(const ntk_kernel *kernel, ntk_list list, int64_t index,
                      ntk_tensor *tensor) {
  const TensorEntry *entry = find(list == NTK_PARAMETERS ? kernel->parameters
                                  : list == NTK_INPUTS   ? kernel->inputs
                                                         : kernel->outputs,
                                  index);
  if (!entry)
    return 0;
  *tensor = {entry->name.c_str(),
             static_cast<int32_t>(entry->kind),
             static_cast<int32_t>(entry->shape.size()),
             entry->shape.data(),
             entry->isDifferentiated,
             entry->isNeeded};
  return 1;
}

const char *ntk_kernel_message(const ntk_kernel *kernel, int severity,
                               int64_t index) {
  const std::string *line =
      find(severity ? kernel->warnings : kernel->notes, index);
  return line ? line->c_str() : nullptr;
}

ntk_dtype ntk_kernel_dtype(const ntk_kernel *kernel) {
  return kernel->compiled->isDouble() ? NTK_FLOAT64 : NTK_FLOAT32;
}

int32_t ntk_kernel_shape(const ntk_kernel *kernel, int64_t n1, int64_t n2,
                         int64_t shape[NTK_MAX_RANK]) {
  SmallVector<int64_t> sizes =
      kernel->compiled->getShape().getFileShape(n1, n2);
  llvm::copy(sizes, shape);
  return static_cast<int32_t>(sizes.size());
}

double ntk_kernel_run_seconds(const ntk_kernel *kernel) {
  return kernel->runSeconds;
}
