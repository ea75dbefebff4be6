// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reference kernel: arrays as tensors of dual numbers, the full kernel by
// the interpreter, and what was asked for out of it.

#include "ntk/Driver/ReferenceRun.h"
#include "ntk/Driver/Diagnostics.h"
#include "ntk/Driver/KernelShape.h"
#include "ntk/Reference/ReferenceKernel.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

template <typename T> static void copyValues(ArrayRef<T> from, DualTensor &to) {
  for (int64_t i = 0; i < to.size(); ++i)
    to[i] = Dual(static_cast<double>(from[i]));
}

/// Elements `first`, `first` + 1, … of an array as a tensor.
static DualTensor toDual(const Array &array, ArrayRef<int64_t> shape,
                         int64_t first = 0) {
  DualTensor tensor(shape);
  switch (array.kind) {
  case ElementKind::Float32:
    copyValues(array.as<float>().drop_front(first), tensor);
    break;
  case ElementKind::Float64:
    copyValues(array.as<double>().drop_front(first), tensor);
    break;
  case ElementKind::Int32:
    copyValues(array.as<int32_t>().drop_front(first), tensor);
    break;
  case ElementKind::Int64:
    copyValues(array.as<int64_t>().drop_front(first), tensor);
    break;
  default: // Bool: the only other kind that convertTo makes.
    copyValues(array.as<uint8_t>().drop_front(first), tensor);
  }
  return tensor;
}

/// Parameters and buffers, empty tensors for inputs.
static Expected<Arguments> getArguments(Model &model) {
  Arguments arguments;
  NetworkOp network = model.network;
  for (unsigned i = 0; i < network.getNumArguments(); ++i) {
    auto type = cast<RankedTensorType>(network.getArgumentTypes()[i]);
    arguments.emplace_back(type.getShape());
    if (network.isInput(i))
      continue;
    StringRef name = network.getParameterName(i).empty()
                         ? network.getBufferName(i)
                         : network.getParameterName(i);
    Expected<Array> values = convertTo(model.store.find(name)->values,
                                       type.getElementType(), "'" + name + "'");
    if (!values)
      return values.takeError();
    arguments.back() = toDual(*values, type.getShape());
  }
  return arguments;
}

/// The inputs of every example.
static std::vector<Arguments> getExamples(const Model &model,
                                          const Examples &examples) {
  std::vector<Arguments> result(examples.count);
  for (int64_t n = 0; n < examples.count; ++n)
    for (auto [input, array] : llvm::zip_equal(model.inputs, examples.inputs))
      result[n].push_back(toDual(array, input.type.getShape(),
                                 n * input.type.getNumElements()));
  return result;
}

//===----------------------------------------------------------------------===//
// Output axes
//===----------------------------------------------------------------------===//

/// One pair of a full kernel [O][O] to what is kept of its output axes.
static double *reduce(KernelOutputs kind, int64_t outputs, const double *pair,
                      double *to) {
  double sum = 0;
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t p = 0; p < outputs; ++p) {
      double value = pair[o * outputs + p];
      if (kind == KernelOutputs::Full ||
          (kind == KernelOutputs::Diagonal && o == p))
        *to++ = value;
      if (kind == KernelOutputs::Sum || o == p)
        sum += value;
    }
  if (kind == KernelOutputs::Trace)
    *to++ = sum / static_cast<double>(outputs);
  if (kind == KernelOutputs::Sum)
    *to++ = sum;
  return to;
}

Expected<Array> mlir::ntk::runReference(Model &model, const RunOptions &options,
                                        const Examples &x1, const Examples *x2,
                                        MutableArrayRef<char> &bytes) {
  Expected<Arguments> arguments = getArguments(model);
  if (!arguments)
    return arguments.takeError();
  SmallVector<unsigned> wrt;
  for (unsigned i = 0; i < model.network.getNumArguments(); ++i)
    if (llvm::is_contained(model.wrt, model.network.getParameterName(i)))
      wrt.push_back(i);
  std::vector<Arguments> examples1 = getExamples(model, x1), examples2;
  if (x2)
    examples2 = getExamples(model, *x2);
  DiagnosticCollector diagnostics(model.module->getContext());
  FailureOr<std::vector<double>> full =
      referenceKernel(model.network, *arguments, examples1, examples2, wrt);
  if (failed(full))
    return diagnostics.takeError(options.model + ": evaluation failed");

  KernelOutputs kind = *symbolizeKernelOutputs(options.kernel);
  int64_t n2 = x2 ? x2->count : x1.count, outputs = model.network.getOutputs();
  Expected<Array> theta =
      Array::allocate(ElementKind::Float64,
                      getKernelShape(model.network, kind, x1.count, n2), bytes);
  if (!theta)
    return theta;
  auto *to = reinterpret_cast<double *>(bytes.data());
  for (int64_t pair = 0; pair < x1.count * n2; ++pair)
    to = reduce(kind, outputs, full->data() + pair * outputs * outputs, to);
  return theta;
}
