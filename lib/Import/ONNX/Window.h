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

/// May windows reach over channels, or is each channel an image of its own?
enum class Channels { Together, Apart };

/// The image of one example as [channel, spatial…]. Where the first axis is not
/// the batch alone it counts images, which then are stacked along a spatial
/// axis of their own, the first, over which no window reaches.
struct Images {
  GraphValue value;
  bool isStacked = false;
  /// The axis of the input that changes places with the first, for it has the
  /// batch: a spatial one, along which windows have one element, or that of
  /// channels which are apart.
  int64_t exchanged = 0;
  /// The batch axis, behind the exchange.
  std::optional<BatchAxis> batch;

  /// Sizes of the file's spatial axes.
  ArrayRef<int64_t> sizes() const {
    return ArrayRef<int64_t>(value.shape).drop_front(isStacked ? 2 : 1);
  }
  /// Refuses windows of several elements of the batch.
  LogicalResult checkBatch(NodeImporter &node, const Window &window) const;
  /// The window over all spatial axes of the value.
  Window widen(const Window &window) const;
};

/// Input 0, which is [batch, channel, spatial…].
FailureOr<Images> takeImages(NodeImporter &node,
                             Channels channels = Channels::Together);

/// Makes such a value one of the node's results again.
Result makeImages(NodeImporter &node, const Images &images,
                  FailureOr<Value> core);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_WINDOW_H
