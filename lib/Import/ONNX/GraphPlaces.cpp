// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Positions in the batch of which a part depends on the input: the last token
// of each example, found by its mask, is at (n, t(x)) or at n · T + t(x). They
// are known numbers and a core side by side, until a read along the batch axis
// leaves of them what is a position within the example.

#include "GraphBuilder.h"

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
  if (!count || *count > maxKnownElements)
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

Result GraphBuilder::pickPlaces(const GraphValue &x, int64_t axis,
                                ArrayRef<int64_t> positions) {
  GraphValue core = x;
  core.places = nullptr;
  GraphValue known = x;
  known.core = Value();
  known.places = nullptr;
  known.numbers = x.places;
  Result numbers = pick(known, axis, positions);
  if (failed(numbers))
    return failure();
  auto addsCore = [](const Number &number) { return number.addsCore; };
  if (llvm::none_of(*numbers->numbers, addsCore))
    return numbers;
  Result rest = pick(core, axis, positions);
  if (failed(rest))
    return failure();
  // Numbers of one example are added, and nothing is left of places.
  bool isNumbers = true, isZero = true;
  std::vector<Number> plain = *numbers->numbers;
  for (Number &number : plain) {
    isZero &= number.addsCore && number.integer == 0;
    number.addsCore = false;
    isNumbers &= number.isPlain();
  }
  if (!isNumbers)
    return join(*rest, *numbers);
  if (isZero)
    return rest;
  return binary<AddOp>(rest, makeKnownLike(*numbers, x.kind, std::move(plain)));
}
