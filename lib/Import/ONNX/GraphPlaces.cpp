// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Positions in the batch of which a part depends on the input: the last token
// of each example, found by its mask, is at (n, t(x)) or at n · T + t(x). They
// are known numbers and a core side by side, until a read along the batch axis
// leaves of them what is a position within the example.

#include "Places.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

bool onnximport::namesPlaces(const GraphValue &x) {
  return x.isKnown() && !x.isFloat() &&
         llvm::any_of(*x.numbers, [](const Number &number) {
           return !number.isPlain() && !number.isUndecided;
         });
}

/// Known numbers of the shape and batch axis of `frame`.
static GraphValue makeNumbers(ElementKind kind, const Frame &frame,
                              std::vector<Number> numbers) {
  GraphValue value = makeKnown(kind, frame.shape, std::move(numbers));
  value.batch = frame.batch;
  return value;
}

/// `core` with numbers beside it.
static GraphValue join(GraphValue core, const GraphValue &numbers) {
  core.places = numbers.numbers;
  return core;
}

Result GraphBuilder::addPlaces(const GraphValue &places, const GraphValue &x) {
  if (x.hasPlaces() || x.kind != places.kind)
    return refusePlaces();
  FailureOr<Frame> frame = unify({places, x});
  if (failed(frame))
    return failure();
  std::optional<int64_t> count = product(frame->shape);
  if (!count || *count > maxPlaces)
    return refusePlaces();
  FailureOr<Value> core = fit(x, *frame);
  if (failed(core))
    return failure();
  std::vector<Number> numbers;
  for (int64_t i : broadcastPositions(places.shape, frame->shape)) {
    numbers.push_back((*places.numbers)[i]);
    numbers.back().addsCore = true;
  }
  return join(wrap(*core, x.kind, *frame),
              makeNumbers(x.kind, *frame, std::move(numbers)));
}

Result GraphBuilder::concatPlaces(ArrayRef<GraphValue> values, int64_t axis) {
  // Zeros for the core of what is known, and for the numbers of what is not.
  SmallVector<GraphValue> cores, numbers;
  for (const GraphValue &x : values) {
    if (x.hasPlaces() || x.isFloat())
      return refusePlaces();
    Number own;
    own.addsCore = !x.isKnown();
    GraphValue known = makeNumbers(
        x.kind, {x.shape, x.batch},
        std::vector<Number>(static_cast<size_t>(*product(x.shape)), own));
    cores.push_back(x.isKnown() ? known : x);
    numbers.push_back(x.isKnown() ? x : known);
  }
  Result core = concat(cores, axis), joined = concat(numbers, axis);
  if (failed(core) || failed(joined))
    return failure();
  return join(*core, *joined);
}

//===----------------------------------------------------------------------===//
// Moves and differences
//===----------------------------------------------------------------------===//

/// The numbers of places, or what they add to, as values of their own.
static GraphValue numbersOf(const GraphValue &x) {
  GraphValue known = x;
  known.core = Value();
  known.places = nullptr;
  known.numbers = x.places;
  return known;
}
static GraphValue coreOf(const GraphValue &x) {
  GraphValue core = x;
  core.places = nullptr;
  return core;
}

Result onnximport::movePlaces(const GraphValue &x,
                              function_ref<Result(Result)> move) {
  Result core = move(coreOf(x)), numbers = move(numbersOf(x));
  if (failed(core) || failed(numbers))
    return failure();
  return join(*core, *numbers);
}

/// Places without the numbers of one example, which are added.
static Result simplifyPlaces(GraphBuilder &graph, const GraphValue &core,
                             const GraphValue &numbers) {
  bool isNumbers = true, isZero = true;
  std::vector<Number> plain = *numbers.numbers;
  for (Number &number : plain) {
    isZero &= number.addsCore && number.integer == 0;
    number.addsCore = false;
    isNumbers &= number.isPlain();
  }
  if (!isNumbers)
    return join(core, numbers);
  if (isZero)
    return core;
  return graph.binary<AddOp>(
      core, makeKnownLike(numbers, core.kind, std::move(plain)));
}

Result onnximport::subtractPlaces(GraphBuilder &graph, const GraphValue &x,
                                  const GraphValue &y) {
  if (x.isFloat() || x.kind != y.kind || x.hasEnd || y.hasEnd)
    return graph.refusePlaces();
  FailureOr<Frame> frame = graph.unify({x, y});
  if (failed(frame))
    return failure();
  std::optional<int64_t> count = product(frame->shape);
  if (!count || *count > maxPlaces)
    return graph.refusePlaces();
  std::vector<Number> numbers(*count);
  // Of a value that has no places all is core, of a known one all is numbers.
  auto add = [&](const GraphValue &value, int64_t sign) {
    const std::vector<Number> *own =
        value.hasPlaces() ? value.places.get() : value.numbers.get();
    SmallVector<int64_t> sources =
        broadcastPositions(value.shape, frame->shape);
    for (auto [number, source] : llvm::zip_equal(numbers, sources)) {
      if (!own) {
        number.addsCore = true;
        continue;
      }
      const Number &term = (*own)[source];
      number.integer += sign * term.integer;
      number.perExample += sign * term.perExample;
      number.position += sign * term.position;
      number.isUndecided |= term.isUndecided;
      number.addsCore |= term.addsCore;
    }
  };
  add(x, 1);
  add(y, -1);
  Result core = x.isKnown()   ? graph.unary<NegOp>(coreOf(y))
                : y.isKnown() ? Result(coreOf(x))
                              : graph.binary<SubOp>(coreOf(x), coreOf(y));
  core = graph.broadcast(core, *frame);
  if (failed(core))
    return failure();
  return simplifyPlaces(graph, *core,
                        makeNumbers(x.kind, *frame, std::move(numbers)));
}

Result GraphBuilder::pickPlaces(const GraphValue &x, int64_t axis,
                                ArrayRef<int64_t> positions) {
  Result numbers = pick(numbersOf(x), axis, positions);
  if (failed(numbers))
    return failure();
  auto addsCore = [](const Number &number) { return number.addsCore; };
  if (llvm::none_of(*numbers->numbers, addsCore))
    return numbers;
  Result rest = pick(coreOf(x), axis, positions);
  if (failed(rest))
    return failure();
  return simplifyPlaces(*this, *rest, *numbers);
}
