// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What LSTM, GRU and RNN of ONNX have in common: the layout of sequences, the
// directions, the products with the weights and the functions given by name.
//
// Values are kept as [batch, direction, …, feature]; the axis of directions is
// left out where there is one. A step computes both directions at once: before
// and behind the steps the second direction is turned round in time, so that
// step s is token s of the one and token T − 1 − s of the other. The weights of
// all directions, gates and tokens enter as wholes, by
//
//     projection[n, d, t, g] = Σ_k x[n, t, k] W[d, g, k]      once
//     recurrent[n, d, g] = Σ_h state[n, d, h] R[d, g, h]      in each step
//
// because a slice of a parameter would hide its structure from the kernel.

#ifndef NTK_LIB_IMPORT_ONNX_RECURRENTLAYER_H
#define NTK_LIB_IMPORT_ONNX_RECURRENTLAYER_H

#include "NodeImporter.h"

namespace mlir::ntk::onnximport {

/// A function of the list in the specification of LSTM, GRU and RNN.
struct RecurrentFunction {
  StringLiteral name; ///< in lower case
  /// Takes α; takes β.
  bool hasAlpha, hasBeta;
  /// Their values if the node gives none.
  double alpha, beta;
  Result (*build)(GraphBuilder &graph, Result x, double alpha, double beta);
};

class RecurrentLayer {
public:
  /// A layer with `gates` gates.
  RecurrentLayer(NodeImporter &node, int64_t gates)
      : node(node), graph(node.graph), gates(gates) {}

  /// Reads inputs and attributes and checks that they fit together. The names
  /// of functions stand for one direction.
  LogicalResult read(ArrayRef<StringRef> defaultFunctions);

  int64_t getNumSteps() const { return steps; }

  //===--- Parameters -----------------------------------------------------===//

  /// Multiplies all tokens with W and adds `bias` (or nothing): the gates'
  /// inputs of all steps.
  LogicalResult project(std::optional<Result> bias);
  /// The projection of step s, [batch, direction, gates · hidden].
  Result getProjection(int64_t s);
  /// state Rᵀ.
  Result multiplyR(Result state);
  /// The sum of the two biases, or one of them (0: of W, 1: of R); none if the
  /// layer has no bias.
  std::optional<Result> getBias(std::optional<unsigned> which = std::nullopt);
  /// The initial state of input `i`, or none if it is zero.
  FailureOr<std::optional<GraphValue>> getState(unsigned i);

  //===--- Steps ----------------------------------------------------------===//

  /// Letters of a word without the direction where there is only one.
  std::string word(StringRef letters) const;
  /// Gates `first` to `first + count` of a value that ends in all of them.
  Result getGates(Result x, int64_t first, int64_t count = 1);
  /// Function i of each direction, with an input that the layer's clip bounds
  /// unless the function is one of states.
  Result activate(unsigned i, Result x, bool isState = false);

  /// The state behind step s: `next`, or `before` (zero if there is none) where
  /// the example's sequence has no token at this step. Tokens behind the end
  /// come first in a layer that runs backwards, and leave its first state.
  Result hold(int64_t s, Result next, const std::optional<GraphValue> &before);

  //===--- Outputs --------------------------------------------------------===//

  /// Output i: the states of all steps, zero where there is no token.
  LogicalResult setSequence(unsigned i, ArrayRef<GraphValue> states);
  /// Output i: a state behind the last step.
  LogicalResult setState(unsigned i, Result state);

private:
  struct Function {
    const RecurrentFunction *function;
    double alpha, beta;
    bool operator==(const Function &other) const {
      return function == other.function && alpha == other.alpha &&
             beta == other.beta;
    }
  };

  LogicalResult readSizes();
  LogicalResult readLengths();
  LogicalResult readFunctions(ArrayRef<StringRef> defaults);
  /// Input i has this shape, and no batch axis; −1 is any size.
  LogicalResult checkShape(unsigned i, StringRef name, ArrayRef<int64_t> shape);
  /// Input i without the axis of directions if there is one.
  Result getWeight(unsigned i);
  Result apply(const Function &function, Result x);
  /// Where the examples have a token at step s, [batch, direction, 1].
  Result hasToken(int64_t s);
  /// Turns the directions that run backwards round along the axis of time.
  Result turn(Result x, int64_t timeAxis);

  NodeImporter &node;
  GraphBuilder &graph;
  int64_t gates;
  int64_t directions = 1, steps = 0, hidden = 0;
  bool isReverse = false, isBatchFirst = false;
  std::optional<double> limit;
  /// How many tokens each example has, where that is not all of them: [batch].
  std::optional<GraphValue> lengths;
  std::vector<Function> functions; ///< of direction 0, then of direction 1
  GraphValue projection;
  GraphValue r; ///< without the axis of directions if there is one
};

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_RECURRENTLAYER_H
