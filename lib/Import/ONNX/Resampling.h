// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arithmetic of resampling an axis, as the specification of Resize has it.

#ifndef NTK_LIB_IMPORT_ONNX_RESAMPLING_H
#define NTK_LIB_IMPORT_ONNX_RESAMPLING_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

namespace mlir::ntk::onnximport {

/// The attributes of a node, by their names and words there.
struct Resampling {
  std::string mode, coordinates, nearest;
  double cubicCoefficient = -0.75;
  bool antialias = false, excludesOutside = false;
};

/// An axis of `in` elements that becomes one of `out`; the region is read by
/// tf_crop_and_resize only.
struct ResampledAxis {
  int64_t in = 1, out = 1;
  double scale = 1;
  double start = 0, end = 1;
};

/// Does every element stay?
bool isIdentity(const Resampling &settings, const ResampledAxis &axis);

/// Does element i read outside the region, of tf_crop_and_resize?
bool isOutside(const Resampling &settings, const ResampledAxis &axis,
               int64_t i);

/// The element that each element is taken from, in mode nearest; none in other
/// modes and where one lies outside the region.
std::optional<llvm::SmallVector<int64_t>>
nearestSources(const Resampling &settings, const ResampledAxis &axis);

/// Weights [out, in], row-major. Rows outside the region are zero.
llvm::SmallVector<double> resamplingMatrix(const Resampling &settings,
                                           const ResampledAxis &axis);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_RESAMPLING_H
