// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// linalg as kernels of a GPU: which threads there are, and what they do
// together. The parallel loops are threads. Long sums along neighbouring
// elements are shared out among the threads of a warp, very long ones among
// those of a block, which then combine what they have by shuffles, in an order
// that is always the same.

#include "LoopNest.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::ntk;

/// Opens all parallel loops as the indices of a thread; returns how many.
size_t LoopNest::openThreads() {
  chooseGroup();
  SmallVector<Expression> threadIndices;
  for (unsigned loop : loops) {
    if (!isParallel(loop))
      break;
    threads.push_back(extents[loop]);
    threadIndices.push_back(indices[loop]);
  }
  printer.printThreadIndices(threads, threadIndices, group);
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
    std::string out = spellOperand(op.getDpsInitOperand(i));
    line() << out << " = " << combine(i, out, sum) << ";\n";
  }
  --printer.indent;
  line() << "}\n";
}
