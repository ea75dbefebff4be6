// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading at listed positions, for the operators that are made of it.

#ifndef NTK_LIB_IMPORT_ONNX_INDEXING_H
#define NTK_LIB_IMPORT_ONNX_INDEXING_H

#include "Operators.h"

namespace mlir::ntk::onnximport {

/// Slices of data along `axis` at indices, which may depend on the input.
Result gather(NodeImporter &node, const GraphValue &data,
              const GraphValue &indices, int64_t axis);

/// y[e] = data[e with e_axis = indices[e]], of values without a batch axis and
/// of equal rank; indices may depend on the input.
Result gatherElements(NodeImporter &node, const GraphValue &data,
                      const GraphValue &indices, int64_t axis);

/// In a file of one example, known positions along the batch axis of data that
/// name that example's elements, and have an axis of one in front, as those of
/// any example, whose batch axis is that axis; none if they are others. They
/// are every `step`th number from `first` on; what is between counts along
/// other axes.
std::optional<GraphValue> placeOnlyExample(const GraphBuilder &graph,
                                           const GraphValue &indices,
                                           const BatchAxis &batch,
                                           int64_t first = 0, int64_t step = 1);

LogicalResult importGather(NodeImporter &node);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_INDEXING_H
