// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Structured derivatives (and, with explicit gradients, Jacobian contraction):
//
//     Θ[n,m,o,p] = Σ_θ Σ_{pairs of terms of θ} Σ C1 F1 · C2 F2

#include "Methods.h"
#include "PairProduct.h"
#include "ntk/Analysis/Dependence.h"
#include "ntk/Derive/Forward.h"

using namespace mlir;
using namespace mlir::ntk;

/// A parameter of more terms, or of more pairs of different terms, than these
/// is one explicit gradient: each pair is a contraction.
static constexpr size_t mostTerms = 32, mostCrossPairs = 4;

/// Can the sites have more?
static bool hasManySites(ArrayRef<Site> sites) {
  return sites.size() * (sites.size() - 1) > mostCrossPairs;
}

namespace {

class StructuredExpansion {
public:
  StructuredExpansion(KernelRequest &request, bool explicitGradients)
      : request(request), prototype(request) {
    buildAllPairs(explicitGradients);
  }

  KernelFunctions run() {
    KernelFunctions functions;
    functions.factors1 = buildFactors(1);
    functions.factors2 = buildFactors(2);
    functions.tile = buildTile();
    return functions;
  }

private:
  void buildAllPairs(bool explicitGradients);
  func::FuncOp buildFactors(int side);
  func::FuncOp buildTile();
  SmallVector<BatchedValue> getTileFactors(KernelFunction &tile, int side);
  Value contractPair(KernelFunction &tile, const TermPair &pair,
                     StringRef parameter, Value sum);

  /// The number of a factor value in the lists below.
  unsigned getFactorNumber(Value value) {
    auto [it, isNew] = numbers.try_emplace(value, factors.size());
    if (isNew)
      factors.push_back(value);
    return it->second;
  }

  KernelRequest &request;
  Prototype prototype;
  std::vector<std::vector<TermPair>> pairs; ///< for each parameter
  SmallVector<Value> factors;               ///< distinct, of one example
  DenseMap<Value, unsigned> numbers;
  SmallVector<BatchedValue> batched; ///< the factors in a factor function
  SmallVector<int> networkArgument;  ///< or -1: factors that are parameters
  SmallVector<BatchedValue> side1, side2; ///< the factors in the tile
};

} // namespace

/// The terms with factors in the type of the kernel, whatever floats the values
/// of the network are.
static TermList convertFactors(OpBuilder &builder, TermList terms, Type real) {
  for (SiteTerm &term : terms)
    for (IndexedValue &factor : term.factors)
      factor.value = createConverted(builder, factor.value, real);
  return terms;
}

void StructuredExpansion::buildAllPairs(bool explicitGradients) {
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
    if (hasManySites(sites.back()))
      results.push_back(parameter);
  }
  SmallVector<Value> seeds = splitFlatCotangent(
      builder, request.network.getLoc(), prototype.forward, prototype.seed);
  DenseMap<Value, Value> cotangents =
      buildVjp(builder, prototype.forward, seeds,
               getActiveDependents(prototype.block, results));
  for (auto [i, ofParameter] : llvm::zip_equal(request.parameters, sites)) {
    TermList terms = convertFactors(
        builder, buildTerms(builder, ofParameter, cotangents), request.real);
    pairs.push_back(pairTerms(builder, terms));
    if (terms.size() <= mostTerms &&
        pairs.back().size() <= terms.size() + mostCrossPairs)
      continue;
    Site whole = getExplicitSite(prototype.forward.arguments[i]);
    pairs.back() = pairTerms(
        builder, convertFactors(builder, buildTerms(builder, whole, cotangents),
                                request.real));
  }
  for (ArrayRef<TermPair> ofParameter : pairs) {
    for (const TermPair &pair : ofParameter)
      for (const SiteTerm *term : {&pair.first, &pair.second})
        for (const IndexedValue &factor : term->factors)
          getFactorNumber(factor.value);
  }
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

/// One contraction, added to `sum`.
Value StructuredExpansion::contractPair(KernelFunction &tile,
                                        const TermPair &pair,
                                        StringRef parameter, Value sum) {
  Location loc = NameLoc::get(tile.builder.getStringAttr(parameter));
  PairProduct product =
      buildPairProduct(tile.builder, loc, pair, [&](int side, Value factor) {
        return (side == 1 ? side1 : side2)[numbers.lookup(factor)];
      });
  request.identifyOutputs(product.einsum);
  return request.addToTile(tile.builder, loc, product.operands, product.einsum,
                           sum);
}

func::FuncOp StructuredExpansion::buildTile() {
  KernelFunction tile = KernelFunction::createTile(request);
  side1 = getTileFactors(tile, 1);
  side2 = getTileFactors(tile, 2);
  Value sum = request.createZeroTile(tile.builder, tile.n, tile.m);
  for (auto [argument, ofParameter] :
       llvm::zip_equal(request.parameters, pairs)) {
    StringRef parameter = request.network.getParameterName(argument);
    for (const TermPair &pair : ofParameter)
      sum = contractPair(tile, pair, parameter, sum);
  }
  tile.finish(request.normalize(tile.builder, sum));
  return tile.function;
}

KernelFunctions mlir::ntk::expandStructured(KernelRequest &request,
                                            bool explicitGradients) {
  return StructuredExpansion(request, explicitGradients).run();
}
