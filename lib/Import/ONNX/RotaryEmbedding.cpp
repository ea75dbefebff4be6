// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rotary embeddings: features turned in pairs, by an angle for each position.

#include "Attention.h"
#include "Indexing.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Angles' cosines or sines as [batch, length, 1, features / 2].
static Result readAngles(NodeImporter &node, unsigned input) {
  Result angles = node.input(input);
  if (node.hasInput(3))
    angles = gather(node, node.input(input), node.input(3), 0);
  if (failed(angles))
    return failure();
  if (angles->rank() != 3)
    return node.emitError() << "expected angles of each position, but got "
                            << describe(angles->kind, angles->shape);
  return node.graph.unsqueeze(angles, {2});
}

/// Pairs (a, b) of features become (a cos − b sin, a sin + b cos).
LogicalResult onnximport::importRotaryEmbedding(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &given = node.input(0);
  Result x = splitHeads(node, given, node.getInteger("num_heads", 0));
  x = graph.transpose(x, {0, 2, 1, 3}); // [batch, length, heads, features]
  if (failed(x))
    return failure();
  int64_t features = x->shape[3];
  int64_t rotated = node.getInteger("rotary_embedding_dim", 0);
  rotated = rotated == 0 ? features : rotated;
  if (rotated < 2 || rotated > features || rotated % 2 != 0)
    return node.emitError() << "expected an even rotary_embedding_dim of at "
                               "most "
                            << features << ", but got " << rotated;
  bool interleaves = node.getInteger("interleaved", 0) != 0;
  int64_t half = rotated / 2, stride = interleaves ? 2 : 1;
  Result a = graph.slice(x, 3, 0, half, stride);
  Result b = graph.slice(x, 3, interleaves ? 1 : half, half, stride);
  Result cosine = readAngles(node, 1), sine = readAngles(node, 2);
  Result real = graph.binary<SubOp>(graph.binary<MulOp>(a, cosine),
                                    graph.binary<MulOp>(b, sine));
  Result imaginary = graph.binary<AddOp>(graph.binary<MulOp>(a, sine),
                                         graph.binary<MulOp>(b, cosine));
  if (interleaves) {
    real = graph.unsqueeze(real, {4});
    imaginary = graph.unsqueeze(imaginary, {4});
  }
  if (failed(real) || failed(imaginary))
    return failure();
  Result turned = graph.concat({*real, *imaginary}, interleaves ? 4 : 3);
  SmallVector<int64_t> shape(x->shape);
  shape[3] = rotated;
  turned = graph.reshape(turned, shape, x->batch);
  if (rotated < features) {
    Result rest = graph.slice(x, 3, rotated, features - rotated, 1);
    if (failed(turned) || failed(rest))
      return failure();
    turned = graph.concat({*turned, *rest}, 3);
  }
  if (given.rank() == 3)
    return node.setResult(graph.reshape(turned, given.shape, given.batch));
  return node.setResult(graph.transpose(turned, {0, 2, 1, 3}));
}
