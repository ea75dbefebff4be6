// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MaxRoiPool: boxes cut into bins of whole pixels, of each the largest. The
// boxes must be known. Bins have different numbers of pixels: the first pixel
// of a smaller one is repeated behind the others, where it never is the first
// winner.

#include "Pooling.h"
#include "Sampling.h"
#include "Themes.h"
#include <cmath>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Pixels from `first` on, to `last` without it, along an axis.
static SmallVector<std::pair<int64_t, int64_t>>
cutBins(double start, double end, double scale, int64_t bins, int64_t size) {
  double from = std::round(start * scale), to = std::round(end * scale);
  double bin = std::max(to - from + 1, 1.0) / static_cast<double>(bins);
  SmallVector<std::pair<int64_t, int64_t>> ranges;
  auto inside = [&](double x) {
    return static_cast<int64_t>(
        std::clamp(x + from, 0.0, static_cast<double>(size)));
  };
  for (int64_t i = 0; i < bins; ++i)
    ranges.push_back({inside(std::floor(static_cast<double>(i) * bin)),
                      inside(std::ceil(static_cast<double>(i + 1) * bin))});
  return ranges;
}

namespace {
/// Pixels of each bin, counted through all images.
using Bins = std::vector<SmallVector<int64_t>>;
} // namespace

/// The bins of a box [image, x1, y1, x2, y2].
static LogicalResult addBins(NodeImporter &node, const ImageStack &images,
                             ArrayRef<double> box, ArrayRef<int64_t> shape,
                             double scale, Bins &bins) {
  int64_t height = images.sizes()[0], width = images.sizes()[1];
  for (double number : box)
    if (!(std::fabs(number) < 1e9))
      return node.emitError() << "expected finite boxes, but got " << number;
  double image = box[0];
  if (image < 0 || image >= static_cast<double>(images.count()) ||
      image != std::floor(image))
    return node.emitError() << "expected boxes of images below "
                            << images.count() << ", but got " << image;
  for (auto [top, bottom] : cutBins(box[2], box[4], scale, shape[0], height)) {
    for (auto [left, right] : cutBins(box[1], box[3], scale, shape[1], width)) {
      SmallVector<int64_t> &pixels = bins.emplace_back();
      for (int64_t y = top; y < bottom; ++y)
        for (int64_t x = left; x < right; ++x)
          pixels.push_back((static_cast<int64_t>(image) * height + y) * width +
                           x);
    }
  }
  return success();
}

/// The largest of the pixels [channel, pixel] of each bin, 0 of none.
static Result poolBins(NodeImporter &node, Result rows, const Bins &bins) {
  GraphBuilder &graph = node.graph;
  size_t most = 1;
  for (ArrayRef<int64_t> pixels : bins)
    most = std::max(most, pixels.size());
  constexpr size_t limit = size_t(1) << 24;
  if (most * bins.size() > limit)
    return node.emitError()
           << "expected at most " << limit << " pixels of bins, but got more";
  SmallVector<int64_t> positions;
  SmallVector<double> isFull;
  for (ArrayRef<int64_t> pixels : bins) {
    llvm::append_range(positions, pixels);
    positions.append(most - pixels.size(), pixels.empty() ? 0 : pixels[0]);
    isFull.push_back(pixels.empty() ? 0 : 1);
  }
  auto size = static_cast<int64_t>(most),
       count = static_cast<int64_t>(bins.size());
  Result picked = graph.pick(rows, 1, positions);
  if (failed(picked))
    return failure();
  int64_t channels = picked->shape[0];
  picked = graph.reshape(picked, {channels, count * size}, std::nullopt);
  if (failed(picked))
    return failure();
  FailureOr<Value> core = graph.materialize(*picked);
  if (failed(core))
    return failure();
  Window window;
  window.kernel = window.strides = {size};
  window.dilations = {1};
  window.low = window.high = {0};
  core = graph.create<MaxPoolOp>(*core, windowGeometry(graph, window));
  if (failed(core))
    return failure();
  Result pooled =
      graph.wrap(*core, picked->kind, {{channels, count}, std::nullopt});
  if (llvm::all_of(isFull, [](double full) { return full == 1; }))
    return pooled;
  Result mask = graph.compare(makeReals(isFull, {1, count}), graph.scalar(0),
                              Comparison::GT);
  return graph.select(mask, pooled, graph.scalar(0));
}

static LogicalResult importMaxRoiPool(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  GraphValue operands[] = {node.input(0)};
  GraphValue boxes = graph.decide(node.input(1));
  SmallVector<int64_t> shape = node.getIntegers("pooled_shape");
  if (operands[0].rank() != 4 || !operands[0].isFloat() || boxes.rank() != 2 ||
      boxes.shape[1] != 5 || shape.size() != 2 || shape[0] < 1 ||
      shape[1] < 1 || shape[0] > 4096 || shape[1] > 4096)
    return node.emitError() << "expected images [batch, channel, height, "
                               "width], rois [region, 5] and two sizes of "
                               "pooled_shape";
  if (!boxes.isKnown() || boxes.batch)
    return node.emitError() << "expected rois to be known while importing, but "
                               "they depend on the input";
  FailureOr<bool> isBatch = takeStacks(node, operands);
  if (failed(isBatch))
    return failure();
  // The first image of a batch of one is the example itself; of an open batch
  // it must not meet values of all examples.
  if (*isBatch && graph.batchSize().value_or(1) != 1)
    return graph.refuseBatch(node.input(0), 0, "pool regions");
  ImageStack images{operands[0]};
  Bins bins;
  for (int64_t i = 0; i < boxes.shape[0]; ++i) {
    SmallVector<double> box;
    for (int64_t j = 0; j < 5; ++j)
      box.push_back((*boxes.numbers)[i * 5 + j].real);
    if (failed(addBins(node, images, box, shape,
                       node.getReal("spatial_scale", 1), bins)))
      return failure();
  }
  Result rows = graph.reshape(
      graph.transpose(images.value, {1, 0, 2, 3}),
      {images.channels(), images.count() * *product(images.sizes())},
      std::nullopt);
  Result y = graph.reshape(
      poolBins(node, rows, bins),
      {images.channels(), boxes.shape[0], shape[0], shape[1]}, std::nullopt);
  y = graph.transpose(y, {1, 0, 2, 3});
  if (succeeded(y))
    y->isOfExample |= *isBatch && !graph.batchSize();
  return node.setResult(y);
}

ArrayRef<Operator> onnximport::getRegionPoolOperators() {
  static const Operator operators[] = {
      {"MaxRoiPool", 7, newestOpset, 2, 2, importMaxRoiPool},
  };
  return operators;
}
