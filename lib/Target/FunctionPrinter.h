// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One factor or tile function of Level 3 as the text of a C++ function: views
// become tensors, loop nests loops, ops of rt calls of the runtime's headers.
// Steps are printed one to one and in their order; nothing is decided here.

#ifndef NTK_LIB_TARGET_FUNCTIONPRINTER_H
#define NTK_LIB_TARGET_FUNCTIONPRINTER_H

#include "Expressions.h"
#include "Identifiers.h"
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

class FunctionPrinter {
public:
  FunctionPrinter(const SourceKernel &kernel, const Identifiers &outer,
                  raw_ostream &os)
      : kernel(kernel), names(&outer), os(os) {}

  /// Prints the definition of `function` with the given name. Fails, with an
  /// error on the op, if something cannot be expressed.
  LogicalResult print(func::FuncOp function, StringRef name);

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
  std::string spellElement(Value memref, ArrayRef<Expression> at);

  // Calls.cpp
  LogicalResult printContract(rt::ContractOp op);
  template <typename OpT>
  LogicalResult printConvolution(OpT op, StringRef callee, Value input,
                                 Value weight);
  LogicalResult printPatches(rt::PatchesOp op);

  // FunctionPrinter.cpp
  LogicalResult printStep(Operation *op);
  /// Values of a scalar op; inlined where they are used once, or constants.
  LogicalResult printScalar(Operation *op);
  Expression getScalar(Value value);
  FailureOr<Expression> evaluate(Operation *op);
  /// The line that opens a step: its layer and what is computed.
  void printComment(Operation *op, const Twine &text);
  raw_ostream &line();

  const SourceKernel &kernel;
  Identifiers names;
  raw_ostream &os;
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
