// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// On which parameters values depend.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_SOURCES_H
#define NTK_LIB_IMPORT_ONNX_UNDO_SOURCES_H

#include "Undo/ExportedModel.h"
#include <set>

namespace mlir::ntk::onnximport {

using Sources = std::set<std::string>;

/// The parameters, and tensors that may hold some, on which the node's inputs
/// depend. Adds those of its outputs to `known`, which has those of the nodes
/// in front of it.
Sources findSources(const ExportedModel &model, const Node &node,
                    llvm::StringMap<Sources> &known);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_SOURCES_H
