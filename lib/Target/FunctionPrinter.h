// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One factor or tile function of Level 3 as the text of a C++ function: views
// become tensors, loop nests loops, or kernels on a device, ops of rt calls of
// the runtime's headers. Steps are printed one to one and in their order;
// nothing is decided here.

#ifndef NTK_LIB_TARGET_FUNCTIONPRINTER_H
#define NTK_LIB_TARGET_FUNCTIONPRINTER_H

#include "Expressions.h"
#include "Identifiers.h"
#include "LanguageSpelling.h"
#include "SourceKernel.h"
#include "dialects/RT/RTOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::ntk {

/// What stands for a memref: a tensor variable, or a block of bytes.
struct Buffer {
  std::string name;
  SmallVector<Expression> extents;
  bool isConst = false;
  std::string value = {};     ///< what is in it, as its location names it
  std::string firstName = {}; ///< where something was written over it
  std::string firstValue = {};
};

/// A variable of the printed function.
struct Variable {
  std::string type, name;
};

/// What the functions of a file share.
struct FileNames {
  Identifiers identifiers;             ///< of functions, kernels and constants
  std::vector<std::string> factors[2]; ///< by side, in the order of the block
};

class FunctionPrinter {
public:
  /// Adds to `file` the names of kernels and factors.
  FunctionPrinter(const SourceKernel &kernel, FileNames &file)
      : kernel(kernel), language(LanguageSpelling::get(kernel)), file(file),
        names(&file.identifiers), os(text) {}

  /// Prints the definition of `function` with the given name, after that of its
  /// kernels, of where its values lie, and a comment. Fails, with an error on
  /// the op, if something cannot be expressed.
  LogicalResult print(func::FuncOp function, StringRef name, StringRef comment,
                      raw_ostream &out);

private:
  // Memory.cpp
  LogicalResult declareArguments(func::FuncOp function);
  /// "static void name(…) {"; names that `body` does not have are comments.
  std::string spellSignature(func::FuncOp function, StringRef name,
                             StringRef body) const;
  std::string spellTensorType(MemRefType type, bool isConst) const;
  /// Declares `memref` where it is used first; `source` is what it is part of.
  void declare(Value memref, StringRef name, SmallVector<Expression> extents,
               bool isConst, StringRef pointer, Value source = {});
  /// Prints the declarations that were put off until something uses `memref`.
  void printDeclaration(Value memref);
  LogicalResult printView(memref::ViewOp view);
  /// A name for what `op` writes into `memref`: that of the buffer, unless
  /// something of another name was there.
  std::string chooseDestination(Operation *op, Value memref);
  /// Declares that name, if it is a new one.
  void printDestination(Value memref, StringRef name);
  /// From here on `memref` has the name of what `op` wrote.
  void setDestination(Operation *op, Value memref, StringRef name);
  LogicalResult printReshape(Operation *op, Value source);
  LogicalResult printSubview(memref::SubViewOp subview);
  LogicalResult printGlobal(memref::GetGlobalOp global);
  std::string chooseName(Value memref);
  Expression getExtent(Value memref, int64_t axis);

  // Places.cpp
  /// "factors1 + factors1At.mean" for a view of a block of factors, and the
  /// name that it gets.
  FailureOr<std::string> placeFactor(memref::ViewOp view, std::string &name);
  /// "scratch + scratchAt.conv1".
  std::string placeInScratch(memref::ViewOp view, StringRef name);
  void printPlaces(func::FuncOp function, StringRef name, raw_ostream &out);
  /// The variables that hold places, for those that the function uses.
  std::string declarePlaces(func::FuncOp function, StringRef name) const;

  // Steps.cpp
  /// "add conv1_bias, relu": what the scalar ops of a step do.
  std::string describeStep(Operation *op);
  /// The line that opens a step: its layer, what is computed, its FLOPs; then
  /// what it uses is declared.
  void printComment(Operation *op, const Twine &text);

  // Loops.cpp
  LogicalResult printLoops(linalg::LinalgOp op);
  LogicalResult printFill(linalg::FillOp fill);
  LogicalResult printFor(scf::ForOp loop);
  LogicalResult printBlock(Block &block);
  static StringRef getLoopName(size_t depth);
  std::string spellElement(Value memref, ArrayRef<Expression> at);
  static std::string spellElement(StringRef name, ArrayRef<Expression> at);
  /// "target = value;", on two lines if it is long.
  void printStore(StringRef target, StringRef value);

  // Kernels.cpp
  /// Opens a kernel: the indices of its thread, or of its group of threads. The
  /// last one counts in steps of `width`, and so does its extent.
  void printThreadIndices(ArrayRef<Expression> extents,
                          ArrayRef<Expression> indices, StringRef group = "",
                          int64_t width = 1);
  /// Makes what was printed from `begin` on the body of a kernel, and starts
  /// it on a thread, or a group, for each index below `extents`.
  void endKernel(size_t begin, StringRef name, ArrayRef<Expression> extents,
                 StringRef group = "");
  LogicalResult printForKernel(scf::ForOp nest);

  // Calls.cpp
  LogicalResult printClock(rt::ClockOp op);
  LogicalResult printCall(rt::RuntimeCallOpInterface op);

  // FunctionPrinter.cpp
  LogicalResult printStep(Operation *op);
  /// Values of a scalar op; inlined where they are used once, or constants.
  LogicalResult printScalar(Operation *op);
  Expression getScalar(Value value);
  FailureOr<Expression> evaluate(Operation *op);
  raw_ostream &line();

  const SourceKernel &kernel;
  const LanguageSpelling &language;
  FileNames &file;
  Identifiers names;
  /// The function, and the kernels that it starts.
  std::string text, kernels;
  llvm::raw_string_ostream os;
  SmallVector<Variable> variables;
  /// Declarations that wait for their first use, and what they read.
  DenseMap<Value, std::pair<std::string, Value>> waiting;
  /// Where values lie in scratch memory: names and byte offsets.
  SmallVector<Variable> places;
  /// Fills that the reduction behind them may begin with instead.
  DenseMap<Operation *, linalg::FillOp> fills;
  unsigned indent = 1;
  DenseMap<Value, Buffer> buffers;
  DenseMap<Value, Expression> scalars;
  /// The block of parameters, scratch memory, and blocks of factors by side;
  /// those but the first are buffers of bytes.
  Value parameters, scratch, factors[2];
  bool isTile = false;

  friend class LoopNest;
};

/// The struct of the places in scratch memory of a function, and whether it has
/// any; the struct of the places of the factors of a side.
std::string getScratchStruct(StringRef function);
bool hasScratch(func::FuncOp function);
std::string getFactorsStruct(const SourceKernel &kernel, int side);

/// The identifiers in a text of C, but for those of a namespace or a comment.
llvm::StringSet<> findIdentifiers(StringRef text);

/// The name of the axis' size: of the letters n and m, or a number.
std::string spellShape(ArrayRef<Expression> extents);

} // namespace mlir::ntk

#endif // NTK_LIB_TARGET_FUNCTIONPRINTER_H
