// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places in the batch that operators move and subtract: those of maxima count
// all elements of a tensor, and what is left of them counts in one image.

#ifndef NTK_LIB_IMPORT_ONNX_PLACES_H
#define NTK_LIB_IMPORT_ONNX_PLACES_H

#include "GraphBuilder.h"

namespace mlir::ntk::onnximport {

/// Places of more elements are not followed.
inline constexpr int64_t maxPlaces = int64_t(1) << 21;

/// Moves the elements of places: their numbers, and what they add.
Result movePlaces(const GraphValue &x, function_ref<Result(Result)> move);
/// x − y, of which one at least has places. What is left of them may be values
/// of one example.
Result subtractPlaces(GraphBuilder &graph, const GraphValue &x,
                      const GraphValue &y);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_PLACES_H
