// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parameters of a kernel, given by name and packed when a call needs them.

#include "Objects.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::Error;
using llvm::Expected;

/// The kind that a network's elements have in its parameter block.
static ElementKind getKind(Type element) {
  if (isa<FloatType>(element))
    return element.isF64() ? ElementKind::Float64 : ElementKind::Float32;
  return element.isInteger(1)    ? ElementKind::Bool
         : element.isInteger(32) ? ElementKind::Int32
                                 : ElementKind::Int64;
}

/// The tensors of the store as they lie in the block, where they do.
static ParameterStore lookInto(const std::shared_ptr<AlignedBytes> &block,
                               const ParameterStore &store,
                               const KernelSizes &sizes, NetworkOp network) {
  llvm::StringMap<ElementKind> kinds;
  llvm::StringMap<int64_t> offsets;
  for (unsigned i = 0; i < network.getNumArguments(); ++i) {
    ElementKind kind =
        getKind(getElementTypeOrSelf(network.getArgumentTypes()[i]));
    kinds[network.getParameterName(i)] = kind;
    kinds[network.getBufferName(i)] = kind;
  }
  for (const auto &[name, offset] : sizes.parameterOffsets)
    offsets[name] = offset;
  ParameterStore result;
  for (const StoredTensor &tensor : store.tensors()) {
    Array values = tensor.values;
    auto offset = offsets.find(tensor.name);
    if (offset != offsets.end()) {
      ElementKind kind = kinds.lookup(tensor.name);
      size_t bytes = *byteSizeOf(kind, values.shape);
      values =
          Array(kind, values.shape,
                llvm::ArrayRef(block->data + offset->second, bytes), block);
    }
    result.add(tensor.name, values, tensor.trainable);
  }
  return result;
}

Error ntk_parameters::pack() {
  CompiledKernel &compiled = *kernel->compiled;
  if (block && plan == compiled.countPlans())
    return Error::success();
  const KernelSizes &sizes = compiled.getFitted().sizes;
  NetworkOp network = compiled.getModel().network;
  Expected<AlignedBytes> packed = packParameters(sizes, store, network);
  if (!packed)
    return packed.takeError();
  block = std::make_shared<AlignedBytes>(std::move(*packed));
  plan = compiled.countPlans();
  store = lookInto(block, store, sizes, network);
  if (this == &kernel->own)
    compiled.getModel().store = store;
  return Error::success();
}

/// The store with bytes of its own where they are the caller's.
static Expected<ParameterStore> copyGiven(const ParameterStore &store,
                                          const ParameterStore &models) {
  ParameterStore result;
  for (const StoredTensor &tensor : store.tensors()) {
    const StoredTensor *old = models.find(tensor.name);
    bool isModels =
        old && old->values.bytes().data() == tensor.values.bytes().data();
    Expected<Array> values =
        isModels ? tensor.values : copyArray(tensor.values);
    if (!values)
      return values.takeError();
    result.add(tensor.name, std::move(*values), tensor.trainable);
  }
  return result;
}

ntk_status ntk_parameters_create(ntk_kernel *kernel, const ntk_array *arrays,
                                 int64_t count, int flags,
                                 ntk_parameters **parameters) {
  *parameters = nullptr;
  return kernel->use([&]() -> Error {
    Expected<std::vector<NamedArray>> given =
        takeArrays(arrays, count, "params");
    if (!given)
      return given.takeError();
    const Model &model = kernel->compiled->getModel();
    Expected<ParameterStore> store =
        takeValues(model, *given, "params", flags & NTK_PARTIAL,
                   kernel->options.allowNonFinite);
    if (store && !(flags & NTK_BORROWED))
      store = copyGiven(*store, model.store);
    if (!store)
      return store.takeError();
    *parameters = new ntk_parameters();
    (*parameters)->kernel = kernel;
    (*parameters)->store = std::move(*store);
    return Error::success();
  });
}

void ntk_parameters_destroy(ntk_parameters *parameters) { delete parameters; }
