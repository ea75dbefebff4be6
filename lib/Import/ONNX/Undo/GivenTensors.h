// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which parameter of --params a tensor of the file is, whose own name is lost:
// its values tell, and the module that reads it.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_GIVENTENSORS_H
#define NTK_LIB_IMPORT_ONNX_UNDO_GIVENTENSORS_H

#include "Undo/ExportedModel.h"
#include "Undo/Findings.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::ntk::onnximport {

class GivenTensors {
public:
  GivenTensors(ExportedModel &model, Findings &findings)
      : model(model), findings(findings) {}

  /// Makes the tensor a move of the parameter of --params, in the module of
  /// `path` or anywhere, that has its values. False if there is none.
  llvm::Expected<bool> find(const std::string &tensor, llvm::StringRef path);

private:
  bool mayBe(llvm::StringRef name, const Array &values,
             llvm::StringRef path) const;
  llvm::Expected<bool> findUniform(const std::string &tensor,
                                   llvm::StringRef path);
  llvm::Expected<bool> findUniformPart(const std::string &tensor,
                                       llvm::StringRef path);

  ExportedModel &model;
  Findings &findings;
  /// Parameters of --params of which some part stood in the file.
  llvm::StringSet<> cut;
  /// How many elements of a parameter of equal ones have been found.
  llvm::StringMap<int64_t> used;
};

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_GIVENTENSORS_H
