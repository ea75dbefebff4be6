// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From sites to terms: cotangents in the shape of their letters, and sites of
// one parameter with equal structure stacked along a new index, so that a layer
// used T times costs what T tokens cost and never T² contractions.

#include "Composition.h"
#include "OneHots.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "dialects/Support/Einsum.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// One site
//===----------------------------------------------------------------------===//

/// The cotangent of y where the indices of the site run.
static IndexedValue getCotangentFactor(OpBuilder &builder, Value cotangent,
                                       const IndexedAxes &axes) {
  Value value =
      createReshape(builder, cotangent.getLoc(), cotangent, axes.shape);
  for (size_t axis = 0; axis < axes.shape.size(); ++axis)
    value = takeSpan(builder, value, axis, axes.getSpan(axis));
  return {value, axes.letters};
}

static bool hasDistinctLetters(StringRef letters) {
  return llvm::all_of(letters,
                      [&](char letter) { return letters.count(letter) == 1; });
}

/// A mask in the order and shape of a value that has all of its letters.
static Value spreadMask(OpBuilder &builder, const IndexedValue &mask,
                        const IndexedValue &over) {
  Location loc = mask.value.getLoc();
  SmallVector<int64_t> permutation, dimensions;
  for (auto [axis, letter] : llvm::enumerate(over.letters)) {
    size_t from = mask.letters.find(letter);
    if (from == std::string::npos)
      continue;
    permutation.push_back(from);
    dimensions.push_back(axis);
  }
  Value value = mask.value;
  if (!llvm::is_sorted(permutation))
    value = createOp<TransposeOp>(builder, loc, value,
                                  builder.getDenseI64ArrayAttr(permutation));
  if (dimensions.size() == over.letters.size())
    return value;
  return createOp<BroadcastOp>(
      builder, loc, value, builder.getDenseI64ArrayAttr(getShape(over.value)),
      builder.getDenseI64ArrayAttr(dimensions));
}

/// Adds a mask to a term: it chooses from the cotangent where that has all its
/// letters, for a cotangent that is infinite where the mask is 0 (the root of
/// what is not chosen) times 0 is NaN. Elsewhere it is a factor.
static void addMask(OpBuilder &builder, SiteTerm &term,
                    const IndexedValue &mask) {
  IndexedValue &cotangent = term.factors.front();
  StringRef letters = cotangent.letters;
  Location loc = mask.value.getLoc();
  bool chooses =
      hasDistinctLetters(letters) && hasDistinctLetters(mask.letters) &&
      llvm::all_of(mask.letters, [&](char l) { return letters.contains(l); });
  if (chooses)
    cotangent.value = createOp<MaskOp>(
        builder, loc, spreadMask(builder, mask, cotangent), cotangent.value);
  else
    term.factors.push_back(
        {createNumbers(builder, loc, mask.value,
                       getTensorType(cotangent.value).getElementType()),
         mask.letters});
}

/// Multiplies the smallest factor.
static void scaleTerm(OpBuilder &builder, SiteTerm &term, double scale) {
  if (scale == 1)
    return;
  IndexedValue *smallest = &term.factors.front();
  for (IndexedValue &factor : term.factors) {
    RankedTensorType type = getTensorType(factor.value);
    if (isa<FloatType>(type.getElementType()) &&
        type.getNumElements() < getTensorType(smallest->value).getNumElements())
      smallest = &factor;
  }
  smallest->value =
      createOp<ScaleOp>(builder, smallest->value.getLoc(), smallest->value,
                        builder.getF64FloatAttr(scale));
}

/// The factor without dimensions of size one, so that others are neighbours.
static IndexedValue dropUnits(OpBuilder &builder, IndexedValue factor) {
  std::string letters;
  SmallVector<int64_t> shape;
  for (auto [letter, size] :
       llvm::zip_equal(factor.getAxes(), getShape(factor.value))) {
    if (size != 1) {
      letters += letter;
      shape.push_back(size);
    }
  }
  if (factor.isOneHot())
    letters += factor.letters.back();
  Location loc = factor.value.getLoc();
  return {createReshape(builder, loc, factor.value, shape), letters};
}

static IndexedAxes dropUnits(const IndexedAxes &axes) {
  IndexedAxes wide;
  for (auto [axis, size] : llvm::enumerate(axes.shape)) {
    if (size == 1)
      continue;
    wide.letters += axes.letters[axis];
    wide.shape.push_back(size);
    wide.spans.push_back(axes.getSpan(axis));
  }
  return wide;
}

static SiteTerm getTerm(OpBuilder &builder, const Site &site, Value cotangent,
                        double sign) {
  const JacobianStructure &structure = site.structure;
  SiteTerm term;
  term.parameter = dropUnits(structure.operand);
  term.factors.push_back(
      getCotangentFactor(builder, cotangent, structure.result));
  for (auto [feature, letters] :
       llvm::zip_equal(structure.features, structure.featureIndices)) {
    if (getTensorType(feature).getElementType().isInteger(1))
      addMask(builder, term, {feature, letters});
    else
      term.factors.push_back({feature, letters});
  }
  readAtPositions(builder, term);
  countInWholeAxes(builder, term);
  scaleTerm(builder, term, sign * structure.scale);
  for (IndexedValue &factor : term.factors)
    factor = dropUnits(builder, factor);
  return term;
}

//===----------------------------------------------------------------------===//
// Terms of equal structure
//===----------------------------------------------------------------------===//

/// Gives the letters of a term canonical names, by their order in the
/// parameter, the cotangent and the features, so that terms can be compared.
static SiteTerm canonicalize(SiteTerm term) {
  std::map<char, char> names;
  std::string used = canonicalOrder.str();
  auto rename = [&](std::string &letters) {
    for (char &letter : letters) {
      if (auto [it, isNew] = names.try_emplace(letter); isNew) {
        it->second = getFreeLetter(used);
        used += it->second;
      }
      letter = names[letter];
    }
  };
  rename(term.parameter.letters);
  for (IndexedValue &factor : term.factors)
    rename(factor.letters);
  return term;
}

static bool haveEqualStructure(const SiteTerm &a, const SiteTerm &b) {
  return a.parameter.letters == b.parameter.letters &&
         a.parameter.spans == b.parameter.spans &&
         a.factors.size() == b.factors.size() &&
         llvm::all_of(llvm::zip(a.factors, b.factors), [](auto pair) {
           auto &[x, y] = pair;
           return x.letters == y.letters &&
                  x.value.getType() == y.value.getType();
         });
}

/// One term for several of equal structure: each factor gets a leading index t
/// over the terms, but for features that all of them share.
static SiteTerm stack(OpBuilder &builder, ArrayRef<SiteTerm> terms) {
  if (terms.size() == 1)
    return terms.front();
  SiteTerm stacked = terms.front();
  std::string used = canonicalOrder.str() + stacked.parameter.letters;
  for (const IndexedValue &factor : stacked.factors)
    used += factor.letters;
  char t = getFreeLetter(used);
  for (auto [i, factor] : llvm::enumerate(stacked.factors)) {
    bool isShared = llvm::all_of(terms, [&, i = i](const SiteTerm &term) {
      return term.factors[i].value == terms.front().factors[i].value;
    });
    if (i > 0 && isShared)
      continue;
    SmallVector<int64_t> shape = {1};
    llvm::append_range(shape, getShape(factor.value));
    SmallVector<Value> slices;
    for (const SiteTerm &term : terms)
      slices.push_back(createReshape(builder, factor.value.getLoc(),
                                     term.factors[i].value, shape));
    factor.value = createOp<ConcatOp>(builder, factor.value.getLoc(), slices,
                                      builder.getI64IntegerAttr(0));
    factor.letters = t + factor.letters;
  }
  return stacked;
}

TermList mlir::ntk::buildTerms(OpBuilder &builder, ArrayRef<Site> sites,
                               const DenseMap<Value, Value> &cotangents) {
  // Θ does not change with the sign of all terms of a parameter.
  double sign =
      llvm::all_of(sites,
                   [](const Site &site) { return site.structure.scale < 0; })
          ? -1
          : 1;
  std::vector<TermList> groups;
  for (const Site &site : sites) {
    Value cotangent = cotangents.lookup(site.result);
    if (!cotangent)
      continue;
    SiteTerm term = getTerm(builder, site, cotangent, sign);
    SiteTerm canonical = canonicalize(term);
    auto group = llvm::find_if(groups, [&](const TermList &g) {
      return haveEqualStructure(canonicalize(g.front()), canonical);
    });
    if (group == groups.end())
      groups.push_back({term});
    else
      group->push_back(term);
  }
  TermList terms;
  for (const TermList &group : groups)
    terms.push_back(stack(builder, group));
  return terms;
}
