// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loop nests: linalg on memrefs as loops over its iterators, the outer ones in
// parallel, and loops that are there already (scf.for).

#include "LoopNest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "ntk/Lower/LoopPartition.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace mlir::ntk;

static constexpr StringLiteral loopNames[] = {"i", "j", "k", "l", "q",
                                              "r", "s", "t", "u", "v"};

StringRef FunctionPrinter::getLoopName(size_t depth) {
  return depth < std::size(loopNames) ? StringRef(loopNames[depth]) : "w";
}

//===----------------------------------------------------------------------===//
// linalg
//===----------------------------------------------------------------------===//

/// Is the op of one float to one float a plain sum, x + y, into `sum`?
static arith::AddFOp getSum(linalg::LinalgOp op, Value yielded, Value sum) {
  auto add = yielded.getDefiningOp<arith::AddFOp>();
  if (!add || !add->hasOneUse() || !sum.hasOneUse())
    return {};
  return add.getLhs() == sum || add.getRhs() == sum ? add : arith::AddFOp();
}

void LoopNest::findLoops() {
  extents.resize(iterators.size(), {"1"});
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [axis, expr] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        extents[dim.getPosition()] = printer.getExtent(operand.get(), axis);
  }
  for (unsigned i = 0; i < iterators.size(); ++i) {
    if (extents[i].text == "1") {
      indices.push_back({"0"});
      continue;
    }
    indices.push_back(
        {printer.names.add(FunctionPrinter::getLoopName(loops.size()))});
    loops.push_back(i);
  }
  // All parallel loops are threads of a kernel, wherever they stand.
  if (printer.language.hasKernels) {
    SmallVector<unsigned> inside;
    llvm::copy_if(loops, std::back_inserter(inside),
                  [&](unsigned loop) { return !isParallel(loop); });
    llvm::erase_if(loops, [&](unsigned loop) { return !isParallel(loop); });
    llvm::append_range(loops, inside);
  }
}

int64_t LoopNest::getTrips(unsigned loop) const {
  int64_t trips;
  return StringRef(extents[loop].text).getAsInteger(10, trips) ? unknownTrips
                                                               : trips;
}

/// Does the nest reduce in its last loops only, into scalars?
bool LoopNest::hasScalarSum() {
  auto isReduction = [&](unsigned loop) { return !isParallel(loop); };
  ArrayRef<unsigned> all = loops;
  ArrayRef<unsigned> reductions =
      all.drop_front(llvm::find_if(all, isReduction) - all.begin());
  if (reductions.empty() || !llvm::all_of(reductions, isReduction))
    return false;
  // Results must not move with the loops that reduce.
  for (OpOperand &init : op.getDpsInitsMutable()) {
    for (AffineExpr expr : op.getMatchingIndexingMap(&init).getResults())
      for (unsigned loop : reductions)
        if (expr.isFunctionOfDim(loop))
          return false;
  }
  return true;
}

std::string LoopNest::spellOperand(OpOperand *operand) {
  if (!packs.empty() && !packs[operand->getOperandNumber()].empty())
    return packs[operand->getOperandNumber()];
  return spellElement(operand);
}

std::string LoopNest::spellElement(OpOperand *operand) {
  SmallVector<Expression> at;
  for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults())
    at.push_back(spellAffine(expr, indices));
  if (op.isDpsInit(operand) && !destination.empty())
    return FunctionPrinter::spellElement(StringRef(destination), at);
  return printer.spellElement(operand->get(), at);
}

/// Opens the parallel loops in front; returns how many loops are open.
size_t LoopNest::openParallelLoops() {
  SmallVector<int64_t> trips;
  while (trips.size() < loops.size() && isParallel(loops[trips.size()]))
    trips.push_back(getTrips(loops[trips.size()]));
  if (trips.empty())
    return 0;
  int64_t inner = op.getBlock()->getOperations().size();
  for (unsigned loop : ArrayRef(loops).drop_front(trips.size()))
    inner *= getTrips(loop);
  LoopPartition partition = choosePartition(trips, inner);
  if (partition.collapsed == 1) {
    open("rt::parallelRange(" + extents[loops[0]].text + ", " +
             Twine(partition.work) + ", [=](int64_t begin, int64_t end) {",
         "});");
    if (loops.size() == 1)
      line() << "NTK_RT_SIMD\n";
    openLoop(loops[0], "begin", "end");
    return 1;
  }
  std::string sizes, arguments;
  for (unsigned loop : ArrayRef(loops).take_front(partition.collapsed)) {
    sizes += (sizes.empty() ? "" : ", ") + extents[loop].text;
    arguments +=
        (arguments.empty() ? "int64_t " : ", int64_t ") + indices[loop].text;
  }
  open("rt::parallelLoop({" + sizes + "}, " + Twine(partition.work) + ", [=](" +
           arguments + ") {",
       "});");
  return partition.collapsed;
}

std::string LoopNest::spellInitial(OpOperand *init) {
  return initial.empty() ? spellOperand(init) : initial;
}

/// Scalars for the results, which go back to memory where they end.
void LoopNest::declareSums() {
  auto yields = op.getBlock()->getTerminator()->getOperands();
  for (auto [number, init, value] :
       llvm::enumerate(op.getDpsInitsMutable(), yields)) {
    bool isSum = static_cast<bool>(
        getSum(op, value, op.getMatchingBlockArgument(&init)));
    sums.push_back(printer.names.add(isSum ? "sum" : "result"));
    auto type = cast<MemRefType>(init.get().getType());
    line() << spellType(type.getElementType()) << " " << sums.back() << " = "
           << (group.empty() ? spellInitial(&init) : spellNeutral(number))
           << ";\n";
  }
  closers.push_back("");
}

void LoopNest::openLoops(size_t first) {
  if (!group.empty())
    return openGroup(first);
  if (packWidth > 1)
    return openPacks();
  bool scalarSum = hasScalarSum();
  if (scalarSum && first == 0)
    open("{", "}"); // a scope for the scalars
  for (size_t i = first; i < loops.size(); ++i) {
    if (scalarSum && sums.empty() && !isParallel(loops[i]))
      declareSums();
    if (i + 1 == loops.size() && !printer.language.hasKernels) {
      if (isParallel(loops[i]))
        line() << "NTK_RT_SIMD\n";
      else if (sums.size() == 1 && StringRef(sums[0]).starts_with("sum"))
        line() << "NTK_RT_SIMD_SUM(" << sums[0] << ")\n";
    }
    openLoop(loops[i], "0", extents[loops[i]].text);
  }
}

void LoopNest::close() {
  for (; !closers.empty(); closers.pop_back()) {
    if (!closers.back().empty()) {
      --printer.indent;
      line() << closers.back() << "\n";
      continue;
    }
    if (group.empty())
      storeSums();
    else
      storeGroup();
  }
}

void LoopNest::storeSums() {
  for (auto [init, sum] : llvm::zip_equal(op.getDpsInitsMutable(), sums))
    line() << spellOperand(&init) << " = " << sum << ";\n";
}

void LoopNest::printYield(OpOperand *init, Value value) {
  unsigned number = init->getOperandNumber() - op.getNumDpsInputs();
  Value argument = op.getMatchingBlockArgument(init);
  std::string target = sums.empty() ? spellOperand(init) : sums[number];
  if (arith::AddFOp add = getSum(op, value, argument)) {
    Value other = add.getLhs() == argument ? add.getRhs() : add.getLhs();
    line() << target << " += " << printer.getScalar(other).text << ";\n";
    return;
  }
  printer.printStore(target, printer.getScalar(value).text);
}

LogicalResult LoopNest::printBody() {
  Block &block = *op.getBlock();
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (!isa<MemRefType>(operand.get().getType()))
      printer.scalars[argument] = printer.getScalar(operand.get());
    else if (op.isDpsInit(&operand) && !sums.empty())
      printer.scalars[argument] = {
          sums[operand.getOperandNumber() - op.getNumDpsInputs()]};
    else if (!argument.use_empty())
      printer.scalars[argument] = {spellOperand(&operand)};
  }
  auto yields = block.getTerminator()->getOperands();
  auto inits = op.getDpsInitsMutable();
  for (Operation &inner : block.without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      printer.scalars[index] = indices[index.getDim()];
      continue;
    }
    bool isSum = false;
    for (auto [init, value] : llvm::zip_equal(inits, yields))
      isSum |= value.getDefiningOp() == &inner &&
               getSum(op, value, op.getMatchingBlockArgument(&init));
    if (!isSum && failed(printer.printScalar(&inner)))
      return failure();
  }
  for (auto [init, value] : llvm::zip_equal(inits, yields))
    printYield(&init, value);
  return success();
}

/// Sums begin with the value that was to be filled in first, or it is filled in
/// now.
LogicalResult LoopNest::takeFill() {
  linalg::FillOp fill = printer.fills.lookup(op);
  if (!fill)
    return success();
  if (!hasScalarSum())
    return printer.printLoops(fill);
  initial = printer.getScalar(fill.value()).text;
  return success();
}

LogicalResult LoopNest::print() {
  findLoops();
  if (failed(takeFill()))
    return failure();
  Value out = op.getDpsInitsMutable().begin()->get();
  const Buffer buffer = printer.buffers[out];
  std::string name = buffer.name;
  if (op.getNumDpsInits() == 1)
    name = destination = printer.chooseDestination(op, out);
  printer.printComment(op, name + ": " + printer.describeStep(op) + "; " +
                               spellShape(buffer.extents));
  printer.printDestination(out, name);
  size_t begin = printer.text.size();
  openLoops(printer.language.hasKernels ? openThreads() : openParallelLoops());
  if (failed(printBody()))
    return failure();
  close();
  storePacks();
  if (printer.language.hasKernels)
    printer.endKernel(begin, name, threads, group);
  printer.names.release(outerNames);
  if (name != buffer.name)
    printer.names.add(name);
  printer.setDestination(op, out, name);
  return success();
}

LogicalResult FunctionPrinter::printLoops(linalg::LinalgOp op) {
  return LoopNest(*this, op).print();
}

/// A fill of what the next step reduces into, all of it, waits for that step.
LogicalResult FunctionPrinter::printFill(linalg::FillOp fill) {
  Value filled = fill.output();
  Operation *next = fill->getNextNode();
  while (isa<ViewLikeOpInterface, memref::DimOp, memref::GetGlobalOp>(next) ||
         isa<arith::ArithDialect>(next->getDialect()))
    next = next->getNextNode();
  auto loops = dyn_cast<linalg::LinalgOp>(next);
  if (!loops || loops.getNumDpsInits() != 1 ||
      loops.getDpsInitOperand(0)->get() != filled ||
      llvm::is_contained(loops.getDpsInputs(), filled) ||
      !loops.getMatchingIndexingMap(loops.getDpsInitOperand(0))
           .isProjectedPermutation())
    return printLoops(fill);
  fills[loops] = fill;
  return success();
}

//===----------------------------------------------------------------------===//
// scf.for
//===----------------------------------------------------------------------===//

LogicalResult FunctionPrinter::printFor(scf::ForOp loop) {
  if (loop.getNumResults())
    return loop.emitError("a loop that carries values cannot be written as "
                          "C++");
  size_t outer = names.mark();
  unsigned depth = 0;
  for (Operation *op = loop; (op = op->getParentOfType<scf::ForOp>());)
    ++depth;
  std::string index = names.add(getLoopName(depth));
  scalars[loop.getInductionVar()] = {index};
  Expression step = getScalar(loop.getStep());
  line() << "for (int64_t " << index << " = "
         << getScalar(loop.getLowerBound()).text << "; " << index << " < "
         << getScalar(loop.getUpperBound()).in(Precedence::Sum) << "; ";
  if (step.text == "1")
    os << "++" << index;
  else
    os << index << " += " << step.text;
  os << ") {\n";
  ++indent;
  if (failed(printBlock(*loop.getBody())))
    return failure();
  --indent;
  line() << "}\n";
  names.release(outer);
  return success();
}

LogicalResult FunctionPrinter::printBlock(Block &block) {
  for (Operation &op : block.without_terminator()) {
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      if (failed(printFor(loop)))
        return failure();
      continue;
    }
    if (auto store = dyn_cast<memref::StoreOp>(op)) {
      SmallVector<Expression> at;
      for (Value index : store.getIndices())
        at.push_back(getScalar(index));
      printStore(spellElement(store.getMemRef(), at),
                 getScalar(store.getValue()).text);
      continue;
    }
    if (failed(printScalar(&op)))
      return failure();
  }
  return success();
}
