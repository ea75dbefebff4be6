// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operands of one contraction of the tile, one-hot factors resolved.

#include "PairProduct.h"
#include "OneHots.h"
#include "dialects/NTK/IR/OpHelpers.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {

/// A factor in the tile: the letters of its batch, and those of its core.
struct TileFactor {
  Value value;
  std::string batch, letters;
  bool isDistinct = false;

  int64_t getCoreRank() const {
    return static_cast<int64_t>(getShape(value).size() - batch.size());
  }
  bool isOneHot() const {
    return static_cast<int64_t>(letters.size()) > getCoreRank();
  }
  StringRef getAxes() const {
    return StringRef(letters).take_front(getCoreRank());
  }
};

class PairProductBuilder {
public:
  PairProductBuilder(OpBuilder &builder, Location loc)
      : builder(builder), loc(loc) {}

  PairProduct run(const TermPair &pair,
                  function_ref<BatchedValue(int, Value)> getFactor);

private:
  char getFresh(char wish);
  void addTerm(const SiteTerm &term, int side, std::map<char, char> names,
               function_ref<BatchedValue(int, Value)> getFactor);
  void addMask(const TileFactor &a, const TileFactor &b);
  void readAt(const TileFactor &positions, char letter);
  void meet(const TileFactor &a, const TileFactor &b);
  void resolveOneHots();
  void countFreeLetters(const IndexedAxes &parameter, StringRef letters);

  OpBuilder &builder;
  Location loc;
  std::string used = canonicalOrder.str();
  std::vector<TileFactor> factors;
  Type real;
};

} // namespace

/// `wish`, or another letter if it is taken.
char PairProductBuilder::getFresh(char wish) {
  char letter = StringRef(used).contains(wish) ? getFreeLetter(used) : wish;
  used += letter;
  return letter;
}

void PairProductBuilder::addTerm(
    const SiteTerm &term, int side, std::map<char, char> names,
    function_ref<BatchedValue(int, Value)> getFactor) {
  for (const IndexedValue &factor : term.factors) {
    BatchedValue value = getFactor(side, factor.value);
    std::string letters;
    for (char letter : factor.letters) {
      auto [it, isNew] = names.try_emplace(letter);
      if (isNew)
        it->second = getFresh(letter);
      letters += it->second;
    }
    factors.push_back({value.value, value.letters, letters, factor.isDistinct});
  }
}

/// [a[t…] = b[s…]] as a factor.
void PairProductBuilder::addMask(const TileFactor &a, const TileFactor &b) {
  BatchedValue mask =
      createEqual(builder, loc, {a.value, a.batch}, {b.value, b.batch});
  Value numbers = createBatched<ConvertOp>(builder, loc, {mask.letters},
                                           mask.value, TypeAttr::get(real));
  factors.push_back({numbers, mask.letters, (a.getAxes() + b.getAxes()).str()});
}

/// A[…,v,…] becomes A[…,positions[t…],…].
void PairProductBuilder::readAt(const TileFactor &positions, char letter) {
  for (TileFactor &factor : factors) {
    size_t axis = factor.getAxes().find(letter);
    if (axis == StringRef::npos)
      continue;
    std::string batch[] = {factor.batch, positions.batch};
    factor.value = createBatched<GatherOp>(
        builder, loc, batch, factor.value, positions.value,
        builder.getI64IntegerAttr(static_cast<int64_t>(axis)));
    factor.batch = unionOfBatches(batch);
    factor.letters.replace(axis, 1, positions.getAxes().str());
  }
}

/// Where both have at most one row for a position, the rows of `b` are read
/// where they are equal to those of `a`.
void PairProductBuilder::meet(const TileFactor &a, const TileFactor &b) {
  if (!a.isDistinct || !b.isDistinct)
    return addMask(a, b);
  BatchedValue first =
      createFirstEqual(builder, loc, {a.value, a.batch}, {b.value, b.batch});
  readAt({first.value, first.letters, a.getAxes().str()}, b.letters.front());
}

void PairProductBuilder::resolveOneHots() {
  auto takeOneHot = [&](char selected) -> std::optional<TileFactor> {
    auto found = llvm::find_if(factors, [&](const TileFactor &factor) {
      return factor.isOneHot() &&
             (selected == 0 || factor.letters.back() == selected);
    });
    if (found == factors.end())
      return std::nullopt;
    TileFactor taken = *found;
    factors.erase(found);
    return taken;
  };
  while (std::optional<TileFactor> positions = takeOneHot(0)) {
    if (auto other = takeOneHot(positions->letters.back()))
      meet(*positions, *other);
    else
      readAt(*positions, positions->letters.back());
  }
}

/// A letter of θ that no factor has is summed over all the same.
void PairProductBuilder::countFreeLetters(const IndexedAxes &parameter,
                                          StringRef letters) {
  double count = 1;
  for (auto [letter, span] : llvm::zip_equal(letters, parameter.spans)) {
    bool isFree = llvm::none_of(factors, [&, letter = letter](auto &factor) {
      return StringRef(factor.letters).contains(letter);
    });
    if (isFree)
      count *= static_cast<double>(span.size);
  }
  if (count == 1)
    return;
  auto scalar = RankedTensorType::get({}, real);
  factors.push_back({createSplat(builder, loc, scalar, count), "", ""});
}

PairProduct
PairProductBuilder::run(const TermPair &pair,
                        function_ref<BatchedValue(int, Value)> getFactor) {
  real = getElementTypeOrSelf(pair.first.factors.front().value);
  std::map<char, char> names1, names2;
  std::string shared;
  for (auto [a, b] : llvm::zip_equal(pair.first.parameter.letters,
                                     pair.second.parameter.letters)) {
    shared += getFresh(a);
    names1[a] = names2[b] = shared.back();
  }
  addTerm(pair.first, 1, names1, getFactor);
  addTerm(pair.second, 2, names2, getFactor);
  countFreeLetters(pair.first.parameter, shared);
  resolveOneHots();

  PairProduct product;
  SmallVector<std::string> batches;
  for (const TileFactor &factor : factors) {
    product.operands.push_back(factor.value);
    product.einsum.operands.push_back(factor.batch + factor.letters);
    batches.push_back(factor.batch);
  }
  product.einsum.result = unionOfBatches(batches);
  return product;
}

PairProduct
mlir::ntk::buildPairProduct(OpBuilder &builder, Location loc,
                            const TermPair &pair,
                            function_ref<BatchedValue(int, Value)> getFactor) {
  return PairProductBuilder(builder, loc).run(pair, getFactor);
}
