// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loop nests as functions of a context and a range, run on all threads by the
// runtime, equal ones shared. The context holds what the nest uses from
// outside: for a memref its address and its dynamic sizes and strides.

#include "CallSupport.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
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
// What a nest uses, and how much it does
//===----------------------------------------------------------------------===//

static bool isConstant(Value value) {
  return matchPattern(value, m_Constant());
}

static bool canTravel(Value value) {
  Type type = value.getType();
  return isConstant(value) || isa<MemRefType>(type) || type.isIndex() ||
         type.isInteger(64);
}

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
// The context
//===----------------------------------------------------------------------===//

/// The type of `value` in a function of `loop`. A memref that the loop takes
/// element by element leaves its offset behind, in the address: nests that
/// differ in nothing but where their slices begin are then one function.
static Type getTravelType(Operation *loop, Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  if (!type || !llvm::all_of(value.getUsers(), [&](Operation *user) {
        return !loop->isAncestor(user) ||
               isa<memref::LoadOp, memref::StoreOp>(user);
      }))
    return value.getType();
  auto [strides, offset] = getStridesAndOffset(type);
  auto layout = StridedLayoutAttr::get(type.getContext(), 0, strides);
  return canonicalizeStridedLayout(MemRefType::get(
      type.getShape(), type.getElementType(), layout, type.getMemorySpace()));
}

/// The numbers from which a value of `travelType` is read back.
static void appendNumbers(OpBuilder &builder, Location loc, Value value,
                          Type travelType,
                          SmallVectorImpl<OpFoldResult> &numbers) {
  auto type = dyn_cast<MemRefType>(value.getType());
  if (!type) {
    numbers.push_back(value);
    return;
  }
  numbers.push_back(createAddress(builder, loc, value,
                                  /*addStaticOffset=*/type != travelType));
  auto [strides, offset] = getStridesAndOffset(type);
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    if (type.isDynamicDim(axis))
      numbers.push_back(readDescriptor(builder, loc, value, {3, axis}));
    if (ShapedType::isDynamic(strides[axis]))
      numbers.push_back(readDescriptor(builder, loc, value, {4, axis}));
  }
}

namespace {
/// Reads values back from a context, in the order they were appended.
class ContextReader {
public:
  ContextReader(OpBuilder &builder, Location loc, Value context)
      : builder(builder), loc(loc), context(context) {}

  Value read(Type type) {
    if (auto memref = dyn_cast<MemRefType>(type))
      return readMemRef(memref);
    Value number = readNumber();
    if (type.isIndex())
      return builder.create<arith::IndexCastOp>(loc, type, number);
    return number;
  }

private:
  Value readNumber() {
    Type i64 = builder.getI64Type();
    Value at = builder.create<LLVM::GEPOp>(loc, context.getType(), i64, context,
                                           ArrayRef<LLVM::GEPArg>{next++});
    return builder.create<LLVM::LoadOp>(loc, i64, at);
  }

  Value createNumber(int64_t number) {
    return builder.create<LLVM::ConstantOp>(loc, builder.getI64Type(), number);
  }

  /// A descriptor as the conversion to LLVM makes it: two pointers, offset,
  /// sizes, strides.
  Value readMemRef(MemRefType type) {
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
    Value descriptor =
        builder.create<LLVM::UndefOp>(loc, getDescriptorType(type));
    auto insert = [&](Value value, ArrayRef<int64_t> position) {
      descriptor =
          builder.create<LLVM::InsertValueOp>(loc, descriptor, value, position);
    };
    Value address =
        builder.create<LLVM::IntToPtrOp>(loc, pointer, readNumber());
    insert(address, 0);
    insert(address, 1);
    auto [strides, offset] = getStridesAndOffset(type);
    insert(createNumber(ShapedType::isDynamic(offset) ? 0 : offset), 2);
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      int64_t size = type.getDimSize(axis), stride = strides[axis];
      insert(ShapedType::isDynamic(size) ? readNumber() : createNumber(size),
             {3, axis});
      insert(ShapedType::isDynamic(stride) ? readNumber()
                                           : createNumber(stride),
             {4, axis});
    }
    return builder.create<UnrealizedConversionCastOp>(loc, type, descriptor)
        .getResult(0);
  }

  OpBuilder &builder;
  Location loc;
  Value context;
  int32_t next = 0;
};

//===----------------------------------------------------------------------===//
// Outlining
//===----------------------------------------------------------------------===//

class Outliner {
public:
  explicit Outliner(ModuleOp module)
      : module(module),
        pointer(LLVM::LLVMPointerType::get(module.getContext())),
        i64(IntegerType::get(module.getContext(), 64)),
        bodyType(
            FunctionType::get(module.getContext(), {pointer, i64, i64}, {})) {}

  /// Replaces a top-level loop by a call.
  void outline(Operation *loop);

private:
  func::FuncOp createBody(Operation *loop, ArrayRef<Value> used,
                          const LoopPartition &partition);
  void cloneRange(OpBuilder &builder, scf::ParallelOp loop, IRMapping &mapping,
                  unsigned collapsed, Value begin, Value end);
  func::FuncOp shareBody(func::FuncOp body);
  void createCall(OpBuilder &builder, Operation *loop, func::FuncOp body,
                  Value context, const LoopPartition &partition);

  ModuleOp module;
  Type pointer, i64;
  FunctionType bodyType;
  llvm::StringMap<func::FuncOp> bodies; // by their text
};
} // namespace

/// The loops of `loop` inside the first `collapsed`, for each number from
/// `begin` to `end` of the range of those.
void Outliner::cloneRange(OpBuilder &builder, scf::ParallelOp loop,
                          IRMapping &mapping, unsigned collapsed, Value begin,
                          Value end) {
  Location loc = loop.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  Value one = builder.create<arith::ConstantIndexOp>(loc, 1);
  auto range = builder.create<scf::ForOp>(loc, begin, end, one);
  builder.setInsertionPointToStart(range.getBody());
  Value rest = range.getInductionVar();
  for (unsigned i = collapsed; i-- > 0;) {
    Value index = rest;
    if (i > 0) {
      Value size = mapping.lookup(loop.getUpperBound()[i]);
      index = builder.create<arith::RemUIOp>(loc, rest, size);
      rest = builder.create<arith::DivUIOp>(loc, rest, size);
    }
    mapping.map(loop.getInductionVars()[i], index);
  }
  for (unsigned i = collapsed; i < loop.getNumLoops(); ++i) {
    auto inner =
        builder.create<scf::ForOp>(loc, mapping.lookup(loop.getLowerBound()[i]),
                                   mapping.lookup(loop.getUpperBound()[i]),
                                   mapping.lookup(loop.getStep()[i]));
    mapping.map(loop.getInductionVars()[i], inner.getInductionVar());
    builder.setInsertionPointToStart(inner.getBody());
  }
  for (Operation &op : loop.getBody()->without_terminator())
    builder.clone(op, mapping);
}

func::FuncOp Outliner::createBody(Operation *loop, ArrayRef<Value> used,
                                  const LoopPartition &partition) {
  Location loc = loop->getLoc();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto body = builder.create<func::FuncOp>(loc, "loop", bodyType);
  body.setPrivate();
  Block *entry = body.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  IRMapping mapping;
  ContextReader reader(builder, loc, body.getArgument(0));
  for (Value value : used) {
    if (isConstant(value))
      builder.clone(*value.getDefiningOp(), mapping);
    else
      mapping.map(value, reader.read(getTravelType(loop, value)));
  }
  if (partition.collapsed > 0) {
    Value bounds[2];
    for (int i : {0, 1})
      bounds[i] = builder.create<arith::IndexCastOp>(
          loc, builder.getIndexType(), body.getArgument(1 + i));
    cloneRange(builder, cast<scf::ParallelOp>(loop), mapping,
               partition.collapsed, bounds[0], bounds[1]);
  } else {
    builder.clone(*loop, mapping);
  }
  builder.create<func::ReturnOp>(loc);
  return body;
}

/// The function with the same text as `body`: one from before, or `body`.
func::FuncOp Outliner::shareBody(func::FuncOp body) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  // Within the body only: else the printer numbers the whole module each time.
  body->print(stream, OpPrintingFlags().useLocalScope());
  auto [it, isNew] = bodies.try_emplace(text, body);
  if (!isNew) {
    body.erase();
    return it->second;
  }
  body.setSymName("ntk_loop_" + std::to_string(bodies.size() - 1));
  return body;
}

void Outliner::createCall(OpBuilder &builder, Operation *loop,
                          func::FuncOp body, Value context,
                          const LoopPartition &partition) {
  Location loc = loop->getLoc();
  if (partition.collapsed == 0) {
    Value zero = builder.create<arith::ConstantIntOp>(loc, 0, 64);
    Value one = builder.create<arith::ConstantIntOp>(loc, 1, 64);
    builder.create<func::CallOp>(loc, body, ValueRange{context, zero, one});
    return;
  }
  auto parallel = cast<scf::ParallelOp>(loop);
  Value trips = parallel.getUpperBound()[0];
  for (unsigned i = 1; i < partition.collapsed; ++i)
    trips =
        builder.create<arith::MulIOp>(loc, trips, parallel.getUpperBound()[i]);
  trips = builder.create<arith::IndexCastOp>(loc, i64, trips);
  Value grain = builder.create<arith::ConstantIntOp>(loc, partition.grain, 64);
  Value function =
      builder.create<func::ConstantOp>(loc, bodyType, body.getSymName());
  Value address =
      builder.create<UnrealizedConversionCastOp>(loc, pointer, function)
          .getResult(0);
  func::FuncOp run = declareFunction(
      module, "ntk_rt_parallel_for",
      builder.getFunctionType({pointer, pointer, i64, i64}, {}));
  builder.create<func::CallOp>(loc, run,
                               ValueRange{address, context, trips, grain});
}

/// Loops from 0 in steps of 1, as linalg makes them, can be cut.
static bool isNormalised(scf::ParallelOp loop) {
  return llvm::all_of(loop.getLowerBound(),
                      [](Value v) { return isConstantIntValue(v, 0); }) &&
         llvm::all_of(loop.getStep(),
                      [](Value v) { return isConstantIntValue(v, 1); });
}

void Outliner::outline(Operation *loop) {
  SetVector<Value> used = getUsedValues(loop);
  if (loop->getNumResults() > 0 || !llvm::all_of(used, canTravel))
    return;
  LoopPartition partition;
  if (auto parallel = dyn_cast<scf::ParallelOp>(loop);
      parallel && isNormalised(parallel))
    partition = choosePartition(parallel);
  func::FuncOp body =
      shareBody(createBody(loop, used.getArrayRef(), partition));
  OpBuilder builder(loop);
  SmallVector<OpFoldResult> numbers;
  for (Value value : used)
    if (!isConstant(value))
      appendNumbers(builder, loop->getLoc(), value, getTravelType(loop, value),
                    numbers);
  Value context = createNumbers(builder, loop->getLoc(), numbers);
  createCall(builder, loop, body, context, partition);
  loop->erase();
}

namespace {
struct OutlineLoopsPass : ntk::impl::OutlineLoopsPassBase<OutlineLoopsPass> {
  void runOnOperation() override {
    SmallVector<Operation *> loops;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isDeclaration())
        for (Operation &op : function.front())
          if (isa<scf::ParallelOp, scf::ForOp>(op))
            loops.push_back(&op);
    Outliner outliner(getOperation());
    for (Operation *loop : loops)
      outliner.outline(loop);
  }
};
} // namespace
