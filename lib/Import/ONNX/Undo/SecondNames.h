// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parameters of several names, of which calls have one.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_SECONDNAMES_H
#define NTK_LIB_IMPORT_ONNX_UNDO_SECONDNAMES_H

#include "Undo/ExportedModel.h"

namespace mlir::ntk::onnximport {

class SecondNames {
public:
  explicit SecondNames(const ExportedModel &model);

  /// Does a call of the parameter's module read another module's parameter in
  /// its place?
  bool isSecond(llvm::StringRef parameter) const {
    return firsts.count(parameter) != 0;
  }
  /// A parameter that has second names already, and of which this could be one
  /// more: no call is of the parameter's module. Empty if there is none.
  std::string mayBeOf(llvm::StringRef parameter) const;

private:
  /// The place in the signature, by which torch takes the last of several
  /// names.
  llvm::StringMap<size_t> places;
  /// Modules of calls.
  llvm::StringSet<> called;
  /// What calls name for a second name.
  llvm::StringMap<std::string> firsts;
};

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_SECONDNAMES_H
