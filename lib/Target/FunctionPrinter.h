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

namespace mlir::ntk {

/// What stands for a memref: a tensor variable, or a block of bytes.
struct Buffer {
  std::string name;
  SmallVector<Expression> extents;
  bool isConst = false;
};

/// A variable of the printed function.
struct Variable {
  std::string type, name;
};

class FunctionPrinter {
public:
  /// `outer`: the names of the file, to which those of kernels are added.
  FunctionPrinter(const SourceKernel &kernel, Identifiers &outer)
      : kernel(kernel), language(LanguageSpelling::get(kernel)), outer(outer),
        names(&outer), os(text) {}

  /// Prints the definition of `function` with the given name, after that of its
  /// kernels and a comment. Fails, with an error on the op, if something cannot
  /// be expressed.
  LogicalResult print(func::FuncOp function, StringRef name, StringRef comment,
                      raw_ostream &out);

private:
  // Memory.cpp
  LogicalResult declareArguments(func::FuncOp function, StringRef name);
  std::string spellTensorType(MemRefType type, bool isConst) const;
  void declare(Value memref, StringRef name, SmallVector<Expression> extents,
               bool isConst, StringRef pointer);
  LogicalResult printView(memref::ViewOp view);
  LogicalResult printReshape(Operation *op, Value source);
  LogicalResult printSubview(memref::SubViewOp subview);
  LogicalResult printGlobal(memref::GetGlobalOp global);
  std::string chooseName(Value memref);
  Expression getExtent(Value memref, int64_t axis);

  // Loops.cpp
  LogicalResult printLoops(linalg::LinalgOp op);
  LogicalResult printFor(scf::ForOp loop);
  LogicalResult printBlock(Block &block);
  static StringRef getLoopName(size_t depth);
  std::string spellElement(Value memref, ArrayRef<Expression> at);

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
  LogicalResult printCall(rt::RuntimeCallOpInterface op);

  // FunctionPrinter.cpp
  LogicalResult printStep(Operation *op);
  /// Values of a scalar op; inlined where they are used once, or constants.
  LogicalResult printScalar(Operation *op);
  Expression getScalar(Value value);
  FailureOr<Expression> evaluate(Operation *op);
  /// The line that opens a step: its layer, what is computed, its FLOPs.
  void printComment(Operation *op, const Twine &text);
  raw_ostream &line();

  const SourceKernel &kernel;
  const LanguageSpelling &language;
  Identifiers &outer;
  Identifiers names;
  /// The function, and the kernels that it starts.
  std::string text, kernels;
  llvm::raw_string_ostream os;
  SmallVector<Variable> variables;
  unsigned indent = 1;
  DenseMap<Value, Buffer> buffers;
  DenseMap<Value, Expression> scalars;
  /// The block of parameters; other blocks are buffers of bytes.
  Value parameters;
  bool isTile = false;
  std::string lastLayer;

  friend class LoopNest;
};

/// The name of the axis' size: of the letters n and m, or a number.
std::string spellShape(ArrayRef<Expression> extents);

} // namespace mlir::ntk

#endif // NTK_LIB_TARGET_FUNCTIONPRINTER_H
