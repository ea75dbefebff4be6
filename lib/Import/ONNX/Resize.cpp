// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Resize and Upsample. Resampling is linear and works axis by axis: element i
// of a resized axis is Σ_j W[i, j] x[j], with W a small matrix that is built
// here from the file's settings and contracted with x. The nearest neighbour is
// a choice of elements, or, where each is repeated equally often, a repetition.

#include "Operators.h"
#include "Resampling.h"
#include "Sampling.h"
#include <cmath>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Entries of a matrix W; more do not come from resized images.
static constexpr int64_t maxMatrix = int64_t(1) << 24;

//===----------------------------------------------------------------------===//
// Settings
//===----------------------------------------------------------------------===//

static LogicalResult checkWord(NodeImporter &node, StringRef name,
                               StringRef word, ArrayRef<StringRef> allowed) {
  if (llvm::is_contained(allowed, word))
    return success();
  InFlightDiagnostic error = node.emitError()
                             << "expected " << name << " to be one of ";
  llvm::interleaveComma(allowed, error);
  return error << ", but got '" << word << "'";
}

/// Below opset 11 a pixel i comes from i / scale, rounded down if nearest.
static FailureOr<Resampling> readResampling(NodeImporter &node) {
  bool isOld = node.opset < 11;
  Resampling settings;
  settings.mode = node.getString("mode", "nearest");
  settings.coordinates =
      isOld ? "asymmetric"
            : node.getString("coordinate_transformation_mode", "half_pixel");
  settings.nearest =
      isOld ? "floor" : node.getString("nearest_mode", "round_prefer_floor");
  settings.cubicCoefficient = node.getReal("cubic_coeff_a", -0.75);
  settings.antialias = node.getInteger("antialias", 0) != 0;
  settings.excludesOutside = node.getInteger("exclude_outside", 0) != 0;
  if (isOld && settings.mode == "bilinear")
    settings.mode = "linear";
  if (failed(checkWord(node, "mode", settings.mode,
                       {"nearest", "linear", "cubic"})) ||
      failed(checkWord(node, "coordinate_transformation_mode",
                       settings.coordinates,
                       {"half_pixel", "half_pixel_symmetric",
                        "pytorch_half_pixel", "align_corners", "asymmetric",
                        "tf_half_pixel_for_nn", "tf_crop_and_resize"})) ||
      failed(checkWord(
          node, "nearest_mode", settings.nearest,
          {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"})))
    return failure();
  return settings;
}

/// The axes that scales, sizes and roi speak of.
static FailureOr<SmallVector<int64_t>> readAxes(NodeImporter &node) {
  int64_t rank = node.input(0).rank();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (node.opset >= 18 && node.hasAttribute("axes"))
    axes = node.getIntegers("axes");
  for (int64_t &axis : axes) {
    FailureOr<int64_t> normalized = node.getAxis(axis, rank);
    if (failed(normalized))
      return failure();
    axis = *normalized;
  }
  return axes;
}

/// Which input holds the scales; the sizes are input 3.
static unsigned scalesInput(NodeImporter &node) {
  return node.opset < 11 ? 1 : 2;
}

static FailureOr<SmallVector<double>> readScales(NodeImporter &node) {
  if (node.hasAttribute("scales"))
    if (const NodeAttribute *found =
            node.getAttribute("scales", NodeAttribute::Kind::Floats))
      return llvm::to_vector(found->floats);
  unsigned input = scalesInput(node);
  if (!node.hasInput(input))
    return SmallVector<double>();
  return node.getReals(input);
}

/// The scale that all axes share so that none, or one, is of the given size.
static std::optional<double> commonScale(NodeImporter &node,
                                         ArrayRef<ResampledAxis> axes) {
  std::string policy = node.getString("keep_aspect_ratio_policy", "stretch");
  if (policy != "not_larger" && policy != "not_smaller")
    return std::nullopt;
  std::optional<double> common;
  for (const ResampledAxis &axis : axes)
    if (!common ||
        (policy == "not_larger" ? axis.scale < *common : axis.scale > *common))
      common = axis.scale;
  return common;
}

static LogicalResult readSizes(NodeImporter &node,
                               MutableArrayRef<ResampledAxis> axes,
                               ArrayRef<int64_t> positions) {
  FailureOr<SmallVector<Number>> sizes = node.getNumbers(3);
  if (failed(sizes))
    return failure();
  if (sizes->size() != axes.size())
    return node.emitError() << "expected a size for each of " << axes.size()
                            << " axes, but got " << sizes->size();
  const GraphValue &x = node.input(0);
  for (auto [axis, size, position] : llvm::zip_equal(axes, *sizes, positions)) {
    std::optional<int64_t> batch = node.graph.batchSize();
    bool isBatch = x.isBatch(position) &&
                   (size.perExample == axis.in ||
                    (batch && product({axis.in, *batch}) == size.integer));
    axis.out = isBatch ? axis.in : size.integer;
    if ((!isBatch && !size.isPlain()) || axis.out < 1)
      return node.emitError() << "expected sizes from 1 on that do not depend "
                                 "on the batch size";
    axis.scale = static_cast<double>(axis.out) / static_cast<double>(axis.in);
  }
  if (std::optional<double> scale = commonScale(node, axes)) {
    for (ResampledAxis &axis : axes) {
      axis.scale = *scale;
      axis.out = static_cast<int64_t>(
          std::floor(*scale * static_cast<double>(axis.in) + 0.5));
    }
  }
  return success();
}

/// Sizes, scales and regions of the axes at `positions`.
static FailureOr<SmallVector<ResampledAxis>>
readGeometry(NodeImporter &node, const Resampling &settings,
             ArrayRef<int64_t> positions) {
  SmallVector<ResampledAxis> axes(positions.size());
  for (auto [axis, position] : llvm::zip_equal(axes, positions)) {
    axis.in = node.input(0).shape[position];
    if (axis.in < 1)
      return node.emitError() << "expected elements to resize, but axis "
                              << position << " has none";
  }
  FailureOr<SmallVector<double>> scales = readScales(node);
  if (failed(scales))
    return failure();
  if (scales->empty() && node.hasInput(3)) {
    if (failed(readSizes(node, axes, positions)))
      return failure();
  } else {
    if (scales->size() != axes.size())
      return node.emitError() << "expected a scale for each of " << axes.size()
                              << " axes, but got " << scales->size();
    for (auto [axis, scale] : llvm::zip_equal(axes, *scales)) {
      double size = std::floor(static_cast<double>(axis.in) * scale);
      if (!(size >= 1) || size > INT32_MAX) {
        return node.emitError()
               << "expected scales that leave an element and fit memory, but "
                  "got "
               << scale;
      }
      axis.scale = scale;
      axis.out = static_cast<int64_t>(size);
    }
  }
  if (settings.coordinates == "tf_crop_and_resize") {
    FailureOr<SmallVector<double>> region = node.getReals(1);
    if (failed(region))
      return failure();
    if (region->size() != 2 * axes.size())
      return node.emitError() << "expected a roi of " << 2 * axes.size()
                              << " numbers, but got " << region->size();
    for (double end : *region)
      if (!std::isfinite(end))
        return node.emitError() << "expected a finite roi, but got " << end;
    for (auto [i, axis] : llvm::enumerate(axes)) {
      axis.start = (*region)[i];
      axis.end = (*region)[i + axes.size()];
    }
  }
  return axes;
}

//===----------------------------------------------------------------------===//
// Resampling
//===----------------------------------------------------------------------===//

/// Repeats each element of the axes `factors` times.
static Result repeat(GraphBuilder &graph, Result x, ArrayRef<int64_t> factors) {
  if (failed(x) ||
      llvm::all_of(factors, [](int64_t factor) { return factor == 1; }))
    return x;
  SmallVector<int64_t> added, shape(x->shape);
  Frame frame;
  for (auto [axis, factor] : llvm::enumerate(factors)) {
    if (x->isBatch(axis)) {
      frame.batch = x->batch;
      frame.batch->axis = frame.shape.size();
    }
    frame.shape.push_back(x->shape[axis]);
    if (factor == 1)
      continue;
    added.push_back(frame.shape.size());
    frame.shape.push_back(factor);
    shape[axis] *= factor;
  }
  Result repeated = graph.broadcast(graph.unsqueeze(x, added), frame);
  return graph.reshape(repeated, shape, x->batch);
}

/// y[…, i, …] = Σ_j W[i, j] x[…, j, …] along `axis`.
static Result contractAxis(NodeImporter &node, Result x, int64_t axis,
                           const GraphValue &matrix) {
  static constexpr StringLiteral letters = "abcdefghijkl";
  if (failed(x))
    return failure();
  if (x->rank() > static_cast<int64_t>(letters.size()))
    return node.emitError() << "expected at most " << letters.size()
                            << " axes, but got " << x->rank();
  std::string word = letters.take_front(x->rank()).str(), result = word;
  result[axis] = 'z';
  return node.graph.einsum({*x, matrix}, {word, std::string("z") + word[axis]},
                           result);
}

/// Adds `value` where an axis reads outside the region.
static Result fillOutside(NodeImporter &node, Result x,
                          ArrayRef<ResampledAxis> axes,
                          ArrayRef<int64_t> positions,
                          const Resampling &settings, double value) {
  if (failed(x) || value == 0 || settings.coordinates != "tf_crop_and_resize")
    return x;
  GraphBuilder &graph = node.graph;
  Result inside = graph.scalar(1);
  for (auto [axis, position] : llvm::zip_equal(axes, positions)) {
    SmallVector<int64_t> shape(x->rank(), 1);
    shape[position] = axis.out;
    SmallVector<double> mask;
    for (int64_t i = 0; i < axis.out; ++i)
      mask.push_back(isOutside(settings, axis, i) ? 0 : 1);
    if (!x->isBatch(position))
      inside = graph.binary<MulOp>(inside, makeReals(mask, shape));
  }
  Result added = graph.scale(graph.shift(inside, -1), -value);
  return graph.binary<AddOp>(x, added);
}

static Result resample(NodeImporter &node, const Resampling &settings,
                       ArrayRef<ResampledAxis> axes,
                       ArrayRef<int64_t> positions) {
  GraphBuilder &graph = node.graph;
  Result x = node.input(0);
  SmallVector<int64_t> factors(node.input(0).rank(), 1);
  for (auto [axis, position] : llvm::zip_equal(axes, positions)) {
    if (isIdentity(settings, axis))
      continue;
    if (failed(graph.refuseBatch(node.input(0), position, "resize")))
      return failure();
    if (axis.out > maxMatrix / axis.in)
      return node.emitError() << "expected a resize of fewer elements, but got "
                              << axis.in << " to " << axis.out;
    std::optional<SmallVector<int64_t>> sources =
        nearestSources(settings, axis);
    if (!sources) {
      SmallVector<double> matrix = resamplingMatrix(settings, axis);
      x = contractAxis(node, x, position,
                       makeReals(matrix, {axis.out, axis.in}));
      continue;
    }
    int64_t factor = axis.out / axis.in;
    bool isRepeated = axis.out % axis.in == 0;
    for (auto [i, source] : llvm::enumerate(*sources))
      isRepeated = isRepeated && source == static_cast<int64_t>(i) / factor;
    if (isRepeated)
      factors[position] = factor;
    else
      x = graph.pick(x, position, *sources);
  }
  return repeat(graph, x, factors);
}

static LogicalResult importResize(NodeImporter &node) {
  FailureOr<Resampling> settings = readResampling(node);
  FailureOr<SmallVector<int64_t>> positions = readAxes(node);
  if (failed(settings) || failed(positions))
    return failure();
  FailureOr<SmallVector<ResampledAxis>> axes =
      readGeometry(node, *settings, *positions);
  if (failed(axes))
    return failure();
  if (settings->mode != "nearest" && !node.input(0).isFloat())
    return node.emitError() << "expected floats to interpolate, but got "
                            << nameOf(node.input(0).kind);
  Result resized = resample(node, *settings, *axes, *positions);
  return node.setResult(fillOutside(node, resized, *axes, *positions, *settings,
                                    node.getReal("extrapolation_value", 0)));
}

ArrayRef<Operator> onnximport::getResizeOperators() {
  static const Operator operators[] = {
      {"Resize", 10, newestOpset, 1, 4, importResize},
      {"Upsample", 7, 9, 1, 2, importResize},
  };
  return operators;
}
