// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All buffers of a function in one arena. The size of a buffer is a number of
// bytes times a monomial of the size letters, 64·n or 640·nm. Buffers of one
// monomial are packed in units of it: largest first, each at the lowest place
// where nothing lies that is alive at the same time. The groups follow one
// another, so all offsets are polynomials.

#include "SizeAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ntk/Lower/Passes.h"
#include "ntk/Lower/Sizes.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_ARENAPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

namespace {
/// One buffer: its size, when it is alive, where it is put.
struct Buffer {
  memref::AllocOp alloc;
  std::string letters;
  int64_t unit;         // bytes for each value of the monomial
  unsigned first, last; // top-level ops
  int64_t place = 0;    // in bytes for each value of the monomial

  bool isAliveWith(const Buffer &other) const {
    return first <= other.last && other.first <= last;
  }
};

/// The buffers of one function and the arena they are placed in.
class Arena {
public:
  Arena(func::FuncOp function, BlockArgument argument)
      : function(function), argument(argument) {}

  LogicalResult collect();
  void place();
  void rewrite();

private:
  void findLiveRanges();
  Value getOffset(OpBuilder &builder, const Buffer &buffer);

  func::FuncOp function;
  BlockArgument argument;
  SmallVector<Buffer> buffers;
  /// Bytes of each group, by monomial, and where groups begin.
  std::map<std::string, int64_t> groups;
};
} // namespace

/// What a unit of so many bytes is aligned to: 64 bytes; small ones, of which
/// there may be many, to their own size.
static int64_t getAlignment(int64_t bytes) {
  return std::min<int64_t>(blockAlignment, llvm::PowerOf2Ceil(bytes));
}

static int64_t alignUnit(int64_t bytes) {
  return static_cast<int64_t>(llvm::alignTo(bytes, getAlignment(bytes)));
}

LogicalResult Arena::collect() {
  SizeAnalysis sizes(function);
  WalkResult result = function.walk([&](memref::AllocOp alloc) {
    MemRefType type = alloc.getType();
    Monomial bytes{getElementBytes(type.getElementType()), ""};
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      if (failed(sizes.multiplyAxis(alloc, axis, bytes))) {
        alloc.emitOpError("expected a size in the letters of the function's "
                          "size arguments");
        return WalkResult::interrupt();
      }
    }
    std::sort(bytes.letters.begin(), bytes.letters.end());
    buffers.push_back({alloc, bytes.letters, alignUnit(bytes.factor), 0, 0});
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  findLiveRanges();
  return success();
}

/// A buffer is alive from the first to the last op at the top level that uses
/// it or a view of it; an op that holds the uses in a region counts as a whole.
void Arena::findLiveRanges() {
  Block &body = function.front();
  DenseMap<Operation *, unsigned> positions;
  for (auto [i, op] : llvm::enumerate(body))
    positions[&op] = i;
  BufferViewFlowAnalysis aliases(function);
  for (Buffer &buffer : buffers) {
    unsigned last = positions[body.findAncestorOpInBlock(*buffer.alloc)];
    unsigned first = positions.size();
    for (Value alias : aliases.resolve(buffer.alloc.getResult())) {
      for (Operation *user : alias.getUsers()) {
        unsigned at = positions[body.findAncestorOpInBlock(*user)];
        first = std::min(first, at);
        last = std::max(last, at);
      }
    }
    buffer.first = std::min(first, last);
    buffer.last = last;
  }
}

void Arena::place() {
  SmallVector<Buffer *> order;
  for (Buffer &buffer : buffers)
    order.push_back(&buffer);
  llvm::sort(order, [](Buffer *a, Buffer *b) {
    return std::pair(-a->unit, a) < std::pair(-b->unit, b);
  });
  std::map<std::string, SmallVector<Buffer *>> placed;
  for (Buffer *buffer : order) {
    SmallVector<Buffer *> &group = placed[buffer->letters];
    SmallVector<Buffer *> obstacles;
    for (Buffer *other : group)
      if (other->isAliveWith(*buffer))
        obstacles.push_back(other);
    llvm::sort(obstacles,
               [](Buffer *a, Buffer *b) { return a->place < b->place; });
    for (Buffer *obstacle : obstacles) {
      if (buffer->place + buffer->unit <= obstacle->place)
        break;
      int64_t behind = llvm::alignTo(obstacle->place + obstacle->unit,
                                     getAlignment(buffer->unit));
      buffer->place = std::max(buffer->place, behind);
    }
    group.push_back(buffer);
    int64_t &bytes = groups[buffer->letters];
    bytes = std::max(bytes, buffer->place + buffer->unit);
  }
  // A group begins where the one before it ends.
  for (auto &[letters, bytes] : groups)
    if (letters != groups.rbegin()->first)
      bytes = llvm::alignTo(bytes, blockAlignment);
}

/// The byte offset of a buffer: all groups before its own, and its place.
Value Arena::getOffset(OpBuilder &builder, const Buffer &buffer) {
  Location loc = function.getLoc();
  DenseMap<char, Value> sizes = getSizeArguments(function);
  Value offset = builder.create<arith::ConstantIndexOp>(loc, 0);
  for (const auto &[letters, bytes] : groups) {
    bool isOwn = letters == buffer.letters;
    Value term = builder.create<arith::ConstantIndexOp>(
        loc, isOwn ? buffer.place : bytes);
    for (char letter : letters)
      term = builder.create<arith::MulIOp>(loc, term, sizes.lookup(letter));
    offset = builder.create<arith::AddIOp>(loc, offset, term);
    if (isOwn)
      break;
  }
  return offset;
}

void Arena::rewrite() {
  OpBuilder builder(function.getContext());
  for (Buffer &buffer : buffers) {
    builder.setInsertionPoint(buffer.alloc);
    Value view = builder.create<memref::ViewOp>(
        buffer.alloc.getLoc(), buffer.alloc.getType(), argument,
        getOffset(builder, buffer), buffer.alloc.getDynamicSizes());
    buffer.alloc.replaceAllUsesWith(view);
    buffer.alloc.erase();
  }
  Polynomial total;
  for (const auto &[letters, bytes] : groups)
    total.add(static_cast<double>(bytes), letters);
  function.setArgAttr(argument.getArgNumber(), arenaBytesAttrName,
                      getPolynomialAttr(function.getContext(), total));
}

namespace {
struct ArenaPass : mlir::ntk::impl::ArenaPassBase<ArenaPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    for (BlockArgument argument : function.getArguments()) {
      if (!function.getArgAttr(argument.getArgNumber(), arenaAttrName))
        continue;
      Arena arena(function, argument);
      if (failed(arena.collect()))
        return signalPassFailure();
      arena.place();
      arena.rewrite();
      return;
    }
  }
};
} // namespace
