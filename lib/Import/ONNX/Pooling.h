// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What pools and their inverse share.

#ifndef NTK_LIB_IMPORT_ONNX_POOLING_H
#define NTK_LIB_IMPORT_ONNX_POOLING_H

#include "Window.h"

namespace mlir::ntk::onnximport {

/// The attributes of ops on windows.
SmallVector<NamedAttribute> windowGeometry(GraphBuilder &graph,
                                           const Window &window);

/// The second result of MaxPool: of each maximum its place among all elements
/// of the input, which counts examples, too. `pixels` are the images'.
Result findMaxima(NodeImporter &node, const Images &images,
                  const Window &window, Value pixels);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_POOLING_H
