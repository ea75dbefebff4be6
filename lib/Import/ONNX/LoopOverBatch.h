// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops with a step for each example of the batch.

#ifndef NTK_LIB_IMPORT_ONNX_LOOPOVERBATCH_H
#define NTK_LIB_IMPORT_ONNX_LOOPOVERBATCH_H

#include "NodeImporter.h"

namespace mlir::ntk::onnximport {

/// Imports a Loop whose steps are the examples; none if it is another one.
std::optional<LogicalResult> importLoopOverBatch(NodeImporter &node);

/// The elements from `start` to `end` along `axis` where these name elements of
/// the example at which a loop is.
Result sliceOwn(GraphBuilder &graph, const GraphValue &x, int64_t axis,
                const Number &start, const Number &end);

/// Imports both branches of an If of which one is for the last example, where
/// they come to the same.
LogicalResult importEitherBranch(NodeImporter &node, bool thenIsLast);

/// Positions of all examples and, behind them, the next one, in one list; none
/// if the values are others.
std::optional<GraphValue> appendEnd(ArrayRef<GraphValue> values);

/// All but the first or all but the last of such positions.
Result dropEnd(GraphBuilder &graph, GraphValue x, const Number &start,
               const Number &end, int64_t step);

/// One value for each example, along `axis` or a new axis there.
Result joinExamples(GraphBuilder &graph, const GraphValue &x, int64_t axis,
                    bool isNew);

/// What a node reads where `isLastExample` is set: its known numbers, with the
/// place of the last example.
GraphValue readForLast(const GraphValue &x);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_LOOPOVERBATCH_H
