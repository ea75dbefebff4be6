// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loop nests, and ops that become some, as functions of a context and a range,
// run on all threads by the runtime, equal ones shared. Only one of the equal
// is ever turned into loops.

#include "CallSupport.h"
#include "LoopContext.h"
#include "StructuralKey.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ntk/Lower/LoopPartition.h"
#include "ntk/Lower/Passes.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_OUTLINELOOPSPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// How much a nest does
//===----------------------------------------------------------------------===//

static int64_t getTrips(Value lower, Value upper) {
  std::optional<int64_t> from = getConstantIntValue(lower);
  std::optional<int64_t> to = getConstantIntValue(upper);
  return from && to ? std::max<int64_t>(*to - *from, 1) : unknownTrips;
}

/// Ops run by one pass through `region`, loops inside included.
static int64_t estimateWork(Region &region) {
  int64_t work = 0;
  for (Operation &op : region.front()) {
    int64_t trips = 1;
    if (auto loop = dyn_cast<scf::ForOp>(op))
      trips = getTrips(loop.getLowerBound(), loop.getUpperBound());
    else if (auto loop = dyn_cast<scf::ParallelOp>(op))
      for (auto [lower, upper] :
           llvm::zip_equal(loop.getLowerBound(), loop.getUpperBound()))
        trips *= getTrips(lower, upper);
    int64_t inner = 1;
    for (Region &nested : op.getRegions())
      if (!nested.empty())
        inner = std::max(inner, estimateWork(nested));
    work += trips * inner;
  }
  return work;
}

static LoopPartition choosePartition(scf::ParallelOp loop) {
  SmallVector<int64_t> trips;
  for (auto [lower, upper] :
       llvm::zip_equal(loop.getLowerBound(), loop.getUpperBound()))
    trips.push_back(getTrips(lower, upper));
  return choosePartition(trips, estimateWork(loop.getRegion()));
}

//===----------------------------------------------------------------------===//
// Outlining
//===----------------------------------------------------------------------===//

namespace {
/// A number of loop trips: a constant, or what a function was given from
/// outside: the number `used`, or the size of the memref `used` along `axis`.
struct Trips {
  int64_t constant = 1;
  std::optional<unsigned> used;
  std::optional<int64_t> axis;
};

/// The function of a nest, and how often it goes round.
struct LoopFunction {
  func::FuncOp body;
  LoopPartition partition;
  SmallVector<Trips> trips; // of the collapsed loops
};

class Outliner {
public:
  explicit Outliner(ModuleOp module)
      : module(module), rewriter(module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())),
        i64(IntegerType::get(module.getContext(), 64)),
        bodyType(
            FunctionType::get(module.getContext(), {pointer, i64, i64}, {})) {
    collectSimplifications();
  }

  /// Replaces a nest at the top level of a function by a call.
  LogicalResult outline(Operation *nest);

private:
  void collectSimplifications();
  LogicalResult writeAsLoops(Operation *nest);
  FailureOr<LoopFunction> createFunction(Operation *nest, ArrayRef<Value> used,
                                         ArrayRef<Type> types);
  scf::ParallelOp findParallel(Block &block);
  void takeRange(LoopFunction &function, scf::ParallelOp loop,
                 const DenseMap<Value, unsigned> &given);
  void createCall(OpBuilder &builder, Location loc,
                  const LoopFunction &function, ArrayRef<Value> used,
                  Value context);

  ModuleOp module;
  IRRewriter rewriter;
  Type pointer, i64;
  FunctionType bodyType;
  FrozenRewritePatternSet simplifications;
  llvm::StringMap<LoopFunction> functions; // by what they do
};
} // namespace

/// The patterns of a canonicalization: loops of one trip go, constants fold.
void Outliner::collectSimplifications() {
  MLIRContext *context = module.getContext();
  RewritePatternSet patterns(context);
  for (Dialect *dialect : context->getLoadedDialects())
    dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName op : context->getRegisteredOperations())
    op.getCanonicalizationPatterns(patterns, context);
  simplifications = std::move(patterns);
}

/// Loops from 0 in steps of 1, as linalg makes them, can be cut.
static bool isNormalised(scf::ParallelOp loop) {
  return llvm::all_of(loop.getLowerBound(),
                      [](Value v) { return isConstantIntValue(v, 0); }) &&
         llvm::all_of(loop.getStep(),
                      [](Value v) { return isConstantIntValue(v, 1); });
}

/// The loop of a function that is nothing but one loop that can be cut.
scf::ParallelOp Outliner::findParallel(Block &block) {
  scf::ParallelOp found;
  for (Operation &op : block.without_terminator()) {
    if (isMemoryEffectFree(&op) || isa<LLVM::LoadOp>(op))
      continue;
    auto loop = dyn_cast<scf::ParallelOp>(op);
    if (!loop || found || !isNormalised(loop) || loop.getNumReductions() > 0)
      return nullptr;
    found = loop;
  }
  return found;
}

/// Puts the loops of `loop` inside the collapsed ones into a loop over the
/// numbers of the range of those.
static void cloneRange(OpBuilder &builder, scf::ParallelOp loop,
                       unsigned collapsed, Value begin, Value end) {
  Location loc = loop.getLoc();
  IRMapping mapping;
  Value one = builder.create<arith::ConstantIndexOp>(loc, 1);
  auto range = builder.create<scf::ForOp>(loc, begin, end, one);
  builder.setInsertionPointToStart(range.getBody());
  Value rest = range.getInductionVar();
  for (unsigned i = collapsed; i-- > 0;) {
    Value index = rest;
    if (i > 0) {
      Value size = loop.getUpperBound()[i];
      index = builder.create<arith::RemUIOp>(loc, rest, size);
      rest = builder.create<arith::DivUIOp>(loc, rest, size);
    }
    mapping.map(loop.getInductionVars()[i], index);
  }
  for (unsigned i = collapsed; i < loop.getNumLoops(); ++i) {
    auto inner =
        builder.create<scf::ForOp>(loc, loop.getLowerBound()[i],
                                   loop.getUpperBound()[i], loop.getStep()[i]);
    mapping.map(loop.getInductionVars()[i], inner.getInductionVar());
    builder.setInsertionPointToStart(inner.getBody());
  }
  for (Operation &op : loop.getBody()->without_terminator())
    builder.clone(op, mapping);
}

/// Where the trip count `bound` of a loop in a function comes from.
static std::optional<Trips> findTrips(Value bound,
                                      const DenseMap<Value, unsigned> &given) {
  if (std::optional<int64_t> constant = getConstantIntValue(bound))
    return Trips{*constant, std::nullopt, std::nullopt};
  if (auto found = given.find(bound); found != given.end())
    return Trips{1, found->second, std::nullopt};
  auto size = bound.getDefiningOp<memref::DimOp>();
  std::optional<int64_t> axis = size ? size.getConstantIndex() : std::nullopt;
  auto found = axis ? given.find(size.getSource()) : given.end();
  if (found == given.end())
    return std::nullopt;
  return Trips{1, found->second, axis};
}

/// Lets the function run a range of its outer loops.
void Outliner::takeRange(LoopFunction &function, scf::ParallelOp loop,
                         const DenseMap<Value, unsigned> &given) {
  LoopPartition partition = choosePartition(loop);
  for (unsigned i = 0; i < partition.collapsed; ++i) {
    std::optional<Trips> trips = findTrips(loop.getUpperBound()[i], given);
    if (!trips) {
      function.trips.clear();
      return;
    }
    function.trips.push_back(*trips);
  }
  function.partition = partition;
  OpBuilder builder(loop);
  Value bounds[2];
  for (int i : {0, 1})
    bounds[i] = builder.create<arith::IndexCastOp>(
        loop.getLoc(), builder.getIndexType(),
        function.body.getArgument(1 + i));
  cloneRange(builder, loop, partition.collapsed, bounds[0], bounds[1]);
  loop.erase();
}

LogicalResult Outliner::writeAsLoops(Operation *nest) {
  auto structured = dyn_cast<linalg::LinalgOp>(nest);
  if (!structured)
    return success();
  rewriter.setInsertionPoint(structured);
  if (failed(linalg::linalgOpToParallelLoops(rewriter, structured)))
    return nest->emitOpError("expected an op that can be written as loops");
  rewriter.eraseOp(structured);
  return success();
}

FailureOr<LoopFunction> Outliner::createFunction(Operation *nest,
                                                 ArrayRef<Value> used,
                                                 ArrayRef<Type> types) {
  Location loc = nest->getLoc();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  LoopFunction function;
  function.body = builder.create<func::FuncOp>(
      loc, "ntk_loop_" + std::to_string(functions.size() - 1), bodyType);
  function.body.setPrivate();
  Block *entry = function.body.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  IRMapping mapping;
  DenseMap<Value, unsigned> given;
  ContextReader reader(builder, loc, function.body.getArgument(0));
  for (auto [i, value] : llvm::enumerate(used)) {
    if (isConstant(value)) {
      builder.clone(*value.getDefiningOp(), mapping);
      continue;
    }
    mapping.map(value, reader.read(types[i]));
    given[mapping.lookup(value)] = i;
  }
  Operation *clone = builder.clone(*nest, mapping);
  builder.create<func::ReturnOp>(loc);
  if (failed(writeAsLoops(clone)) ||
      failed(applyPatternsAndFoldGreedily(function.body, simplifications)))
    return failure();
  if (scf::ParallelOp loop = findParallel(*entry))
    takeRange(function, loop, given);
  return function;
}

void Outliner::createCall(OpBuilder &builder, Location loc,
                          const LoopFunction &function, ArrayRef<Value> used,
                          Value context) {
  func::FuncOp body = function.body;
  auto createNumber = [&](int64_t number) -> Value {
    return builder.create<arith::ConstantIntOp>(loc, number, 64);
  };
  if (function.partition.collapsed == 0) {
    builder.create<func::CallOp>(
        loc, body, ValueRange{context, createNumber(0), createNumber(1)});
    return;
  }
  int64_t known = 1;
  Value trips;
  for (const Trips &factor : function.trips) {
    known *= factor.constant;
    if (!factor.used)
      continue;
    Value number = used[*factor.used];
    if (factor.axis)
      number = createSize(builder, loc, number, *factor.axis);
    else if (number.getType().isIndex())
      number = builder.create<arith::IndexCastOp>(loc, i64, number);
    trips = trips ? builder.create<arith::MulIOp>(loc, trips, number) : number;
  }
  if (!trips)
    trips = createNumber(known);
  else if (known != 1)
    trips = builder.create<arith::MulIOp>(loc, trips, createNumber(known));
  Value address =
      builder.create<func::ConstantOp>(loc, bodyType, body.getSymName());
  address = builder.create<UnrealizedConversionCastOp>(loc, pointer, address)
                .getResult(0);
  func::FuncOp run = declareFunction(
      module, "ntk_rt_parallel_for",
      builder.getFunctionType({pointer, pointer, i64, i64}, {}));
  builder.create<func::CallOp>(
      loc, run,
      ValueRange{address, context, trips,
                 createNumber(function.partition.grain)});
}

LogicalResult Outliner::outline(Operation *nest) {
  SetVector<Value> used = getUsedValues(nest);
  if (nest->getNumResults() > 0 || !llvm::all_of(used, canTravel))
    return writeAsLoops(nest); // where it stands
  SmallVector<Type> types;
  SmallVector<const void *> kinds;
  for (Value value : used) {
    types.push_back(getTravelType(nest, value));
    Attribute constant;
    kinds.push_back(matchPattern(value, m_Constant(&constant))
                        ? constant.getAsOpaquePointer()
                        : types.back().getAsOpaquePointer());
  }
  ArrayRef<Value> values = used.getArrayRef();
  auto [it, isNew] =
      functions.try_emplace(getStructuralKey(nest, values, kinds));
  if (isNew) {
    FailureOr<LoopFunction> function = createFunction(nest, values, types);
    if (failed(function))
      return failure();
    it->second = std::move(*function);
  }
  OpBuilder builder(nest);
  SmallVector<OpFoldResult> numbers;
  for (auto [value, type] : llvm::zip_equal(values, types))
    if (!isConstant(value))
      appendNumbers(builder, nest->getLoc(), value, type, numbers);
  Value context = createNumbers(builder, nest->getLoc(), numbers);
  createCall(builder, nest->getLoc(), it->second, values, context);
  nest->erase();
  return success();
}

namespace {
struct OutlineLoopsPass : ntk::impl::OutlineLoopsPassBase<OutlineLoopsPass> {
  void runOnOperation() override {
    SmallVector<Operation *> nests;
    SmallVector<func::FuncOp> functions;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isDeclaration())
        continue;
      functions.push_back(function);
      for (Operation &op : function.front())
        if (isa<scf::ParallelOp, scf::ForOp, linalg::LinalgOp>(op))
          nests.push_back(&op);
    }
    Outliner outliner(getOperation());
    for (Operation *nest : nests)
      if (failed(outliner.outline(nest)))
        return signalPassFailure();
    llvm::for_each(functions, eraseUnusedOps);
  }
};
} // namespace
