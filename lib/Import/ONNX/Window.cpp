// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the geometry of convolutions and pools. The batch axis must be the
// first, alone: images are what an example is made of.

#include "Window.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

SmallVector<int64_t> Window::padding() const {
  SmallVector<int64_t> pairs;
  for (auto [before, after] : llvm::zip_equal(low, high)) {
    pairs.push_back(before);
    pairs.push_back(after);
  }
  return pairs;
}

SmallVector<int64_t> Window::outputSizes(ArrayRef<int64_t> sizes) const {
  SmallVector<int64_t> outputs;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    int64_t reach = dilations[i] * (kernel[i] - 1) + 1;
    outputs.push_back((size + low[i] + high[i] - reach) / strides[i] + 1);
  }
  return outputs;
}

/// SAME_UPPER and SAME_LOWER: as many outputs as inputs over the stride.
static void padToSame(Window &window, ArrayRef<int64_t> sizes, bool upper) {
  for (auto [i, size] : llvm::enumerate(sizes)) {
    int64_t outputs = llvm::divideCeil(size, window.strides[i]);
    int64_t reach = window.dilations[i] * (window.kernel[i] - 1) + 1;
    int64_t total =
        std::max<int64_t>(0, (outputs - 1) * window.strides[i] + reach - size);
    window.low[i] = upper ? total / 2 : total - total / 2;
    window.high[i] = total - window.low[i];
  }
}

/// ceil_mode: windows that reach past the padding count too, unless they start
/// there, and so may the only one, by less than a stride.
static void roundUp(Window &window, ArrayRef<int64_t> sizes) {
  for (auto [i, size] : llvm::enumerate(sizes)) {
    int64_t stride = window.strides[i];
    int64_t reach = window.dilations[i] * (window.kernel[i] - 1) + 1;
    int64_t span = size + window.low[i] + window.high[i] - reach;
    int64_t outputs = llvm::divideCeilSigned(span, stride) + 1;
    if ((outputs - 1) * stride >= size + window.low[i])
      --outputs;
    window.high[i] += std::max<int64_t>(0, (outputs - 1) * stride - span);
  }
}

/// Sizes a file may give without overflowing anything below.
static bool isReasonable(ArrayRef<int64_t> values, int64_t least) {
  return llvm::all_of(values, [&](int64_t value) {
    return least <= value && value < (int64_t(1) << 31);
  });
}

static LogicalResult checkFit(NodeImporter &node, const Window &window,
                              ArrayRef<int64_t> sizes) {
  for (auto [i, size] : llvm::enumerate(sizes)) {
    int64_t reach = window.dilations[i] * (window.kernel[i] - 1) + 1;
    int64_t have = size + window.low[i] + window.high[i];
    if (have < reach)
      return node.emitError() << "expected at least " << reach
                              << " padded elements along spatial axis " << i
                              << ", but got " << have;
  }
  return success();
}

FailureOr<Window> onnximport::readWindow(NodeImporter &node,
                                         ArrayRef<int64_t> kernel,
                                         ArrayRef<int64_t> sizes) {
  size_t rank = sizes.size();
  SmallVector<int64_t> ones(rank, 1), zeros(2 * rank, 0);
  Window window;
  window.kernel = node.getIntegers("kernel_shape", kernel);
  window.strides = node.getIntegers("strides", ones);
  window.dilations = node.getIntegers("dilations", ones);
  SmallVector<int64_t> pads = node.getIntegers("pads", zeros);
  if (window.kernel.size() != rank || window.strides.size() != rank ||
      window.dilations.size() != rank || pads.size() != 2 * rank)
    return node.emitError() << "expected kernel_shape, strides, dilations and "
                               "pads for "
                            << rank << " spatial axes";
  if (!isReasonable(window.kernel, 1) || !isReasonable(window.strides, 1) ||
      !isReasonable(window.dilations, 1) || !isReasonable(pads, 0) ||
      !isReasonable(sizes, 0))
    return node.emitError() << "expected positive kernel_shape, strides and "
                               "dilations, and pads from 0 on";
  window.low.assign(pads.begin(), pads.begin() + rank);
  window.high.assign(pads.begin() + rank, pads.end());
  std::string mode = node.getString("auto_pad", "NOTSET");
  if (mode == "VALID")
    window.low.assign(rank, 0), window.high.assign(rank, 0);
  else if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    padToSame(window, sizes, mode == "SAME_UPPER");
  else if (mode != "NOTSET")
    return node.emitError() << "expected auto_pad to be NOTSET, VALID, "
                               "SAME_UPPER or SAME_LOWER, but got '"
                            << mode << "'";
  if (node.getInteger("ceil_mode", 0) && mode == "NOTSET")
    roundUp(window, sizes);
  if (failed(checkFit(node, window, sizes)))
    return failure();
  return window;
}

Window Images::widen(const Window &window) const {
  Window wide = window;
  if (!isStacked)
    return wide;
  for (SmallVector<int64_t> *ones :
       {&wide.kernel, &wide.strides, &wide.dilations})
    ones->insert(ones->begin(), 1);
  for (SmallVector<int64_t> *zeros : {&wide.low, &wide.high})
    zeros->insert(zeros->begin(), 0);
  return wide;
}

LogicalResult Images::checkBatch(NodeImporter &node,
                                 const Window &window) const {
  if (exchanged < 2)
    return success();
  size_t i = exchanged - 2;
  if (window.kernel[i] == 1 && window.strides[i] == 1 && window.low[i] == 0 &&
      window.high[i] == 0)
    return success();
  return node.emitError() << "expected windows of one example, but axis "
                          << exchanged
                          << " is the batch: the network mixes examples";
}

static Result exchange(GraphBuilder &graph, Result x, int64_t a, int64_t b) {
  if (failed(x) || a == b)
    return x;
  SmallVector<int64_t> order =
      llvm::to_vector(llvm::seq<int64_t>(0, x->rank()));
  std::swap(order[a], order[b]);
  return graph.transpose(x, order);
}

FailureOr<Images> onnximport::takeImages(NodeImporter &node,
                                         Channels channels) {
  GraphBuilder &graph = node.graph;
  Result x = node.input(0);
  if (x->rank() < 3)
    return node.emitError() << "expected an input [batch, channel, spatial…], "
                               "but got rank "
                            << x->rank();
  Images images;
  if (x->batch)
    images.exchanged = x->batch->axis;
  if (images.exchanged == 1 && channels == Channels::Together)
    return graph.refuseBatch(*x, 1, "combine channels");
  x = exchange(graph, x, 0, images.exchanged);
  if (failed(x))
    return failure();
  images.batch = x->batch;
  bool isAlone = x->batch && x->batch->isPure();
  images.isStacked = !isAlone && x->shape[0] != 1;
  x = isAlone || images.isStacked ? graph.takeExample(x)
                                  : graph.squeeze(x, {0});
  if (images.isStacked)
    x = exchange(graph, x, 0, 1);
  if (failed(x))
    return failure();
  images.value = *x;
  return images;
}

Result onnximport::makeImages(NodeImporter &node, const Images &images,
                              FailureOr<Value> core) {
  if (failed(core))
    return failure();
  GraphBuilder &graph = node.graph;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(core->getType()).getShape();
  Result x =
      graph.wrap(*core, node.input(0).kind, {llvm::to_vector(shape), {}});
  if (images.isStacked)
    x = exchange(graph, x, 0, 1);
  else if (!images.batch)
    x = graph.unsqueeze(x, {0});
  x = graph.giveBatch(x, images.batch);
  return exchange(graph, x, 0, images.exchanged);
}
