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
static LogicalResult checkWeight(NodeImporter &node, const Images &images,
                                 const GraphValue &weight, int64_t groups) {
  int64_t rank = images.sizes().size() + 2;
  int64_t channels = images.value.shape[0];
  if (weight.batch)
    return node.emitError() << "expected a weight that is the same for all "
                               "examples, but it depends on the input";
  if (weight.rank() != rank)
    return node.emitError() << "expected a weight of rank " << rank
                            << ", but got " << weight.rank();
  if (groups < 1 || channels % groups != 0 || weight.shape[0] % groups != 0)
    return node.emitError() << "expected groups that divide the " << channels
                            << " input channels and the " << weight.shape[0]
                            << " kernels, but got " << groups;
  return success();
}

/// The weight with an axis of size one for the axis of images, if there is one.
static FailureOr<Value> widenWeight(NodeImporter &node, const Images &images) {
  GraphValue weight = node.input(1);
  if (!images.isStacked)
    return node.graph.materialize(weight);
  Result wide = node.graph.unsqueeze(weight, {2});
  if (failed(wide))
    return failure();
  return node.graph.materialize(*wide);
}

/// Adds bias[c] to every pixel of y [c, s…].
static FailureOr<Value> addBias(NodeImporter &node, FailureOr<Value> y) {
  GraphBuilder &graph = node.graph;
  if (failed(y) || !node.hasInput(2))
    return y;
  Frame frame;
  frame.shape =
      llvm::to_vector(cast<RankedTensorType>(y->getType()).getShape());
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
  return graph.create<AddOp>({*y, *added});
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
  FailureOr<Images> images = takeImages(node);
  if (failed(images))
    return failure();
  const GraphValue &weight = node.input(1);
  int64_t groups = node.getInteger("group", 1);
  if (failed(checkWeight(node, *images, weight, groups)))
    return failure();
  ArrayRef<int64_t> kernel = ArrayRef(weight.shape).drop_front(2);
  FailureOr<Window> window = readWindow(node, kernel, images->sizes());
  if (failed(window))
    return failure();
  if (failed(images->checkBatch(node, *window)))
    return failure();
  if (ArrayRef(window->kernel) != kernel)
    return node.emitError() << "expected kernel_shape to be the weight's sizes";
  FailureOr<Value> x = node.graph.materialize(images->value);
  FailureOr<Value> w = widenWeight(node, *images);
  if (failed(x) || failed(w))
    return failure();
  FailureOr<Value> y = node.graph.create<ConvOp>(
      {*x, *w}, geometry(node.graph, images->widen(*window), groups));
  return node.setResult(makeImages(node, *images, addBias(node, y)));
}

//===----------------------------------------------------------------------===//
// Transposed convolution
//===----------------------------------------------------------------------===//

/// Sizes that a file may give without overflowing anything below.
static bool isReasonable(ArrayRef<int64_t> values, int64_t least) {
  return llvm::all_of(values, [&](int64_t value) {
    return least <= value && value < (int64_t(1) << 30);
  });
}

/// Pads along axis i for which the output has the wanted size, or, for SAME,
/// stride · in; the odd one stands at the end unless for SAME_UPPER.
static void padToOutput(Window &window, size_t i, int64_t full, int64_t wanted,
                        bool upper) {
  int64_t total = std::max<int64_t>(full - wanted, 0);
  window.low[i] = upper ? total / 2 : total - total / 2;
  window.high[i] = total - window.low[i];
}

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
  bool isSame = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  if (!isSame && mode != "NOTSET" && mode != "VALID")
    return node.emitError() << "expected auto_pad to be NOTSET, VALID, "
                               "SAME_UPPER or SAME_LOWER, but got '"
                            << mode << "'";
  if (wanted.size() == rank + 2)
    wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (window.strides.size() != rank || window.dilations.size() != rank ||
      pads.size() != 2 * rank || extra.size() != rank ||
      (!wanted.empty() && wanted.size() != rank))
    return node.emitError() << "expected strides, dilations, pads, "
                               "output_padding and output_shape for "
                            << rank << " spatial axes";
  if (!isReasonable(window.strides, 1) || !isReasonable(window.dilations, 1) ||
      !isReasonable(kernel, 1) || !isReasonable(sizes, 1) ||
      !isReasonable(pads, 0) || !isReasonable(extra, 0) ||
      !isReasonable(wanted, 1))
    return node.emitError() << "expected positive strides, dilations and "
                               "output_shape, and pads from 0 on";
  if (mode == "VALID")
    pads = noPads;
  window.low.assign(pads.begin(), pads.begin() + rank);
  window.high.assign(pads.begin() + rank, pads.end());
  for (size_t i = 0; i < rank; ++i) {
    int64_t reach = window.dilations[i] * (kernel[i] - 1) + 1;
    int64_t full = window.strides[i] * (sizes[i] - 1) + extra[i] + reach;
    int64_t same = window.strides[i] * sizes[i];
    if (isSame || !wanted.empty())
      padToOutput(window, i, full, wanted.empty() ? same : wanted[i],
                  mode == "SAME_UPPER");
    int64_t output = full - window.low[i] - window.high[i];
    if (!wanted.empty())
      output = wanted[i];
    if (output < 1)
      return node.emitError() << "expected at least one output along spatial "
                                 "axis "
                              << i << ", but got " << output;
    outputs.push_back(output);
  }
  return success();
}

static LogicalResult importConvTranspose(NodeImporter &node) {
  FailureOr<Images> images = takeImages(node);
  if (failed(images))
    return failure();
  const GraphValue &weight = node.input(1);
  int64_t groups = node.getInteger("group", 1);
  if (failed(checkWeight(node, *images, weight, groups)))
    return failure();
  Window window;
  SmallVector<int64_t> outputs;
  if (failed(readTransposedWindow(node, ArrayRef(weight.shape).drop_front(2),
                                  images->sizes(), window, outputs)) ||
      failed(images->checkBatch(node, window)))
    return failure();
  size_t exchanged = images->exchanged >= 2 ? images->exchanged - 2 : 0;
  if (images->exchanged >= 2 &&
      outputs[exchanged] != images->sizes()[exchanged])
    return node.graph.refuseBatch(node.input(0), images->exchanged, "pad");
  if (images->isStacked)
    outputs.insert(outputs.begin(), images->value.shape[1]);
  FailureOr<Value> x = node.graph.materialize(images->value);
  FailureOr<Value> w = widenWeight(node, *images);
  if (failed(x) || failed(w))
    return failure();
  SmallVector<NamedAttribute> attributes =
      geometry(node.graph, images->widen(window), groups);
  attributes.push_back(node.graph.attribute("output_size", outputs));
  FailureOr<Value> y = node.graph.create<ConvTransposeOp>({*x, *w}, attributes);
  return node.setResult(makeImages(node, *images, addBias(node, y)));
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

/// Sums columns [channels · taps, pixels] back into an image, as torch.nn.Fold.
static LogicalResult importCol2Im(NodeImporter &node) {
  FailureOr<Images> columns = takeImages(node);
  FailureOr<SmallVector<int64_t>> image = node.getIntegers(1),
                                  block = node.getIntegers(2);
  if (failed(columns) || failed(image) || failed(block))
    return failure();
  if (columns->exchanged > 0)
    return node.graph.refuseBatch(node.input(0), columns->exchanged,
                                  "sum columns");
  if (columns->sizes().size() != 1 || image->empty() ||
      image->size() != block->size() || !isReasonable(*image, 1))
    return node.emitError()
           << "expected columns [batch, channel · taps, pixel] "
              "and as many sizes of a block as of an image";
  FailureOr<Window> window = readWindow(node, *block, *image);
  if (failed(window))
    return failure();
  std::optional<int64_t> taps = product(window->kernel),
                         pixels = product(window->outputSizes(*image));
  ArrayRef<int64_t> shape = columns->value.shape;
  if (!taps || !pixels || shape.front() % *taps || shape.back() != *pixels)
    return node.emitError() << "expected columns of blocks that fit the image, "
                               "but got "
                            << describe(node.input(0).kind, shape);
  FailureOr<Value> x = node.graph.materialize(columns->value);
  if (failed(x))
    return failure();
  SmallVector<int64_t> parts = {1, shape.front() / *taps, *taps, *pixels};
  if (columns->isStacked) {
    image->insert(image->begin(), shape[1]);
    parts.back() *= shape[1];
  }
  x = node.graph.create<ReshapeOp>(*x, node.graph.attribute("shape", parts));
  if (failed(x))
    return failure();
  Window wide = columns->widen(*window);
  SmallVector<NamedAttribute> attributes = geometry(node.graph, wide, 1);
  attributes.push_back(node.graph.attribute("kernel_size", wide.kernel));
  attributes.push_back(node.graph.attribute("output_size", *image));
  return node.setResult(makeImages(
      node, *columns, node.graph.create<FoldPatchesOp>(*x, attributes)));
}

ArrayRef<Operator> onnximport::getConvolutionOperators() {
  static const Operator operators[] = {
      {"Col2Im", 18, newestOpset, 3, 3, importCol2Im},
      {"Conv", 1, newestOpset, 2, 3, importConv},
      {"ConvTranspose", 1, newestOpset, 2, 3, importConvTranspose},
  };
  return operators;
}
