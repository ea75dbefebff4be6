// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pairs of terms of one parameter. Terms of different parts of θ (slices of a
// packed weight) meet in the positions that both have, and nowhere if they have
// none.

#include "Composition.h"
#include "OneHots.h"
#include "dialects/NTK/IR/OpHelpers.h"

using namespace mlir;
using namespace mlir::ntk;

static bool isSelected(const SiteTerm &term, char letter) {
  return llvm::any_of(term.factors, [&](const IndexedValue &factor) {
    return factor.isOneHot() && factor.letters.back() == letter;
  });
}

/// Leaves of the values of a letter of θ only `values`.
static void restrictLetter(OpBuilder &builder, SiteTerm &term, char letter,
                           const Span &values) {
  for (IndexedValue &factor : term.factors)
    if (size_t axis = factor.getAxes().find(letter); axis != StringRef::npos)
      factor.value = takeSpan(builder, factor.value, axis, values);
}

/// Puts zeros around, and between, the positions that `span` has of an axis of
/// `size`.
static Value padSpan(OpBuilder &builder, Value value, size_t axis,
                     const Span &span, int64_t size) {
  SmallVector<int64_t> low(getShape(value).size(), 0), high = low,
                                                       interior = low;
  low[axis] = span.start;
  high[axis] = size - 1 - span.at(span.size - 1);
  interior[axis] = span.step - 1;
  return createOp<PadOp>(builder, value.getLoc(), value,
                         builder.getDenseI64ArrayAttr(low),
                         builder.getDenseI64ArrayAttr(high),
                         builder.getDenseI64ArrayAttr(interior));
}

/// Makes an axis of θ of which a term has a part a whole one.
static void completeAxis(OpBuilder &builder, SiteTerm &term, size_t axis) {
  char letter = term.parameter.letters[axis];
  Span span = term.parameter.spans[axis];
  int64_t size = term.parameter.shape[axis];
  if (span.isWhole(size))
    return;
  bool hasLetter = llvm::any_of(term.factors, [&](IndexedValue &factor) {
    return factor.getAxes().contains(letter);
  });
  if (!hasLetter) {
    Value cotangent = term.factors.front().value;
    auto type = RankedTensorType::get(
        span.size, getTensorType(cotangent).getElementType());
    term.factors.push_back(
        {createSplat(builder, cotangent.getLoc(), type, 1), {letter}});
  }
  for (IndexedValue &factor : term.factors)
    if (size_t at = factor.getAxes().find(letter); at != StringRef::npos)
      factor.value = padSpan(builder, factor.value, at, span, size);
  term.parameter.spans[axis] = Span::whole(size);
}

/// Adds up cotangents of equal positions, if that can be done in both terms.
static void mergeBoth(OpBuilder &builder, TermPair &pair, char letter1,
                      char letter2) {
  std::optional<SiteTerm> first =
      mergeEqualPositions(builder, pair.first, letter1);
  std::optional<SiteTerm> second =
      mergeEqualPositions(builder, pair.second, letter2);
  if (first && second)
    pair = {*first, *second};
}

/// Lets both terms have the positions of one axis of θ that both have; false if
/// there are none.
static bool meet(OpBuilder &builder, TermPair &pair, size_t axis) {
  char letter1 = pair.first.parameter.letters[axis],
       letter2 = pair.second.parameter.letters[axis];
  bool isSelected1 = isSelected(pair.first, letter1),
       isSelected2 = isSelected(pair.second, letter2);
  if (isSelected1 && isSelected2) {
    mergeBoth(builder, pair, letter1, letter2);
    return true;
  }
  if (isSelected1 || isSelected2) {
    completeAxis(builder, pair.first, axis);
    completeAxis(builder, pair.second, axis);
    return true;
  }
  Span &span1 = pair.first.parameter.spans[axis],
       &span2 = pair.second.parameter.spans[axis];
  std::optional<Span> both = intersect(span1, span2);
  if (!both)
    return false;
  restrictLetter(builder, pair.first, letter1, locate(*both, span1));
  restrictLetter(builder, pair.second, letter2, locate(*both, span2));
  span1 = span2 = *both;
  return true;
}

std::vector<TermPair> mlir::ntk::pairTerms(OpBuilder &builder,
                                           ArrayRef<SiteTerm> terms) {
  std::vector<TermPair> pairs;
  for (const SiteTerm &first : terms) {
    for (const SiteTerm &second : terms) {
      TermPair pair = {first, second};
      bool meets =
          llvm::all_of(llvm::seq<size_t>(0, first.parameter.shape.size()),
                       [&](size_t axis) { return meet(builder, pair, axis); });
      if (meets)
        pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}
