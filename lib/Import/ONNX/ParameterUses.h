// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the nodes of a model use its tensors for: the evidence by which
// parameters are told from constants.

#ifndef NTK_LIB_IMPORT_ONNX_PARAMETERUSES_H
#define NTK_LIB_IMPORT_ONNX_PARAMETERUSES_H

#include "Model.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::ntk::onnximport {

/// One use of a tensor, seen through nodes that only move its elements.
struct TensorUse {
  enum class Kind {
    Value,      ///< an operand like any other
    Weight,     ///< in a slot that holds weights
    Bias,       ///< added to a product with weights, a number for each channel
    SharedBias, ///< added to such a product, one number for all its channels
    InputShift, ///< scales or shifts the data themselves, as normalisation does
    Setting,    ///< in a slot that holds numbers of the graph, as Clip's bounds
    Statistic,  ///< a running mean or variance
    Output,     ///< reaches an output of the model with no node but moves
  };
  Kind kind;
  /// The operator that reads it, or "" for an output.
  std::string type;
  /// The name of the node.
  std::string node;
};

using TensorUses = llvm::StringMap<std::vector<TensorUse>>;

/// Is the name the path of a parameter or buffer in a module of torch's? Other
/// tensors of its older exporter begin with `onnx::` or `/`.
bool isModulePath(const Model &model, llvm::StringRef name);

/// The path of the module, and what the module calls the tensor.
std::pair<llvm::StringRef, llvm::StringRef> splitPath(llvm::StringRef path);

/// Are the elements of the outputs those of the node's first input, moved?
bool isMove(const Node &node);

/// Does the operator have weights in this input?
bool isWeightSlot(llvm::StringRef type, unsigned input);

/// The initializers from which, without data, what a layer has for its weight
/// or bias is computed, or that are it themselves.
llvm::StringSet<> findLayerTensors(const Model &model);

/// The uses of all initializers, by name.
TensorUses findUses(const Model &model);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_PARAMETERUSES_H
