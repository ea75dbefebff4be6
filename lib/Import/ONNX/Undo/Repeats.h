// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors whose entries stand for fewer, told by their values.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_REPEATS_H
#define NTK_LIB_IMPORT_ONNX_UNDO_REPEATS_H

#include "ntk/Data/Arrays.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <vector>

namespace mlir::ntk::onnximport {

/// The axis along which the rows of a table lie in a tensor of rows that were
/// looked up: elements that come together again and again are a row. None if
/// each element comes by itself. Few that are equal by chance do not hide it.
llvm::Expected<std::optional<size_t>> findRowAxis(const Array &values);

/// A table without repetition, and where its rows stand.
struct DistinctTable {
  Array rows;
  std::vector<int64_t> positions;

  bool hasRepeats() const {
    return rows.shape[0] != static_cast<int64_t>(positions.size());
  }
  /// Is any of its numbers zero?
  bool hasZeros() const;
};

/// The rows along an axis; without one, the elements.
llvm::Expected<DistinctTable> findDistinct(const Array &values,
                                           std::optional<size_t> axis);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_REPEATS_H
