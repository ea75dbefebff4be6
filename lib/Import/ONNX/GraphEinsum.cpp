// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of products: matrix products and einsums become one ntk.contract. The
// letter of the batch axis must be the same in all operands that have one and
// must stand in the result; if the axis is the batch alone the letter vanishes
// with it.

#include "GraphBuilder.h"
#include "dialects/Support/Einsum.h"
#include "llvm/ADT/DenseMap.h"
#include <array>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

namespace {
/// The letters of an einsum: their sizes and which one is the batch.
struct Letters {
  llvm::SmallDenseMap<char, int64_t> sizes;
  char batchLetter = 0;
  BatchAxis batch = {0};
  bool dropsUnits = false;

  /// Does no operand have an axis of `letter` in the product?
  bool isGone(char letter) const {
    return letter == batchLetter ? batch.isPure()
                                 : dropsUnits && sizes.lookup(letter) == 1;
  }
};
} // namespace

/// Finds the letter of the batch axis.
static LogicalResult findBatch(ArrayRef<GraphValue> values,
                               ArrayRef<std::string> words, StringRef result,
                               Letters &letters, GraphBuilder &graph) {
  auto fits = [&](const GraphValue &x) {
    BatchAxis batch = *x.batch;
    batch.axis = letters.batch.axis;
    return batch == letters.batch ||
           (graph.isFlexible(x) && sameExtent(batch, letters.batch));
  };
  // One of equal elements is any of its extent, so that others come first.
  SmallVector<std::pair<GraphValue, std::string>> operands;
  for (auto [x, word] : llvm::zip_equal(values, words))
    operands.push_back({x, word});
  llvm::stable_sort(operands, [&](const auto &a, const auto &b) {
    return !graph.isFlexible(a.first) && graph.isFlexible(b.first);
  });
  for (auto &[x, word] : operands) {
    if (!x.batch)
      continue;
    char letter = word[x.batch->axis];
    if (!result.contains(letter))
      return graph.emitError()
             << "expected sums within one example, but axis " << x.batch->axis
             << " of an operand is the batch: the network mixes examples";
    if (letters.batchLetter && (letters.batchLetter != letter || !fits(x)))
      return graph.emitError() << "expected products within one example, but "
                                  "the operands' batches are different axes: "
                                  "the network mixes examples";
    if (letters.batchLetter)
      continue;
    letters.batchLetter = letter;
    letters.batch = *x.batch;
  }
  letters.batch.axis = static_cast<int64_t>(result.find(letters.batchLetter));
  return success();
}

/// Finds the size of each letter; axes of size one repeat, but for sums.
static LogicalResult findSizes(ArrayRef<GraphValue> values,
                               ArrayRef<std::string> words, StringRef result,
                               Letters &letters, GraphBuilder &graph) {
  if (letters.batchLetter)
    letters.sizes[letters.batchLetter] =
        letters.batch.outer * letters.batch.inner;
  for (auto [x, word] : llvm::zip_equal(values, words)) {
    for (auto [axis, letter] : llvm::enumerate(word)) {
      if (x.isBatch(axis))
        continue;
      int64_t size = x.shape[axis];
      if (letter == letters.batchLetter && size != 1)
        return graph.emitError()
               << "expected one value for all examples, but got " << size
               << " along the batch axis";
      bool repeats = result.contains(letter); // what is summed does not
      int64_t first = repeats ? 1 : size;
      int64_t &common = letters.sizes.try_emplace(letter, first).first->second;
      if (size != common && !(repeats && (size == 1 || common == 1)))
        return graph.emitError() << "expected equal sizes, but axis " << axis
                                 << " has size " << size << " where another "
                                 << "operand has " << common;
      if (size != 1)
        common = size;
    }
  }
  return success();
}

/// Takes transposes into the letters.
static Value absorbTransposes(Value value, std::string &word) {
  while (auto transpose = value.getDefiningOp<TransposeOp>()) {
    std::string before = word;
    for (auto [to, from] : llvm::enumerate(transpose.getPermutation()))
      before[from] = word[to];
    word = before;
    value = transpose.getInput();
  }
  return value;
}

/// `core` in another shape, without what other shapes it had in between.
static FailureOr<Value> reshapeCore(Value core, ArrayRef<int64_t> shape,
                                    GraphBuilder &graph) {
  auto getShape = [&] {
    return cast<RankedTensorType>(core.getType()).getShape();
  };
  if (getShape() == shape)
    return core;
  while (auto before = core.getDefiningOp<ReshapeOp>())
    core = before.getInput();
  if (getShape() == shape)
    return core;
  return graph.create<ReshapeOp>(core, graph.attribute("shape", shape));
}

/// The core of an operand without its repeated axes, and its letters.
static FailureOr<Value> prepare(const GraphValue &x, std::string &word,
                                const Letters &letters, GraphBuilder &graph) {
  FailureOr<Value> core = graph.materialize(x);
  if (failed(core))
    return failure();
  std::string kept;
  SmallVector<int64_t> shape;
  for (auto [axis, letter] : llvm::enumerate(word)) {
    int64_t size = x.shape[axis];
    bool repeats = size == 1 && letters.sizes.lookup(letter) != 1;
    if (letters.isGone(letter) || repeats)
      continue;
    kept += letter;
    shape.push_back(size);
  }
  word = kept;
  FailureOr<Value> dense = reshapeCore(*core, shape, graph);
  if (failed(dense))
    return failure();
  return absorbTransposes(*dense, word);
}

Result GraphBuilder::einsum(ArrayRef<GraphValue> values,
                            ArrayRef<std::string> words, StringRef result) {
  Letters letters;
  if (failed(findBatch(values, words, result, letters, *this)) ||
      failed(findSizes(values, words, result, letters, *this)))
    return failure();
  // Axes of size one are nothing to sum or multiply over.
  letters.dropsUnits = letters.sizes.size() > mostIndicesOfProduct;
  std::string spec;
  SmallVector<Value> factors;
  for (auto [x, word] : llvm::zip_equal(values, words)) {
    std::string kept = word;
    FailureOr<Value> core = prepare(x, kept, letters, *this);
    if (failed(core))
      return failure();
    factors.push_back(*core);
    spec += (factors.size() == 1 ? "" : ", ") + kept;
  }
  Frame frame;
  spec += " -> ";
  for (char letter : result) {
    frame.shape.push_back(letters.sizes.lookup(letter));
    if (!letters.isGone(letter))
      spec += letter;
  }
  if (letters.batchLetter)
    frame.batch = letters.batch;
  if (!product(frame.shape))
    return emitError() << "expected sizes that fit memory";
  std::array<int32_t, 2> segments = {static_cast<int32_t>(factors.size()), 0};
  FailureOr<Value> core = create<ContractOp>(
      factors, {builder.getNamedAttr("operandSegmentSizes",
                                     builder.getDenseI32ArrayAttr(segments)),
                builder.getNamedAttr("spec", builder.getStringAttr(spec))});
  if (succeeded(core) && letters.dropsUnits) {
    SmallVector<int64_t> shape;
    for (char letter : result)
      if (letter != letters.batchLetter || !letters.batch.isPure())
        shape.push_back(letters.sizes.lookup(letter));
    core = reshapeCore(*core, shape, *this);
  }
  if (failed(core))
    return failure();
  return wrap(*core, values[0].kind, frame);
}
