// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RoiAlign: boxes cut out of images and resampled to one size. A bin of a box
// is the mean, or the largest, of samples between pixels. Boxes are constant
// under differentiation, as in PyTorch. How many samples a bin has may depend
// on the size of its box, which then must be known, and which image a box is of
// must be known always.

#include "Sampling.h"
#include "Themes.h"
#include <cmath>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

namespace {
struct Alignment {
  int64_t height, width;
  /// Samples of a bin along an axis; 0 if they depend on the box.
  int64_t samples;
  double scale;
  /// Do coordinates count from the edge of the first pixel?
  bool isHalfPixel;
  bool isMax;
};

/// Boxes [region, 4] of one example, and the image of each.
struct Boxes {
  GraphValue value;
  SmallVector<int64_t> images;
  /// Where regions are those of all examples.
  std::optional<BatchAxis> batch;
  /// Are they in the first example of an open batch?
  bool isOfFirst = false;

  int64_t count() const { return value.shape[0]; }
};

/// Regions that have one image and the same number of samples.
struct Group {
  int64_t image, samplesDown, samplesAcross;
  SmallVector<int64_t> regions;
};
} // namespace

static FailureOr<Alignment> readAlignment(NodeImporter &node) {
  Alignment alignment;
  alignment.height = node.getInteger("output_height", 1);
  alignment.width = node.getInteger("output_width", 1);
  alignment.samples =
      std::max<int64_t>(node.getInteger("sampling_ratio", 0), 0);
  alignment.scale = node.getReal("spatial_scale", 1);
  std::string mode = node.getString("mode", "avg");
  std::string coordinates =
      node.getString("coordinate_transformation_mode",
                     node.opset < 16 ? "output_half_pixel" : "half_pixel");
  alignment.isMax = mode == "max";
  alignment.isHalfPixel = coordinates == "half_pixel";
  if (mode != "avg" && mode != "max")
    return node.emitError()
           << "expected mode avg or max, but got '" << mode << "'";
  if (!alignment.isHalfPixel && coordinates != "output_half_pixel")
    return node.emitError() << "expected coordinate_transformation_mode "
                               "half_pixel or output_half_pixel, but got '"
                            << coordinates << "'";
  constexpr int64_t most = 1 << 12;
  if (alignment.height < 1 || alignment.width < 1 || alignment.height > most ||
      alignment.width > most || alignment.samples > most)
    return node.emitError() << "expected output_height and output_width from 1 "
                               "on, and sampling_ratio, to "
                            << most;
  return alignment;
}

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

/// Is each region in the image of its own example?
static bool nameThemselves(const GraphValue &indices) {
  return indices.batch && llvm::all_of(*indices.numbers, [](const Number &n) {
           return n.position == 1 && n.integer == 0 && n.perExample == 0 &&
                  !n.isUndecided && !n.addsCore;
         });
}

/// Boxes of examples that are images: every box is in its own, or all are in
/// the first one. That is the example itself where a batch has but one; what
/// is computed of it in an open batch must not meet values of all examples.
static LogicalResult takeOwnBoxes(NodeImporter &node, Boxes &boxes,
                                  const GraphValue &indices) {
  GraphBuilder &graph = node.graph;
  bool isFirst = !indices.batch &&
                 llvm::all_of(*indices.numbers, [](const Number &number) {
                   return number.isPlain() && number.integer == 0;
                 });
  bool isOne = isFirst && graph.batchSize().value_or(1) == 1;
  if (!isOne && !nameThemselves(indices))
    return node.emitError()
           << "expected regions in the image of their own example, but "
              "batch_indices name others: the network mixes examples";
  boxes.batch = indices.batch;
  boxes.isOfFirst = isOne && !graph.batchSize();
  if (!(boxes.value.batch == indices.batch))
    return node.emitError() << "expected boxes of each example, as "
                               "batch_indices are, but got one list for all";
  return success();
}

/// Boxes in images that are the same for all examples.
static LogicalResult takeCommonBoxes(NodeImporter &node, Boxes &boxes,
                                     const GraphValue &indices, int64_t count) {
  boxes.batch = boxes.value.batch;
  std::optional<Number> splat = indices.splat();
  for (const Number &number : *indices.numbers) {
    if (!number.isPlain() || number.integer < 0 || number.integer >= count ||
        (boxes.batch && !splat))
      return node.emitError()
             << "expected batch_indices below " << count
             << ", one number for the boxes of all examples, but got "
             << number.integer;
    boxes.images.push_back(number.integer);
  }
  return success();
}

static FailureOr<Boxes> readBoxes(NodeImporter &node,
                                  const ImageStack &images) {
  GraphBuilder &graph = node.graph;
  Boxes boxes;
  boxes.value = graph.decide(node.input(1));
  GraphValue indices = graph.decide(node.input(2));
  if (boxes.value.rank() != 2 || boxes.value.shape[1] != 4 ||
      boxes.value.isBatch(1) || !boxes.value.isFloat() || indices.rank() != 1)
    return node.emitError() << "expected rois [region, 4] and batch_indices "
                               "[region], but got "
                            << describe(boxes.value.kind, boxes.value.shape)
                            << " and " << describe(indices.kind, indices.shape);
  if (!indices.isKnown())
    return node.emitError() << "expected batch_indices to be known while "
                               "importing, but they depend on the input";
  if (failed(images.isExample
                 ? takeOwnBoxes(node, boxes, indices)
                 : takeCommonBoxes(node, boxes, indices, images.count())))
    return failure();
  // On the axes of one example.
  Result own = graph.reshape(boxes.value, boxes.value.shape, std::nullopt);
  if (failed(own))
    return failure();
  boxes.value = *own;
  boxes.images.resize(boxes.count(), 0);
  return boxes;
}

/// Samples of a bin along an axis for a box from `start` to `end`, in floats
/// where the file has them.
static int64_t countSamples(const Alignment &alignment, double start,
                            double end, int64_t bins) {
  auto scale = static_cast<float>(alignment.scale);
  float extent =
      static_cast<float>(end) * scale - static_cast<float>(start) * scale;
  if (!alignment.isHalfPixel)
    extent = std::max(extent, 1.0f);
  float samples = std::ceil(extent / static_cast<float>(bins));
  return samples > 0 ? static_cast<int64_t>(std::min(samples, 65536.0f)) : 0;
}

static FailureOr<std::vector<Group>> groupRegions(NodeImporter &node,
                                                  const Boxes &boxes,
                                                  const Alignment &alignment) {
  std::vector<Group> groups;
  if (alignment.samples == 0 && !boxes.value.isKnown())
    return node.emitError() << "expected a sampling_ratio from 1 on where "
                               "boxes depend on the input, but got 0";
  for (int64_t region = 0; region < boxes.count(); ++region) {
    Group group{
        boxes.images[region], alignment.samples, alignment.samples, {region}};
    if (alignment.samples == 0) {
      auto number = [&](int64_t i) {
        return (*boxes.value.numbers)[region * 4 + i].real;
      };
      group.samplesDown =
          countSamples(alignment, number(1), number(3), alignment.height);
      group.samplesAcross =
          countSamples(alignment, number(0), number(2), alignment.width);
    }
    auto same = llvm::find_if(groups, [&](const Group &other) {
      return other.image == group.image &&
             other.samplesDown == group.samplesDown &&
             other.samplesAcross == group.samplesAcross;
    });
    if (same == groups.end())
      groups.push_back(std::move(group));
    else
      same->regions.push_back(region);
  }
  return groups;
}

//===----------------------------------------------------------------------===//
// Bins
//===----------------------------------------------------------------------===//

namespace {
/// The samples along one axis: coordinates [region, bin, sample].
struct AxisSamples {
  int64_t bins, samples, component;
};
} // namespace

/// start + size of a bin · (bin + (sample + ½) / samples).
static Result placeSamples(GraphBuilder &graph, const GraphValue &boxes,
                           const Alignment &alignment,
                           const AxisSamples &axis) {
  auto end = [&](int64_t component) {
    Result x =
        graph.scale(graph.slice(boxes, 1, component, 1, 1), alignment.scale);
    return graph.shift(x, alignment.isHalfPixel ? -0.5 : 0);
  };
  Result start = end(axis.component);
  Result extent = graph.binary<SubOp>(end(axis.component + 2), start);
  if (!alignment.isHalfPixel)
    extent = graph.binary<MaxOp>(extent, graph.scalar(1));
  Result bin = graph.scale(extent, 1.0 / static_cast<double>(axis.bins));
  SmallVector<double> places;
  for (int64_t i = 0; i < axis.bins; ++i)
    for (int64_t j = 0; j < axis.samples; ++j)
      places.push_back(static_cast<double>(i) +
                       (static_cast<double>(j) + 0.5) /
                           static_cast<double>(axis.samples));
  GraphValue within = makeReals(places, {1, axis.bins, axis.samples});
  return graph.binary<AddOp>(
      graph.unsqueeze(start, {2}),
      graph.binary<MulOp>(graph.unsqueeze(bin, {2}), within));
}

/// Is a coordinate at most a pixel before or behind the image?
static Result isNear(GraphBuilder &graph, Result x, int64_t size) {
  Result isBefore = graph.compare(x, graph.scalar(-1), Comparison::GE);
  Result isBehind =
      graph.compare(x, graph.scalar(static_cast<double>(size)), Comparison::LE);
  return graph.select(isBefore, isBehind, isBefore);
}

/// Coordinates of one axis, [region, bin, sample], at all samples of a region:
/// [1, region · bins · samples].
static Result spread(GraphBuilder &graph, Result x, ArrayRef<int64_t> all,
                     bool isFirst) {
  SmallVector<int64_t> added = {2, 4};
  if (!isFirst)
    added = {1, 3};
  x = graph.broadcast(graph.unsqueeze(x, added),
                      {llvm::to_vector(all), std::nullopt});
  return graph.reshape(x, {1, *product(all)}, std::nullopt);
}

/// The bins of boxes [region, 4] in one image: [region, channel, height,
/// width].
static Result alignBoxes(NodeImporter &node, const ImageStack &image,
                         const GraphValue &boxes, const Alignment &alignment,
                         const Group &group) {
  GraphBuilder &graph = node.graph;
  int64_t regions = boxes.shape[0], channels = image.channels(),
          down = group.samplesDown, across = group.samplesAcross;
  SmallVector<int64_t> result = {regions, channels, alignment.height,
                                 alignment.width};
  if (down * across == 0)
    return graph.broadcast(graph.scalar(0), {result, std::nullopt});
  SmallVector<int64_t> all = {regions, alignment.height, alignment.width, down,
                              across};
  int64_t bins = regions * alignment.height * alignment.width;
  std::optional<int64_t> points = product(all);
  if (!points || *points > INT32_MAX)
    return node.emitError() << "expected samples of boxes that fit memory";
  Sampling sampling;
  sampling.surroundings = Surroundings::Border;
  Result y = spread(
      graph, placeSamples(graph, boxes, alignment, {alignment.height, down, 1}),
      all, /*isFirst=*/true);
  Result x = spread(
      graph,
      placeSamples(graph, boxes, alignment, {alignment.width, across, 0}), all,
      /*isFirst=*/false);
  Taps taps = findTaps(node, image, {y, x}, sampling);
  Result nearY = isNear(graph, y, image.sizes()[0]);
  Result near = graph.select(nearY, isNear(graph, x, image.sizes()[1]), nearY);
  taps.weights =
      graph.select(graph.unsqueeze(near, {0}), taps.weights, graph.scalar(0));
  Result read = readTaps(node, image, taps);
  if (failed(read) || failed(taps.weights))
    return failure();
  int64_t numTaps = read->shape[1], samples = down * across;
  Result weights =
      graph.reshape(taps.weights, {numTaps, bins, samples}, std::nullopt);
  read = graph.reshape(read, {channels, numTaps, bins, samples}, std::nullopt);
  if (failed(read) || failed(weights))
    return failure();
  Result values =
      alignment.isMax
          ? graph.reduce<ReduceMaxOp>(graph.binary<MulOp>(read, weights),
                                      {1, 3}, /*keepDims=*/false)
          : graph.scale(graph.einsum({*read, *weights}, {"ctbs", "tbs"}, "cb"),
                        1.0 / static_cast<double>(samples));
  values = graph.reshape(values,
                         {channels, regions, alignment.height, alignment.width},
                         std::nullopt);
  return graph.transpose(values, {1, 0, 2, 3});
}

/// Regions of several images and sizes, in the file's order.
static Result alignGroups(NodeImporter &node, const ImageStack &images,
                          const Boxes &boxes, const Alignment &alignment,
                          ArrayRef<Group> groups) {
  GraphBuilder &graph = node.graph;
  SmallVector<GraphValue> parts;
  SmallVector<int64_t> places(boxes.count());
  int64_t next = 0;
  for (const Group &group : groups) {
    Result image = graph.slice(images.value, 0, group.image, 1, 1);
    Result own = groups.size() == 1 ? Result(boxes.value)
                                    : graph.pick(boxes.value, 0, group.regions);
    if (failed(image) || failed(own))
      return failure();
    Result part = alignBoxes(node, {*image}, *own, alignment, group);
    if (failed(part))
      return failure();
    parts.push_back(*part);
    for (int64_t region : group.regions)
      places[region] = next++;
  }
  if (parts.size() == 1)
    return parts.front();
  return graph.pick(graph.concat(parts, 0), 0, places);
}

static LogicalResult importRoiAlign(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  FailureOr<Alignment> alignment = readAlignment(node);
  if (failed(alignment))
    return failure();
  GraphValue operands[] = {node.input(0)};
  if (operands[0].rank() != 4 || !operands[0].isFloat())
    return node.emitError() << "expected images [batch, channel, height, "
                               "width], but got "
                            << describe(operands[0].kind, operands[0].shape);
  FailureOr<bool> isBatch = takeStacks(node, operands);
  if (failed(isBatch))
    return failure();
  ImageStack images{operands[0], *isBatch};
  FailureOr<Boxes> boxes = readBoxes(node, images);
  if (failed(boxes))
    return failure();
  if (boxes->count() == 0)
    return node.emitError() << "expected at least one region, but got none";
  FailureOr<std::vector<Group>> groups = groupRegions(node, *boxes, *alignment);
  if (failed(groups))
    return failure();
  Result y = alignGroups(node, images, *boxes, *alignment, *groups);
  if (failed(y))
    return failure();
  y = graph.reshape(y, y->shape, boxes->batch);
  if (succeeded(y))
    y->isOfExample |= boxes->isOfFirst;
  return node.setResult(y);
}

ArrayRef<Operator> onnximport::getRegionOperators() {
  static const Operator operators[] = {
      {"RoiAlign", 10, newestOpset, 3, 3, importRoiAlign},
  };
  return operators;
}
