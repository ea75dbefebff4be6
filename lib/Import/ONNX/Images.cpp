// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Images rearranged: padding, and blocks of pixels as channels and back. The
// batch axis is not padded.

#include "Operators.h"
#include <algorithm>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Where the elements of a padded axis come from, for the modes that repeat.
static FailureOr<SmallVector<int64_t>> padPositions(NodeImporter &node,
                                                    StringRef mode,
                                                    int64_t size, int64_t low,
                                                    int64_t high) {
  bool reflects = mode == "reflect";
  int64_t most = reflects ? size - 1 : mode == "wrap" ? size : maxKnownElements;
  if (low > most || high > most || size == 0)
    return node.emitError()
           << "expected pads of at most " << most << " in mode " << mode
           << ", but got " << low << " and " << high;
  SmallVector<int64_t> positions;
  for (int64_t i = -low; i < size + high; ++i) {
    int64_t at = i;
    if (i < 0)
      at = reflects ? -i : mode == "wrap" ? i + size : 0;
    else if (i >= size)
      at = reflects ? 2 * (size - 1) - i : mode == "wrap" ? i - size : size - 1;
    positions.push_back(at);
  }
  return positions;
}

/// Longer axes would not fit a network's text.
static constexpr int64_t maxMask = int64_t(1) << 23;

/// Is an element of a padded axis one of the `size` that were there? Of size
/// one along the other axes.
static GraphValue isInside(int64_t rank, int64_t axis, int64_t low,
                           int64_t size, int64_t high) {
  SmallVector<int64_t> shape(rank, 1);
  shape[axis] = low + size + high;
  std::vector<Number> numbers(shape[axis]);
  for (int64_t i = low; i < low + size; ++i)
    numbers[i].integer = 1;
  return makeKnown(ElementKind::Bool, shape, std::move(numbers));
}

/// Surrounds with zeros, for which another constant is chosen: whatever it is,
/// infinite or large, no element is calculated with it.
static Result padConstant(NodeImporter &node, const GraphValue &x,
                          ArrayRef<int64_t> low, ArrayRef<int64_t> high,
                          double value) {
  GraphBuilder &graph = node.graph;
  SmallVector<int64_t> coreLow, coreHigh;
  Frame frame{x.shape, x.batch};
  for (int64_t axis = 0; axis < x.rank(); ++axis) {
    frame.shape[axis] += low[axis] + high[axis];
    if (!x.coreAxis(axis))
      continue;
    coreLow.push_back(low[axis]);
    coreHigh.push_back(high[axis]);
  }
  if (!product(frame.shape))
    return node.emitError() << "expected sizes that fit memory";
  FailureOr<Value> core = graph.materialize(x);
  if (failed(core))
    return failure();
  SmallVector<int64_t> zeros(coreLow.size(), 0);
  core = graph.create<PadOp>(*core, {graph.attribute("high", coreHigh),
                                     graph.attribute("interior", zeros),
                                     graph.attribute("low", coreLow)});
  if (failed(core))
    return failure();
  Result padded = graph.wrap(*core, x.kind, frame);
  if (value == 0)
    return padded;
  if (llvm::any_of(frame.shape, [](int64_t size) { return size > maxMask; }))
    return node.emitError() << "expected axes of at most " << maxMask
                            << " elements where not zeros are padded, but got "
                            << describe(x.kind, frame.shape);
  Number constant;
  if (x.isFloat())
    constant.real = value;
  else
    constant.integer = static_cast<int64_t>(value);
  for (int64_t axis = 0; axis < x.rank(); ++axis)
    if (low[axis] != 0 || high[axis] != 0)
      padded = graph.select(
          isInside(x.rank(), axis, low[axis], x.shape[axis], high[axis]),
          padded, makeKnown(x.kind, {}, {constant}));
  return padded;
}

/// The pads of every axis, from attribute or input, for all axes or some.
static LogicalResult readPads(NodeImporter &node, SmallVector<int64_t> &low,
                              SmallVector<int64_t> &high) {
  int64_t rank = node.input(0).rank();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  FailureOr<SmallVector<int64_t>> pads =
      node.opset < 11 ? node.getIntegers("pads") : node.getIntegers(1);
  if (failed(pads))
    return failure();
  if (node.hasInput(3)) {
    FailureOr<SmallVector<int64_t>> given = node.getIntegers(3);
    if (failed(given))
      return failure();
    axes = *given;
  }
  if (pads->size() != 2 * axes.size())
    return node.emitError() << "expected two pads for each of " << axes.size()
                            << " axes, but got " << pads->size();
  low.assign(rank, 0);
  high.assign(rank, 0);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    FailureOr<int64_t> at = node.getAxis(axis, rank);
    if (failed(at))
      return failure();
    low[*at] = (*pads)[i];
    high[*at] = (*pads)[i + axes.size()];
  }
  return success();
}

static LogicalResult importPad(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  SmallVector<int64_t> low, high;
  if (failed(readPads(node, low, high)))
    return failure();
  double value = node.getReal("value", 0);
  if (node.hasInput(2)) {
    FailureOr<double> given = node.getReal(2);
    if (failed(given))
      return failure();
    value = *given;
  }
  // Negative pads cut.
  Result cut = x;
  for (int64_t axis = 0; axis < x.rank(); ++axis) {
    if (low[axis] == 0 && high[axis] == 0)
      continue;
    if (failed(node.graph.refuseBatch(x, axis, "pad")))
      return failure();
    // Sums and signs of pads within the limit fit 64 bits.
    int64_t size = x.shape[axis], limit = int64_t(1) << 31;
    auto within = [&](int64_t pad) { return std::clamp(pad, -limit, limit); };
    int64_t first = std::max<int64_t>(-within(low[axis]), 0);
    int64_t last = size - std::max<int64_t>(-within(high[axis]), 0);
    if (first > last || low[axis] > limit || high[axis] > limit)
      return node.emitError() << "expected pads that leave an element and fit "
                                 "memory along axis "
                              << axis;
    cut = node.graph.slice(cut, axis, first, last - first, 1);
    low[axis] = std::max<int64_t>(low[axis], 0);
    high[axis] = std::max<int64_t>(high[axis], 0);
  }
  std::string mode = node.getString("mode", "constant");
  if (failed(cut))
    return failure();
  if (mode == "constant")
    return node.setResult(padConstant(node, *cut, low, high, value));
  if (mode != "reflect" && mode != "edge" && mode != "wrap")
    return node.emitError() << "expected mode constant, reflect, edge or wrap, "
                               "but got '"
                            << mode << "'";
  for (int64_t axis = 0; axis < x.rank() && succeeded(cut); ++axis) {
    if (low[axis] == 0 && high[axis] == 0)
      continue;
    FailureOr<SmallVector<int64_t>> positions =
        padPositions(node, mode, cut->shape[axis], low[axis], high[axis]);
    if (failed(positions))
      return failure();
    cut = node.graph.pick(cut, axis, *positions);
  }
  return node.setResult(cut);
}

//===----------------------------------------------------------------------===//
// Channels and pixels
//===----------------------------------------------------------------------===//

/// [N, C·b², H, W] to [N, C, H·b, W·b].
static LogicalResult importDepthToSpace(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  int64_t b = node.getInteger("blocksize", 0);
  if (x.rank() != 4 || (x.batch && x.batch->axis != 0) || b < 1 ||
      b > INT32_MAX || x.shape[1] % (b * b) != 0)
    return node.emitError() << "expected an input [batch, channel, height, "
                               "width] with channels in blocks of blocksize²";
  int64_t n = x.shape[0], c = x.shape[1] / (b * b), h = x.shape[2],
          w = x.shape[3];
  bool blocksFirst = node.getString("mode", "DCR") == "DCR";
  SmallVector<int64_t> split = {n, b, b, c, h, w}, order = {0, 3, 4, 1, 5, 2};
  if (!blocksFirst) {
    split = {n, c, b, b, h, w};
    order = {0, 1, 4, 2, 5, 3};
  }
  GraphBuilder &graph = node.graph;
  Result pixels = graph.transpose(graph.reshape(x, split, x.batch), order);
  return node.setResult(graph.reshape(pixels, {n, c, h * b, w * b}, x.batch));
}

/// [N, C, H·b, W·b] to [N, C·b², H, W].
static LogicalResult importSpaceToDepth(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  int64_t b = node.getInteger("blocksize", 0);
  if (x.rank() != 4 || (x.batch && x.batch->axis != 0) || b < 1 ||
      x.shape[2] % b != 0 || x.shape[3] % b != 0)
    return node.emitError() << "expected an input [batch, channel, height, "
                               "width] with sizes that are multiples of "
                               "blocksize";
  int64_t n = x.shape[0], c = x.shape[1], h = x.shape[2] / b,
          w = x.shape[3] / b;
  GraphBuilder &graph = node.graph;
  SmallVector<int64_t> order = {0, 3, 5, 1, 2, 4};
  if (node.getString("mode", "DCR") == "CRD")
    order = {0, 1, 3, 5, 2, 4};
  Result blocks =
      graph.transpose(graph.reshape(x, {n, c, h, b, w, b}, x.batch), order);
  return node.setResult(graph.reshape(blocks, {n, c * b * b, h, w}, x.batch));
}

ArrayRef<Operator> onnximport::getImageOperators() {
  static const Operator operators[] = {
      {"DepthToSpace", 1, newestOpset, 1, 1, importDepthToSpace},
      {"Pad", 2, newestOpset, 1, 4, importPad},
      {"SpaceToDepth", 1, newestOpset, 1, 1, importSpaceToDepth},
  };
  return operators;
}
