// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one form to which reading and writing at listed positions is brought:
// rows of a matrix [F, S…] at flat positions. Values have no batch axis.

#ifndef NTK_LIB_IMPORT_ONNX_ROWS_H
#define NTK_LIB_IMPORT_ONNX_ROWS_H

#include "NodeImporter.h"

namespace mlir::ntk::onnximport {

/// Row-major positions, in a value of shape `shape`, of each element of the
/// indices with its place along `axis` replaced by the index.
Result elementPositions(NodeImporter &node, const GraphValue &indices,
                        ArrayRef<int64_t> shape, int64_t axis);
/// Positions of rows among the first axes [b…, k…] of data of shape `shape`,
/// for indices [b…, i…, k]: [b…, i…].
Result rowPositions(NodeImporter &node, ArrayRef<int64_t> shape,
                    const GraphValue &indices, int64_t batchDims);

/// Rows of [F, S…] at positions of any shape: [i…, S…].
Result readRows(NodeImporter &node, Result rows, Result positions);
/// Zeros [size, S…] to which updates [U, S…] are added at positions [U].
Result addRows(NodeImporter &node, Result updates, Result positions,
               int64_t size);
/// Zeros [size, S…] with updates [U, S…] at positions [U]. Where there are
/// several, which then are equal, each has the derivative, as in PyTorch.
Result putRows(NodeImporter &node, Result updates, Result positions,
               int64_t size);
/// Rows [F, S…] with updates [U, S…] written at positions [U], combined as the
/// attribute `reduction` says.
Result writeRows(NodeImporter &node, Result rows, Result updates,
                 Result positions);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_ROWS_H
