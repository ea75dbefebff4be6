// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Coordinates and weights of resampling. Element i of the result has the
// coordinate x(i) among the original elements; the neighbours of x are weighed
// by a filter of their distance: a triangle, or Keys' cubic. Against aliasing
// the filter is widened by 1/scale. Neighbours beyond the ends are the ends,
// or, if outside ones are excluded, left out.

#include "Resampling.h"
#include <algorithm>

using namespace mlir::ntk::onnximport;
using llvm::SmallVector;

/// x(i). Nearest neighbours are chosen in float, as by other implementations:
/// coordinates half-way between elements are frequent.
template <typename Real>
static Real coordinate(const Resampling &settings, const ResampledAxis &axis,
                       int64_t i) {
  Real at = static_cast<Real>(i), in = static_cast<Real>(axis.in),
       out = static_cast<Real>(axis.out), scale = static_cast<Real>(axis.scale);
  Real half = Real(0.5);
  const std::string &mode = settings.coordinates;
  if (mode == "asymmetric")
    return at / scale;
  if (mode == "align_corners")
    return axis.out == 1 ? Real(0) : at * (in - 1) / (out - 1);
  if (mode == "tf_half_pixel_for_nn")
    return (at + half) / scale;
  if (mode == "pytorch_half_pixel" && axis.out == 1)
    return Real(0);
  if (mode == "tf_crop_and_resize") {
    Real start = static_cast<Real>(axis.start),
         end = static_cast<Real>(axis.end);
    if (axis.out == 1)
      return half * (start + end) * (in - 1);
    return start * (in - 1) + at * (end - start) * (in - 1) / (out - 1);
  }
  Real centre = (at + half) / scale - half;
  if (mode == "half_pixel_symmetric")
    // The result stands in the middle of what the scale would have given.
    centre += in / 2 * (1 - out / (scale * in));
  return centre;
}

bool mlir::ntk::onnximport::isIdentity(const Resampling &settings,
                                       const ResampledAxis &axis) {
  bool crops = settings.coordinates == "tf_crop_and_resize" &&
               (axis.start != 0 || axis.end != 1);
  return axis.in == axis.out && axis.scale == 1 && !crops &&
         settings.coordinates != "tf_half_pixel_for_nn";
}

bool mlir::ntk::onnximport::isOutside(const Resampling &settings,
                                      const ResampledAxis &axis, int64_t i) {
  double x = coordinate<double>(settings, axis, i);
  // A region of huge numbers has coordinates that are none.
  bool isInside = x >= 0 && x <= static_cast<double>(axis.in - 1);
  return settings.coordinates == "tf_crop_and_resize" && !isInside;
}

/// The integer that a coordinate is rounded to.
static double roundCoordinate(const std::string &mode, float x) {
  if (mode == "floor")
    return std::floor(x);
  if (mode == "ceil")
    return std::ceil(x);
  return mode == "round_prefer_ceil" ? std::floor(x + 0.5f)
                                     : std::ceil(x - 0.5f);
}

static int64_t nearestSource(const Resampling &settings,
                             const ResampledAxis &axis, int64_t i) {
  double at =
      roundCoordinate(settings.nearest, coordinate<float>(settings, axis, i));
  return static_cast<int64_t>(
      std::clamp(at, 0.0, static_cast<double>(axis.in - 1)));
}

std::optional<SmallVector<int64_t>>
mlir::ntk::onnximport::nearestSources(const Resampling &settings,
                                      const ResampledAxis &axis) {
  if (settings.mode != "nearest")
    return std::nullopt;
  SmallVector<int64_t> sources;
  for (int64_t i = 0; i < axis.out; ++i) {
    if (isOutside(settings, axis, i))
      return std::nullopt;
    sources.push_back(nearestSource(settings, axis, i));
  }
  return sources;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// 1 − |t| for |t| < 1.
static double triangle(double t) { return std::max(0.0, 1 - std::abs(t)); }

/// Keys' cubic with the coefficient a, for |t| < 2.
static double cubic(double t, double a) {
  t = std::abs(t);
  if (t <= 1)
    return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

/// Adds the weights of element i to its row.
static void addRow(const Resampling &settings, const ResampledAxis &axis,
                   double x, llvm::MutableArrayRef<double> row) {
  bool isCubic = settings.mode == "cubic";
  double narrowing = settings.antialias ? std::min(axis.scale, 1.0) : 1.0;
  int64_t reach =
      static_cast<int64_t>(std::ceil((isCubic ? 2 : 1) / narrowing));
  int64_t last = static_cast<int64_t>(std::ceil(x)) - 1 + reach;
  double total = 0;
  SmallVector<std::pair<int64_t, double>> weights;
  for (int64_t j = last - 2 * reach + 1; j <= last; ++j) {
    if (settings.excludesOutside && (j < 0 || j >= axis.in))
      continue;
    double t = (static_cast<double>(j) - x) * narrowing;
    double weight = isCubic ? cubic(t, settings.cubicCoefficient) : triangle(t);
    total += weight;
    weights.push_back({std::clamp<int64_t>(j, 0, axis.in - 1), weight});
  }
  bool normalizes = settings.antialias || settings.excludesOutside;
  for (auto [j, weight] : weights)
    row[j] += normalizes && total != 0 ? weight / total : weight;
}

SmallVector<double>
mlir::ntk::onnximport::resamplingMatrix(const Resampling &settings,
                                        const ResampledAxis &axis) {
  SmallVector<double> matrix(axis.out * axis.in, 0.0);
  for (int64_t i = 0; i < axis.out; ++i) {
    llvm::MutableArrayRef<double> row(matrix.data() + i * axis.in, axis.in);
    if (isOutside(settings, axis, i))
      continue;
    if (settings.mode == "nearest")
      row[nearestSource(settings, axis, i)] = 1;
    else
      addRow(settings, axis, coordinate<double>(settings, axis, i), row);
  }
  return matrix;
}
