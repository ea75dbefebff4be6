// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Losses of classifications. With log-probabilities ℓ [N, C, d…], targets
// t [N, d…] and weights w [C],
//
//     loss[n, d…] = −w[t] ℓ[n, t, d…]    and zero where t is ignored,
//
// or their sum, or their mean over w[t]; the last two join the examples of a
// batch. The class is picked by comparing it with the target. PyTorch's label
// smoothing ε puts (1 − ε) loss − ε/C Σ_c w[c] ℓ[n, c, d…] in its place; ONNX
// has no such attribute and the exporter drops it, but the call still says it.

#include "Activations.h"
#include "FxCall.h"
#include "Operators.h"
#include "dialects/NTK/IR/IndexRange.h"

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
  /// The part of each target that all classes share.
  double smoothing = 0;

  /// All classes' weights, [C, 1…].
  Result getClassWeights() const;
  /// The targets' weights, [N, C, d…], zero for all other classes.
  Result getWeights() const;
  /// The loss of what all classes share, [N, d…], zero where t is ignored.
  Result getSharedTerms() const;
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
  setOperandRange(isTarget->core.getDefiningOp(), {0, classes - 1, ignored});
  return Loss{node, graph, *logarithms, *isTarget};
}

Result Loss::getClassWeights() const {
  if (!node.hasInput(2))
    return graph.scalar(1);
  SmallVector<int64_t> shape(logarithms.rank() - 1, 1);
  shape[0] = logarithms.shape[1];
  return graph.reshape(node.input(2), shape, std::nullopt);
}

Result Loss::getWeights() const {
  return graph.select(isTarget, getClassWeights(), graph.scalar(0));
}

Result Loss::getSharedTerms() const {
  Result weighted = logarithms;
  if (node.hasInput(2))
    weighted = graph.binary<MulOp>(weighted, getClassWeights());
  Result counts = graph.select(isTarget, graph.scalar(1), graph.scalar(0));
  if (failed(weighted) || failed(counts))
    return failure();
  Result isCounted = graph.reduce<ReduceSumOp>(counts, {1}, /*keepDims=*/true);
  return graph.reduce<ReduceSumOp>(graph.binary<MulOp>(weighted, isCounted),
                                   {1}, /*keepDims=*/false);
}

Result Loss::getTerms() const {
  Result picked = graph.select(isTarget, logarithms, graph.scalar(0));
  if (node.hasInput(2))
    picked = graph.binary<MulOp>(picked, getWeights());
  Result terms = graph.unary<NegOp>(
      graph.reduce<ReduceSumOp>(picked, {1}, /*keepDims=*/false));
  if (smoothing == 0)
    return terms;
  double classes = static_cast<double>(logarithms.shape[1]);
  return graph.binary<SubOp>(
      graph.scale(terms, 1 - smoothing),
      graph.scale(getSharedTerms(), smoothing / classes));
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

/// The label smoothing of the call that the loss was exported from.
static double getSmoothing(const Node &node) {
  std::optional<FxCall> call = parseFxCall(node.fxNode);
  double smoothing = 0;
  if (!call || call->op != "cross_entropy_loss")
    return smoothing;
  StringRef text = call->args.size() > 5 ? StringRef(call->args[5])
                                         : call->keywords["label_smoothing"];
  text.getAsDouble(smoothing);
  return smoothing;
}

/// The second output is ℓ.
static LogicalResult importLoss(NodeImporter &node, Result logarithms) {
  FailureOr<Loss> loss = readLoss(node, logarithms);
  if (succeeded(loss))
    loss->smoothing = getSmoothing(node.node);
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
