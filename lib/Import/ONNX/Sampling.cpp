// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Taps of points between pixels, and the sums over them.

#include "Sampling.h"
#include "Activations.h"
#include "dialects/NTK/IR/PowerOps.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

GraphValue onnximport::makeReals(ArrayRef<double> reals,
                                 ArrayRef<int64_t> shape) {
  std::vector<Number> numbers(reals.size());
  for (auto [number, real] : llvm::zip_equal(numbers, reals))
    number.real = real;
  return makeKnown(ElementKind::Float32, shape, std::move(numbers));
}

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

/// The first of known rows that are all alike, as a value of one row.
static std::optional<GraphValue> findCommonRow(const GraphValue &x) {
  if (!x.isKnown() || x.shape[0] == 0)
    return std::nullopt;
  size_t size = x.numbers->size() / x.shape[0];
  auto differs = [&](size_t i) {
    const Number &a = (*x.numbers)[i], &b = (*x.numbers)[i % size];
    return a.real != b.real || a.integer != b.integer;
  };
  for (size_t i = size; i < x.numbers->size(); ++i)
    if (differs(i))
      return std::nullopt;
  SmallVector<int64_t> shape(x.shape);
  shape[0] = 1;
  return makeKnown(x.kind, shape,
                   {x.numbers->begin(), x.numbers->begin() + size});
}

FailureOr<bool> onnximport::takeStacks(NodeImporter &node,
                                       MutableArrayRef<GraphValue> xs) {
  GraphBuilder &graph = node.graph;
  bool isBatch = false;
  for (const GraphValue &x : xs) {
    if (x.batch && (x.batch->axis != 0 || !x.batch->isPure()))
      return node.emitError() << "expected the batch, alone, as the first axis "
                                 "of each operand, but got it elsewhere or "
                                 "merged with other axes";
    isBatch |= x.batch.has_value();
  }
  for (GraphValue &x : xs) {
    if (x.batch) {
      Result example = graph.unsqueeze(graph.takeExample(x), {0});
      if (failed(example))
        return failure();
      x = *example;
    } else if (isBatch && x.shape[0] != 1) {
      std::optional<GraphValue> row = findCommonRow(x);
      if (graph.batchSize() != x.shape[0] || !row)
        return node.emitError()
               << "expected the batch as the first axis of each operand, or "
                  "one value for all examples, but got "
               << x.shape[0] << " along it: the network mixes examples";
      x = *row;
    } else if (x.shape[0] != xs[0].shape[0]) {
      return node.emitError() << "expected operands of as many images, but got "
                              << xs[0].shape[0] << " and " << x.shape[0];
    }
  }
  return isBatch;
}

Result onnximport::giveStack(GraphBuilder &graph, Result x, bool isBatch) {
  return isBatch ? graph.giveBatch(graph.squeeze(x, {0}), BatchAxis{0}) : x;
}

//===----------------------------------------------------------------------===//
// Coordinates
//===----------------------------------------------------------------------===//

/// x within bounds. On a bound and beyond it the derivative is zero.
static Result hold(GraphBuilder &graph, Result x, double low, double high) {
  GraphValue lowest = graph.scalar(low), highest = graph.scalar(high);
  Result below =
      graph.select(graph.compare(x, highest, Comparison::LT), x, highest);
  return graph.select(graph.compare(x, lowest, Comparison::GT), below, lowest);
}

/// x folded into [low, high] by reflections at both ends.
static Result reflect(GraphBuilder &graph, Result x, double low, double high) {
  double span = high - low;
  if (span <= 0)
    return graph.scale(x, 0);
  GraphValue zero = graph.scalar(0);
  Result from = graph.shift(x, -low);
  from = graph.select(graph.compare(from, zero, Comparison::LT),
                      graph.unary<NegOp>(from), from);
  Result within = graph.binary<RemainderOp>(from, graph.scalar(2 * span));
  Result isBack = graph.compare(within, graph.scalar(span), Comparison::GE);
  Result back = graph.shift(graph.unary<NegOp>(within), 2 * span);
  return graph.shift(graph.select(isBack, back, within), low);
}

/// A coordinate, or the number of a pixel, brought into an axis of this size as
/// the surroundings say. Zeros stay outside.
static Result bringInside(GraphBuilder &graph, Result x, int64_t size,
                          const Sampling &sampling) {
  double last = static_cast<double>(size - 1);
  if (sampling.surroundings == Surroundings::Zeros)
    return hold(graph, x, -4, last + 4); // of which all taps are zeros
  if (sampling.surroundings == Surroundings::Reflection)
    x = sampling.endsInPixels ? reflect(graph, x, 0, last)
                              : reflect(graph, x, -0.5, last + 0.5);
  return hold(graph, x, 0, last);
}

//===----------------------------------------------------------------------===//
// One axis
//===----------------------------------------------------------------------===//

namespace {
/// Taps of one axis: pixel floor(x) + offset has the weight Σ_k c_k f^k, with f
/// what is left of x.
struct Kernel {
  SmallVector<double> offsets;
  /// By power, then by tap.
  SmallVector<SmallVector<double>> coefficients;
};
} // namespace

/// The cubic is Keys' with a = −3/4.
static Kernel getKernel(Interpolation interpolation) {
  constexpr double a = -0.75;
  switch (interpolation) {
  case Interpolation::Nearest:
    return {{0}, {{1}}};
  case Interpolation::Linear:
    return {{0, 1}, {{1, 0}, {-1, 1}}};
  case Interpolation::Cubic:
    return {{-1, 0, 1, 2},
            {{0, 1, 0, 0},
             {a, 0, -a, 0},
             {-2 * a, -(a + 3), 2 * a + 3, a},
             {a, a + 2, -(a + 2), -a}}};
  }
  llvm_unreachable("all are above");
}

/// Numbers for each tap, to be broadcast with [tap, image, point].
static GraphValue perTap(ArrayRef<double> numbers) {
  return makeReals(numbers, {static_cast<int64_t>(numbers.size()), 1, 1});
}

/// The taps of one axis; pixels count along it. A pixel that is outside has
/// the weight zero.
static Taps findAxisTaps(GraphBuilder &graph, Result x, int64_t size,
                         const Sampling &sampling) {
  bool isCubic = sampling.interpolation == Interpolation::Cubic;
  Kernel kernel = getKernel(sampling.interpolation);
  x = graph.unsqueeze(x, {0});
  // A cubic reads its pixels, not its point, inside.
  double reach = static_cast<double>(int64_t(1) << 30);
  x = isCubic ? hold(graph, x, -reach, reach)
              : bringInside(graph, x, size, sampling);
  bool isNearest = sampling.interpolation == Interpolation::Nearest;
  Result whole = isNearest ? roundOf(graph, x) : floorOf(graph, x);
  Result rest =
      isNearest ? Result(graph.scalar(0)) : graph.binary<SubOp>(x, whole);
  Taps taps;
  for (ArrayRef<double> coefficients : llvm::reverse(kernel.coefficients)) {
    GraphValue added = perTap(coefficients);
    taps.weights = failed(taps.weights)
                       ? Result(added)
                       : graph.binary<AddOp>(
                             graph.binary<MulOp>(taps.weights, rest), added);
  }
  Result pixel = graph.binary<AddOp>(whole, perTap(kernel.offsets));
  if (isCubic)
    pixel = bringInside(graph, pixel, size, sampling);
  Result inside =
      graph.binary<MinOp>(graph.binary<MaxOp>(pixel, graph.scalar(0)),
                          graph.scalar(static_cast<double>(size - 1)));
  taps.weights = graph.select(graph.compare(pixel, inside, Comparison::EQ),
                              taps.weights, graph.scalar(0));
  taps.pixels = graph.convert(inside, ElementKind::Int32);
  return taps;
}

//===----------------------------------------------------------------------===//
// All axes
//===----------------------------------------------------------------------===//

static GraphValue integer(int64_t number) {
  return makeKnown(ElementKind::Int32, {}, {Number{number}});
}

/// The taps of the axes so far with those of the next one: [tap, image, point].
static Taps combine(GraphBuilder &graph, const Taps &outer, const Taps &inner,
                    int64_t innerSize) {
  auto join = [&](Result x) -> Result {
    if (failed(x))
      return failure();
    return graph.reshape(
        x, {x->shape[0] * x->shape[1], x->shape[2], x->shape[3]}, std::nullopt);
  };
  Result first = graph.binary<MulOp>(outer.pixels, integer(innerSize));
  return {join(graph.binary<AddOp>(graph.unsqueeze(first, {1}),
                                   graph.unsqueeze(inner.pixels, {0}))),
          join(graph.binary<MulOp>(graph.unsqueeze(outer.weights, {1}),
                                   graph.unsqueeze(inner.weights, {0})))};
}

Taps onnximport::findTaps(NodeImporter &node, const ImageStack &images,
                          ArrayRef<Result> coordinates,
                          const Sampling &sampling) {
  GraphBuilder &graph = node.graph;
  std::optional<int64_t> pixels = product(images.value.shape);
  if (!pixels || *pixels > INT32_MAX || llvm::is_contained(images.sizes(), 0)) {
    node.emitError() << "expected images of one to 2^31 pixels, but got "
                     << describe(images.value.kind, images.value.shape);
    return {};
  }
  // The first axis counts images.
  std::vector<Number> numbers(images.count());
  for (auto [i, number] : llvm::enumerate(numbers))
    number.integer = i;
  GraphValue image =
      makeKnown(ElementKind::Int32, {1, images.count(), 1}, std::move(numbers));
  GraphValue one = makeReals({1}, {1, 1, 1});
  Taps taps = {image, one};
  for (auto [x, size] : llvm::zip_equal(coordinates, images.sizes()))
    taps = combine(graph, taps, findAxisTaps(graph, x, size, sampling), size);
  return taps;
}

Result onnximport::readTaps(NodeImporter &node, const ImageStack &images,
                            const Taps &taps) {
  GraphBuilder &graph = node.graph;
  if (failed(taps.pixels))
    return failure();
  SmallVector<int64_t> order =
      llvm::to_vector(llvm::seq<int64_t>(0, images.value.rank()));
  std::swap(order[0], order[1]);
  int64_t pixels = images.count() * *product(images.sizes());
  Result rows =
      graph.reshape(images.count() == 1 ? Result(images.value)
                                        : graph.transpose(images.value, order),
                    {images.channels(), pixels}, std::nullopt);
  if (failed(rows))
    return failure();
  FailureOr<Value> from = graph.materialize(*rows);
  FailureOr<Value> at = graph.materialize(*taps.pixels);
  if (failed(from) || failed(at))
    return failure();
  FailureOr<Value> core =
      graph.create<GatherOp>({*from, *at}, graph.attribute("axis", int64_t(1)));
  if (failed(core))
    return failure();
  SmallVector<int64_t> shape = {images.channels()};
  llvm::append_range(shape, taps.pixels->shape);
  return graph.wrap(*core, images.value.kind, {shape, std::nullopt});
}

Result onnximport::sumTaps(NodeImporter &node, const ImageStack &images,
                           const Taps &taps) {
  Result read = readTaps(node, images, taps);
  if (failed(read) || failed(taps.weights))
    return failure();
  return node.graph.einsum({*read, *taps.weights}, {"ctip", "tip"}, "icp");
}
