// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops with a step for each example, as exporters write bags of embeddings.
// The step is imported once, for example n of any: its number is n, and what it
// reads of the batch are elements of example n. What carries something else
// than a count from step to step is no such loop. The last example often has a
// branch of its own, which must come to the same with N = n + 1.

#include "LoopOverBatch.h"
#include "mlir/IR/OperationSupport.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

//===----------------------------------------------------------------------===//
// Values of one example
//===----------------------------------------------------------------------===//

Result onnximport::sliceOwn(GraphBuilder &graph, const GraphValue &x,
                            int64_t axis, const Number &start,
                            const Number &end) {
  int64_t count = end.integer - start.integer;
  bool isRange = x.isBatch(axis) && !x.hasPlaces() && count > 0 &&
                 start.perExample == end.perExample &&
                 start.position == end.position;
  if (!isRange)
    return graph.refusePlaces();
  const BatchAxis &batch = *x.batch;
  int64_t outer = start.perExample / batch.inner;
  int64_t most = batch.inner + (x.hasEnd ? 1 : 0) - start.integer;
  if (start.position != batch.inner || start.perExample % batch.inner != 0 ||
      outer < 0 || outer >= batch.outer || start.integer < 0 || count > most ||
      (x.hasEnd && count != 1))
    return graph.refuseBatch(x, axis, "slice");
  Result own = x;
  if (x.hasEnd) { // the position of this example or the next
    Number number = x.numbers->front();
    number.integer += start.integer * number.position;
    own = makeKnown(x.kind, {1}, {number});
  } else {
    own = graph.slice(graph.openBatch(x), axis,
                      outer * batch.inner + start.integer, count, 1);
  }
  if (succeeded(own))
    own->isOfExample = true;
  return own;
}

std::optional<GraphValue> onnximport::appendEnd(ArrayRef<GraphValue> values) {
  auto isList = [](const GraphValue &x) {
    return x.isKnown() && !x.isFloat() && x.rank() == 1 && x.shape[0] == 1;
  };
  if (values.size() != 2 || !isList(values[0]) || !isList(values[1]) ||
      !values[0].batch || values[1].batch)
    return std::nullopt;
  Number next = values[0].numbers->front();
  if (llvm::AddOverflow(next.perExample, next.position, next.perExample))
    return std::nullopt;
  next.position = 0;
  if (!(values[1].numbers->front() == next))
    return std::nullopt;
  GraphValue result = values[0];
  result.hasEnd = true;
  return result;
}

Result onnximport::dropEnd(GraphBuilder &graph, GraphValue x,
                           const Number &start, const Number &end,
                           int64_t step) {
  bool isPlain = start.isPlain() && end.isPlain() && step == 1;
  bool dropsFirst = start.integer == 1 && end.integer >= INT32_MAX;
  bool dropsLast = start.integer == 0 && end.integer == -1;
  if (!isPlain || (!dropsFirst && !dropsLast))
    return graph.refusePlaces();
  Number number = x.numbers->front();
  if (dropsFirst)
    number.integer += number.position;
  GraphValue result = makeKnownLike(x, x.kind, {number});
  return result;
}

Result onnximport::joinExamples(GraphBuilder &graph, const GraphValue &x,
                                int64_t axis, bool isNew) {
  if (x.batch || x.isSequence() || x.isMissing() || x.hasPlaces())
    return graph.emitError() << "expected each step of a loop over the batch "
                                "to give a value of its example, but it has "
                                "values of all: the network mixes examples";
  Result own = isNew ? graph.unsqueeze(x, {axis}) : Result(x);
  if (failed(own))
    return failure();
  own->isOfExample = false;
  return graph.closeBatch(own, BatchAxis{axis, 1, own->shape[axis]});
}

//===----------------------------------------------------------------------===//
// The last example
//===----------------------------------------------------------------------===//

GraphValue onnximport::readForLast(const GraphValue &x) {
  if (!x.isKnown() || x.batch)
    return x;
  std::vector<Number> numbers;
  for (const Number &number : *x.numbers)
    numbers.push_back(ofLastExample(number));
  GraphValue result = makeKnownLike(x, x.kind, std::move(numbers));
  result.isOfExample =
      x.isOfExample || llvm::any_of(*result.numbers, [](const Number &number) {
        return number.position != 0;
      });
  return result;
}

namespace {
/// Are two values of the network computed in the same way? Each pair is looked
/// at once: of h + h, thirty times, there are 2³⁰ ways down.
class Comparer {
public:
  bool areSame(Value x, Value y, int depth = 0) {
    constexpr int mostDepth = 64;
    if (x == y)
      return true;
    Operation *a = x.getDefiningOp(), *b = y.getDefiningOp();
    if (!a || !b || depth == mostDepth)
      return false;
    if (auto found = known.find({x, y}); found != known.end())
      return found->second;
    bool result = OperationEquivalence::isEquivalentTo(
        a, b,
        [&](Value v, Value w) { return success(areSame(v, w, depth + 1)); },
        nullptr, OperationEquivalence::IgnoreLocations);
    return known[{x, y}] = result;
  }

private:
  DenseMap<std::pair<Value, Value>, bool> known;
};
} // namespace

bool onnximport::areSame(const GraphValue &x, const GraphValue &y) {
  if (x.kind != y.kind || x.shape != y.shape || !(x.batch == y.batch) ||
      x.isKnown() != y.isKnown() || x.isSequence() || y.isSequence() ||
      x.hasPlaces() || y.hasPlaces() || x.isMissing() || y.isMissing())
    return false;
  return x.isKnown() ? *x.numbers == *y.numbers
                     : Comparer().areSame(x.core, y.core);
}

LogicalResult onnximport::importEitherBranch(NodeImporter &node,
                                             bool thenIsLast) {
  GraphBuilder &graph = node.graph;
  size_t count = node.node.outputs.size();
  auto import = [&](bool last) {
    bool before = graph.isLastExample;
    graph.isLastExample |= last;
    auto results = node.importBody(
        last == thenIsLast ? "then_branch" : "else_branch", {}, count);
    graph.isLastExample = before;
    return results;
  };
  FailureOr<SmallVector<GraphValue>> any = import(false), last = import(true);
  if (failed(any) || failed(last))
    return failure();
  for (size_t i = 0; i < count; ++i) {
    if (!areSame((*any)[i], (*last)[i]))
      return node.emitError() << "expected the same for all examples, but the "
                                 "last one has a branch of its own";
    if (failed(node.setOutput(i, (*any)[i])))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

namespace {
/// A loop of N steps, and what it carries: counts and sequences that grow.
class LoopOverBatch {
public:
  explicit LoopOverBatch(NodeImporter &node)
      : node(node), count(std::max(node.getNumInputs(), 2u) - 2) {}

  /// May the loop be one? If so its trip count or its condition says when it
  /// ends.
  bool read();
  /// Imports a step; fails if the loop is no such loop.
  LogicalResult importStep();
  LogicalResult setOutputs();

  bool hasTripCount = false;

private:
  bool endsBehindLast() const;
  bool carriesOn(const GraphValue &before, const GraphValue &after) const;

  NodeImporter &node;
  unsigned count;
  SmallVector<GraphValue> inputs, results;
};
} // namespace

/// Is this one known integer?
static bool isCount(const GraphValue &x) {
  return x.isKnown() && !x.isFloat() && x.kind != ElementKind::Bool &&
         !x.batch && x.numbers->size() == 1 && !x.numbers->front().isUndecided;
}

bool LoopOverBatch::read() {
  if (node.hasInput(0)) {
    if (!isCount(node.input(0)))
      return false;
    const Number &most = node.input(0).numbers->front();
    hasTripCount = most.perExample == 1 && most.integer == 0;
    if (!hasTripCount && !(most.isPlain() && most.integer >= INT32_MAX))
      return false;
  }
  if (node.hasInput(1)) {
    std::optional<Number> goes = node.input(1).splat();
    if (!goes || !goes->isPlain() || goes->integer == 0)
      return false;
  }
  Number place, holds{1};
  place.position = 1;
  inputs = {makeKnown(ElementKind::Int64, {}, {place}),
            makeKnown(ElementKind::Bool, {}, {holds})};
  inputs[0].isOfExample = true;
  for (unsigned i = 2; i < 2 + count; ++i) {
    GraphValue carried = node.input(i);
    bool isEmpty = carried.isSequence() && carried.sequence->empty();
    if (!isEmpty && !isCount(carried))
      return false;
    if (!isEmpty) {
      Number number = carried.numbers->front();
      ++number.position;
      carried = makeKnown(carried.kind, carried.shape, {number});
      carried.isOfExample = true;
    }
    inputs.push_back(carried);
  }
  return true;
}

/// Does the condition behind the step of example n hold for n < N − 1? Where a
/// trip count ends the loop it must always hold.
bool LoopOverBatch::endsBehindLast() const {
  const GraphValue &goes = results.front();
  if (!goes.isKnown() || goes.batch || goes.numbers->size() != 1)
    return false;
  const Number &holds = goes.numbers->front();
  if (hasTripCount && !node.hasInput(1))
    return true;
  return hasTripCount && holds.isPlain()
             ? holds.integer != 0
             : holds.isUndecided && holds.holdsForLast == -1;
}

/// Is this count one more, or has this sequence one value?
bool LoopOverBatch::carriesOn(const GraphValue &before,
                              const GraphValue &after) const {
  if (before.isSequence())
    return after.isSequence() && !after.isOfExample &&
           after.sequence->size() == 1;
  if (!isCount(after))
    return false;
  Number next = before.numbers->front();
  ++next.integer;
  return after.numbers->front() == next;
}

LogicalResult LoopOverBatch::importStep() {
  // The places of two loops are different ones.
  if (node.graph.isInLoop)
    return node.emitError() << "expected one loop over the batch, but got one "
                               "in another: the network mixes examples";
  node.graph.isInLoop = true;
  FailureOr<SmallVector<GraphValue>> step = node.importBody(
      "body", inputs, 1 + std::max<size_t>(count, node.node.outputs.size()));
  node.graph.isInLoop = false;
  if (failed(step))
    return failure();
  results = std::move(*step);
  bool isLoop = endsBehindLast();
  for (unsigned i = 0; i < count; ++i)
    isLoop = isLoop && carriesOn(inputs[2 + i], results[1 + i]);
  if (isLoop)
    return success();
  return node.emitError() << "expected a loop that does the same for each "
                             "example and carries nothing from one to the "
                             "next: the network mixes examples";
}

LogicalResult LoopOverBatch::setOutputs() {
  for (unsigned i = 0; i < node.node.outputs.size(); ++i) {
    if (node.node.outputs[i].empty())
      continue;
    Result value = results[1 + i];
    if (i >= count)
      value = joinExamples(node.graph, *value, 0, /*isNew=*/true);
    else if (value->isSequence())
      value->isOfExample = true;
    else {
      // Behind N steps.
      Number number = node.input(2 + i).numbers->front();
      ++number.perExample;
      value = makeKnown(value->kind, value->shape, {number});
    }
    if (failed(node.setOutput(i, value)))
      return failure();
  }
  return success();
}

std::optional<LogicalResult>
onnximport::importLoopOverBatch(NodeImporter &node) {
  LoopOverBatch loop(node);
  if (!loop.read())
    return std::nullopt;
  if (loop.hasTripCount)
    return success(succeeded(loop.importStep()) &&
                   succeeded(loop.setOutputs()));
  // A condition may end any loop; whether it does behind the last example shows
  // in the step.
  if (!node.hasInput(1))
    return std::nullopt;
  {
    ScopedDiagnosticHandler quiet(node.graph.attributes().getContext(),
                                  [](Diagnostic &) { return success(); });
    if (failed(loop.importStep()))
      return std::nullopt;
  }
  return loop.setOutputs();
}
