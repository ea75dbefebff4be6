// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From sites to terms: cotangents in the shape of their letters, and sites of
// one parameter with equal structure stacked along a new index, so that a layer
// used T times costs what T tokens cost and never T² contractions.

#include "dialects/NTK/IR/Einsum.h"
#include "ntk/Kernel/Sites.h"

using namespace mlir;
using namespace mlir::ntk;

static ArrayRef<int64_t> getShape(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static Value reshapeTo(OpBuilder &builder, Value value,
                       ArrayRef<int64_t> shape) {
  if (getShape(value) == shape)
    return value;
  return createOp<ReshapeOp>(builder, value.getLoc(), value,
                             builder.getDenseI64ArrayAttr(shape));
}

/// The factor without dimensions of size one, so that others are neighbours.
static IndexedValue dropUnits(OpBuilder &builder, IndexedValue factor) {
  std::string letters;
  SmallVector<int64_t> shape;
  for (auto [letter, size] :
       llvm::zip_equal(factor.letters, getShape(factor.value))) {
    if (size != 1) {
      letters += letter;
      shape.push_back(size);
    }
  }
  return {reshapeTo(builder, factor.value, shape), letters};
}

/// Gives the letters of a term canonical names, by their order in the
/// parameter, the cotangent and the features, so that terms can be compared.
static SiteTerm canonicalize(SiteTerm term) {
  std::string all = term.parameterIndices;
  for (const IndexedValue &factor : term.factors)
    all += factor.letters;
  std::map<char, char> names;
  std::string used = canonicalOrder.str();
  for (char letter : all) {
    if (auto [it, isNew] = names.try_emplace(letter); isNew) {
      it->second = getFreeLetter(used);
      used += it->second;
    }
  }
  auto rename = [&](std::string &letters) {
    for (char &letter : letters)
      letter = names[letter];
  };
  rename(term.parameterIndices);
  for (IndexedValue &factor : term.factors)
    rename(factor.letters);
  return term;
}

static bool haveEqualStructure(const SiteTerm &a, const SiteTerm &b) {
  return a.parameterIndices == b.parameterIndices &&
         a.factors.size() == b.factors.size() &&
         llvm::all_of(llvm::zip(a.factors, b.factors), [](auto pair) {
           auto &[x, y] = pair;
           return x.letters == y.letters &&
                  x.value.getType() == y.value.getType();
         });
}

/// One term for several of equal structure: each factor gets a leading index t
/// over the terms.
static SiteTerm stack(OpBuilder &builder, ArrayRef<SiteTerm> terms) {
  if (terms.size() == 1)
    return terms.front();
  SiteTerm stacked = terms.front();
  std::string used = canonicalOrder.str() + stacked.parameterIndices;
  for (const IndexedValue &factor : stacked.factors)
    used += factor.letters;
  char t = getFreeLetter(used);
  for (auto [i, factor] : llvm::enumerate(stacked.factors)) {
    SmallVector<int64_t> shape = {1};
    llvm::append_range(shape, getShape(factor.value));
    SmallVector<Value> slices;
    for (const SiteTerm &term : terms)
      slices.push_back(reshapeTo(builder, term.factors[i].value, shape));
    factor.value = createOp<ConcatOp>(builder, factor.value.getLoc(), slices,
                                      builder.getI64IntegerAttr(0));
    factor.letters = t + factor.letters;
  }
  return stacked;
}

TermList mlir::ntk::buildTerms(OpBuilder &builder, ArrayRef<Site> sites,
                               const DenseMap<Value, Value> &cotangents) {
  std::vector<TermList> groups;
  for (const Site &site : sites) {
    Value cotangent = cotangents.lookup(site.result);
    if (!cotangent)
      continue;
    SiteTerm term;
    Value reshaped = reshapeTo(builder, cotangent, site.resultShape);
    term.factors.push_back(dropUnits(builder, {reshaped, site.resultIndices}));
    for (const IndexedValue &feature : site.features)
      term.factors.push_back(dropUnits(builder, feature));
    term.parameterIndices = site.parameterIndices;
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
