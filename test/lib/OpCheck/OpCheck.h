// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks of the mathematics that ops carry. The judge is the Jacobian by dual
// numbers, from the op's reference evaluation alone; before it stand the graphs
// that the op's derivative rules build, the structure it declares, its batched
// form and its cost.

#ifndef NTK_TEST_LIB_OPCHECK_OPCHECK_H
#define NTK_TEST_LIB_OPCHECK_OPCHECK_H

#include "mlir/IR/BuiltinOps.h"
#include "ntk/Reference/Interpreter.h"

#include <random>

namespace mlir::ntk::opcheck {

/// Row-major.
struct Matrix {
  int64_t rows = 0, columns = 0;
  std::vector<double> values;

  Matrix(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), values(rows * columns) {}
  double &at(int64_t i, int64_t j) { return values[i * columns + j]; }
  double at(int64_t i, int64_t j) const { return values[i * columns + j]; }
};

/// One op of one example at one point.
struct Point {
  Operation *op;
  std::vector<DualTensor> operands;
  std::mt19937_64 &random;

  /// The op on other operands of the same shapes.
  DualTensor evaluate(const std::vector<DualTensor> &at) const;
  /// ∂y/∂x_i by dual numbers.
  Matrix getJacobian(unsigned operand) const;
  /// Random numbers from [-1, 1).
  DualTensor getRandom(ArrayRef<int64_t> shape) const;
};

/// Ops under construction: arguments, and a clone of the op on the first ones.
class Scratch {
public:
  explicit Scratch(Operation *op);
  ~Scratch() { block.dropAllReferences(); }

  Value addArgument(Type type) { return block.addArgument(type, op->getLoc()); }
  Operation *getOp() const { return op; }
  OpBuilder &getBuilder() { return builder; }

  /// Verifies all ops and evaluates them on `arguments`; the value of `result`.
  FailureOr<DualTensor> evaluate(const std::vector<DualTensor> &arguments,
                                 Value result);

private:
  Block block;
  OpBuilder builder;
  Operation *op;
};

/// Fails, with an error on the op, unless all elements agree to 1e-9 of the
/// largest; `what` says what is compared.
LogicalResult expectEqual(Operation *op, const Twine &what,
                          ArrayRef<double> found, ArrayRef<double> expected);

SmallVector<double> getValues(const DualTensor &tensor);

/// An op on operands some of which have batch letters, and what comes out.
struct BatchedCase {
  SmallVector<std::string> batch;
  std::vector<DualTensor> operands;
  DualTensor expected;
};

/// All letters on all operands, different ones on each, on one alone, none.
std::vector<BatchedCase> getBatchedCases(const Point &point);

/// The leading dimensions of `letters` (n: 2, others: 3), then those of `core`.
SmallVector<int64_t> prependBatch(StringRef letters, ArrayRef<int64_t> core);

/// Adds to `module` a function for each batched case of the op that lowers,
/// evaluates and compares it; they return the number of wrong elements.
void emitLoweringChecks(ModuleOp module, const Point &point);

/// Adds `main`, which returns the number of the first function that found a
/// wrong element, 0 if none did.
void emitLoweringMain(ModuleOp module);

/// " linearity=multi derivative=0,1 structure=1": how the result depends on the
/// operands, those that have a derivative, and those that have a structure.
std::string describeRules(Operation *op);

LogicalResult checkVjp(const Point &point);
LogicalResult checkJvp(const Point &point);
LogicalResult checkStructure(const Point &point);
LogicalResult checkBatching(const Point &point);
LogicalResult checkFlops(const Point &point);

} // namespace mlir::ntk::opcheck

#endif // NTK_TEST_LIB_OPCHECK_OPCHECK_H
