// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Discrete Fourier transforms. Complex numbers are pairs along the last axis,
// which has size one where they are real. A transform of length n is a
// contraction with tables of the network's,
//
//     y[…, k, s] = Σ_{m, r, q} x[…, m, r] T[m, k, q] E[q, r, s]
//
// T[m, k, :] = (cos, sin)(2π m k / n) and E the rule by which (cos, sin)
// multiplies a pair, forwards or backwards.

#include "Operators.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// More coefficients would not fit a network's text and buffers.
static constexpr int64_t maxTable = int64_t(1) << 23;
static constexpr double pi = 3.14159265358979323846;

namespace {
/// A transform of `length` numbers, of which `inputs` are read (the others are
/// zero) and `outputs` are wanted.
struct Transform {
  int64_t length = 0, inputs = 0, outputs = 0;
  bool isInverse = false, isOneSided = false;

  /// From half a spectrum to real numbers?
  bool isToReal() const { return isInverse && isOneSided; }
};
} // namespace

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// T, with the scale of an inverse transform; the entries of a spectrum of
/// which half is given count twice where they stand for two.
static GraphValue makeAngles(const Transform &transform) {
  int64_t n = transform.length;
  std::vector<Number> numbers;
  numbers.reserve(2 * transform.inputs * transform.outputs);
  for (int64_t m = 0; m < transform.inputs; ++m) {
    bool standsForTwo = transform.isToReal() && m != 0 && 2 * m != n;
    double scale = (standsForTwo ? 2.0 : 1.0) /
                   (transform.isInverse ? static_cast<double>(n) : 1.0);
    for (int64_t k = 0; k < transform.outputs; ++k) {
      double angle =
          2 * pi * static_cast<double>(m * k % n) / static_cast<double>(n);
      for (double entry : {std::cos(angle), std::sin(angle)}) {
        Number number;
        number.real = scale * entry;
        numbers.push_back(number);
      }
    }
  }
  return makeKnown(ElementKind::Float32,
                   {transform.inputs, transform.outputs, 2},
                   std::move(numbers));
}

/// E: (a + ib)(cos ∓ i sin), of `given` parts of the numbers and `wanted` parts
/// of the products.
static GraphValue makeProduct(int64_t given, int64_t wanted, bool isInverse) {
  double sign = isInverse ? 1 : -1;
  const double product[2][2][2] = {{{1, 0}, {0, 1}},         // cos
                                   {{0, sign}, {-sign, 0}}}; // sin
  std::vector<Number> numbers;
  for (const auto &part : product)
    for (int64_t r = 0; r < given; ++r)
      for (int64_t s = 0; s < wanted; ++s) {
        Number number;
        number.real = part[r][s];
        numbers.push_back(number);
      }
  return makeKnown(ElementKind::Float32, {2, given, wanted},
                   std::move(numbers));
}

/// Reads as much of the axis as the transform does, and applies it; `window`
/// multiplies what is read.
static Result apply(GraphBuilder &graph, Result x, int64_t axis,
                    const Transform &transform,
                    std::optional<GraphValue> window = std::nullopt) {
  if (failed(x))
    return failure();
  std::optional<int64_t> entries =
      product({transform.inputs, transform.outputs});
  if (!entries || *entries > maxTable)
    return graph.emitError() << "expected a Fourier transform with at most "
                             << maxTable << " coefficients, but got "
                             << transform.inputs << " by " << transform.outputs;
  if (transform.inputs < x->shape[axis])
    x = graph.slice(x, axis, 0, transform.inputs, 1);
  if (failed(x))
    return failure();
  std::string word(StringRef("abcdefghijlnoptuvwxyz").take_front(x->rank()));
  std::string result = word;
  word[axis] = 'm';
  word.back() = 'r';
  result[axis] = 'k';
  result.back() = 's';
  int64_t wanted = transform.isToReal() ? 1 : 2;
  SmallVector<GraphValue> values = {
      *x, makeAngles(transform),
      makeProduct(x->shape.back(), wanted, transform.isInverse)};
  SmallVector<std::string> words = {word, "mkq", "qrs"};
  if (window) {
    values.push_back(*window);
    words.push_back("m");
  }
  return graph.einsum(values, words, result);
}

//===----------------------------------------------------------------------===//
// DFT
//===----------------------------------------------------------------------===//

/// A known integer of an input of one element.
static FailureOr<int64_t> readInteger(NodeImporter &node, unsigned input) {
  FailureOr<SmallVector<int64_t>> integers = node.getIntegers(input);
  if (failed(integers))
    return failure();
  if (integers->size() != 1)
    return node.emitError() << "expected one integer as input " << input
                            << ", but got " << integers->size();
  return integers->front();
}

/// Pairs or single numbers along the last axis.
static LogicalResult checkSignal(NodeImporter &node, const GraphValue &x,
                                 bool isOneSided, bool isInverse) {
  int64_t parts = x.rank() < 2 ? 0 : x.shape.back();
  if (!x.isFloat() || (parts != 1 && parts != 2) || x.isBatch(x.rank() - 1) ||
      x.rank() > 20)
    return node.emitError() << "expected real numbers […, 1] or complex ones "
                               "[…, 2], but got "
                            << describe(x.kind, x.shape);
  if (isOneSided && !isInverse && parts != 1)
    return node.emitError() << "expected real numbers for a one-sided "
                               "transform, but got complex ones";
  return success();
}

/// The axis is an attribute below opset 20, then an input.
static FailureOr<int64_t> readAxis(NodeImporter &node, int64_t rank) {
  int64_t axis = -2;
  if (node.opset < 20) {
    axis = node.getInteger("axis", 1);
  } else if (node.hasInput(2)) {
    FailureOr<int64_t> given = readInteger(node, 2);
    if (failed(given))
      return failure();
    axis = *given;
  }
  FailureOr<int64_t> from0 = node.getAxis(axis, rank);
  if (succeeded(from0) && *from0 == rank - 1)
    return node.emitError() << "expected an axis before the last, which holds "
                               "real and imaginary parts";
  return from0;
}

static LogicalResult importDFT(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  Transform transform;
  transform.isInverse = node.getInteger("inverse", 0) != 0;
  transform.isOneSided = node.getInteger("onesided", 0) != 0;
  if (failed(checkSignal(node, x, transform.isOneSided, transform.isInverse)))
    return failure();
  FailureOr<int64_t> axis = readAxis(node, x.rank());
  if (failed(axis) || failed(node.graph.refuseBatch(x, *axis, "transform")))
    return failure();
  int64_t size = x.shape[*axis];
  transform.length = transform.isToReal() ? 2 * (size - 1) : size;
  if (node.hasInput(1)) {
    FailureOr<int64_t> given = readInteger(node, 1);
    if (failed(given))
      return failure();
    transform.length = *given;
  }
  if (transform.length < 1 || transform.length > INT32_MAX)
    return node.emitError() << "expected a transform of one number or more, "
                               "but got a length of "
                            << transform.length;
  int64_t half = transform.length / 2 + 1;
  transform.inputs =
      std::min(size, transform.isToReal() ? half : transform.length);
  transform.outputs =
      transform.isOneSided && !transform.isInverse ? half : transform.length;
  return node.setResult(apply(node.graph, x, *axis, transform));
}

//===----------------------------------------------------------------------===//
// STFT
//===----------------------------------------------------------------------===//

/// Frames [batch, frame, m, r] of a signal [batch, m, r].
static Result takeFrames(GraphBuilder &graph, const GraphValue &x,
                         int64_t length, int64_t step) {
  int64_t count = (x.shape[1] - length) / step + 1;
  std::optional<int64_t> size = product({count, length});
  if (!size || *size > maxTable)
    return graph.emitError()
           << "expected at most " << maxTable << " elements of frames, but got "
           << count << " frames of " << length;
  SmallVector<int64_t> positions;
  for (int64_t frame = 0; frame < count; ++frame)
    for (int64_t m = 0; m < length; ++m)
      positions.push_back(frame * step + m);
  return graph.reshape(graph.pick(x, 1, positions),
                       {x.shape[0], count, length, x.shape[2]}, x.batch);
}

static FailureOr<int64_t> readFrameLength(NodeImporter &node,
                                          int64_t signalLength) {
  std::optional<int64_t> window;
  if (node.hasInput(2)) {
    const GraphValue &given = node.input(2);
    if (given.rank() != 1 || given.batch || !given.isFloat())
      return node.emitError() << "expected a window of real numbers, but got "
                              << describe(given.kind, given.shape);
    window = given.shape[0];
  }
  int64_t length = window.value_or(signalLength);
  if (node.hasInput(3)) {
    FailureOr<int64_t> given = readInteger(node, 3);
    if (failed(given))
      return failure();
    length = *given;
  }
  if (length < 1 || length > signalLength || (window && length != *window))
    return node.emitError()
           << "expected frames as long as the window and no longer than the "
              "signal's "
           << signalLength << " numbers, but got a length of " << length;
  return length;
}

static LogicalResult importSTFT(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  bool isOneSided = node.getInteger("onesided", 1) != 0;
  if (x.rank() != 3)
    return node.emitError() << "expected a signal [batch, length, 1 or 2], "
                               "but got "
                            << describe(x.kind, x.shape);
  if (failed(checkSignal(node, x, isOneSided, /*isInverse=*/false)) ||
      failed(node.graph.refuseBatch(x, 1, "transform")))
    return failure();
  FailureOr<int64_t> step = readInteger(node, 1);
  FailureOr<int64_t> length = readFrameLength(node, x.shape[1]);
  if (failed(step) || failed(length))
    return failure();
  if (*step < 1 || *step > INT32_MAX)
    return node.emitError() << "expected a step from 1 on, but got " << *step;
  Transform transform;
  transform.isOneSided = isOneSided;
  transform.length = transform.inputs = *length;
  transform.outputs = isOneSided ? *length / 2 + 1 : *length;
  std::optional<GraphValue> window;
  if (node.hasInput(2))
    window = node.input(2);
  return node.setResult(apply(node.graph,
                              takeFrames(node.graph, x, *length, *step), 2,
                              transform, window));
}

ArrayRef<Operator> onnximport::getFourierOperators() {
  static const Operator operators[] = {
      {"DFT", 17, newestOpset, 1, 3, importDFT},
      {"STFT", 17, newestOpset, 2, 4, importSTFT},
  };
  return operators;
}
