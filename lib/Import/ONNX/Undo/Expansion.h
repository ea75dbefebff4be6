// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A parameter that was expanded or tiled, told by its shape.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_EXPANSION_H
#define NTK_LIB_IMPORT_ONNX_UNDO_EXPANSION_H

#include "Undo/ExportedModel.h"

namespace mlir::ntk::onnximport {

/// Could the shape of the parameter tell how the operators repeated it? They
/// may not pick at positions that nothing tells.
bool isExpansion(llvm::ArrayRef<std::string> operators);

/// Nodes that make a tensor of `shape`, to be called `name`, of the tensor of
/// shape `from` that is called `source` by repeating it along axes, as the
/// operators do. None if they cannot have made the shape, or in several ways.
llvm::Expected<std::optional<std::vector<Node>>>
findExpansion(ExportedModel &model, llvm::StringRef source,
              llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> shape,
              llvm::ArrayRef<std::string> operators, llvm::StringRef name);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_EXPANSION_H
