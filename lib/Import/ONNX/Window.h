// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The geometry that convolutions and pools share: attributes of a node, read
// and checked.

#ifndef NTK_LIB_IMPORT_ONNX_WINDOW_H
#define NTK_LIB_IMPORT_ONNX_WINDOW_H

#include "NodeImporter.h"

namespace mlir::ntk::onnximport {

/// One entry for each spatial axis.
struct Window {
  SmallVector<int64_t> kernel, strides, dilations, low, high;

  /// [low0, high0, low1, …], as the dialect has it.
  SmallVector<int64_t> padding() const;
  /// Output sizes for these input sizes, rounded down.
  SmallVector<int64_t> outputSizes(ArrayRef<int64_t> sizes) const;
};

/// The geometry of a node over inputs of these spatial sizes, auto_pad and
/// ceil_mode taken into account. Windows fit at least once.
FailureOr<Window> readWindow(NodeImporter &node, ArrayRef<int64_t> kernel,
                             ArrayRef<int64_t> sizes);

/// Input 0 as [batch, channel, spatial…] with a batch axis in front; one that
/// does not depend on the example has size one there, which is removed.
FailureOr<GraphValue> takeImages(NodeImporter &node);

/// Makes an image of [channel, spatial…] one of the node's results again.
GraphValue makeImages(NodeImporter &node, Value core, ElementKind kind);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_WINDOW_H
