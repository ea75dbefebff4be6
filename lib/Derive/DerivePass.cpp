// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --ntk-derive: forward, VJP and JVP of a network as functions to read. Both
// derivatives are built behind one forward pass; what they read of it are the
// residuals.

#include "mlir/IR/IRMapping.h"
#include "ntk/Analysis/Dependence.h"
#include "ntk/Derive/Forward.h"
#include "ntk/Derive/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_DERIVEPASS
#include "ntk/Derive/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

namespace {

/// One function under construction: ops moved out of the common block, with
/// what they read from outside as arguments.
class Outline {
public:
  /// The values that `ops` read and do not define, in order of first use.
  static SetVector<Value> getCaptures(ArrayRef<Operation *> ops,
                                      ValueRange results) {
    DenseSet<Value> defined;
    SetVector<Value> captures;
    auto read = [&](Value value) {
      if (!defined.contains(value))
        captures.insert(value);
    };
    for (Operation *op : ops) {
      llvm::for_each(op->getOperands(), read);
      defined.insert(op->result_begin(), op->result_end());
    }
    llvm::for_each(results, [&](Value value) {
      if (value)
        read(value);
    });
    return captures;
  }

  /// Makes `name(arguments) -> results` of clones of `ops`.
  static func::FuncOp create(OpBuilder &builder, Location loc, StringRef name,
                             ValueRange arguments, ArrayRef<Operation *> ops,
                             ValueRange results) {
    OpBuilder::InsertionGuard guard(builder);
    auto function = builder.create<func::FuncOp>(
        loc, name,
        builder.getFunctionType(arguments.getTypes(), results.getTypes()));
    Block *body = function.addEntryBlock();
    builder.setInsertionPointToStart(body);
    IRMapping mapping;
    for (auto [from, to] : llvm::zip_equal(arguments, body->getArguments())) {
      mapping.map(from, to);
      to.setLoc(from.getLoc());
    }
    for (Operation *op : ops)
      builder.clone(*op, mapping);
    SmallVector<Value> mapped;
    for (Value result : results)
      mapped.push_back(mapping.lookup(result));
    builder.create<func::ReturnOp>(loc, mapped);
    return function;
  }
};

/// Derives one network inside a scratch block.
class NetworkDeriver {
public:
  NetworkDeriver(OpBuilder &builder, NetworkOp network)
      : builder(builder), network(network), loc(network.getLoc()) {}

  void run() {
    Block scratch;
    SmallVector<Location> locations;
    for (BlockArgument argument : network.getArguments())
      locations.push_back(argument.getLoc());
    scratch.addArguments(network.getArgumentTypes(), locations);
    OpBuilder inner(builder.getContext());
    inner.setInsertionPointToEnd(&scratch);
    Forward forward = cloneForward(inner, network, scratch.getArguments());
    dropEmpty(inner, forward);
    for (unsigned i = 0; i < network.getNumArguments(); ++i)
      if (!network.getParameterName(i).empty())
        parameters.push_back(scratch.getArgument(i));
    DenseSet<Value> active = getActiveDependents(scratch, parameters);

    SmallVector<Value> seeds = addArguments(scratch, forward.results);
    Operation *last = scratch.empty() ? nullptr : &scratch.back();
    SmallVector<Value> gradients =
        buildGradients(inner, forward, seeds, active);
    SmallVector<Operation *> vjpOps = getOpsAfter(scratch, last);

    last = scratch.empty() ? nullptr : &scratch.back();
    SmallVector<Value> tangents = addArguments(scratch, parameters);
    SmallVector<Value> outputs = buildOutputs(inner, forward, tangents);
    SmallVector<Operation *> jvpOps = getOpsAfter(scratch, last);

    emit(forward, seeds, vjpOps, gradients, tangents, jvpOps, outputs);
    scratch.dropAllReferences();
  }

private:
  static SmallVector<Value> addArguments(Block &block, ArrayRef<Value> like) {
    SmallVector<Value> arguments;
    for (Value value : like)
      arguments.push_back(block.addArgument(value.getType(), value.getLoc()));
    return arguments;
  }

  static SmallVector<Operation *> getOpsAfter(Block &block, Operation *last) {
    SmallVector<Operation *> ops;
    auto begin = last ? std::next(Block::iterator(last)) : block.begin();
    for (Operation &op : llvm::make_range(begin, block.end()))
      ops.push_back(&op);
    return ops;
  }

  SmallVector<Value> buildGradients(OpBuilder &inner, const Forward &forward,
                                    ArrayRef<Value> seeds,
                                    const DenseSet<Value> &active) {
    DenseMap<Value, Value> cotangents =
        mlir::ntk::buildVjp(inner, forward, seeds, active);
    return orZero(inner, parameters,
                  llvm::map_to_vector(parameters, [&](Value parameter) {
                    return cotangents.lookup(parameter);
                  }));
  }

  SmallVector<Value> buildOutputs(OpBuilder &inner, const Forward &forward,
                                  ArrayRef<Value> tangents) {
    DenseMap<Value, Value> map;
    for (auto [parameter, tangent] : llvm::zip_equal(parameters, tangents))
      map[parameter] = tangent;
    return orZero(inner, forward.results,
                  mlir::ntk::buildJvp(inner, forward, std::move(map)));
  }

  SmallVector<Value> orZero(OpBuilder &inner, ArrayRef<Value> like,
                            SmallVector<Value> values) {
    for (auto [value, model] : llvm::zip_equal(values, like))
      if (!value)
        value =
            createSplat(inner, loc, cast<RankedTensorType>(model.getType()), 0);
    return values;
  }

  void emit(const Forward &forward, ArrayRef<Value> seeds,
            ArrayRef<Operation *> vjpOps, ArrayRef<Value> gradients,
            ArrayRef<Value> tangents, ArrayRef<Operation *> jvpOps,
            ArrayRef<Value> outputs) {
    DenseSet<Value> forwardArguments(forward.arguments.begin(),
                                     forward.arguments.end());
    SetVector<Value> residuals;
    auto getArguments = [&](ArrayRef<Value> first, ArrayRef<Operation *> ops,
                            ArrayRef<Value> results) {
      SmallVector<Value> arguments(first);
      for (Value capture : Outline::getCaptures(ops, results)) {
        if (llvm::is_contained(first, capture))
          continue;
        arguments.push_back(capture);
        if (!forwardArguments.contains(capture))
          residuals.insert(capture);
      }
      return arguments;
    };
    SmallVector<Value> vjpArguments = getArguments(seeds, vjpOps, gradients);
    SmallVector<Value> jvpArguments = getArguments(tangents, jvpOps, outputs);
    SmallVector<Value> results(forward.results);
    for (Value residual : residuals)
      if (!llvm::is_contained(results, residual))
        results.push_back(residual);
    std::string name = network.getName().str();
    Outline::create(builder, loc, name + "_forward", forward.arguments,
                    forward.ops, results);
    Outline::create(builder, loc, name + "_vjp", vjpArguments, vjpOps,
                    gradients);
    Outline::create(builder, loc, name + "_jvp", jvpArguments, jvpOps, outputs);
  }

  OpBuilder &builder;
  NetworkOp network;
  Location loc;
  SmallVector<Value> parameters;
};

struct DerivePass : mlir::ntk::impl::DerivePassBase<DerivePass> {
  void runOnOperation() override {
    for (NetworkOp network :
         llvm::to_vector(getOperation().getOps<NetworkOp>())) {
      OpBuilder builder(network->getContext());
      builder.setInsertionPointAfter(network);
      NetworkDeriver(builder, network).run();
    }
  }
};

} // namespace
