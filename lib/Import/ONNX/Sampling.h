// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Images read between their pixels, at points that are values of the network:
// what grid samples, deformable convolutions and aligned regions share. Along
// each spatial axis the pixels around a point, its taps, have weights that are
// polynomials of where the point lies between two pixels; the value at a point
// is the sum over the taps of all axes together,
//
//     y[c, p] = Σ_t w[t, p] x[c, position[t, p]].
//
// Derivatives reach x and, through the weights, the points; which pixels are
// read is constant. At kinks they are those of PyTorch.

#ifndef NTK_LIB_IMPORT_ONNX_SAMPLING_H
#define NTK_LIB_IMPORT_ONNX_SAMPLING_H

#include "NodeImporter.h"

namespace mlir::ntk::onnximport {

/// How the pixels around a point are weighed.
enum class Interpolation { Nearest, Linear, Cubic };

/// What lies outside of an image.
enum class Surroundings {
  /// Zeros.
  Zeros,
  /// The nearest pixel of the image.
  Border,
  /// The image, reflected at its ends as often as needed.
  Reflection
};

struct Sampling {
  Interpolation interpolation = Interpolation::Linear;
  Surroundings surroundings = Surroundings::Zeros;
  /// Do images end in the middle of their outer pixels, where reflections turn,
  /// or at their edges?
  bool endsInPixels = false;
};

/// Images [image, channel, spatial…] of one example.
struct ImageStack {
  GraphValue value;
  /// Is the one image an example of the batch?
  bool isExample = false;

  int64_t count() const { return value.shape[0]; }
  int64_t channels() const { return value.shape[1]; }
  ArrayRef<int64_t> sizes() const {
    return ArrayRef<int64_t>(value.shape).drop_front(2);
  }
};

/// Makes values whose first axis counts images those of one example, one
/// image if that axis is the batch of any of them. Returns whether it is.
FailureOr<bool> takeStacks(NodeImporter &node, MutableArrayRef<GraphValue> xs);
/// Gives the first axis, of size one, back to the batch.
Result giveStack(GraphBuilder &graph, Result x, bool isBatch);

/// Pixels and weights, both [tap, image, point]; pixels count through all
/// images.
struct Taps {
  Result pixels = failure(), weights = failure();
};

/// The taps of points with a coordinate [image, point] along each spatial axis
/// of the images, in pixels from the middle of the first one.
Taps findTaps(NodeImporter &node, const ImageStack &images,
              ArrayRef<Result> coordinates, const Sampling &sampling);
/// The pixels of the taps: [channel, tap, image, point].
Result readTaps(NodeImporter &node, const ImageStack &images, const Taps &taps);
/// What is at the points: [image, channel, point].
Result sumTaps(NodeImporter &node, const ImageStack &images, const Taps &taps);

/// Numbers as a known value of floats.
GraphValue makeReals(ArrayRef<double> reals, ArrayRef<int64_t> shape);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_SAMPLING_H
