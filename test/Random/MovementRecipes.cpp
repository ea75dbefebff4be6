// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that move elements, reductions, and sums of products.

#include "Recipes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::random;

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

static Value drawConstantOp(Draft &draft, StringRef) {
  return draft.constant(draft.shape(0, 3));
}

static Value drawReshape(Draft &draft, StringRef op) {
  Value x = draft.anyTensor();
  SmallVector<int64_t> sizes;
  int64_t left = cast<RankedTensorType>(x.getType()).getNumElements();
  for (int64_t factor : {2, 3, 5, 2})
    if (left % factor == 0 && draft.chance(0.6)) {
      sizes.push_back(factor);
      left /= factor;
    }
  sizes.insert(sizes.begin() + draft.number(0, sizes.size()), left);
  return draft.apply(op, x, draft.attribute("shape", sizes));
}

static Value drawTranspose(Draft &draft, StringRef op) {
  Value x = draft.anyTensor();
  return draft.apply(
      op, x,
      draft.attribute("permutation",
                      draft.permutation(draft.shapeOf(x).size())));
}

static Value drawBroadcast(Draft &draft, StringRef) {
  Value x = draft.anyTensor();
  SmallVector<int64_t> shape, dimensions;
  for (int64_t size : draft.shapeOf(x)) {
    if (draft.chance(0.3))
      shape.push_back(draft.number(1, 3));
    dimensions.push_back(shape.size());
    shape.push_back(size);
  }
  if (draft.chance(0.5))
    shape.push_back(draft.number(1, 4));
  return draft.broadcast(x, shape, dimensions);
}

static Value drawConcat(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  SmallVector<int64_t> shape(draft.shapeOf(x));
  if (shape.empty())
    return {};
  int64_t axis = draft.number(0, shape.size() - 1);
  SmallVector<Value> parts = {x};
  for (int64_t count = draft.number(0, 2); count > 0; --count) {
    if (draft.chance(0.6))
      shape[axis] = draft.number(1, 3);
    parts.insert(parts.begin() + draft.number(0, parts.size()),
                 draft.realOfShape(shape));
  }
  return draft.apply(op, parts, draft.attribute("axis", axis));
}

static Value drawSlice(Draft &draft, StringRef op) {
  Value x = draft.anyTensor();
  SmallVector<int64_t> starts, sizes, strides;
  for (int64_t size : draft.shapeOf(x)) {
    strides.push_back(draft.chance(0.3) ? 2 : 1);
    starts.push_back(draft.chance(0.5) ? 0 : draft.number(0, size - 1));
    int64_t most = (size - starts.back() - 1) / strides.back() + 1;
    sizes.push_back(draft.chance(0.5) ? most : draft.number(1, most));
  }
  return draft.apply(op, x,
                     {draft.attribute("starts", starts),
                      draft.attribute("sizes", sizes),
                      draft.attribute("strides", strides)});
}

static Value drawPad(Draft &draft, StringRef op) {
  Value x = draft.anyTensor();
  SmallVector<int64_t> low, high, interior;
  for (size_t i = 0; i < draft.shapeOf(x).size(); ++i)
    for (SmallVector<int64_t> *amounts : {&low, &high, &interior})
      amounts->push_back(draft.chance(0.3) ? draft.number(1, 2) : 0);
  return draft.apply(op, x,
                     {draft.attribute("low", low),
                      draft.attribute("high", high),
                      draft.attribute("interior", interior)});
}

/// Some of the axes of a value, ascending.
static SmallVector<int64_t> drawAxes(Draft &draft, Value x) {
  SmallVector<int64_t> axes;
  for (size_t i = 0; i < draft.shapeOf(x).size(); ++i)
    if (draft.chance(0.5))
      axes.push_back(i);
  return axes;
}

static Value drawReverse(Draft &draft, StringRef op) {
  Value x = draft.anyTensor();
  return draft.apply(op, x, draft.attribute("axes", drawAxes(draft, x)));
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

/// Indices of some shape, each a position among `size`; gathers also take
/// negative ones, which count from the end.
static Value drawPositions(Draft &draft, int64_t size, bool allowNegative) {
  if (draft.chance(0.3))
    if (Value indices = draft.anyIndices(0, size - 1))
      return indices;
  Value indices = draft.indicesOfShape(draft.shape(0, 2, 6), size);
  if (!allowNegative || !draft.chance(0.2) || !indices)
    return indices;
  Type element = getElementTypeOrSelf(indices);
  Value shift = draft.apply(
      "constant", {},
      draft.attribute("value",
                      DenseElementsAttr::get(
                          cast<RankedTensorType>(indices.getType()),
                          APInt(element.getIntOrFloatBitWidth(), size))));
  return draft.apply("sub", {indices, shift});
}

static Value drawGather(Draft &draft, StringRef op) {
  Value x = draft.chance(0.5) ? draft.realOfShape(draft.shape(1, 3))
                              : draft.anyReal();
  ArrayRef<int64_t> shape = draft.shapeOf(x);
  if (shape.empty())
    return {};
  int64_t axis = draft.chance(0.5) ? 0 : draft.number(0, shape.size() - 1);
  return draft.apply(op, {x, drawPositions(draft, shape[axis], true)},
                     draft.attribute("axis", axis));
}

static Value drawScatterAdd(Draft &draft, StringRef op) {
  int64_t size = draft.number(1, 5);
  Value indices = drawPositions(draft, size, false);
  if (!indices)
    return {};
  SmallVector<int64_t> before = draft.shape(0, 1, 4),
                       after = draft.shape(0, 1, 4), shape = before;
  llvm::append_range(shape, draft.shapeOf(indices));
  llvm::append_range(shape, after);
  return draft.apply(
      op, {draft.realOfShape(shape), indices},
      {draft.attribute("axis", static_cast<int64_t>(before.size())),
       draft.attribute("size", size)});
}

static Value drawTakeAlong(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  SmallVector<int64_t> shape(draft.shapeOf(x));
  if (shape.empty())
    return {};
  int64_t size = shape.back();
  shape.back() = draft.number(1, 4);
  return draft.apply(op, {x, draft.indicesOfShape(shape, size)});
}

static Value drawPutAlong(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  int64_t size = draft.number(1, 5);
  if (draft.shapeOf(x).empty())
    return {};
  return draft.apply(op, {x, draft.indicesOfShape(draft.shapeOf(x), size)},
                     draft.attribute("size", size));
}

//===----------------------------------------------------------------------===//
// Reductions and contractions
//===----------------------------------------------------------------------===//

static Value drawReduction(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  return draft.apply(op, x, draft.attribute("axes", drawAxes(draft, x)));
}

/// Often with each element twice.
static Value drawReduceMax(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  int64_t rank = draft.shapeOf(x).size();
  if (rank == 0 || !draft.chance(0.3))
    return drawReduction(draft, op);
  int64_t axis = draft.number(0, rank - 1);
  Value twice = draft.apply("concat", {x, x}, draft.attribute("axis", axis));
  return draft.applyAtKink(op, twice,
                           draft.attribute("axes", ArrayRef<int64_t>(axis)));
}

static Value drawSoftmax(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  int64_t rank = draft.shapeOf(x).size();
  if (rank == 0)
    return {};
  return draft.apply(op, x, draft.attribute("axis", draft.number(0, rank - 1)));
}

/// Of a square matrix, mostly away from singular ones.
static Value drawMatrix(Draft &draft, StringRef op) {
  int64_t size = draft.number(1, 3);
  SmallVector<double> diagonal(size * size, 0);
  for (int64_t i = 0; i < size; ++i)
    diagonal[i * size + i] = draft.real(1, 2);
  auto type = RankedTensorType::get({size, size}, draft.getRealType());
  Value diagonals = draft.apply(
      "constant", {},
      draft.attribute("value",
                      DenseElementsAttr::get(type, ArrayRef(diagonal))));
  return draft.apply(
      op, draft.apply("add", {draft.realOfShape({size, size}), diagonals}));
}

static Value contract(Draft &draft, ArrayRef<std::string> letters,
                      StringRef result, ArrayRef<Value> operands) {
  std::string spec = llvm::join(letters, ", ") + " -> " + result.str();
  return draft.apply(
      "contract", operands,
      draft.attribute("spec", draft.getBuilder().getStringAttr(spec)));
}

/// A linear layer along the last axis of a value, its weight either way round
/// and on either side.
static Value drawLinear(Draft &draft) {
  Value x = draft.anyReal();
  ArrayRef<int64_t> shape = draft.shapeOf(x);
  if (shape.empty())
    return {};
  std::string axes = std::string("abdefgh").substr(0, shape.size() - 1);
  bool isTransposed = draft.chance(0.5);
  int64_t inner = shape.back(), outer = draft.number(1, 5);
  Value weight = draft.realOfShape(isTransposed ? ArrayRef({inner, outer})
                                                : ArrayRef({outer, inner}));
  std::string letters[] = {axes + "k", isTransposed ? "kc" : "ck"};
  Value operands[] = {x, weight};
  if (draft.chance(0.3)) {
    std::swap(letters[0], letters[1]);
    std::swap(operands[0], operands[1]);
  }
  return contract(draft, letters, axes + "c", operands);
}

/// Any sum of products of one to three values, letters shared at random.
static Value drawContract(Draft &draft, StringRef) {
  if (draft.chance(0.5))
    return drawLinear(draft);
  // n, m, o and p are as good as others in a network.
  std::string alphabet = "nmopabcdefghijklqrstuvw";
  std::string all;
  SmallVector<int64_t> sizes;
  auto addLetter = [&](int64_t size) {
    all += alphabet[all.size()];
    sizes.push_back(size);
    return all.back();
  };
  SmallVector<std::string> letters;
  SmallVector<Value> operands;
  for (int64_t count = draft.number(1, 3); count > 0; --count) {
    std::string word;
    if (operands.empty()) {
      operands.push_back(draft.anyReal());
      for (int64_t size : draft.shapeOf(operands[0]))
        word += addLetter(size);
      letters.push_back(word);
      continue;
    }
    SmallVector<int64_t> shape;
    for (int64_t i : draft.permutation(all.size()))
      if (draft.chance(0.5) && shape.size() < 3) {
        word += all[i];
        shape.push_back(sizes[i]);
      }
    if (draft.chance(0.5)) {
      shape.push_back(draft.number(1, 4));
      word += addLetter(shape.back());
    }
    bool isMask = draft.chance(0.1);
    operands.push_back(isMask ? draft.maskOfShape(shape)
                              : draft.realOfShape(shape));
    letters.push_back(word);
  }
  std::string result;
  for (int64_t i : draft.permutation(all.size()))
    if (draft.chance(0.5) && result.size() < 4)
      result += all[i];
  if (operands.size() > 1 && draft.chance(0.5)) {
    std::swap(operands.front(), operands.back());
    std::swap(letters.front(), letters.back());
  }
  return contract(draft, letters, result, operands);
}

ArrayRef<Recipe> mlir::ntk::random::getMovementRecipes() {
  static const Recipe recipes[] = {
      {"constant", drawConstantOp},
      {"reshape", drawReshape},
      {"transpose", drawTranspose},
      {"broadcast", drawBroadcast},
      {"concat", drawConcat},
      {"slice", drawSlice},
      {"pad", drawPad},
      {"reverse", drawReverse},
      {"gather", drawGather},
      {"scatter_add", drawScatterAdd},
      {"take_along", drawTakeAlong},
      {"put_along", drawPutAlong},
      {"reduce_sum", drawReduction},
      {"reduce_max", drawReduceMax},
      {"softmax", drawSoftmax},
      {"det", drawMatrix},
      {"cofactor", drawMatrix},
      {"inverse", drawMatrix},
      {"contract", drawContract},
  };
  return recipes;
}
