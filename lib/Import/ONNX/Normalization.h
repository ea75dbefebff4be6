// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Normalisation by the moments of an example, for operators that hold one.

#ifndef NTK_LIB_IMPORT_ONNX_NORMALIZATION_H
#define NTK_LIB_IMPORT_ONNX_NORMALIZATION_H

#include "GraphBuilder.h"

namespace mlir::ntk::onnximport {

/// A normalised value, the mean that was taken off, if any, and what the rest
/// was multiplied by.
struct Normalized {
  Result value;
  std::optional<Result> mean;
  Result inverse;
};

/// (x − mean) / √(var + ε) over `axes`, or without the mean x / √(mean x² + ε);
/// then · γ + β, each if there is one.
Normalized normalizeLayer(GraphBuilder &graph, Result x, ArrayRef<int64_t> axes,
                          double epsilon, bool centres,
                          std::optional<Result> gamma,
                          std::optional<Result> beta);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_NORMALIZATION_H
