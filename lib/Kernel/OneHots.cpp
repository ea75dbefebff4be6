// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One-hot factors of a term, and what two of them have in common.

#include "OneHots.h"
#include "Composition.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "dialects/Support/Einsum.h"

using namespace mlir;
using namespace mlir::ntk;

bool IndexedValue::isOneHot() const {
  return letters.size() > getShape(value).size();
}

StringRef IndexedValue::getAxes() const {
  return StringRef(letters).take_front(getShape(value).size());
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

void mlir::ntk::readAtPositions(OpBuilder &builder, SiteTerm &term) {
  for (size_t i = 0; i < term.factors.size(); ++i) {
    IndexedValue positions = term.factors[i];
    if (!positions.isOneHot())
      continue;
    char selected = positions.letters.back();
    for (IndexedValue &factor : term.factors) {
      size_t axis = factor.getAxes().find(selected);
      if (axis == StringRef::npos)
        continue;
      factor.value = createOp<GatherOp>(
          builder, factor.value.getLoc(), factor.value, positions.value,
          builder.getI64IntegerAttr(static_cast<int64_t>(axis)));
      factor.letters.replace(axis, 1, positions.getAxes().str());
    }
    if (!StringRef(term.parameter.letters).contains(selected))
      term.factors.erase(term.factors.begin() + i--);
  }
}

void mlir::ntk::countInWholeAxes(OpBuilder &builder, SiteTerm &term) {
  for (IndexedValue &factor : term.factors) {
    if (!factor.isOneHot() || term.parameter.spans.empty())
      continue;
    size_t axis = term.parameter.letters.find(factor.letters.back());
    Location loc = factor.value.getLoc();
    Span &span = term.parameter.spans[axis];
    auto constant = [&](int64_t value) {
      return createSplatLike(builder, loc, factor.value,
                             static_cast<double>(value));
    };
    Value scaled =
        createOp<MulOp>(builder, loc, factor.value, constant(span.step));
    factor.value = createOp<AddOp>(builder, loc, scaled, constant(span.start));
    span = Span::whole(term.parameter.shape[axis]);
  }
}

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> getCoreShape(const BatchedValue &value) {
  return getShape(value.value).drop_front(value.letters.size());
}

/// `value` repeated to the core `shape`, in which its own axes begin at
/// `first`.
static Value spread(OpBuilder &builder, Location loc, const BatchedValue &value,
                    ArrayRef<int64_t> shape, int64_t first) {
  int64_t rank = getCoreShape(value).size();
  auto own = llvm::to_vector(llvm::seq(first, first + rank));
  return createBatched<BroadcastOp>(builder, loc, {value.letters}, value.value,
                                    builder.getDenseI64ArrayAttr(shape),
                                    builder.getDenseI64ArrayAttr(own));
}

BatchedValue mlir::ntk::createEqual(OpBuilder &builder, Location loc,
                                    const BatchedValue &a,
                                    const BatchedValue &b) {
  SmallVector<int64_t> shape(getCoreShape(a));
  llvm::append_range(shape, getCoreShape(b));
  Value left = spread(builder, loc, a, shape, 0);
  Value right = spread(builder, loc, b, shape, getCoreShape(a).size());
  std::string batch[] = {a.letters, b.letters};
  return {createBatched<CompareOp>(builder, loc, batch, left, right,
                                   Comparison::EQ),
          unionOfBatches(batch)};
}

/// The first largest of the row of 0 and 1 that a[t] has.
BatchedValue mlir::ntk::createFirstEqual(OpBuilder &builder, Location loc,
                                         const BatchedValue &a,
                                         const BatchedValue &b) {
  auto [equal, letters] = createEqual(builder, loc, a, b);
  int64_t rows = getCoreShape(a)[0], columns = getCoreShape(b)[0];
  Value numbers = createBatched<ConvertOp>(builder, loc, {letters}, equal,
                                           TypeAttr::get(builder.getF32Type()));
  auto all = [&](ArrayRef<int64_t> values) {
    return builder.getDenseI64ArrayAttr(values);
  };
  Value first = createBatched<MaxPoolWinnerOp>(
      builder, loc, {letters}, numbers, /*window=*/all({columns}),
      /*strides=*/all({1}), /*padding=*/all({0, 0}), /*dilations=*/all({1}));
  return {createBatched<ReshapeOp>(builder, loc, {letters}, first, all({rows})),
          letters};
}

//===----------------------------------------------------------------------===//
// Adding up
//===----------------------------------------------------------------------===//

/// The cotangent as [T, rest…] for the letters `along` of t.
static Value flattenAlong(OpBuilder &builder, const IndexedValue &cotangent,
                          StringRef along, StringRef rest, int64_t count) {
  Location loc = cotangent.value.getLoc();
  std::string ordered = (along + rest).str();
  Value value = cotangent.value;
  if (ordered != cotangent.letters)
    value = createContract(builder, loc, cotangent.letters + " -> " + ordered,
                           value);
  SmallVector<int64_t> shape(getShape(value).drop_front(along.size()));
  shape.insert(shape.begin(), count);
  return createReshape(builder, loc, value, shape);
}

/// 0 for the row that stands for none, then one more than each position.
static Value countFromOne(OpBuilder &builder, Value positions) {
  Location loc = positions.getLoc();
  int64_t count = getTensorType(positions).getNumElements();
  Value flat = createReshape(builder, loc, positions, count);
  Value shifted = createOp<AddOp>(builder, loc, flat,
                                  createSplatLike(builder, loc, flat, 1));
  auto one = [&](int64_t value) { return builder.getDenseI64ArrayAttr(value); };
  return createOp<PadOp>(builder, loc, shifted, /*low=*/one(1),
                         /*high=*/one(0), /*interior=*/one(0));
}

std::optional<SiteTerm> mlir::ntk::mergeEqualPositions(OpBuilder &builder,
                                                       const SiteTerm &term,
                                                       char selected) {
  SiteTerm merged = term;
  auto *positions = llvm::find_if(merged.factors, [&](IndexedValue &factor) {
    return factor.isOneHot() && factor.letters.back() == selected;
  });
  IndexedValue &cotangent = merged.factors.front();
  std::string along = positions->getAxes().str(), rest, used;
  int64_t count = getTensorType(positions->value).getNumElements();
  for (IndexedValue &factor : merged.factors) {
    bool isFree = &factor != &cotangent && &factor != &*positions;
    if (isFree && factor.letters.find_first_of(along) != std::string::npos)
      return std::nullopt;
    used += factor.letters;
  }
  for (char letter : cotangent.letters)
    if (!StringRef(along).contains(letter))
      rest += letter;
  if (count < 2 || rest.size() + along.size() != cotangent.letters.size())
    return std::nullopt;

  Location loc = cotangent.value.getLoc();
  Value rows = countFromOne(builder, positions->value);
  Value first = createFirstEqual(builder, loc, {rows, ""}, {rows, ""}).value;
  Value flat = flattenAlong(builder, cotangent, along, rest, count);
  Value sums = createOp<ScatterAddOp>(
      builder, loc, flat, takeSpan(builder, first, 0, {1, 1, count}),
      builder.getI64IntegerAttr(0), builder.getI64IntegerAttr(count + 1));
  char row =
      getFreeLetter(used + merged.parameter.letters + canonicalOrder.str());
  cotangent = {sums, row + rest};
  *positions = {rows, {row, selected}, /*isDistinct=*/true};
  return merged;
}
