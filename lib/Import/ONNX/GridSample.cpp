// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Spatial transformers: AffineGrid makes points of images from affine maps, and
// GridSample reads images at points. Points are between −1 and 1 in the image;
// their last component belongs to the first spatial axis.

#include "Sampling.h"
#include "Themes.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

//===----------------------------------------------------------------------===//
// GridSample
//===----------------------------------------------------------------------===//

static FailureOr<Sampling> readSampling(NodeImporter &node) {
  Sampling sampling;
  std::string mode = node.getString("mode", "linear");
  std::string padding = node.getString("padding_mode", "zeros");
  // Operator set 16 has the older names.
  if (mode == "nearest")
    sampling.interpolation = Interpolation::Nearest;
  else if (mode == "cubic" || mode == "bicubic")
    sampling.interpolation = Interpolation::Cubic;
  else if (mode != "linear" && mode != "bilinear")
    return node.emitError() << "expected mode nearest, linear or cubic, but "
                               "got '"
                            << mode << "'";
  if (padding == "border")
    sampling.surroundings = Surroundings::Border;
  else if (padding == "reflection")
    sampling.surroundings = Surroundings::Reflection;
  else if (padding != "zeros")
    return node.emitError() << "expected padding_mode zeros, border or "
                               "reflection, but got '"
                            << padding << "'";
  sampling.endsInPixels = node.getInteger("align_corners", 0) != 0;
  return sampling;
}

/// Component `component` of the points [image, point, component], in pixels of
/// an axis of this size.
static Result toPixels(GraphBuilder &graph, Result points, int64_t component,
                       int64_t size, bool endsInPixels) {
  Result x = graph.squeeze(graph.slice(points, 2, component, 1, 1), {2});
  double extent = static_cast<double>(endsInPixels ? size - 1 : size);
  x = graph.scale(graph.shift(x, 1), extent / 2);
  return endsInPixels ? x : graph.shift(x, -0.5);
}

static LogicalResult importGridSample(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  FailureOr<Sampling> sampling = readSampling(node);
  if (failed(sampling))
    return failure();
  GraphValue operands[] = {node.input(0), node.input(1)};
  int64_t rank = operands[0].rank(), axes = rank - 2;
  if (axes < 1 || operands[1].rank() != rank ||
      operands[1].shape.back() != axes || !operands[0].isFloat())
    return node.emitError()
           << "expected images [batch, channel, spatial…] and a grid of points "
              "with a component for each spatial axis, but got "
           << describe(operands[0].kind, operands[0].shape) << " and "
           << describe(operands[1].kind, operands[1].shape);
  FailureOr<bool> isBatch = takeStacks(node, operands);
  if (failed(isBatch))
    return failure();
  if (sampling->interpolation == Interpolation::Nearest)
    node.endDerivative(node.input(1));
  ImageStack images{operands[0]};
  SmallVector<int64_t> outputs(
      ArrayRef<int64_t>(operands[1].shape).slice(1, axes));
  std::optional<int64_t> points = product(outputs);
  if (!points || *points == 0)
    return node.emitError() << "expected at least one point that fits memory";
  Result grid =
      graph.reshape(operands[1], {images.count(), *points, axes}, std::nullopt);
  SmallVector<Result> coordinates;
  for (auto [axis, size] : llvm::enumerate(images.sizes()))
    coordinates.push_back(
        toPixels(graph, grid, axes - 1 - axis, size, sampling->endsInPixels));
  Result y =
      sumTaps(node, images, findTaps(node, images, coordinates, *sampling));
  SmallVector<int64_t> shape = {images.count(), images.channels()};
  llvm::append_range(shape, outputs);
  return node.setResult(
      giveStack(graph, graph.reshape(y, shape, std::nullopt), *isBatch));
}

//===----------------------------------------------------------------------===//
// AffineGrid
//===----------------------------------------------------------------------===//

/// The middles of the pixels of an axis between −1 and 1, or pixels from −1 to
/// 1; as PyTorch has it, one pixel is at 0.
static SmallVector<double> pixelMiddles(int64_t size, bool endsInPixels) {
  SmallVector<double> middles;
  double count = static_cast<double>(size);
  for (int64_t i = 0; i < size; ++i) {
    double at = static_cast<double>(i);
    if (endsInPixels)
      middles.push_back(size == 1 ? 0 : 2 * at / (count - 1) - 1);
    else
      middles.push_back((2 * at + 1) / count - 1);
  }
  return middles;
}

/// Of a map θ [n, r, r + 1] the points Σ_j θ[n, :, j] x_j + θ[n, :, r], for
/// every pixel x of an image.
static LogicalResult importAffineGrid(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &theta = node.input(0);
  FailureOr<SmallVector<Number>> size = node.getNumbers(1);
  if (failed(size))
    return failure();
  int64_t axes = static_cast<int64_t>(size->size()) - 2;
  if (axes < 2 || axes > 3 || theta.rank() != 3 || !theta.isFloat() ||
      theta.shape[1] != axes || theta.shape[2] != axes + 1)
    return node.emitError() << "expected maps [batch, 2, 3] for sizes [batch, "
                               "channel, height, width], or [batch, 3, 4] and "
                               "one size more, but got "
                            << describe(theta.kind, theta.shape) << " and "
                            << size->size() << " sizes";
  if (theta.isBatch(1) || theta.isBatch(2))
    return graph.refuseBatch(theta, theta.batch->axis, "map points");
  SmallVector<int64_t> all = {0, theta.shape[1]};
  for (const Number &number : ArrayRef(*size).drop_front(2)) {
    if (!number.isPlain() || number.integer < 1)
      return node.emitError() << "expected sizes from 1 on that do not depend "
                                 "on the batch size";
    all.push_back(number.integer);
  }
  if (!product(all))
    return node.emitError() << "expected sizes that fit memory";
  bool endsInPixels = node.getInteger("align_corners", 0) != 0;
  // Column j as [n, 1, …, 1, r].
  SmallVector<int64_t> added = llvm::to_vector(llvm::seq<int64_t>(1, axes + 1));
  auto column = [&](int64_t j) {
    return graph.unsqueeze(graph.squeeze(graph.slice(theta, 2, j, 1, 1), {2}),
                           added);
  };
  Result points = column(axes);
  for (int64_t axis = 0; axis < axes; ++axis) {
    int64_t extent = all[axis + 2];
    SmallVector<int64_t> shape(axes + 2, 1);
    shape[axis + 1] = extent;
    GraphValue middles = makeReals(pixelMiddles(extent, endsInPixels), shape);
    points = graph.binary<AddOp>(
        points, graph.binary<MulOp>(column(axes - 1 - axis), middles));
  }
  return node.setResult(points);
}

ArrayRef<Operator> onnximport::getGridOperators() {
  static const Operator operators[] = {
      {"AffineGrid", 20, newestOpset, 2, 2, importAffineGrid},
      {"GridSample", 16, newestOpset, 2, 2, importGridSample},
  };
  return operators;
}
