// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A network in the making, evaluated as it grows. An op is taken in if its
// types fit and if, at every example it will be checked at, its value is
// finite, of moderate size, and away from kinks and poles: small changes of its
// operands change value and derivative little. No recipe has to know where its
// op has kinks; it draws, and what is refused is drawn again. Those that do
// know put operands on a kink, where every precision finds them.

#ifndef NTK_TEST_RANDOM_DRAFT_H
#define NTK_TEST_RANDOM_DRAFT_H

#include "Values.h"

#include <deque>
#include <random>

namespace mlir::ntk::random {

/// What is drawn for an op: the sizes of networks are bounded, their
/// composition is not.
inline constexpr int64_t maxElements = 160; ///< of any value
inline constexpr int64_t maxRank = 5;

class Draft {
public:
  /// An empty network in f64, to be evaluated at `examples` examples.
  Draft(MLIRContext *context, uint64_t seed, int64_t examples);

  //===--------------------------------------------------------------------===//
  // Chance
  //===--------------------------------------------------------------------===//

  /// An integer from low to high, both included.
  int64_t number(int64_t low, int64_t high);
  double real(double low, double high);
  bool chance(double probability) { return real(0, 1) < probability; }
  /// Sizes whose product is at most `elements`.
  SmallVector<int64_t> shape(int64_t minRank, int64_t maxRank,
                             int64_t elements = 24);
  SmallVector<int64_t> permutation(int64_t rank);

  //===--------------------------------------------------------------------===//
  // Operands
  //===--------------------------------------------------------------------===//

  Value input(ArrayRef<int64_t> shape);
  Value parameter(ArrayRef<int64_t> shape);
  Value buffer(ArrayRef<int64_t> shape);
  Value constant(ArrayRef<int64_t> shape);

  /// Numbers that there are; those of late ops and those not used yet come
  /// first.
  Value anyReal();
  /// The same in a form of this rank.
  Value realOfRank(int64_t rank);
  /// Numbers, a mask or integers.
  Value anyTensor();
  /// Numbers of this shape: some there are, a parameter, a constant, or an
  /// expression of such, `depth` ops deep.
  Value realOfShape(ArrayRef<int64_t> shape, int depth = 3);
  Value maskOfShape(ArrayRef<int64_t> shape);
  /// Integers of this shape from [0, bound).
  Value indicesOfShape(ArrayRef<int64_t> shape, int64_t bound);
  /// Integers of any shape, each from [low, high]; null if there are none.
  Value anyIndices(int64_t low, int64_t high);

  //===--------------------------------------------------------------------===//
  // Ops
  //===--------------------------------------------------------------------===//

  NamedAttribute attribute(StringRef name, ArrayRef<int64_t> values);
  NamedAttribute attribute(StringRef name, int64_t value);
  NamedAttribute attribute(StringRef name, double value);
  NamedAttribute attribute(StringRef name, Attribute value);

  /// The result of a new op "ntk.<op>"; null if one of the operands is, if the
  /// types do not fit, or if its value is not what this network should have.
  Value apply(StringRef op, ValueRange operands,
              ArrayRef<NamedAttribute> attributes = {});
  /// The same where operands stand on a kink, in f32 as in f64.
  Value applyAtKink(StringRef op, ValueRange operands,
                    ArrayRef<NamedAttribute> attributes = {});

  Value broadcast(Value value, ArrayRef<int64_t> shape,
                  ArrayRef<int64_t> dimensions);
  Value reshape(Value value, ArrayRef<int64_t> shape);

  OpBuilder &getBuilder() { return builder; }
  FloatType getRealType() { return builder.getF64Type(); }
  ArrayRef<int64_t> shapeOf(Value value) {
    return cast<RankedTensorType>(value.getType()).getShape();
  }
  /// The value at one of the examples.
  const DualTensor &at(Value value, int64_t example) {
    return *interpreters[example].lookup(value);
  }
  int64_t countOps() {
    return static_cast<int64_t>(body->getOperations().size());
  }

  /// Ends the network with these results and drops what they do not need.
  OwningOpRef<ModuleOp> finish(ArrayRef<Value> results);
  /// All values of ops that depend on a parameter, differentiably.
  SmallVector<Value> getActiveValues();

private:
  Value addArgument(Type type, StringRef kind, double low, double high);
  bool isAcceptable(Operation *op);
  bool isSmoothAt(Operation *op, Interpreter &interpreter);
  /// The value that `matches`, or null.
  Value pick(ArrayRef<Value> values, function_ref<bool(Value)> matches);

  bool mayHaveKinks = false;
  std::mt19937_64 random;
  uint64_t seed;
  OpBuilder builder;
  OwningOpRef<ModuleOp> module;
  NetworkOp network;
  Block *body;
  std::vector<Interpreter> interpreters;
  std::deque<DualTensor> argumentValues;
  SmallVector<Value> reals, masks, integers;
};

} // namespace mlir::ntk::random

#endif // NTK_TEST_RANDOM_DRAFT_H
