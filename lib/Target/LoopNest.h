// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One linalg op as a loop nest, on the CPU (Loops.cpp) or as a kernel
// (KernelLoops.cpp).

#ifndef NTK_LIB_TARGET_LOOPNEST_H
#define NTK_LIB_TARGET_LOOPNEST_H

#include "FunctionPrinter.h"

namespace mlir::ntk {

/// Prints one linalg op. Loops of one iteration are not printed: their index is
/// the number 0.
class LoopNest {
public:
  LoopNest(FunctionPrinter &printer, linalg::LinalgOp op)
      : printer(printer), op(op), outerNames(printer.names.mark()),
        iterators(op.getIteratorTypesArray()) {}

  LogicalResult print();

private:
  void findLoops();
  bool hasScalarSum();
  size_t openParallelLoops();
  void openLoops(size_t first);
  void declareSums();
  void storeSums();
  LogicalResult printBody();
  void printYield(OpOperand *init, Value value);
  void close();
  std::string spellOperand(OpOperand *operand);
  std::string spellElement(OpOperand *operand);
  std::string spellInitial(OpOperand *init);
  LogicalResult takeFill();

  // KernelLoops.cpp
  void chooseGroup();
  void choosePackWidth();
  size_t openThreads();
  void openGroup(size_t first);
  std::string spellNeutral(size_t number) const;
  void storeGroup();
  void openPacks();
  void storePacks();

  int64_t getTrips(unsigned loop) const;
  bool isParallel(unsigned loop) const {
    return iterators[loop] == utils::IteratorType::parallel;
  }
  raw_ostream &line() { return printer.line(); }
  void open(const Twine &text, StringRef closer) {
    line() << text << "\n";
    ++printer.indent;
    closers.push_back(closer.str());
  }
  void openLoop(unsigned loop, const Twine &begin, const Twine &end) {
    const std::string &i = indices[loop].text;
    open("for (int64_t " + i + " = " + begin + "; " + i + " < " + end + "; ++" +
             i + ") {",
         "}");
  }

  FunctionPrinter &printer;
  linalg::LinalgOp op;
  size_t outerNames; ///< the function's, restored at the end
  SmallVector<utils::IteratorType> iterators;
  SmallVector<Expression> extents, indices; ///< of all iterators
  SmallVector<unsigned> loops;              ///< those that are printed
  SmallVector<Expression> threads;          ///< extents of a kernel's threads
  SmallVector<std::string> closers;         ///< empty: sums are stored there
  std::string destination;                  ///< the name of the result
  std::string initial; ///< what sums begin with, if not with what is there
  /// Names of the scalars that results are collected in; empty: in memory.
  SmallVector<std::string> sums;
  /// What reduces together in a kernel, "rt::Warp" or "rt::Block", and by which
  /// ops; empty: each thread for itself.
  StringRef group;
  SmallVector<Operation *> combiners;
  /// How many neighbours a thread of a kernel reads and writes at once, and for
  /// each operand one of them in a variable (empty: it is read one by one).
  int64_t packWidth = 1;
  SmallVector<std::string> packs, packStores;
};

} // namespace mlir::ntk

#endif // NTK_LIB_TARGET_LOOPNEST_H
