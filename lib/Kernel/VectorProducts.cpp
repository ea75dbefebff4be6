// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NTK-vector products: Θ[n,m,o,p] = J(x1_n) g(x2_m, p) with the gradient
// g(x2_m, p) = ∂f_p(x2_m)/∂θ. Side 2 gives the gradients; side 1 gives the
// forward pass at x1, as far as the JVP reads it; the tile is one JVP with the
// gradients as tangents of the parameters.

#include "Methods.h"
#include "dialects/Support/Einsum.h"
#include "ntk/Analysis/Dependence.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {

class VectorProductsExpansion {
public:
  explicit VectorProductsExpansion(KernelRequest &request)
      : request(request), loc(request.network.getLoc()) {}

  KernelFunctions run() {
    KernelFunctions functions;
    functions.factors2 = buildGradients();
    functions.factors1 = buildForward();
    functions.tile = buildTile();
    return functions;
  }

private:
  func::FuncOp buildGradients();
  func::FuncOp buildForward();
  func::FuncOp buildTile();
  Value selectOutputs(OpBuilder &builder, Value tangent);
  Value arrange(KernelFunction &tile, BatchedValue tangent);

  KernelRequest &request;
  Location loc;
  SmallVector<unsigned> gradientOf; ///< parameters with a gradient
  SmallVector<BatchedValue> gradients;
  /// The JVP's prototype: forward, then tangents; what the JVP reads.
  std::unique_ptr<Prototype> prototype;
  SmallVector<Value> tangents;
  SmallVector<Operation *> jvpOps;
  Value output; ///< the tangent of the outputs, [O]
  SmallVector<Value> residuals;
  SmallVector<BatchedValue> batchedResiduals;
  Value firstSeed; ///< the outputs o of side 1, after the residuals
};

/// A Batcher over the arguments of a factor function.
Batcher mapArguments(KernelRequest &request, KernelFunction &f,
                     const Prototype &prototype) {
  Batcher batcher(f.builder);
  for (auto [i, argument] : llvm::enumerate(prototype.forward.arguments))
    batcher.map(argument,
                {f.networkArguments[i], request.network.isInput(i) ? "n" : ""});
  return batcher;
}

} // namespace

/// The gradients of all parameters, one row for each output p, as factors.
func::FuncOp VectorProductsExpansion::buildGradients() {
  Prototype gradient(request);
  OpBuilder builder(request.kernel->getContext());
  builder.setInsertionPointToEnd(&gradient.block);
  SmallVector<Value> sources;
  for (unsigned i : request.parameters)
    sources.push_back(gradient.forward.arguments[i]);
  SmallVector<Value> seeds =
      splitFlatCotangent(builder, loc, gradient.forward, gradient.seed);
  DenseMap<Value, Value> cotangents =
      buildVjp(builder, gradient.forward, seeds,
               getActiveDependents(gradient.block, sources));

  KernelFunction f = KernelFunction::createFactors(request, 2);
  Batcher batcher = mapArguments(request, f, gradient);
  batcher.map(gradient.seed, {request.createSeed(f.builder, f.firstOutput),
                              request.hasOutputLetter() ? "o" : ""});
  for (Operation &op : gradient.block)
    batcher.batch(&op);
  SmallVector<Value> results;
  for (auto [i, source] : llvm::zip_equal(request.parameters, sources)) {
    Value cotangent = cotangents.lookup(source);
    if (!cotangent)
      continue;
    gradientOf.push_back(i);
    gradients.push_back(batcher.lookup(cotangent));
    results.push_back(gradients.back().value);
  }
  f.finish(results);
  return f.function;
}

/// Forward pass at side 1: clones the prototype's forward and returns what the
/// JVP reads of it.
func::FuncOp VectorProductsExpansion::buildForward() {
  prototype = std::make_unique<Prototype>(request);
  OpBuilder builder(request.kernel->getContext());
  builder.setInsertionPointToEnd(&prototype->block);
  DenseMap<Value, Value> directions;
  for (unsigned i : gradientOf) {
    Value parameter = prototype->forward.arguments[i];
    tangents.push_back(
        prototype->block.addArgument(parameter.getType(), parameter.getLoc()));
    directions[parameter] = tangents.back();
  }
  DenseSet<Operation *> forwardOps(prototype->forward.ops.begin(),
                                   prototype->forward.ops.end());
  Forward outputs = prototype->forward;
  outputs.results = buildJvp(builder, prototype->forward, directions);
  for (auto [result, model] :
       llvm::zip_equal(outputs.results, prototype->forward.results))
    if (!result)
      result =
          createSplat(builder, loc, cast<RankedTensorType>(model.getType()), 0);
  output = selectOutputs(builder, buildFlatOutput(builder, loc, outputs));

  SetVector<Value> captured;
  for (Operation &op : prototype->block) {
    if (forwardOps.contains(&op))
      continue;
    jvpOps.push_back(&op);
    for (Value operand : op.getOperands())
      if (prototype->perExample.contains(operand) ||
          forwardOps.contains(operand.getDefiningOp()))
        captured.insert(operand);
  }
  residuals = captured.takeVector();

  KernelFunction f = KernelFunction::createFactors(request, 1);
  Batcher batcher = mapArguments(request, f, *prototype);
  for (Operation *op : prototype->forward.ops)
    batcher.batch(op);
  SmallVector<Value> results;
  for (Value residual : residuals) {
    batchedResiduals.push_back(batcher.lookup(residual));
    results.push_back(batchedResiduals.back().value);
  }
  if (request.hasOutputLetter()) {
    firstSeed = request.createSeed(f.builder, f.firstOutput);
    results.push_back(firstSeed);
  }
  f.finish(results);
  return f.function;
}

/// The outputs o that are asked for: their sum, or all.
Value VectorProductsExpansion::selectOutputs(OpBuilder &builder,
                                             Value tangent) {
  if (request.hasOutputLetter())
    return tangent;
  return createOp<ReduceSumOp>(builder, loc, tangent,
                               builder.getDenseI64ArrayAttr(0));
}

/// The JVP's output as a tile. Its core is the outputs of side 1; contracting
/// with the seed of side 1 gives them the letter o (and picks a block).
Value VectorProductsExpansion::arrange(KernelFunction &tile,
                                       BatchedValue tangent) {
  OpBuilder &b = tile.builder;
  Einsum einsum;
  SmallVector<Value> operands = {tangent.value};
  SmallVector<std::string> batches = {tangent.letters};
  einsum.operands.push_back(tangent.letters);
  if (request.hasOutputLetter()) {
    BatchedValue seed = tile.addFactor(request, 1, residuals.size(),
                                       firstSeed.getType(), "o", loc);
    operands.push_back(seed.value);
    batches.push_back(seed.letters);
    einsum.operands.front() += 'r';
    einsum.operands.push_back(seed.letters + 'r');
  }
  einsum.result = unionOfBatches(batches);
  request.identifyOutputs(einsum);
  return addToKernel(b, loc, request.getTileLetters(), operands, einsum,
                     request.createZeroTile(b, tile.n, tile.m));
}

func::FuncOp VectorProductsExpansion::buildTile() {
  KernelFunction tile = KernelFunction::createTile(request);
  Batcher batcher(tile.builder);
  for (auto [i, argument] : llvm::enumerate(prototype->forward.arguments))
    if (tile.networkArguments[i])
      batcher.map(argument, {tile.networkArguments[i], ""});
  for (auto [k, residual] : llvm::enumerate(residuals)) {
    batcher.map(residual,
                tile.addFactor(request, 1, k,
                               batchedResiduals[k].value.getType(),
                               batchedResiduals[k].letters, residual.getLoc()));
  }
  for (auto [k, tangent] : llvm::enumerate(tangents))
    batcher.map(tangent,
                tile.addFactor(request, 2, k, gradients[k].value.getType(),
                               gradients[k].letters, tangent.getLoc()));
  for (Operation *op : jvpOps)
    batcher.batch(op);
  Value sum = arrange(tile, batcher.lookup(output));
  tile.finish(request.normalize(tile.builder, sum));
  return tile.function;
}

KernelFunctions mlir::ntk::expandVectorProducts(KernelRequest &request) {
  return VectorProductsExpansion(request).run();
}
