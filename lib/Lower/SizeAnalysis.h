// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes of index values and of axes of memrefs in the size letters of a
// function, n and m.

#ifndef NTK_LIB_LOWER_SIZEANALYSIS_H
#define NTK_LIB_LOWER_SIZEANALYSIS_H

#include "dialects/RT/RTOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"
#include <string>

namespace mlir::ntk {

/// A number times letters: 640·nm.
struct Monomial {
  int64_t factor = 1;
  std::string letters; ///< in any order

  void multiply(const Monomial &other) {
    factor *= other.factor;
    letters += other.letters;
  }
};

class SizeAnalysis {
public:
  explicit SizeAnalysis(func::FuncOp function);

  /// Multiplies `product` by the value of `size`. Fails, with some factors
  /// already in the product, if it is no monomial of the size letters.
  LogicalResult multiply(Value size, Monomial &product);

  /// Multiplies `product` by the size of an axis of a memref.
  LogicalResult multiplyAxis(Value memref, int64_t axis, Monomial &product);

  /// A product of sizes of the operands of `op`; none of strides.
  FailureOr<Monomial> get(Operation *op, const rt::SizeProduct &product);

  /// The trips of each loop of `op`.
  FailureOr<SmallVector<Monomial>> getTrips(linalg::LinalgOp op);

  /// Multiplies `product` by the trips of a loop from 0 in steps of 1; others
  /// are a failure.
  LogicalResult multiplyTrips(scf::ForOp loop, Monomial &product);

private:
  LogicalResult multiplyArgument(BlockArgument argument, int64_t axis,
                                 Monomial &product);

  func::FuncOp function;
  DenseMap<Value, char> letters;
};

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_SIZEANALYSIS_H
