// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Long straight-line functions in parts of bounded size. All that one step
// hands to the next lies in memory, so that a part needs the function's own
// arguments and makes the views and numbers it uses anew.

#include "CallSupport.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "ntk/Lower/Passes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_SPLITFUNCTIONSPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

/// Can `op` be done again wherever its result is needed?
static bool isRepeatable(Operation *op) {
  return op->getNumRegions() == 0 && isPure(op);
}

namespace {
/// Cuts one function.
class Splitter {
public:
  Splitter(func::FuncOp function, SymbolTable &symbols, size_t steps)
      : function(function), symbols(symbols), steps(steps) {}

  void run() {
    collect();
    if (ops.size() <= steps)
      return;
    for (size_t begin = 0; begin < ops.size();) {
      size_t end = findEnd(begin);
      outline(ArrayRef(ops).slice(begin, end - begin));
      begin = end;
    }
    eraseUnusedOps(function); // what only the steps used
  }

private:
  /// Finds the steps, and of each how far its results reach.
  void collect() {
    DenseMap<Operation *, size_t> numbers;
    for (Operation &op : function.front().without_terminator()) {
      if (isRepeatable(&op))
        continue;
      numbers[&op] = ops.size();
      lastUses.push_back(ops.size());
      ops.push_back(&op);
      noteUses(&op, numbers);
    }
  }

  /// Lets what `op` reads of the results of steps reach as far as `op`.
  void noteUses(Operation *op, const DenseMap<Operation *, size_t> &numbers) {
    SmallVector<Value> open = getUsedValues(op).takeVector();
    DenseSet<Operation *> seen;
    while (!open.empty()) {
      Operation *definition = open.pop_back_val().getDefiningOp();
      if (!definition || !seen.insert(definition).second)
        continue;
      if (auto found = numbers.find(definition); found != numbers.end())
        lastUses[found->second] = numbers.lookup(op);
      else
        llvm::append_range(open, definition->getOperands());
    }
  }

  /// Where the part from `begin` on ends: after `steps` steps, or later where
  /// all that is read of its results is within.
  size_t findEnd(size_t begin) const {
    size_t end = std::min(begin + steps, ops.size());
    for (size_t i = begin; i < end; ++i)
      end = std::max(end, lastUses[i] + 1);
    return end;
  }

  void outline(ArrayRef<Operation *> part);
  void repeatBefore(OpBuilder &builder, Operation *op, IRMapping &mapping);

  func::FuncOp function;
  SymbolTable &symbols;
  size_t steps;
  SmallVector<Operation *> ops;
  SmallVector<size_t> lastUses;
};
} // namespace

/// Clones what `op` uses and `mapping` does not have yet, operands first.
void Splitter::repeatBefore(OpBuilder &builder, Operation *op,
                            IRMapping &mapping) {
  SmallVector<Value> open = getUsedValues(op).takeVector();
  while (!open.empty()) {
    Operation *definition = open.back().getDefiningOp();
    if (mapping.contains(open.back()) || !definition) {
      open.pop_back();
      continue;
    }
    size_t known = open.size();
    for (Value operand : definition->getOperands())
      if (!mapping.contains(operand))
        open.push_back(operand);
    if (open.size() > known)
      continue;
    builder.clone(*definition, mapping);
    open.pop_back();
  }
}

void Splitter::outline(ArrayRef<Operation *> part) {
  OpBuilder builder(function->getContext());
  auto body = func::FuncOp::create(
      function.getLoc(), (function.getName() + "_part").str(),
      builder.getFunctionType(function.getArgumentTypes(), {}));
  body.setPrivate();
  symbols.insert(body, std::next(function->getIterator()));
  Block *entry = body.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  IRMapping mapping;
  mapping.map(function.getArguments(), entry->getArguments());
  for (Operation *op : part) {
    repeatBefore(builder, op, mapping);
    builder.clone(*op, mapping);
  }
  builder.create<func::ReturnOp>(function.getLoc());
  builder.setInsertionPoint(part.front());
  builder.create<func::CallOp>(function.getLoc(), body,
                               function.getArguments());
  for (Operation *op : llvm::reverse(part)) {
    op->dropAllUses();
    op->erase();
  }
}

namespace {
struct SplitFunctionsPass
    : mlir::ntk::impl::SplitFunctionsPassBase<SplitFunctionsPass> {
  using SplitFunctionsPassBase::SplitFunctionsPassBase;
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<func::FuncOp> functions;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isDeclaration() && function.getNumResults() == 0 &&
          function.getBody().hasOneBlock())
        functions.push_back(function);
    for (func::FuncOp function : functions)
      Splitter(function, symbols, steps).run();
  }
};
} // namespace
