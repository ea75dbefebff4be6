// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes of index values and of axes of memrefs in the size letters of a
// function, n and m.

#ifndef NTK_LIB_LOWER_SIZEANALYSIS_H
#define NTK_LIB_LOWER_SIZEANALYSIS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include <string>

namespace mlir::ntk {

/// A number times letters: 640·nm.
struct Monomial {
  int64_t factor = 1;
  std::string letters; ///< in any order
};

class SizeAnalysis {
public:
  explicit SizeAnalysis(func::FuncOp function);

  /// Multiplies `product` by the value of `size`. Fails, with some factors
  /// already in the product, if it is no monomial of the size letters.
  LogicalResult multiply(Value size, Monomial &product);

  /// Multiplies `product` by the size of an axis of a memref.
  LogicalResult multiplyAxis(Value memref, int64_t axis, Monomial &product);

private:
  LogicalResult multiplyArgument(BlockArgument argument, int64_t axis,
                                 Monomial &product);

  func::FuncOp function;
  DenseMap<Value, char> letters;
};

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_SIZEANALYSIS_H
