// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two tensors that were one, told by their values.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_BYVALUE_H
#define NTK_LIB_IMPORT_ONNX_UNDO_BYVALUE_H

#include "Undo/ExportedModel.h"

namespace mlir::ntk::onnximport {

/// Nodes that make a tensor of `values`, to be called `name`, of the tensor
/// `from` that is called `source` by moves of its elements: a transposition, a
/// reshape, rows or elements at constant positions. None if no move gives the
/// values, or several could since elements are equal.
llvm::Expected<std::optional<std::vector<Node>>>
findMove(ExportedModel &model, llvm::StringRef source, Array from, Array values,
         llvm::StringRef name);

/// Does every element of `part` stand in `values`, as often as in `part`?
bool holdsElements(const Array &values, const Array &part);

/// A node of the standard domain with one attribute of integers.
Node makeTranspose(const ExportedModel &model, llvm::StringRef source,
                   llvm::ArrayRef<int64_t> permutation, llvm::StringRef name);
/// A Reshape with its shape tensor, which is added.
llvm::Expected<Node> makeReshape(ExportedModel &model, llvm::StringRef source,
                                 llvm::ArrayRef<int64_t> shape,
                                 llvm::StringRef name);
/// A Gather along axis 0 with its tensor of indices, which is added.
llvm::Expected<Node> makeGather(ExportedModel &model, llvm::StringRef source,
                                llvm::ArrayRef<int64_t> positions,
                                llvm::ArrayRef<int64_t> shape,
                                llvm::StringRef name);

/// Nodes that make a tensor of `shape`, to be called `name`, of the elements of
/// the tensor `source` from number `from` on.
llvm::Expected<std::vector<Node>> makePart(ExportedModel &model,
                                           llvm::StringRef source, int64_t from,
                                           llvm::ArrayRef<int64_t> shape,
                                           llvm::StringRef name);

/// The permutation that moves one of `rank` axes behind the others.
llvm::SmallVector<int64_t> moveToBack(size_t rank, size_t axis);
/// Nodes that make a tensor of `shape` of rows of a matrix, which lie along
/// `axis`, at constant positions; without an axis, of elements of a vector.
llvm::Expected<std::vector<Node>>
gatherRows(ExportedModel &model, llvm::StringRef source,
           llvm::ArrayRef<int64_t> positions, llvm::ArrayRef<int64_t> shape,
           std::optional<size_t> axis, llvm::StringRef name);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_BYVALUE_H
