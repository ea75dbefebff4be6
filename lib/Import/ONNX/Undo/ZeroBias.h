// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Biases that the optimizer removes since all their elements are zero.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_ZEROBIAS_H
#define NTK_LIB_IMPORT_ONNX_UNDO_ZEROBIAS_H

#include "Undo/Findings.h"

namespace mlir::ntk::onnximport {

/// Elements that a bias of the node has, or none if the file does not tell the
/// sizes of its weight.
std::optional<int64_t> countChannels(const ExportedModel &model,
                                     const Node &node);

/// Gives the product of the call its bias back if `value`, an argument that is
/// a parameter, is one that it has lost. Says whether it was.
llvm::Expected<bool> restoreZeroBias(ExportedModel &model, Findings &findings,
                                     const CallNodes &nodes,
                                     llvm::StringRef value);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_ZEROBIAS_H
