// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// linalg as kernels of a GPU: which threads there are, and what they do
// together. The parallel loops are threads. Long sums along neighbouring
// elements are shared out among the threads of a warp, very long ones among
// those of a block, which then combine what they have by shuffles, in an order
// that is always the same. Without sums a thread takes the neighbours that one
// access of 16 bytes holds, where all that is read and written lies so.

#include "LoopNest.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::ntk;

/// Opens all parallel loops as the indices of a thread; returns how many.
size_t LoopNest::openThreads() {
  chooseGroup();
  choosePackWidth();
  SmallVector<Expression> threadIndices;
  for (unsigned loop : loops) {
    if (!isParallel(loop))
      break;
    threads.push_back(extents[loop]);
    threadIndices.push_back(indices[loop]);
  }
  if (packWidth > 1)
    threads.back() = {std::to_string(getTrips(loops.back()) / packWidth)};
  printer.printThreadIndices(threads, threadIndices, group, packWidth);
  return threads.size();
}

//===----------------------------------------------------------------------===//
// Groups of threads
//===----------------------------------------------------------------------===//

/// The op that reduces into result `number` and is all that does, if threads
/// may do so apart: it has a neutral element to begin with.
static Operation *getCombiner(linalg::LinalgOp op, unsigned number) {
  SmallVector<Operation *> combiners;
  if (!matchReduction(op.getRegionOutputArgs(), number, combiners) ||
      combiners.size() != 1)
    return nullptr;
  Operation *combiner = combiners.front();
  bool isFloat = isa<FloatType>(combiner->getResult(0).getType());
  return isFloat && arith::getNeutralElement(combiner) ? combiner : nullptr;
}

/// Does some input have its neighbouring elements along this loop?
static bool readsNeighbours(linalg::LinalgOp op, unsigned loop) {
  return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
    auto type = dyn_cast<MemRefType>(input->get().getType());
    AffineMap map = op.getMatchingIndexingMap(input);
    if (!type || map.getNumResults() == 0 ||
        getStridesAndOffset(type).first.back() != 1)
      return false;
    auto dim = dyn_cast<AffineDimExpr>(map.getResults().back());
    return dim && dim.getPosition() == loop;
  });
}

/// Finds out whether threads shall reduce together, and how many.
void LoopNest::chooseGroup() {
  constexpr int64_t warp = 32, block = 256, worthABlock = 16 * block;
  if (!hasScalarSum() || !readsNeighbours(op, loops.back()))
    return;
  int64_t trips = 1;
  for (unsigned loop : loops)
    if (!isParallel(loop))
      trips *= getTrips(loop);
  if (trips < warp)
    return;
  for (int64_t i = 0; i < op.getNumDpsInits(); ++i)
    combiners.push_back(getCombiner(op, i));
  if (!llvm::is_contained(combiners, nullptr))
    group = trips < worthABlock ? "rt::Warp" : "rt::Block";
}

/// One loop over all that is reduced, of which the threads of a group take
/// turns.
void LoopNest::openGroup(size_t first) {
  declareSums();
  ArrayRef<unsigned> reductions = ArrayRef(loops).drop_front(first);
  std::string index = reductions.size() == 1 ? indices[reductions[0]].text
                                             : printer.names.add("element");
  Expression count{"1"};
  for (unsigned loop : reductions)
    count = spellProduct(count, extents[loop]);
  std::string name = group.str();
  open("for (int64_t " + index + " = " + name + "::lane(); " + index + " < " +
           count.text + "; " + index + " += " + name + "::size) {",
       "}");
  if (reductions.size() == 1)
    return;
  std::string rest = printer.names.add("rest");
  line() << "int64_t " << rest << " = " << index << ";\n";
  for (unsigned loop : llvm::reverse(reductions.drop_front()))
    line() << "const int64_t " << indices[loop].text << " = rt::takeIndex("
           << rest << ", " << extents[loop].text << ");\n";
  line() << "const int64_t " << indices[reductions[0]].text << " = " << rest
         << ";\n";
}

/// What each thread of a group begins result `number` with.
std::string LoopNest::spellNeutral(size_t number) const {
  return spellConstant(*arith::getNeutralElement(combiners[number])).text;
}

/// Combines what the threads of a group have with what is in memory.
void LoopNest::storeGroup() {
  auto combine = [&](size_t i, StringRef a, StringRef b) {
    return spellScalar(combiners[i], {{a.str()}, {b.str()}})->text;
  };
  std::string a = printer.names.add("a"), b = printer.names.add("b");
  for (auto [i, sum] : llvm::enumerate(sums)) {
    StringRef type = spellType(combiners[i]->getResult(0).getType());
    line() << sum << " = " << group << "::reduce(" << sum << ", [](" << type
           << " " << a << ", " << type << " " << b << ") { return "
           << combine(i, a, b) << "; });\n";
  }
  line() << "if (" << group << "::lane() == 0) {\n";
  ++printer.indent;
  for (auto [i, sum] : llvm::enumerate(sums)) {
    OpOperand *init = op.getDpsInitOperand(i);
    std::string begin = spellInitial(init);
    line() << spellOperand(init) << " = "
           << (begin == spellNeutral(i) ? sum : combine(i, begin, sum))
           << ";\n";
  }
  --printer.indent;
  line() << "}\n";
}

//===----------------------------------------------------------------------===//
// Packs of neighbours
//===----------------------------------------------------------------------===//

/// Does it lie in a block of bytes as the lowering places it, at a multiple of
/// 16 bytes if its rows are multiples of that?
static bool isPlaced(Value memref) {
  while (Operation *view = memref.getDefiningOp()) {
    if (isa<memref::ViewOp>(view))
      return true;
    if (!isa<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp>(
            view))
      return false;
    memref = cast<ViewLikeOpInterface>(view).getViewSource();
  }
  return false;
}

/// How an operand moves along a loop: by packs of `width` neighbours (Packed),
/// not at all (Fixed), or in another way.
enum class Motion { Packed, Fixed, Other };
static Motion getMotion(linalg::LinalgOp op, OpOperand *operand, unsigned loop,
                        int64_t width) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  auto type = dyn_cast<MemRefType>(operand->get().getType());
  if (!type || !map.isFunctionOfDim(loop))
    return Motion::Fixed;
  auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
  bool isPacked =
      last && last.getPosition() == loop &&
      !map.dropResult(map.getNumResults() - 1).isFunctionOfDim(loop) &&
      type.getLayout().isIdentity() &&
      !ShapedType::isDynamic(type.getShape().back()) &&
      type.getShape().back() % width == 0 && isPlaced(operand->get());
  return isPacked ? Motion::Packed : Motion::Other;
}

/// Finds out how many elements of the last loop a thread shall take: all that
/// moves along it must do so by packs, of elements of one size.
void LoopNest::choosePackWidth() {
  if (loops.empty() || !isParallel(loops.back()))
    return;
  Type result = getElementTypeOrSelf(op.getDpsInitOperand(0)->get());
  if (!isa<FloatType>(result))
    return;
  int64_t width = 128 / result.getIntOrFloatBitWidth();
  int64_t trips;
  if (StringRef(extents[loops.back()].text).getAsInteger(10, trips) ||
      trips % width != 0)
    return;
  for (OpOperand &operand : op->getOpOperands()) {
    Motion motion = getMotion(op, &operand, loops.back(), width);
    bool fits = getElementTypeOrSelf(operand.get()) == result;
    if (motion == Motion::Other || (motion == Motion::Packed && !fits) ||
        (motion == Motion::Fixed && op.isDpsInit(&operand)))
      return;
  }
  packWidth = width;
}

/// Loads packs and opens the loop over their elements. Operands at the same
/// place share a variable.
void LoopNest::openPacks() {
  std::string lane = printer.names.add("lane");
  SmallVector<std::string> elements(op->getNumOperands());
  llvm::StringMap<std::string> variables; // by place
  for (OpOperand &operand : op->getOpOperands()) {
    bool isRead = !op.getMatchingBlockArgument(&operand).use_empty();
    bool isWritten = op.isDpsInit(&operand);
    if (!(isRead || isWritten) ||
        getMotion(op, &operand, loops.back(), packWidth) != Motion::Packed)
      continue;
    std::string place = spellElement(&operand);
    std::string &pack = variables[place];
    std::string width = std::to_string(packWidth);
    if (pack.empty()) {
      bool isNamed = isWritten && !destination.empty();
      pack = printer.names.add(
          (isNamed ? destination : printer.buffers[operand.get()].name) +
          "_pack");
      StringRef type = spellType(getElementTypeOrSelf(operand.get()));
      if (isRead)
        line() << "auto " << pack << " = rt::loadPack<" << width << ">("
               << place << ");\n";
      else
        line() << "rt::Pack<" << type << ", " << width << "> " << pack << ";\n";
    }
    if (isWritten)
      packStores.push_back("rt::storePack(" + place + ", " + pack + ");");
    elements[operand.getOperandNumber()] = pack + "[" + lane + "]";
  }
  packs = std::move(elements);
  open("for (int " + lane + " = 0; " + lane + " < " + Twine(packWidth) +
           "; ++" + lane + ") {",
       "}");
  Expression &index = indices[loops.back()];
  index = {index.text + " + " + lane, Precedence::Sum};
}

void LoopNest::storePacks() {
  for (const std::string &store : packStores)
    line() << store << "\n";
}
