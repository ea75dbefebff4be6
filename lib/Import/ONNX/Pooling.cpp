// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pooling over windows and over all pixels. An average is a sum over windows
// and a division by the number of elements, which varies from window to window
// where padding is not counted.

#include "Pooling.h"
#include "FxCall.h"
#include "Kinks.h"
#include "Operators.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

SmallVector<NamedAttribute> onnximport::windowGeometry(GraphBuilder &graph,
                                                       const Window &window) {
  return {graph.attribute("window", window.kernel),
          graph.attribute("strides", window.strides),
          graph.attribute("padding", window.padding()),
          graph.attribute("dilations", window.dilations)};
}

/// The images, and the geometry of windows over them.
static LogicalResult readPool(NodeImporter &node, Images &images,
                              Window &window) {
  FailureOr<Images> taken = takeImages(node, Channels::Apart);
  if (failed(taken))
    return failure();
  images = *taken;
  if (!node.hasAttribute("kernel_shape"))
    return node.emitError() << "expected attribute 'kernel_shape'";
  FailureOr<Window> read = readWindow(node, {}, images.sizes());
  if (failed(read))
    return failure();
  window = *read;
  if (failed(images.checkBatch(node, window)))
    return failure();
  for (auto [i, size] : llvm::enumerate(window.kernel)) {
    int64_t reach = window.dilations[i] * (size - 1) + 1;
    if (window.low[i] >= reach)
      return node.emitError() << "expected pads smaller than the window, but "
                                 "got "
                              << window.low[i] << " for a window of " << reach;
  }
  return success();
}

/// Integers are compared as floats.
static LogicalResult importMaxPool(NodeImporter &node) {
  Images images;
  Window window;
  if (failed(readPool(node, images, window)))
    return failure();
  GraphBuilder &graph = node.graph;
  ElementKind kind = node.input(0).kind;
  Result x = images.value;
  if (!isFloat(kind))
    x = graph.convert(x, ElementKind::Float32);
  if (failed(x))
    return failure();
  FailureOr<Value> core = graph.materialize(*x);
  if (failed(core))
    return failure();
  if (node.node.outputs.size() > 1 && !node.node.outputs[1].empty() &&
      failed(node.setOutput(1, findMaxima(node, images, window, *core))))
    return failure();
  Result y =
      makeImages(node, images,
                 graph.create<MaxPoolOp>(
                     *core, windowGeometry(graph, images.widen(window))));
  if (failed(y) || isFloat(kind))
    return node.setResult(y);
  y->kind = ElementKind::Float32;
  return node.setResult(graph.convert(y, kind));
}

//===----------------------------------------------------------------------===//
// Averages
//===----------------------------------------------------------------------===//

/// The divisors of more or larger windows are not tabulated.
static constexpr int64_t maxWindows = int64_t(1) << 20;
static constexpr int64_t maxWindowSize = int64_t(1) << 12;

/// Elements that each window counts along spatial axis i. Padding of the file
/// counts if `includePads`; what ceil_mode adds never does.
static SmallVector<int64_t> countAlong(const Window &window, size_t i,
                                       int64_t size, int64_t fileHigh,
                                       int64_t outputs, bool includePads) {
  int64_t first = includePads ? -window.low[i] : 0;
  int64_t last = includePads ? size + fileHigh : size;
  SmallVector<int64_t> counts;
  for (int64_t s = 0; s < outputs; ++s) {
    int64_t count = 0;
    for (int64_t tap = 0; tap < window.kernel[i]; ++tap) {
      int64_t at =
          s * window.strides[i] + tap * window.dilations[i] - window.low[i];
      count += first <= at && at < last;
    }
    counts.push_back(std::max<int64_t>(count, 1));
  }
  return counts;
}

/// One over the number of elements of each window, over the spatial axes.
static GraphValue inverseCounts(const Window &window, ArrayRef<int64_t> sizes,
                                ArrayRef<int64_t> fileHigh, bool includePads) {
  SmallVector<int64_t> outputs = window.outputSizes(sizes);
  std::vector<Number> table(1);
  table[0].real = 1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    std::vector<Number> next;
    SmallVector<int64_t> counts =
        countAlong(window, i, sizes[i], fileHigh[i], outputs[i], includePads);
    for (const Number &before : table) {
      for (int64_t count : counts) {
        Number number;
        number.real = before.real * static_cast<double>(count);
        next.push_back(number);
      }
    }
    table = std::move(next);
  }
  for (Number &number : table)
    number.real = 1 / number.real;
  return makeKnown(ElementKind::Float32, outputs, std::move(table));
}

/// The divisor of all windows that PyTorch's call asks for; ONNX has no such
/// attribute, and the exporter drops it.
static std::optional<double> getDivisor(const Node &node) {
  std::optional<FxCall> call = parseFxCall(node.fxNode);
  double divisor = 0;
  if (!call || (call->op != "avg_pool2d" && call->op != "avg_pool3d"))
    return std::nullopt;
  StringRef text = call->args.size() > 6 ? StringRef(call->args[6])
                                         : call->keywords["divisor_override"];
  if (text.getAsDouble(divisor) || divisor == 0)
    return std::nullopt;
  return divisor;
}

static LogicalResult importAveragePool(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Images images;
  Window window;
  if (failed(readPool(node, images, window)))
    return failure();
  FailureOr<Value> x = graph.materialize(images.value);
  if (failed(x))
    return failure();
  FailureOr<Value> sum = graph.create<WindowSumOp>(
      *x, windowGeometry(graph, images.widen(window)));
  if (failed(sum))
    return failure();
  SmallVector<int64_t> sizes(images.sizes());
  if (images.exchanged >= 2)
    sizes[images.exchanged - 2] = 1; // counts are the same for all examples
  std::optional<int64_t> windows = product(window.outputSizes(sizes));
  if (!windows || *windows > maxWindows ||
      llvm::any_of(window.kernel,
                   [](int64_t size) { return size > maxWindowSize; }))
    return node.emitError()
           << "expected at most " << maxWindows << " windows of at most "
           << maxWindowSize << " elements along an axis";
  SmallVector<int64_t> fileHigh(window.high);
  if (node.getString("auto_pad", "NOTSET") == "NOTSET") {
    // Without what ceil_mode added.
    size_t rank = window.kernel.size();
    SmallVector<int64_t> zeros(2 * rank, 0);
    fileHigh = llvm::to_vector(
        ArrayRef(node.getIntegers("pads", zeros)).drop_front(rank));
  }
  GraphValue inverse = inverseCounts(
      window, sizes, fileHigh, node.getInteger("count_include_pad", 0) != 0);
  Result sums = makeImages(node, images, sum);
  if (std::optional<double> divisor = getDivisor(node.node))
    return node.setResult(graph.scale(sums, 1 / *divisor));
  if (std::optional<Number> splat = inverse.splat())
    return node.setResult(graph.scale(sums, splat->real));
  return node.setResult(graph.binary<MulOp>(sums, inverse));
}

//===----------------------------------------------------------------------===//
// All pixels
//===----------------------------------------------------------------------===//

/// The spatial axes of the input.
static FailureOr<SmallVector<int64_t>> getPixelAxes(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (x.rank() < 3)
    return node.emitError() << "expected an input [batch, channel, spatial…], "
                               "but got rank "
                            << x.rank();
  SmallVector<int64_t> axes;
  for (int64_t axis = 2; axis < x.rank(); ++axis)
    axes.push_back(axis);
  return axes;
}

static LogicalResult importGlobalAveragePool(NodeImporter &node) {
  FailureOr<SmallVector<int64_t>> axes = getPixelAxes(node);
  if (failed(axes))
    return failure();
  Result sum = node.graph.reduce<ReduceSumOp>(node.input(0), *axes,
                                              /*keepDims=*/true);
  int64_t pixels = *product(ArrayRef(node.input(0).shape).drop_front(2));
  return node.setResult(node.graph.scale(sum, 1.0 / pixels));
}

static LogicalResult importGlobalMaxPool(NodeImporter &node) {
  FailureOr<SmallVector<int64_t>> axes = getPixelAxes(node);
  if (failed(axes))
    return failure();
  return node.setResult(firstMaximum(node.graph, node.input(0), *axes,
                                     /*keepDims=*/true));
}

ArrayRef<Operator> onnximport::getPoolingOperators() {
  static const Operator operators[] = {
      {"AveragePool", 7, newestOpset, 1, 1, importAveragePool},
      {"GlobalAveragePool", 1, newestOpset, 1, 1, importGlobalAveragePool},
      {"GlobalMaxPool", 1, newestOpset, 1, 1, importGlobalMaxPool},
      {"MaxPool", 1, newestOpset, 1, 1, importMaxPool},
  };
  return operators;
}
