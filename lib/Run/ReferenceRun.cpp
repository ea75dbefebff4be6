// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reference kernel: arrays as tensors of dual numbers, the full kernel by
// the interpreter, and what was asked for out of it.

#include "ntk/Run/ReferenceRun.h"
#include "ntk/Reference/ReferenceKernel.h"
#include "ntk/Support/Diagnostics.h"

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

DualTensor mlir::ntk::toDual(const Array &array, ArrayRef<int64_t> shape,
                             int64_t first) {
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
    arguments.back() = toDual(*values, type.getShape(), 0);
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

namespace {
/// One index of every axis.
using Indices = SmallVector<int64_t>;

/// Adds a pair of a full kernel [O][O] to what is kept of its output axes.
class PairReduction {
public:
  PairReduction(NetworkOp network, const KernelShape &shape)
      : shape(shape), joined(getJoinedOrder(network, shape)) {
    for (const KernelAxis &axis : shape.axes)
      if (axis.pairs.isTrace() && shape.dividesTraces)
        divisor *= static_cast<double>(axis.size);
    for (size_t output = 0; output < joined.size(); ++output)
      indices.push_back(split(output));
  }

  void add(const double *pair, double *to) const {
    int64_t outputs = joined.size();
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t p = 0; p < outputs; ++p)
        if (std::optional<int64_t> place = getPlace(indices[o], indices[p]))
          to[*place] += pair[joined[o] * outputs + joined[p]] / divisor;
  }

private:
  Indices split(int64_t output) const {
    Indices indices(shape.axes.size());
    for (size_t i = indices.size(); i-- > 0; output /= shape.axes[i].size)
      indices[i] = output % shape.axes[i].size;
    return indices;
  }

  /// Where outputs `o` and `p` go, if they go anywhere.
  std::optional<int64_t> getPlace(ArrayRef<int64_t> o,
                                  ArrayRef<int64_t> p) const {
    int64_t place = 0;
    for (auto [axis, i, j] : llvm::zip_equal(shape.axes, o, p)) {
      if (axis.pairs.shared && i != j)
        return std::nullopt;
      if (axis.pairs.kept)
        place = place * axis.size + i;
      if (axis.pairs.isFull())
        place = place * axis.size + j;
    }
    return place;
  }

  const KernelShape &shape;
  std::vector<int64_t> joined;
  std::vector<Indices> indices; ///< of each output
  double divisor = 1;
};
} // namespace

Expected<Array> mlir::ntk::runReference(Model &model, const KernelShape &shape,
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
    return diagnostics.takeError(model.path, "evaluation failed");

  int64_t n2 = x2 ? x2->count : x1.count, outputs = model.network.getOutputs();
  Expected<Array> theta = Array::allocate(
      ElementKind::Float64, shape.getFileShape(x1.count, n2), bytes);
  if (!theta)
    return theta;
  auto *to = reinterpret_cast<double *>(bytes.data());
  int64_t pairs = x1.count * n2, pairSize = theta->size() / pairs;
  std::fill_n(to, theta->size(), 0.0);
  PairReduction reduction(model.network, shape);
  for (int64_t pair = 0; pair < pairs; ++pair)
    reduction.add(full->data() + pair * outputs * outputs,
                  to + pair * pairSize);
  return theta;
}
