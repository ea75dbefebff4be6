// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Structured derivatives (and, with explicit gradients, Jacobian contraction):
//
//     Θ[n,m,o,p] = Σ_θ Σ_{pairs of terms of θ} Σ C1 F1 · C2 F2
//
// with the letters of θ shared by the two sides and all others private to one.

#include "Methods.h"
#include "dialects/NTK/IR/Einsum.h"
#include "ntk/Analysis/Dependence.h"
#include "ntk/Kernel/Sites.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {

class StructuredExpansion {
public:
  StructuredExpansion(KernelRequest &request, bool explicitGradients)
      : request(request), prototype(request) {
    buildAllTerms(explicitGradients);
  }

  KernelFunctions run() {
    KernelFunctions functions;
    functions.factors1 = buildFactors(1);
    functions.factors2 = buildFactors(2);
    functions.tile = buildTile();
    return functions;
  }

private:
  void buildAllTerms(bool explicitGradients);
  func::FuncOp buildFactors(int side);
  func::FuncOp buildTile();
  SmallVector<BatchedValue> getTileFactors(KernelFunction &tile, int side);
  Value contractPair(KernelFunction &tile, const SiteTerm &term1,
                     const SiteTerm &term2, StringRef parameter, Value sum);

  /// The number of a factor value in the lists below.
  unsigned getFactorNumber(Value value) {
    auto [it, isNew] = numbers.try_emplace(value, factors.size());
    if (isNew)
      factors.push_back(value);
    return it->second;
  }

  KernelRequest &request;
  Prototype prototype;
  std::vector<TermList> terms; ///< for each parameter
  SmallVector<Value> factors;  ///< distinct, of one example
  DenseMap<Value, unsigned> numbers;
  SmallVector<BatchedValue> batched; ///< the factors in a factor function
  SmallVector<int> networkArgument;  ///< or -1: factors that are parameters
  SmallVector<BatchedValue> side1, side2; ///< the factors in the tile
};

} // namespace

void StructuredExpansion::buildAllTerms(bool explicitGradients) {
  OpBuilder builder = OpBuilder(request.kernel->getContext());
  builder.setInsertionPointToEnd(&prototype.block);
  std::vector<SiteList> sites;
  SmallVector<Value> results;
  for (unsigned i : request.parameters) {
    Value parameter = prototype.forward.arguments[i];
    sites.push_back(explicitGradients
                        ? SiteList{getExplicitSite(parameter)}
                        : findSites(builder, prototype.forward, parameter,
                                    prototype.perExample));
    for (const Site &site : sites.back())
      results.push_back(site.result);
  }
  SmallVector<Value> seeds = splitFlatCotangent(
      builder, request.network.getLoc(), prototype.forward, prototype.seed);
  DenseMap<Value, Value> cotangents =
      buildVjp(builder, prototype.forward, seeds,
               getActiveDependents(prototype.block, results));
  for (ArrayRef<Site> ofParameter : sites)
    terms.push_back(buildTerms(builder, ofParameter, cotangents));
  for (ArrayRef<SiteTerm> ofParameter : terms)
    for (const SiteTerm &term : ofParameter)
      for (const IndexedValue &factor : term.factors)
        getFactorNumber(factor.value);
}

func::FuncOp StructuredExpansion::buildFactors(int side) {
  KernelFunction f = KernelFunction::createFactors(request, side);
  Batcher batcher(f.builder);
  for (auto [i, argument] : llvm::enumerate(prototype.forward.arguments))
    batcher.map(argument,
                {f.networkArguments[i], request.network.isInput(i) ? "n" : ""});
  batcher.map(prototype.seed, {request.createSeed(f.builder, f.firstOutput),
                               request.hasOutputLetter() ? "o" : ""});
  for (Operation &op : prototype.block)
    batcher.batch(&op);
  batched.clear();
  networkArgument.clear();
  SmallVector<Value> results;
  for (Value factor : factors) {
    batched.push_back(batcher.lookup(factor));
    auto *argument = llvm::find(prototype.forward.arguments, factor);
    bool isParameter = argument != prototype.forward.arguments.end() &&
                       batched.back().letters.empty();
    networkArgument.push_back(
        isParameter ? argument - prototype.forward.arguments.begin() : -1);
    if (!isParameter)
      results.push_back(batched.back().value);
  }
  f.finish(results);
  return f.function;
}

SmallVector<BatchedValue>
StructuredExpansion::getTileFactors(KernelFunction &tile, int side) {
  SmallVector<BatchedValue> values;
  unsigned next = 0;
  for (auto [factor, argument] : llvm::zip_equal(batched, networkArgument)) {
    if (argument >= 0)
      values.push_back({tile.networkArguments[argument], ""});
    else
      values.push_back(tile.addFactor(request, side, next++,
                                      factor.value.getType(), factor.letters,
                                      factor.value.getLoc()));
  }
  return values;
}

/// One contraction: term1 of side 1 with term2 of side 2, the letters of
/// `parameter` identified, added to `sum`.
Value StructuredExpansion::contractPair(KernelFunction &tile,
                                        const SiteTerm &term1,
                                        const SiteTerm &term2,
                                        StringRef parameter, Value sum) {
  Einsum einsum;
  SmallVector<Value> operands;
  SmallVector<std::string> letters;
  std::string used = canonicalOrder.str();
  std::map<char, char> names1, names2;
  auto fresh = [&](char wish) {
    char letter = StringRef(used).contains(wish) ? getFreeLetter(used) : wish;
    used += letter;
    return letter;
  };
  for (auto [a, b] :
       llvm::zip_equal(term1.parameterIndices, term2.parameterIndices))
    names1[a] = names2[b] = fresh(a);
  auto addSide = [&](const SiteTerm &term, std::map<char, char> &names,
                     ArrayRef<BatchedValue> side) {
    for (const IndexedValue &factor : term.factors) {
      BatchedValue value = side[numbers.lookup(factor.value)];
      letters.push_back(value.letters);
      for (char letter : factor.letters) {
        auto [it, isNew] = names.try_emplace(letter);
        if (isNew)
          it->second = fresh(letter);
        value.letters += it->second;
      }
      operands.push_back(value.value);
      einsum.operands.push_back(value.letters);
    }
  };
  addSide(term1, names1, side1);
  addSide(term2, names2, side2);
  einsum.result = unionOfBatches(letters);
  request.identifyOutputs(einsum);

  Location loc = NameLoc::get(tile.builder.getStringAttr(parameter));
  return request.addToTile(tile.builder, loc, operands, einsum, sum);
}

func::FuncOp StructuredExpansion::buildTile() {
  KernelFunction tile = KernelFunction::createTile(request);
  side1 = getTileFactors(tile, 1);
  side2 = getTileFactors(tile, 2);
  Value sum = request.createZeroTile(tile.builder, tile.n, tile.m);
  for (auto [argument, ofParameter] :
       llvm::zip_equal(request.parameters, terms)) {
    StringRef parameter = request.network.getParameterName(argument);
    for (const SiteTerm &term1 : ofParameter)
      for (const SiteTerm &term2 : ofParameter)
        sum = contractPair(tile, term1, term2, parameter, sum);
  }
  tile.finish(request.normalize(tile.builder, sum));
  return tile.function;
}

KernelFunctions mlir::ntk::expandStructured(KernelRequest &request,
                                            bool explicitGradients) {
  return StructuredExpansion(request, explicitGradients).run();
}
