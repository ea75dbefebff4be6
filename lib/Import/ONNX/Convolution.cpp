// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions and transposed convolutions of any spatial rank. The weight has
// no batch axis; the bias is added to every pixel.

#include "Operators.h"
#include "Window.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Checks what both kinds expect of the weight.
static LogicalResult checkWeight(NodeImporter &node, const GraphValue &image,
                                 const GraphValue &weight, int64_t groups) {
  if (weight.batch)
    return node.emitError() << "expected a weight that is the same for all "
                               "examples, but it depends on the input";
  if (weight.rank() != image.rank() + 1)
    return node.emitError() << "expected a weight of rank " << image.rank() + 1
                            << ", but got " << weight.rank();
  if (groups < 1 || image.shape[0] % groups != 0 ||
      weight.shape[0] % groups != 0)
    return node.emitError()
           << "expected groups that divide the " << image.shape[0]
           << " input channels and the " << weight.shape[0]
           << " kernels, but got " << groups;
  return success();
}

/// Adds bias[c] to every pixel of y [c, s…].
static FailureOr<Value> addBias(NodeImporter &node, Value y) {
  GraphBuilder &graph = node.graph;
  if (!node.hasInput(2))
    return y;
  Frame frame;
  frame.shape = llvm::to_vector(cast<RankedTensorType>(y.getType()).getShape());
  const GraphValue &bias = node.input(2);
  if (bias.batch || bias.rank() != 1 || bias.shape[0] != frame.shape[0])
    return node.emitError()
           << "expected a bias of " << frame.shape[0] << " elements";
  std::optional<Number> splat = bias.splat();
  if (splat && splat->real == 0)
    return y;
  FailureOr<Value> added = graph.materialize(bias);
  if (failed(added))
    return failure();
  added = graph.create<BroadcastOp>(
      *added, {graph.attribute("dimensions", ArrayRef<int64_t>{0}),
               graph.attribute("shape", frame.shape)});
  if (failed(added))
    return failure();
  return graph.create<AddOp>({y, *added});
}

/// The attributes of ntk.conv and its like.
static SmallVector<NamedAttribute>
geometry(GraphBuilder &graph, const Window &window, int64_t groups) {
  return {graph.attribute("strides", window.strides),
          graph.attribute("padding", window.padding()),
          graph.attribute("dilations", window.dilations),
          graph.attribute("groups", groups)};
}

static LogicalResult importConv(NodeImporter &node) {
  FailureOr<GraphValue> image = takeImages(node);
  if (failed(image))
    return failure();
  const GraphValue &weight = node.input(1);
  int64_t groups = node.getInteger("group", 1);
  if (failed(checkWeight(node, *image, weight, groups)))
    return failure();
  ArrayRef<int64_t> kernel = ArrayRef(weight.shape).drop_front(2);
  FailureOr<Window> window =
      readWindow(node, kernel, ArrayRef(image->shape).drop_front());
  if (failed(window))
    return failure();
  if (ArrayRef(window->kernel) != kernel)
    return node.emitError() << "expected kernel_shape to be the weight's sizes";
  FailureOr<Value> x = node.graph.materialize(*image);
  FailureOr<Value> w = node.graph.materialize(weight);
  if (failed(x) || failed(w))
    return failure();
  FailureOr<Value> y = node.graph.create<ConvOp>(
      {*x, *w}, geometry(node.graph, *window, groups));
  if (succeeded(y))
    y = addBias(node, *y);
  if (failed(y))
    return failure();
  return node.setResult(makeImages(node, *y, node.input(0).kind));
}

//===----------------------------------------------------------------------===//
// Transposed convolution
//===----------------------------------------------------------------------===//

/// Geometry and output sizes of a transposed convolution:
///   out = stride (in − 1) + output_padding + dilation (kernel − 1) + 1 − pads.
static LogicalResult readTransposedWindow(NodeImporter &node,
                                          ArrayRef<int64_t> kernel,
                                          ArrayRef<int64_t> sizes,
                                          Window &window,
                                          SmallVector<int64_t> &outputs) {
  size_t rank = sizes.size();
  SmallVector<int64_t> ones(rank, 1), zeros(rank, 0), noPads(2 * rank, 0);
  window.kernel = llvm::to_vector(kernel);
  window.strides = node.getIntegers("strides", ones);
  window.dilations = node.getIntegers("dilations", ones);
  SmallVector<int64_t> pads = node.getIntegers("pads", noPads);
  SmallVector<int64_t> extra = node.getIntegers("output_padding", zeros);
  SmallVector<int64_t> wanted = node.getIntegers("output_shape");
  std::string mode = node.getString("auto_pad", "NOTSET");
  if (mode != "NOTSET" || !wanted.empty())
    return node.emitError() << "expected explicit pads, but got auto_pad or "
                               "output_shape";
  if (window.strides.size() != rank || window.dilations.size() != rank ||
      pads.size() != 2 * rank || extra.size() != rank)
    return node.emitError() << "expected strides, dilations, pads and "
                               "output_padding for "
                            << rank << " spatial axes";
  window.low.assign(pads.begin(), pads.begin() + rank);
  window.high.assign(pads.begin() + rank, pads.end());
  for (size_t i = 0; i < rank; ++i) {
    auto isSize = [](int64_t v) { return v >= 0 && v < (int64_t(1) << 30); };
    if (!isSize(window.strides[i] - 1) || !isSize(window.dilations[i] - 1) ||
        !isSize(window.low[i]) || !isSize(window.high[i]) ||
        !isSize(extra[i]) || !isSize(sizes[i] - 1) || !isSize(kernel[i] - 1))
      return node.emitError() << "expected positive strides and dilations, "
                                 "and pads from 0 on";
    int64_t reach = window.dilations[i] * (kernel[i] - 1) + 1;
    int64_t output = window.strides[i] * (sizes[i] - 1) + extra[i] + reach -
                     window.low[i] - window.high[i];
    if (output < 1)
      return node.emitError() << "expected at least one output along spatial "
                                 "axis "
                              << i << ", but got " << output;
    outputs.push_back(output);
  }
  return success();
}

static LogicalResult importConvTranspose(NodeImporter &node) {
  FailureOr<GraphValue> image = takeImages(node);
  if (failed(image))
    return failure();
  const GraphValue &weight = node.input(1);
  int64_t groups = node.getInteger("group", 1);
  if (failed(checkWeight(node, *image, weight, groups)))
    return failure();
  Window window;
  SmallVector<int64_t> outputs;
  if (failed(readTransposedWindow(node, ArrayRef(weight.shape).drop_front(2),
                                  ArrayRef(image->shape).drop_front(), window,
                                  outputs)))
    return failure();
  FailureOr<Value> x = node.graph.materialize(*image);
  FailureOr<Value> w = node.graph.materialize(weight);
  if (failed(x) || failed(w))
    return failure();
  SmallVector<NamedAttribute> attributes = geometry(node.graph, window, groups);
  attributes.push_back(node.graph.attribute("output_size", outputs));
  FailureOr<Value> y = node.graph.create<ConvTransposeOp>({*x, *w}, attributes);
  if (succeeded(y))
    y = addBias(node, *y);
  if (failed(y))
    return failure();
  return node.setResult(makeImages(node, *y, node.input(0).kind));
}

ArrayRef<Operator> onnximport::getConvolutionOperators() {
  static const Operator operators[] = {
      {"Conv", 1, newestOpset, 2, 3, importConv},
      {"ConvTranspose", 1, newestOpset, 2, 3, importConvTranspose},
  };
  return operators;
}
