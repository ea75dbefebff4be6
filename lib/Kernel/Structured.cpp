// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Structured derivatives (and, with explicit gradients, Jacobian contraction):
//
//     Θ[n,m,o,p] = Σ_θ Σ_{pairs of terms of θ} Σ C1 F1 · C2 F2

#include "Methods.h"
#include "PairProduct.h"
#include "dialects/NTK/IR/Names.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "ntk/Analysis/Dependence.h"
#include "ntk/Analysis/PostDominators.h"
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

struct ParameterSites {
  unsigned argument; ///< of the network
  SiteList sites;
  std::vector<TermPair> pairs;
};

/// The part of a kernel whose backward passes start at one value: the outputs,
/// or a cut.
struct Segment {
  Value value; ///< the cut, null for the outputs
  Value seed;  ///< of one example, its elements in one axis
  /// Those that reach the outputs through this value and no cut before it.
  std::vector<ParameterSites> parameters = {};
  SmallVector<unsigned> next = {}; ///< the cuts next before it, by number
  SmallVector<Value> sources = {}; ///< what cotangents are needed of
  /// Of `next` those that anything depends on, and the Jacobians of `value` by
  /// them.
  SmallVector<std::pair<unsigned, Value>> cuts = {};
};

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
  void createSegments(const PostDominators &ways);
  Segment &findSegment(const PostDominators &ways, Value value);
  DenseMap<Value, Value> propagate(OpBuilder &builder, const Segment &segment);
  void addJacobians(OpBuilder &builder, Segment &segment,
                    const DenseMap<Value, Value> &cotangents);
  void pairSites(OpBuilder &builder, ParameterSites &parameter,
                 const DenseMap<Value, Value> &cotangents);
  void mapSeeds(KernelFunction &factors, Batcher &batcher);
  func::FuncOp buildFactors(int side);
  func::FuncOp buildTile();
  SmallVector<BatchedValue> getTileFactors(KernelFunction &tile, int side);
  Value contractPair(KernelFunction &tile, const Segment &segment,
                     const TermPair &pair, StringRef parameter, Value sum);
  Value addCut(KernelFunction &tile, const Segment &segment, unsigned cut,
               Value jacobian, Value kernel, Value sum);
  Value buildKernel(KernelFunction &tile, const Segment &segment);

  /// The number of a factor value in the lists below.
  unsigned getFactorNumber(Value value) {
    auto [it, isNew] = numbers.try_emplace(value, factors.size());
    if (isNew)
      factors.push_back(value);
    return it->second;
  }

  KernelRequest &request;
  Prototype prototype;
  /// Of each cut, in the order of the network, and of the outputs.
  std::vector<Segment> segments;
  SmallVector<Value> factors; ///< distinct, of one example
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

//===----------------------------------------------------------------------===//
// One example
//===----------------------------------------------------------------------===//

/// The cotangents of what depends on the sources of `segment`, by its elements.
DenseMap<Value, Value> StructuredExpansion::propagate(OpBuilder &builder,
                                                      const Segment &segment) {
  Forward forward = prototype.forward;
  if (segment.value)
    forward.results = {segment.value};
  SmallVector<Value> seeds = splitFlatCotangent(
      builder, request.network.getLoc(), forward, segment.seed);
  return buildVjp(builder, forward, seeds,
                  getActiveDependents(prototype.block, segment.sources));
}

/// The pairs of terms of a parameter.
void StructuredExpansion::pairSites(OpBuilder &builder,
                                    ParameterSites &parameter,
                                    const DenseMap<Value, Value> &cotangents) {
  auto pair = [&](ArrayRef<Site> sites) {
    TermList terms = convertFactors(
        builder, buildTerms(builder, sites, cotangents), request.real);
    parameter.pairs = pairTerms(builder, terms);
    return terms.size();
  };
  size_t terms = pair(parameter.sites);
  if (terms > mostTerms || parameter.pairs.size() > terms + mostCrossPairs)
    pair(getExplicitSite(prototype.forward.arguments[parameter.argument]));
}

/// ∂(value of `segment`)/∂b for the cuts b that come next before it.
void StructuredExpansion::addJacobians(
    OpBuilder &builder, Segment &segment,
    const DenseMap<Value, Value> &cotangents) {
  for (unsigned cut : segment.next) {
    Value jacobian = cotangents.lookup(segments[cut].value);
    if (!jacobian)
      continue;
    int64_t size = getTensorType(jacobian).getNumElements();
    jacobian = createReshape(builder, jacobian.getLoc(), jacobian, size);
    segment.cuts.push_back(
        {cut, createConverted(builder, jacobian, request.real)});
  }
}

/// A segment for each cut, in their order, and for the outputs.
void StructuredExpansion::createSegments(const PostDominators &ways) {
  for (Value cut : prototype.cuts) {
    auto type = RankedTensorType::get(getTensorType(cut).getNumElements(),
                                      request.real);
    Value seed = prototype.block.addArgument(type, cut.getLoc());
    segments.push_back({cut, seed});
  }
  segments.push_back({Value(), prototype.seed});
  for (auto [i, cut] : llvm::enumerate(prototype.cuts))
    if (ways.reachesResults(cut))
      findSegment(ways, ways.getNext(cut)).next.push_back(i);
}

/// The segment that `value` is in, and all ways from it lead through.
Segment &StructuredExpansion::findSegment(const PostDominators &ways,
                                          Value value) {
  for (; value; value = ways.getNext(value)) {
    auto *cut = llvm::find(prototype.cuts, value);
    if (cut != prototype.cuts.end())
      return segments[cut - prototype.cuts.begin()];
  }
  return segments.back();
}

void StructuredExpansion::buildAllPairs(bool explicitGradients) {
  OpBuilder builder = OpBuilder(request.kernel->getContext());
  builder.setInsertionPointToEnd(&prototype.block);
  PostDominators ways(prototype.forward.ops, prototype.forward.results);
  createSegments(ways);
  for (unsigned i : request.parameters) {
    Value parameter = prototype.forward.arguments[i];
    SiteList sites = explicitGradients
                         ? SiteList{getExplicitSite(parameter)}
                         : findSites(builder, prototype.forward, parameter,
                                     prototype.perExample);
    SmallVector<Value> results;
    for (const Site &site : sites)
      results.push_back(site.result);
    if (hasManySites(sites))
      results.push_back(parameter);
    Segment &segment = findSegment(ways, ways.getCommon(results));
    segment.parameters.push_back({i, std::move(sites), {}});
    llvm::append_range(segment.sources, results);
  }
  for (Segment &segment : llvm::reverse(segments)) {
    for (unsigned cut : segment.next)
      segment.sources.push_back(segments[cut].value);
    DenseMap<Value, Value> cotangents = propagate(builder, segment);
    for (ParameterSites &parameter : segment.parameters)
      pairSites(builder, parameter, cotangents);
    addJacobians(builder, segment, cotangents);
  }
  for (const Segment &segment : segments) {
    for (const ParameterSites &parameter : segment.parameters)
      for (const TermPair &pair : parameter.pairs)
        for (const SiteTerm *term : {&pair.first, &pair.second})
          for (const IndexedValue &factor : term->factors)
            getFactorNumber(factor.value);
    for (auto [cut, jacobian] : segment.cuts)
      getFactorNumber(jacobian);
  }
}

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

/// What starts the backward pass of each segment.
void StructuredExpansion::mapSeeds(KernelFunction &f, Batcher &batcher) {
  batcher.map(prototype.seed, {request.createSeed(f.builder, f.firstOutput),
                               request.hasOutputLetter() ? "o" : ""});
  for (const Segment &segment : ArrayRef(segments).drop_back()) {
    auto size = f.builder.getI64IntegerAttr(
        getTensorType(segment.seed).getNumElements());
    Value seed = createOp<IdentityOp>(
        f.builder, nameRole(segment.value.getLoc(), "cotangent"), size, size,
        TypeAttr::get(request.real), Value());
    batcher.map(segment.seed, {seed, "B"});
  }
}

func::FuncOp StructuredExpansion::buildFactors(int side) {
  KernelFunction f = KernelFunction::createFactors(request, side);
  Batcher batcher(f.builder);
  for (auto [i, argument] : llvm::enumerate(prototype.forward.arguments))
    batcher.map(argument,
                {f.networkArguments[i], request.network.isInput(i) ? "n" : ""});
  mapSeeds(f, batcher);
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

//===----------------------------------------------------------------------===//
// Tile
//===----------------------------------------------------------------------===//

/// The letters of the kernel of a segment.
static std::string getLetters(KernelRequest &request, const Segment &segment) {
  return segment.value ? "nBmD" : request.getTileLetters();
}

/// One contraction, added to `sum`.
Value StructuredExpansion::contractPair(KernelFunction &tile,
                                        const Segment &segment,
                                        const TermPair &pair,
                                        StringRef parameter, Value sum) {
  Location loc = NameLoc::get(tile.builder.getStringAttr(parameter));
  PairProduct product =
      buildPairProduct(tile.builder, loc, pair, [&](int side, Value factor) {
        return (side == 1 ? side1 : side2)[numbers.lookup(factor)];
      });
  if (!segment.value)
    request.identifyOutputs(product.einsum);
  return addToKernel(tile.builder, loc, getLetters(request, segment),
                     product.operands, product.einsum, sum);
}

/// Adds J Θ_b Jᵀ to the kernel of `segment`.
Value StructuredExpansion::addCut(KernelFunction &tile, const Segment &segment,
                                  unsigned cut, Value jacobian, Value kernel,
                                  Value sum) {
  BatchedValue first = side1[numbers.lookup(jacobian)],
               second = side2[numbers.lookup(jacobian)];
  char row = getFreeLetter(canonicalOrder);
  char column = getFreeLetter(canonicalOrder.str() + row);
  Einsum einsum;
  einsum.operands = {std::string("n") + row + "m" + column, first.letters + row,
                     second.letters + column};
  einsum.result = unionOfBatches({"nm", first.letters, second.letters});
  if (!segment.value)
    request.identifyOutputs(einsum);
  return addToKernel(tile.builder, segments[cut].value.getLoc(),
                     getLetters(request, segment),
                     {kernel, first.value, second.value}, einsum, sum);
}

/// The kernel of the value of a segment, all that is before it included.
Value StructuredExpansion::buildKernel(KernelFunction &tile,
                                       const Segment &segment) {
  OpBuilder &b = tile.builder;
  Value sum =
      segment.value
          ? createZeroKernel(b, nameRole(segment.value.getLoc(), "theta"),
                             getLetters(request, segment),
                             getTensorType(segment.seed).getNumElements(),
                             request.real, tile.n, tile.m)
          : request.createZeroTile(b, tile.n, tile.m);
  for (const ParameterSites &parameter : segment.parameters) {
    StringRef name = request.network.getParameterName(parameter.argument);
    for (const TermPair &pair : parameter.pairs)
      sum = contractPair(tile, segment, pair, name, sum);
  }
  for (auto [cut, jacobian] : segment.cuts) {
    Value kernel = buildKernel(tile, segments[cut]);
    sum = addCut(tile, segment, cut, jacobian, kernel, sum);
  }
  return sum;
}

func::FuncOp StructuredExpansion::buildTile() {
  KernelFunction tile = KernelFunction::createTile(request);
  side1 = getTileFactors(tile, 1);
  side2 = getTileFactors(tile, 2);
  Value sum = buildKernel(tile, segments.back());
  tile.finish(request.normalize(tile.builder, sum));
  return tile.function;
}

KernelFunctions mlir::ntk::expandStructured(KernelRequest &request,
                                            bool explicitGradients) {
  return StructuredExpansion(request, explicitGradients).run();
}
