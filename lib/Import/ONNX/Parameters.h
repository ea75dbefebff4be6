// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which initializers of a model are parameters and which are buffers. The file
// does not say; the rule follows what exporters write.

#ifndef NTK_LIB_IMPORT_ONNX_PARAMETERS_H
#define NTK_LIB_IMPORT_ONNX_PARAMETERS_H

#include "Model.h"
#include "ntk/Import/ONNX.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::ntk::onnximport {

/// torch's signature of an exported program.
struct Signature {
  llvm::StringSet<> parameters, buffers;
  /// Buffers that are not part of the model's state.
  llvm::StringSet<> transient;
  /// Parameters in the order of the text.
  std::vector<std::string> order;
};

/// None if the file has no signature.
std::optional<Signature> readSignature(const Model &model);

/// Gives initializers that torch's older exporter merged because they were
/// equal their own tensors again: it writes `4.weight = Identity(1.weight)`.
void separateMerged(Model &model);

/// Makes initializers of the Constant nodes that stand where weights and biases
/// do: some converters write all weights so. Files of torch's exporters, which
/// never do, stay as they are.
void adoptConstants(Model &model);

/// Decides for each float initializer, by the rule. In files with a signature
/// `standIns` are parameters, too: they hold some in another form.
std::vector<ParameterChoice> judgeParameters(const Model &model,
                                             const llvm::StringSet<> &standIns);

/// The same with the options' globs, of which each must match a float
/// initializer.
llvm::Expected<std::vector<ParameterChoice>>
chooseParameters(const Model &model, const llvm::StringSet<> &standIns,
                 const OnnxImportOptions &options);

/// Replaces values of initializers by those of the same name, where kind and
/// shape fit. Floats and integers of any width stand for each other.
llvm::Error setValues(Model &model, llvm::ArrayRef<NamedArray> values);

/// What the exporter may have done to the parameters, each with the setting
/// that avoids it.
std::vector<std::string> findWarnings(const Model &model,
                                      const llvm::StringSet<> &trainable);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_PARAMETERS_H
