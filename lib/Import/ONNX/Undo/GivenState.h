// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What values given from outside tell of parameters that left no trace.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_GIVENSTATE_H
#define NTK_LIB_IMPORT_ONNX_UNDO_GIVENSTATE_H

#include "Undo/Findings.h"

namespace mlir::ntk::onnximport {

/// Are the given values those that the file was written of? All parameters that
/// it has under their own names tell; false if there are none.
bool isOwnState(const ExportedModel &model, const Findings &findings);

/// Have the given values of the parameter more than one element, and is no
/// other parameter or tensor made of the same ones? Then the optimizer cannot
/// have merged it with another.
bool isDistinct(const ExportedModel &model, const Findings &findings,
                llvm::StringRef parameter);

/// May one of them be a single number, which a sum or a product can lose?
bool mayBeScalar(const Findings &findings,
                 llvm::ArrayRef<std::string> parameters);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_GIVENSTATE_H
