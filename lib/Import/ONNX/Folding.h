// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether functions of known values are computed on import.

#ifndef NTK_LIB_IMPORT_ONNX_FOLDING_H
#define NTK_LIB_IMPORT_ONNX_FOLDING_H

#include "Values.h"

namespace mlir::ntk::onnximport {

/// Are both values known, and shall a function of them be known too? Large ones
/// are left to the network's own ops, where these can compute them.
bool isFoldable(const GraphValue &x, const GraphValue &y);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_FOLDING_H
