// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a folded tensor was made of its parameters.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_MOVEKIND_H
#define NTK_LIB_IMPORT_ONNX_UNDO_MOVEKIND_H

#include "Undo/ExportedModel.h"

namespace mlir::ntk::onnximport {

enum class MoveKind {
  Detached,   ///< a constant: the model stops its gradient
  Joined,     ///< several parameters, each element once
  Transposed, ///< a matrix transposed
  Reshaped,   ///< the same elements in the same order
  Moved,      ///< each element once
  Negated,
  Shifted, ///< a constant added
  Picked,  ///< some of the elements
  Doubted, ///< the same, if what was computed were the positions
  Repeated,
  Computed ///< anything else
};

/// Names of the values by which the tensor was made of parameters and buffers,
/// its own among them, in order.
std::vector<std::string> getMakers(const ExportedModel &model,
                                   llvm::StringRef tensor);

/// The operators by which the tensor was made of parameters, by base name and
/// in order, its own among them.
std::vector<std::string> getOperators(const ExportedModel &model,
                                      llvm::StringRef tensor);

/// By the names that were folded and the calls that read the tensor.
MoveKind findKind(const ExportedModel &model, llvm::StringRef tensor);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_MOVEKIND_H
