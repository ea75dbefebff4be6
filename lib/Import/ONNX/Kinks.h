// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Derivatives where a function has none. An operator of ONNX stands for several
// of PyTorch, whose autograd differs at kinks: Max for `maximum`, which shares
// ties, and for `clamp`, which is constant on its bounds. Files of torch's
// exporter say which it was; without, the rules of the dialect hold.

#ifndef NTK_LIB_IMPORT_ONNX_KINKS_H
#define NTK_LIB_IMPORT_ONNX_KINKS_H

#include "GraphBuilder.h"
#include "Model.h"

namespace mlir::ntk::onnximport {

/// What the operator of PyTorch that a node was made of asks for.
struct Kinks {
  /// Clip, and Max or Min with a constant: the derivative where both are equal.
  std::optional<double> onBounds;
  /// ReduceMax, ReduceMin: the first winner has the derivative, and not all
  /// winners a part of it.
  bool firstWins = false;
  /// Roots: 0 at 0, where the derivative is infinite.
  bool rootsStopAtZero = false;
  /// Identity: a constant under differentiation.
  bool stops = false;
};

/// The rules for a node; all as the dialect's where nothing else is known.
Kinks getKinks(const Node &node);

/// y = f(x) for a root f of what is not negative, with the derivative 0 at 0:
/// norms and standard deviations have it, a written-out root does not.
Result rootStoppedAtZero(GraphBuilder &graph, Result x,
                         function_ref<Result(Result)> root);

/// Maxima over axes, ascending, all of the derivative to the first one in
/// row-major order.
Result firstMaximum(GraphBuilder &graph, Result x, ArrayRef<int64_t> axes,
                    bool keepDims);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_KINKS_H
