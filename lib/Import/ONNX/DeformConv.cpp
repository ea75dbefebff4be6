// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Deformable convolution: each tap of the kernel reads the image at its place
// plus an offset, between pixels, times a mask,
//
//     y[o, s] = Σ_{c,τ} w[o, c, τ] m[τ, s] x[c, s·stride + τ·dilation − low +
//     Δ[τ, s]].
//
// Channels of an offset group share offsets and masks. The samples are patches,
// which are contracted with the weight.

#include "Sampling.h"
#include "Themes.h"
#include "Window.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

namespace {
struct Deformation {
  ImageStack images;
  GraphValue offset;
  std::optional<GraphValue> mask;
  Window window;
  /// Of the result.
  SmallVector<int64_t> outputs;
  int64_t groups, offsetGroups;

  int64_t axes() const { return outputs.size(); }
  int64_t taps() const { return *product(window.kernel); }
  int64_t points() const { return *product(outputs); }
};
} // namespace

/// Channels per offset group, then components, taps and outputs.
static LogicalResult checkChannels(NodeImporter &node, const Deformation &d,
                                   const GraphValue &x, StringRef what,
                                   int64_t components) {
  SmallVector<int64_t> shape = {d.images.count(),
                                d.offsetGroups * d.taps() * components};
  llvm::append_range(shape, d.outputs);
  if (x.isFloat() && ArrayRef(x.shape) == ArrayRef(shape))
    return success();
  return node.emitError() << "expected " << what << " "
                          << describe(d.images.value.kind, shape)
                          << ", but got " << describe(x.kind, x.shape);
}

static LogicalResult checkWeight(NodeImporter &node, const Deformation &d) {
  const GraphValue &weight = node.input(1);
  int64_t channels = d.images.channels();
  if (weight.batch)
    return node.emitError() << "expected a weight that is the same for all "
                               "examples, but it depends on the input";
  if (d.groups < 1 || d.offsetGroups < 1 || channels % d.groups != 0 ||
      channels % d.offsetGroups != 0 || weight.shape[0] % d.groups != 0 ||
      weight.shape[1] * d.groups != channels)
    return node.emitError()
           << "expected group and offset_group that divide the " << channels
           << " input channels and the " << weight.shape[0]
           << " kernels, but got " << d.groups << " and " << d.offsetGroups;
  return success();
}

static FailureOr<Deformation> readDeformation(NodeImporter &node,
                                              bool &isBatch) {
  SmallVector<GraphValue> operands = {node.input(0), node.input(2)};
  if (node.hasInput(4))
    operands.push_back(node.input(4));
  const GraphValue &weight = node.input(1);
  for (const GraphValue &x : operands)
    if (x.rank() < 3 || x.rank() != weight.rank())
      return node.emitError() << "expected images, weight, offset and mask of "
                                 "one rank from 3 on, but got "
                              << weight.rank() << " and " << x.rank();
  FailureOr<bool> taken = takeStacks(node, operands);
  if (failed(taken))
    return failure();
  isBatch = *taken;
  Deformation d;
  d.images.value = operands[0];
  d.offset = operands[1];
  if (operands.size() > 2)
    d.mask = operands[2];
  d.groups = node.getInteger("group", 1);
  d.offsetGroups = node.getInteger("offset_group", 1);
  if (failed(checkWeight(node, d)))
    return failure();
  ArrayRef<int64_t> kernel = ArrayRef(weight.shape).drop_front(2);
  FailureOr<Window> window = readWindow(node, kernel, d.images.sizes());
  if (failed(window))
    return failure();
  d.window = *window;
  d.outputs = window->outputSizes(d.images.sizes());
  if (ArrayRef(window->kernel) != kernel)
    return node.emitError() << "expected kernel_shape to be the weight's sizes";
  if (!product({d.offsetGroups, d.taps(), d.points(), d.axes()}) ||
      failed(checkChannels(node, d, d.offset, "offsets", d.axes())) ||
      (d.mask && failed(checkChannels(node, d, *d.mask, "a mask", 1))))
    return failure();
  return d;
}

/// Where tap τ of output s lies along `axis` without an offset, to be broadcast
/// with [image, taps…, outputs…].
static GraphValue tapPlaces(const Deformation &d, int64_t axis) {
  SmallVector<int64_t> shape(1 + 2 * d.axes(), 1);
  shape[1 + axis] = d.window.kernel[axis];
  shape[1 + d.axes() + axis] = d.outputs[axis];
  SmallVector<double> places;
  for (int64_t tap = 0; tap < d.window.kernel[axis]; ++tap)
    for (int64_t s = 0; s < d.outputs[axis]; ++s)
      places.push_back(static_cast<double>(s * d.window.strides[axis] +
                                           tap * d.window.dilations[axis] -
                                           d.window.low[axis]));
  return makeReals(places, shape);
}

/// Coordinates along `axis` of the points of an offset group: [image, point].
static Result placeTaps(GraphBuilder &graph, const Deformation &d,
                        int64_t offsetGroup, int64_t axis) {
  int64_t count = d.images.count(), taps = d.taps(), points = d.points();
  Result offsets = graph.reshape(
      d.offset, {count, d.offsetGroups, taps, d.axes(), points}, std::nullopt);
  offsets = graph.slice(offsets, 1, offsetGroup, 1, 1);
  offsets = graph.slice(offsets, 3, axis, 1, 1);
  SmallVector<int64_t> shape = {count};
  llvm::append_range(shape, d.window.kernel);
  llvm::append_range(shape, d.outputs);
  offsets = graph.reshape(offsets, shape, std::nullopt);
  return graph.reshape(graph.binary<AddOp>(offsets, tapPlaces(d, axis)),
                       {count, taps * points}, std::nullopt);
}

/// The samples of the channels of an offset group: [image, channel, point].
static Result sampleGroup(NodeImporter &node, const Deformation &d,
                          int64_t offsetGroup) {
  GraphBuilder &graph = node.graph;
  int64_t channels = d.images.channels() / d.offsetGroups;
  Result own =
      graph.slice(d.images.value, 1, offsetGroup * channels, channels, 1);
  if (failed(own))
    return failure();
  SmallVector<Result> coordinates;
  for (int64_t axis = 0; axis < d.axes(); ++axis)
    coordinates.push_back(placeTaps(graph, d, offsetGroup, axis));
  Taps taps = findTaps(node, {*own}, coordinates, {});
  if (d.mask) {
    int64_t points = d.taps() * d.points();
    Result mask = graph.reshape(
        *d.mask, {d.images.count(), d.offsetGroups, points}, std::nullopt);
    mask = graph.squeeze(graph.slice(mask, 1, offsetGroup, 1, 1), {1});
    taps.weights =
        graph.binary<MulOp>(taps.weights, graph.unsqueeze(mask, {0}));
  }
  return sumTaps(node, {*own}, taps);
}

/// Contracts patches [image, channel, point] with the weight.
static Result applyWeight(NodeImporter &node, const Deformation &d,
                          Result patches) {
  GraphBuilder &graph = node.graph;
  const GraphValue &weight = node.input(1);
  int64_t kernels = weight.shape[0], channels = weight.shape[1];
  patches = graph.reshape(
      patches, {d.images.count(), d.groups, channels, d.taps(), d.points()},
      std::nullopt);
  Result w = graph.reshape(
      weight, {d.groups, kernels / d.groups, channels, d.taps()}, std::nullopt);
  if (failed(patches) || failed(w))
    return failure();
  Result y = graph.einsum({*patches, *w}, {"igats", "gkat"}, "igks");
  SmallVector<int64_t> shape = {d.images.count(), kernels};
  llvm::append_range(shape, d.outputs);
  y = graph.reshape(y, shape, std::nullopt);
  if (!node.hasInput(3))
    return y;
  const GraphValue &bias = node.input(3);
  if (bias.batch || bias.rank() != 1 || bias.shape[0] != kernels)
    return node.emitError() << "expected a bias of " << kernels << " elements";
  SmallVector<int64_t> added =
      llvm::to_vector(llvm::seq<int64_t>(1, d.axes() + 1));
  return addUnlessZero(graph, y, graph.unsqueeze(bias, added));
}

static LogicalResult importDeformConv(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  bool isBatch = false;
  FailureOr<Deformation> d = readDeformation(node, isBatch);
  if (failed(d))
    return failure();
  SmallVector<GraphValue> parts;
  for (int64_t i = 0; i < d->offsetGroups; ++i) {
    Result part = sampleGroup(node, *d, i);
    if (failed(part))
      return failure();
    parts.push_back(*part);
  }
  Result patches =
      parts.size() == 1 ? Result(parts.front()) : graph.concat(parts, 1);
  return node.setResult(
      giveStack(graph, applyWeight(node, *d, patches), isBatch));
}

ArrayRef<Operator> onnximport::getDeformConvOperators() {
  static const Operator operators[] = {
      {"DeformConv", 19, newestOpset, 3, 5, importDeformConv},
  };
  return operators;
}
