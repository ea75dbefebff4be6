// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of parameters with zeros, computed in advance.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_ZEROPRODUCT_H
#define NTK_LIB_IMPORT_ONNX_UNDO_ZEROPRODUCT_H

#include "Undo/Findings.h"

namespace mlir::ntk::onnximport {

/// If the folded tensor is a product of zeros with a weight it stays as a
/// constant, and with a bias added it is made of the bias. False if it is
/// neither, or values that tell the bias are not at hand.
llvm::Expected<bool> restoreZeroProduct(ExportedModel &model,
                                        Findings &findings,
                                        llvm::StringRef tensor);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_ZEROPRODUCT_H
