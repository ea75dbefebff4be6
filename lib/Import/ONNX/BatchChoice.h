// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Imports a graph with its batch taken apart, or, where the file fixes the
// batch to one example, with that axis left in; and says what was taken for the
// batch where neither can be.

#ifndef NTK_LIB_IMPORT_ONNX_BATCHCHOICE_H
#define NTK_LIB_IMPORT_ONNX_BATCHCHOICE_H

#include "GraphInputs.h"
#include "Model.h"
#include "ntk/Import/ONNX.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::ntk::onnximport {

/// A graph to import: the nodes that its outputs need, and the tensors that are
/// parameters.
struct GraphSource {
  const Model &model;
  llvm::ArrayRef<size_t> liveNodes;
  const llvm::StringSet<> &trainable;
  std::string name; ///< of the network
  const OnnxImportOptions &options;
};

/// Imports the graph into a new module of `result`, with its store, inputs,
/// outputs and warnings. Errors name the node.
llvm::Error importGraph(const GraphSource &source,
                        llvm::ArrayRef<GraphInput> inputs, MLIRContext &context,
                        OnnxImport &result);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_BATCHCHOICE_H
