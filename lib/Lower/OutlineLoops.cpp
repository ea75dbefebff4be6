// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loop nests, and ops that become some, as functions of a context and a range,
// run on all threads by the runtime, equal ones shared. Only one of the equal
// is ever turned into loops.

#include "CallSupport.h"
#include "LoopContext.h"
#include "OutlinedNest.h"
#include "StructuralKey.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ntk/Lower/Passes.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_OUTLINELOOPSPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

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

/// The function of a nest, what the runtime calls, and how often it goes round.
struct LoopFunction {
  func::FuncOp body, entry;
  SmallVector<Trips> trips; // of the collapsed loops; none: it is all of it
};

class Outliner {
public:
  explicit Outliner(ModuleOp module)
      : module(module), rewriter(module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())),
        i64(IntegerType::get(module.getContext(), 64)),
        entryType(
            FunctionType::get(module.getContext(), {pointer, i64, i64}, {})) {
    collectSimplifications();
  }

  LogicalResult run();

private:
  LogicalResult outline(const Nest &nest);
  void collectSimplifications();
  LogicalResult writeAsLoops(Operation *nest);
  FailureOr<LoopFunction> createFunction(const Nest &nest, ArrayRef<Type> types,
                                         bool isOpen);
  func::FuncOp createEntry(Location loc, func::FuncOp body);
  scf::ParallelOp findParallel(Block &block);
  void takeRange(LoopFunction &function, scf::ParallelOp loop,
                 unsigned collapsed, const DenseMap<Value, unsigned> &given);
  void createCall(OpBuilder &builder, Location loc,
                  const LoopFunction &function, ArrayRef<Value> used,
                  Value context, int64_t grain);

  ModuleOp module;
  IRRewriter rewriter;
  Type pointer, i64;
  FunctionType entryType;
  FrozenRewritePatternSet simplifications;
  Variants variants;
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

/// The loop of a function that is nothing but one.
scf::ParallelOp Outliner::findParallel(Block &block) {
  scf::ParallelOp found;
  for (Operation &op : block.without_terminator()) {
    if (isMemoryEffectFree(&op))
      continue;
    auto loop = dyn_cast<scf::ParallelOp>(op);
    if (!loop || found)
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

/// Lets the function run a range of its `collapsed` outer loops.
void Outliner::takeRange(LoopFunction &function, scf::ParallelOp loop,
                         unsigned collapsed,
                         const DenseMap<Value, unsigned> &given) {
  collapsed = std::min(collapsed, loop.getNumLoops());
  SmallVector<Trips> trips;
  for (Value bound : loop.getUpperBound().take_front(collapsed)) {
    std::optional<Trips> found = findTrips(bound, given);
    if (!found)
      return;
    trips.push_back(*found);
  }
  function.trips = std::move(trips);
  OpBuilder builder(loop);
  Value bounds[2];
  for (int i : {0, 1})
    bounds[i] = builder.create<arith::IndexCastOp>(
        loop.getLoc(), builder.getIndexType(),
        function.body.getArgument(function.body.getNumArguments() - 2 + i));
  cloneRange(builder, loop, collapsed, bounds[0], bounds[1]);
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

/// What the runtime calls, with a context: takes it apart for `body`.
func::FuncOp Outliner::createEntry(Location loc, func::FuncOp body) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto entry = builder.create<func::FuncOp>(
      loc, (body.getName() + "_entry").str(), entryType);
  entry.setPrivate();
  builder.setInsertionPointToStart(entry.addEntryBlock());
  createCallWithContext(builder, loc, body, entry.getArgument(0),
                        entry.getArguments().drop_front());
  builder.create<func::ReturnOp>(loc);
  return entry;
}

FailureOr<LoopFunction>
Outliner::createFunction(const Nest &nest, ArrayRef<Type> types, bool isOpen) {
  Location loc = nest.op->getLoc();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  LoopFunction function;
  function.body = builder.create<func::FuncOp>(
      loc, "ntk_loop_" + std::to_string(functions.size() - 1),
      builder.getFunctionType({}, {}));
  function.body.setPrivate();
  // Its entry calls it, and nothing else: a second copy would be no faster.
  function.body->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
  Block *block = function.body.addEntryBlock();
  builder.setInsertionPointToStart(block);
  IRMapping mapping;
  DenseMap<Value, unsigned> given;
  ContextReader reader(builder, loc, block);
  for (auto [i, value] : llvm::enumerate(nest.used)) {
    if (isMadeInside(value, isOpen)) {
      builder.clone(*value.getDefiningOp(), mapping);
      continue;
    }
    mapping.map(value, reader.read(types[i], nest.isAlone(value)));
    given[mapping.lookup(value)] = i;
  }
  block->addArguments({i64, i64}, {loc, loc}); // the range
  function.body.setFunctionType(
      builder.getFunctionType(block->getArgumentTypes(), {}));
  for (unsigned pointer : reader.getLonelyPointers())
    function.body.setArgAttr(pointer, LLVM::LLVMDialect::getNoAliasAttrName(),
                             builder.getUnitAttr());
  Operation *clone = builder.clone(*nest.op, mapping);
  builder.create<func::ReturnOp>(loc);
  if (failed(writeAsLoops(clone)) ||
      failed(applyPatternsAndFoldGreedily(function.body, simplifications)))
    return failure();
  if (nest.partition.collapsed > 0)
    if (scf::ParallelOp loop = findParallel(*block))
      takeRange(function, loop, nest.partition.collapsed, given);
  function.entry = createEntry(loc, function.body);
  return function;
}

void Outliner::createCall(OpBuilder &builder, Location loc,
                          const LoopFunction &function, ArrayRef<Value> used,
                          Value context, int64_t grain) {
  func::FuncOp entry = function.entry;
  auto createNumber = [&](int64_t number) -> Value {
    return builder.create<arith::ConstantIntOp>(loc, number, 64);
  };
  if (function.trips.empty()) {
    builder.create<func::CallOp>(
        loc, entry, ValueRange{context, createNumber(0), createNumber(1)});
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
      builder.create<func::ConstantOp>(loc, entryType, entry.getSymName());
  address = builder.create<UnrealizedConversionCastOp>(loc, pointer, address)
                .getResult(0);
  func::FuncOp run = declareFunction(
      module, "ntk_rt_parallel_for",
      builder.getFunctionType({pointer, pointer, i64, i64}, {}));
  builder.create<func::CallOp>(
      loc, run, ValueRange{address, context, trips, createNumber(grain)});
}

LogicalResult Outliner::outline(const Nest &nest) {
  ArrayRef<Value> used = nest.used.getArrayRef();
  bool isOpen = nest.isOpenAmong(variants);
  SmallVector<Type> types = nest.getTypes(isOpen);
  auto [it, isNew] = functions.try_emplace(isOpen ? nest.open : nest.exact);
  if (isNew) {
    FailureOr<LoopFunction> function = createFunction(nest, types, isOpen);
    if (failed(function))
      return failure();
    it->second = std::move(*function);
  }
  OpBuilder builder(nest.op);
  Location loc = nest.op->getLoc();
  SmallVector<OpFoldResult> numbers;
  for (auto [value, type] : llvm::zip_equal(used, types))
    if (!isMadeInside(value, isOpen))
      appendNumbers(builder, loc, value, type, numbers);
  Value context = createNumbers(builder, loc, numbers);
  createCall(builder, loc, it->second, used, context, nest.partition.grain);
  nest.op->erase();
  return success();
}

LogicalResult Outliner::run() {
  SmallVector<func::FuncOp> callers;
  std::vector<Nest> nests;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isDeclaration())
      continue;
    callers.push_back(function);
    for (Operation &op : llvm::make_early_inc_range(function.front())) {
      if (!isa<scf::ParallelOp, scf::ForOp, linalg::LinalgOp>(op))
        continue;
      Nest nest(&op);
      if (nest.canMove())
        nests.push_back(std::move(nest));
      else if (failed(writeAsLoops(&op))) // where it stands
        return failure();
    }
  }
  llvm::StringMap<size_t> structures;
  for (Nest &nest : nests) {
    std::string structure = getStructuralKey(nest.op, nest.used.getArrayRef());
    nest.findKeys(
        structures.try_emplace(structure, structures.size()).first->second);
    variants[nest.open].insert(nest.exact);
  }
  for (const Nest &nest : nests)
    if (failed(outline(nest)))
      return failure();
  llvm::for_each(callers, eraseUnusedOps);
  return success();
}

namespace {
struct OutlineLoopsPass
    : mlir::ntk::impl::OutlineLoopsPassBase<OutlineLoopsPass> {
  void runOnOperation() override {
    if (failed(Outliner(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace
