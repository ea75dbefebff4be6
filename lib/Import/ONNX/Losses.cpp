// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Losses of classifications. With log-probabilities ℓ [N, C, d…], targets
// t [N, d…] and weights w [C],
//
//     loss[n, d…] = −w[t] ℓ[n, t, d…]    and zero where t is ignored,
//
// or their sum, or their mean over w[t]; the last two join the examples of a
// batch. The class is picked by comparing it with the target.

#include "Activations.h"
#include "Operators.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

namespace {
/// What the losses have in common.
struct Loss {
  NodeImporter &node;
  GraphBuilder &graph;
  GraphValue logarithms;
  /// Where the class is that of the target, [N, C, d…].
  GraphValue isTarget;

  /// The targets' weights, [N, C, d…], zero for all other classes.
  Result getWeights() const;
  /// The loss of each target, [N, d…].
  Result getTerms() const;
  Result reduce(Result terms) const;
};
} // namespace

/// Class numbers [C, 1…]; an ignored one has a number that no target has.
static GraphValue makeClasses(ElementKind kind, int64_t classes, int64_t rank,
                              std::optional<int64_t> ignored) {
  SmallVector<int64_t> shape(rank - 1, 1);
  shape[0] = classes;
  std::vector<Number> numbers(classes);
  for (auto [i, number] : llvm::enumerate(numbers))
    number.integer = ignored == static_cast<int64_t>(i) ? INT32_MIN : i;
  return makeKnown(kind, shape, std::move(numbers));
}

static FailureOr<Loss> readLoss(NodeImporter &node, Result logarithms) {
  GraphBuilder &graph = node.graph;
  if (failed(logarithms))
    return failure();
  const GraphValue &targets = node.input(1);
  int64_t rank = logarithms->rank();
  if (targets.isFloat() || targets.kind == ElementKind::Bool ||
      targets.rank() != rank - 1)
    return node.emitError()
           << "expected a class for each place of "
           << describe(logarithms->kind, logarithms->shape) << ", but got "
           << describe(targets.kind, targets.shape);
  if (failed(graph.refuseBatch(*logarithms, 1, "pick a class")))
    return failure();
  int64_t classes = logarithms->shape[1];
  if (node.hasInput(2) && (node.input(2).batch || node.input(2).rank() != 1 ||
                           node.input(2).shape[0] != classes))
    return node.emitError()
           << "expected a weight for each of " << classes
           << " classes, but got "
           << describe(node.input(2).kind, node.input(2).shape);
  std::optional<int64_t> ignored;
  if (node.hasAttribute("ignore_index"))
    ignored = node.getInteger("ignore_index", 0);
  Result isTarget = graph.compare(
      graph.unsqueeze(targets, {1}),
      makeClasses(targets.kind, classes, rank, ignored), Comparison::EQ);
  if (failed(isTarget))
    return failure();
  return Loss{node, graph, *logarithms, *isTarget};
}

Result Loss::getWeights() const {
  Result ones = graph.scalar(1);
  if (node.hasInput(2)) {
    SmallVector<int64_t> shape(logarithms.rank() - 1, 1);
    shape[0] = logarithms.shape[1];
    ones = graph.reshape(node.input(2), shape, std::nullopt);
  }
  return graph.select(isTarget, ones, graph.scalar(0));
}

Result Loss::getTerms() const {
  Result picked = graph.select(isTarget, logarithms, graph.scalar(0));
  if (node.hasInput(2))
    picked = graph.binary<MulOp>(picked, getWeights());
  return graph.unary<NegOp>(
      graph.reduce<ReduceSumOp>(picked, {1}, /*keepDims=*/false));
}

Result Loss::reduce(Result terms) const {
  std::string reduction = node.getString("reduction", "mean");
  if (reduction == "none")
    return terms;
  if (reduction != "mean" && reduction != "sum")
    return node.emitError()
           << "expected reduction to be 'none', 'sum' or 'mean', but got '"
           << reduction << "'";
  if (logarithms.batch)
    return node.emitError()
           << "expected a loss of each example, but got the " << reduction
           << " over the batch: the network mixes examples; export it with "
              "reduction='none', or take --whole-batch";
  auto sum = [&](Result x) -> Result {
    if (failed(x))
      return failure();
    return graph.reduce<ReduceSumOp>(
        x, llvm::to_vector(llvm::seq<int64_t>(0, x->rank())),
        /*keepDims=*/false);
  };
  Result total = sum(terms);
  if (reduction == "sum")
    return total;
  return graph.binary<DivOp>(total, sum(getWeights()));
}

/// The second output is ℓ.
static LogicalResult importLoss(NodeImporter &node, Result logarithms) {
  FailureOr<Loss> loss = readLoss(node, logarithms);
  if (failed(loss) || failed(node.setOutput(1, logarithms)))
    return failure();
  return node.setResult(loss->reduce(loss->getTerms()));
}

static LogicalResult checkScores(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (x.rank() >= 2 && x.isFloat())
    return success();
  return node.emitError() << "expected scores [batch, class, …], but got "
                          << describe(x.kind, x.shape);
}

static LogicalResult importSoftmaxCrossEntropy(NodeImporter &node) {
  if (failed(checkScores(node)))
    return failure();
  return importLoss(node, logSoftmax(node.graph, node.input(0), 1));
}

static LogicalResult importNegativeLogLikelihood(NodeImporter &node) {
  if (failed(checkScores(node)))
    return failure();
  return importLoss(node, node.input(0));
}

ArrayRef<Operator> onnximport::getLossOperators() {
  static const Operator operators[] = {
      {"NegativeLogLikelihoodLoss", 12, newestOpset, 2, 3,
       importNegativeLogLikelihood},
      {"SoftmaxCrossEntropyLoss", 12, newestOpset, 2, 3,
       importSoftmaxCrossEntropy},
  };
  return operators;
}
