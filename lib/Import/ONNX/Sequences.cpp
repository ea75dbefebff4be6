// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sequences and optional values exist only while importing: a sequence is a
// list of values, and operators put values in and take them out at positions
// that must be known.

#include "LoopOverBatch.h"
#include "Operators.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

static GraphValue makeSequence(std::vector<GraphValue> values) {
  GraphValue sequence;
  sequence.sequence =
      std::make_shared<const std::vector<GraphValue>>(std::move(values));
  return sequence;
}

static GraphValue makeBoolean(bool value) {
  return makeKnown(ElementKind::Bool, {}, {Number{value}});
}

/// The values of input `i`, which is a sequence.
static FailureOr<std::vector<GraphValue>> getSequence(NodeImporter &node,
                                                      unsigned i) {
  if (!node.hasInput(i) || !node.input(i).isSequence())
    return node.emitError() << "expected a sequence as input " << i
                            << ", but got something else";
  if (node.input(i).isOfExample)
    return node.emitError() << "expected values of a sequence to be joined "
                               "that has one for each example: the network "
                               "mixes examples";
  return *node.input(i).sequence;
}

/// The position at input `i` among `size` places, counted from the end if it is
/// negative; `missing` if the input is left out.
static FailureOr<int64_t> getPosition(NodeImporter &node, unsigned i,
                                      int64_t size, int64_t missing) {
  if (!node.hasInput(i))
    return missing;
  FailureOr<SmallVector<int64_t>> given = node.getIntegers(i);
  if (failed(given))
    return failure();
  int64_t position = given->size() == 1 ? given->front() : size;
  if (position < -size || position >= size)
    return node.emitError() << "expected a position among " << size
                            << " in the sequence, but got another";
  return position < 0 ? position + size : position;
}

//===----------------------------------------------------------------------===//
// Tensors and sequences
//===----------------------------------------------------------------------===//

/// Sizes of the parts along the axis: given, or equal with a smaller last one,
/// or of one.
static FailureOr<SmallVector<int64_t>> getParts(NodeImporter &node,
                                                int64_t size) {
  if (!node.hasInput(1))
    return SmallVector<int64_t>(size, 1);
  FailureOr<SmallVector<int64_t>> given = node.getIntegers(1);
  if (failed(given))
    return failure();
  if (node.input(1).rank() == 0 && given->front() > 0) {
    SmallVector<int64_t> parts;
    for (int64_t left = size; left > 0; left -= parts.back())
      parts.push_back(std::min(given->front(), left));
    return parts;
  }
  int64_t left = size;
  for (int64_t part : *given)
    left = part < 0 || part > left ? -1 : left - part;
  if (left != 0 || node.input(1).rank() == 0)
    return node.emitError()
           << "expected parts that sum up to " << size << ", but they do not";
  return *given;
}

/// Sizes of parts of a batch axis of outer · N · inner elements: given, or one
/// for all, as a multiple of N or, where the file fixes it, as a number.
static FailureOr<SmallVector<Number>> getBatchParts(NodeImporter &node,
                                                    int64_t size) {
  FailureOr<SmallVector<Number>> given = node.getNumbers(1);
  if (failed(given) || node.input(1).rank() != 0)
    return given;
  Number part = given->front();
  int64_t own = part.perExample, all = size;
  if (part.isPlain() && node.graph.batchSize()) {
    own = part.integer;
    all = product({size, *node.graph.batchSize()}).value_or(-1);
  } else if (part.integer != 0) {
    own = 0;
  }
  bool isEqual = own > 0 && all > 0 && all % own == 0 && all / own <= size;
  return SmallVector<Number>(isEqual ? all / own : 0, part);
}

/// Parts of a batch axis, each of the same elements of every example.
static LogicalResult splitBatch(NodeImporter &node, const GraphValue &x,
                                int64_t axis) {
  if (!node.hasInput(1))
    return node.graph.refuseBatch(x, axis, "split");
  FailureOr<SmallVector<Number>> parts = getBatchParts(node, x.shape[axis]);
  if (failed(parts))
    return failure();
  if (parts->empty())
    return node.graph.refuseBatch(x, axis, "split");
  std::vector<GraphValue> values;
  Number start;
  for (const Number &part : *parts) {
    Number end = start;
    if (llvm::AddOverflow(start.integer, part.integer, end.integer) ||
        llvm::AddOverflow(start.perExample, part.perExample, end.perExample))
      return node.emitError() << "expected sizes that fit memory";
    Result value = node.graph.sliceBatch(x, start, end, 1);
    if (failed(value))
      return failure();
    values.push_back(*value);
    start = end;
  }
  return node.setResult(makeSequence(std::move(values)));
}

static LogicalResult importSplitToSequence(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (x.isSequence() || x.isMissing())
    return node.emitError() << "expected a tensor to split";
  FailureOr<int64_t> axis = node.getAxis(node.getInteger("axis", 0), x.rank());
  if (failed(axis))
    return failure();
  if (x.isBatch(*axis))
    return splitBatch(node, x, *axis);
  FailureOr<SmallVector<int64_t>> parts = getParts(node, x.shape[*axis]);
  if (failed(parts))
    return failure();
  bool keeps = node.hasInput(1) || node.getInteger("keepdims", 1) != 0;
  std::vector<GraphValue> values;
  int64_t start = 0;
  for (int64_t part : *parts) {
    Result value = node.graph.slice(x, *axis, start, part, 1);
    if (!keeps)
      value = node.graph.squeeze(value, {*axis});
    if (failed(value))
      return failure();
    values.push_back(*value);
    start += part;
  }
  return node.setResult(makeSequence(std::move(values)));
}

/// A sequence that has a value for each example gives the batch axis.
static LogicalResult joinSequence(NodeImporter &node) {
  const GraphValue &value = node.input(0).sequence->front();
  bool isNew = node.getInteger("new_axis", 0) != 0;
  FailureOr<int64_t> axis =
      node.getAxis(node.getInteger("axis", 0), value.rank() + isNew);
  if (failed(axis))
    return failure();
  return node.setResult(joinExamples(node.graph, value, *axis, isNew));
}

static LogicalResult importConcatFromSequence(NodeImporter &node) {
  if (node.input(0).isSequence() && node.input(0).isOfExample)
    return joinSequence(node);
  FailureOr<std::vector<GraphValue>> values = getSequence(node, 0);
  if (failed(values))
    return failure();
  if (values->empty())
    return node.emitError() << "expected a sequence of a value or more";
  bool isNew = node.getInteger("new_axis", 0) != 0;
  int64_t rank = values->front().rank();
  FailureOr<int64_t> axis =
      node.getAxis(node.getInteger("axis", 0), rank + isNew);
  if (failed(axis))
    return failure();
  for (GraphValue &value : *values) {
    if (value.rank() != rank)
      return node.emitError() << "expected values of equal rank";
    Result own = isNew ? node.graph.unsqueeze(value, {*axis}) : Result(value);
    if (failed(own))
      return failure();
    value = *own;
  }
  return node.setResult(node.graph.concat(*values, *axis));
}

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

static LogicalResult importSequenceConstruct(NodeImporter &node) {
  std::vector<GraphValue> values;
  for (unsigned i = 0; i < node.getNumInputs(); ++i) {
    if (!node.hasInput(i))
      return node.emitError() << "expected input " << i << ", but it is empty";
    values.push_back(node.input(i));
  }
  return node.setResult(makeSequence(std::move(values)));
}

static LogicalResult importSequenceAt(NodeImporter &node) {
  FailureOr<std::vector<GraphValue>> values = getSequence(node, 0);
  if (failed(values))
    return failure();
  FailureOr<int64_t> position = getPosition(node, 1, values->size(), 0);
  return failed(position) ? failure() : node.setResult((*values)[*position]);
}

static LogicalResult importSequenceLength(NodeImporter &node) {
  FailureOr<std::vector<GraphValue>> values = getSequence(node, 0);
  if (failed(values))
    return failure();
  int64_t size = values->size();
  return node.setResult(makeKnown(ElementKind::Int64, {}, {Number{size}}));
}

/// Before a position; at the end if there is none.
static LogicalResult importSequenceInsert(NodeImporter &node) {
  FailureOr<std::vector<GraphValue>> values = getSequence(node, 0);
  if (failed(values))
    return failure();
  int64_t size = values->size();
  int64_t position = size;
  if (node.hasInput(2)) {
    FailureOr<SmallVector<int64_t>> given = node.getIntegers(2);
    if (failed(given))
      return failure();
    position = given->size() == 1 ? given->front() : -size - 1;
    if (position < -size || position > size)
      return node.emitError() << "expected a position among " << size
                              << " in the sequence, but got another";
    position = position < 0 ? position + size : position;
  }
  values->insert(values->begin() + position, node.input(1));
  return node.setResult(makeSequence(std::move(*values)));
}

static LogicalResult importSequenceErase(NodeImporter &node) {
  FailureOr<std::vector<GraphValue>> values = getSequence(node, 0);
  if (failed(values))
    return failure();
  int64_t size = values->size();
  FailureOr<int64_t> position = getPosition(node, 1, size, size - 1);
  if (failed(position))
    return failure();
  if (size == 0)
    return node.emitError() << "expected a sequence of a value or more";
  values->erase(values->begin() + *position);
  return node.setResult(makeSequence(std::move(*values)));
}

/// The body for each value of the first input, and with it the values of other
/// sequences at its position and tensors as they are.
static LogicalResult importSequenceMap(NodeImporter &node) {
  FailureOr<std::vector<GraphValue>> values = getSequence(node, 0);
  if (failed(values))
    return failure();
  size_t numOutputs = node.node.outputs.size();
  std::vector<std::vector<GraphValue>> outputs(numOutputs);
  for (size_t at = 0; at < values->size(); ++at) {
    SmallVector<GraphValue> inputs;
    for (unsigned i = 0; i < node.getNumInputs(); ++i) {
      if (!node.hasInput(i) ||
          (node.input(i).isSequence() && at >= node.input(i).sequence->size()))
        return node.emitError() << "expected sequences of equal lengths";
      inputs.push_back(node.input(i).isSequence()
                           ? (*node.input(i).sequence)[at]
                           : node.input(i));
    }
    FailureOr<SmallVector<GraphValue>> results =
        node.importBody("body", inputs, numOutputs);
    if (failed(results))
      return failure();
    for (auto [output, result] : llvm::zip(outputs, *results))
      output.push_back(result);
  }
  for (auto [i, output] : llvm::enumerate(outputs))
    if (failed(node.setOutput(i, makeSequence(std::move(output)))))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Optional values
//===----------------------------------------------------------------------===//

static LogicalResult importOptional(NodeImporter &node) {
  return node.setResult(node.hasInput(0) ? node.input(0) : GraphValue());
}

static LogicalResult importOptionalHasElement(NodeImporter &node) {
  return node.setResult(
      makeBoolean(node.hasInput(0) && !node.input(0).isMissing()));
}

static LogicalResult importOptionalGetElement(NodeImporter &node) {
  if (node.input(0).isMissing())
    return node.emitError() << "expected an optional value that is there";
  return node.setResult(node.input(0));
}

ArrayRef<Operator> onnximport::getSequenceOperators() {
  static const Operator operators[] = {
      {"ConcatFromSequence", 11, newestOpset, 1, 1, importConcatFromSequence,
       Takes::Sequences},
      {"Optional", 15, newestOpset, 0, 1, importOptional, Takes::Sequences},
      {"OptionalGetElement", 15, newestOpset, 1, 1, importOptionalGetElement,
       Takes::Sequences},
      {"OptionalHasElement", 15, newestOpset, 0, 1, importOptionalHasElement,
       Takes::Sequences},
      {"SequenceAt", 11, newestOpset, 2, 2, importSequenceAt, Takes::Sequences},
      {"SequenceConstruct", 11, newestOpset, 0, anyInputs,
       importSequenceConstruct},
      {"SequenceEmpty", 11, newestOpset, 0, 0, importSequenceConstruct},
      {"SequenceErase", 11, newestOpset, 1, 2, importSequenceErase,
       Takes::Sequences},
      {"SequenceInsert", 11, newestOpset, 2, 3, importSequenceInsert,
       Takes::Sequences},
      {"SequenceLength", 11, newestOpset, 1, 1, importSequenceLength,
       Takes::Sequences},
      {"SequenceMap", 17, newestOpset, 1, anyInputs, importSequenceMap,
       Takes::Sequences},
      {"SplitToSequence", 11, newestOpset, 1, 2, importSplitToSequence,
       Takes::Sequences},
  };
  return operators;
}
