// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Batch norms as nodes of their own again.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_BATCHNORM_H
#define NTK_LIB_IMPORT_ONNX_UNDO_BATCHNORM_H

#include "Undo/Findings.h"

namespace mlir::ntk::onnximport {

/// A vector of one value.
llvm::Error addUniform(ExportedModel &model, llvm::StringRef name,
                       int64_t count, float value);

/// A BatchNormalization; its parameters are scale, shift, mean and variance.
Node makeBatchNorm(const ExportedModel &model, const std::string &input,
                   llvm::ArrayRef<std::string> parameters,
                   const std::string &output, double epsilon);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_BATCHNORM_H
