// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constants of signal processing: windows, sums of cosines over a length that
// is known, and the triangles of a mel spectrum.

#include "Sampling.h"
#include "TensorProto.h"
#include "Themes.h"
#include <cmath>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Numbers in the element type that attribute output_datatype names; integers
/// are rounded towards zero.
static Result makeTyped(NodeImporter &node, ArrayRef<double> reals,
                        ArrayRef<int64_t> shape) {
  int64_t type = node.getInteger("output_datatype", 1);
  std::optional<ElementKind> kind = elementKind(static_cast<int32_t>(type));
  if (!kind || *kind == ElementKind::Bool)
    return node.emitError()
           << "expected output_datatype to be a type of numbers, but got "
           << type << " of TensorProto.DataType";
  GraphValue value = makeReals(reals, shape);
  std::vector<Number> numbers = *value.numbers;
  if (!isFloat(*kind))
    for (Number &number : numbers)
      number = Number{static_cast<int64_t>(number.real)};
  return makeKnown(*kind, shape, std::move(numbers));
}

/// One known integer from 1 to what known values may have.
static FailureOr<int64_t> readSize(NodeImporter &node, unsigned input) {
  FailureOr<SmallVector<int64_t>> size = node.getIntegers(input);
  if (failed(size))
    return failure();
  if (size->size() != 1 || size->front() < 1 ||
      size->front() > maxKnownElements)
    return node.emitError() << "expected one size from 1 to "
                            << maxKnownElements << " as input " << input;
  return size->front();
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

namespace {
/// constant + first cos(2π n/N) + second cos(4π n/N).
struct Cosines {
  double constant, first, second;
};
} // namespace

static constexpr Cosines hann = {0.5, -0.5, 0};
static constexpr Cosines hamming = {25.0 / 46, -21.0 / 46, 0};
static constexpr Cosines blackman = {0.42, -0.5, 0.08};

template <const Cosines &cosines>
static LogicalResult importWindow(NodeImporter &node) {
  constexpr double twoPi = 6.283185307179586;
  FailureOr<int64_t> size = readSize(node, 0);
  if (failed(size))
    return failure();
  bool isPeriodic = node.getInteger("periodic", 1) != 0;
  auto period = static_cast<double>(isPeriodic ? *size : *size - 1);
  SmallVector<double> reals;
  for (int64_t n = 0; n < *size; ++n) {
    double phase = twoPi * static_cast<double>(n) / period;
    // A symmetric window of one element is 1, as in PyTorch.
    reals.push_back(period == 0
                        ? 1
                        : cosines.constant + cosines.first * std::cos(phase) +
                              cosines.second * std::cos(2 * phase));
  }
  return node.setResult(makeTyped(node, reals, {*size}));
}

//===----------------------------------------------------------------------===//
// Mel spectra
//===----------------------------------------------------------------------===//

/// Ends and middles of the triangles, in bins of the spectrum.
static SmallVector<int64_t> placeTriangles(int64_t count, int64_t length,
                                           int64_t rate, double low,
                                           double high) {
  auto toMel = [](double hertz) {
    return 2595 * std::log1p(hertz / 700) / std::log(10.0);
  };
  double first = toMel(low);
  double step = (toMel(high) - first) / static_cast<double>(count + 2);
  SmallVector<int64_t> bins;
  for (int64_t i = 0; i < count + 2; ++i) {
    double mel = first + step * static_cast<double>(i);
    double hertz = 700 * std::expm1(mel / 2595 * std::log(10.0));
    bins.push_back(static_cast<int64_t>(std::floor(
        static_cast<double>(length + 1) * hertz / static_cast<double>(rate))));
  }
  return bins;
}

static LogicalResult importMelWeightMatrix(NodeImporter &node) {
  FailureOr<int64_t> count = readSize(node, 0), length = readSize(node, 1),
                     rate = readSize(node, 2);
  FailureOr<double> low = node.getReal(3), high = node.getReal(4);
  if (failed(count) || failed(length) || failed(rate) || failed(low) ||
      failed(high))
    return failure();
  int64_t rows = *length / 2 + 1;
  if (!(*low >= 0 && *low <= *high && *high <= 1e9) ||
      rows * *count > (int64_t(1) << 24))
    return node.emitError() << "expected edges from 0 hertz on, the lower one "
                               "first, and a matrix that fits memory";
  SmallVector<int64_t> bins =
      placeTriangles(*count, *length, *rate, *low, *high);
  if (bins.back() >= rows)
    return node.emitError() << "expected an upper edge below half of the "
                               "sample rate, but got "
                            << *high;
  SmallVector<double> matrix(rows * *count, 0.0);
  for (int64_t i = 0; i < *count; ++i) {
    int64_t left = bins[i], middle = bins[i + 1], right = bins[i + 2];
    for (int64_t j = left; j <= middle; ++j)
      matrix[j * *count + i] = left == middle
                                   ? 1
                                   : static_cast<double>(j - left) /
                                         static_cast<double>(middle - left);
    for (int64_t j = middle; j < right; ++j)
      matrix[j * *count + i] =
          static_cast<double>(right - j) / static_cast<double>(right - middle);
  }
  return node.setResult(makeTyped(node, matrix, {rows, *count}));
}

ArrayRef<Operator> onnximport::getSignalOperators() {
  static const Operator operators[] = {
      {"BlackmanWindow", 17, newestOpset, 1, 1, importWindow<blackman>},
      {"HammingWindow", 17, newestOpset, 1, 1, importWindow<hamming>},
      {"HannWindow", 17, newestOpset, 1, 1, importWindow<hann>},
      {"MelWeightMatrix", 17, newestOpset, 5, 5, importMelWeightMatrix},
  };
  return operators;
}
