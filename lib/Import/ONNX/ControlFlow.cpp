// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Choices and loops, carried out while importing: the condition of a choice and
// the number of a loop's steps must be known then, as they are where shapes
// decide. A parameter that a loop reads is one parameter with a site a step.

#include "LoopOverBatch.h"
#include "Operators.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// The one integer or boolean of a known value.
static FailureOr<int64_t> decide(NodeImporter &node, const GraphValue &x,
                                 StringRef what) {
  std::optional<Number> number = x.splat();
  if (number && x.numbers->size() == 1 && !x.isFloat() && number->isPlain())
    return number->integer;
  return node.emitError() << "expected " << what
                          << " that is known while importing, but it depends "
                             "on the network's inputs, its parameters or the "
                             "size of the batch, or is not one number";
}

static LogicalResult setOutputs(NodeImporter &node,
                                ArrayRef<GraphValue> results) {
  for (auto [i, result] : llvm::enumerate(results))
    if (failed(node.setOutput(i, result)))
      return failure();
  return success();
}

static LogicalResult importIf(NodeImporter &node) {
  const GraphValue &holds = node.input(0);
  if (holds.isKnown() && holds.numbers->size() == 1 &&
      holds.numbers->front().holdsForLast != 0)
    return importEitherBranch(node, holds.numbers->front().holdsForLast > 0);
  FailureOr<int64_t> condition = decide(node, node.input(0), "a condition");
  if (failed(condition))
    return failure();
  FailureOr<SmallVector<GraphValue>> results = node.importBody(
      *condition ? "then_branch" : "else_branch", {}, node.node.outputs.size());
  return failed(results) ? failure() : setOutputs(node, *results);
}

/// Values of all steps side by side, along a new axis.
static Result stack(NodeImporter &node, ArrayRef<GraphValue> values,
                    int64_t axis) {
  SmallVector<GraphValue> slices;
  for (const GraphValue &value : values) {
    if (value.isSequence() || value.isMissing())
      return node.emitError() << "expected tensors as outputs of the steps";
    if (value.rank() != values[0].rank())
      return node.emitError()
             << "expected outputs of equal rank in all steps, but got "
             << values[0].rank() << " and " << value.rank();
    Result slice = node.graph.unsqueeze(value, {axis});
    if (failed(slice))
      return failure();
    slices.push_back(*slice);
  }
  return node.graph.concat(slices, axis);
}

namespace {
/// What the steps of a loop hand on, and what each leaves behind.
struct LoopState {
  SmallVector<GraphValue> carried;
  std::vector<SmallVector<GraphValue>> outputs; ///< each of all steps

  LoopState(NodeImporter &node, unsigned first, unsigned count)
      : outputs(std::max<size_t>(node.node.outputs.size(), count) - count) {
    for (unsigned i = first; i < first + count; ++i)
      carried.push_back(node.input(i));
  }

  /// Takes the results of a step: carried values, then outputs.
  void take(ArrayRef<GraphValue> results) {
    std::copy_n(results.begin(), carried.size(), carried.begin());
    for (auto [output, result] :
         llvm::zip(outputs, results.drop_front(carried.size())))
      output.push_back(result);
  }
};
} // namespace

static LogicalResult checkPresent(NodeImporter &node, unsigned first) {
  for (unsigned i = first; i < node.getNumInputs(); ++i)
    if (!node.hasInput(i))
      return node.emitError() << "expected input " << i << ", but it is empty";
  return success();
}

/// Inputs: the largest number of steps, the first condition, carried values.
/// The body takes and gives: the step's number, the condition, the values.
static LogicalResult importLoop(NodeImporter &node) {
  if (failed(checkPresent(node, 2)))
    return failure();
  if (std::optional<LogicalResult> done = importLoopOverBatch(node))
    return *done;
  std::optional<int64_t> most;
  if (node.hasInput(0)) {
    FailureOr<int64_t> count = decide(node, node.input(0), "a trip count");
    if (failed(count))
      return failure();
    most = *count;
  }
  FailureOr<int64_t> goes = 1;
  if (node.hasInput(1))
    goes = decide(node, node.input(1), "a condition");
  unsigned count = std::max(node.getNumInputs(), 2u) - 2;
  LoopState state(node, 2, count);
  for (int64_t step = 0; succeeded(goes) && *goes && (!most || step < *most);
       ++step) {
    SmallVector<GraphValue> inputs = {
        makeKnown(ElementKind::Int64, {}, {Number{step}}),
        makeKnown(ElementKind::Bool, {}, {Number{1}})};
    inputs.append(state.carried);
    FailureOr<SmallVector<GraphValue>> results = node.importBody(
        "body", inputs, 1 + std::max<size_t>(count, node.node.outputs.size()));
    if (failed(results))
      return failure();
    if (node.hasInput(1))
      goes = decide(node, results->front(), "a condition behind each step");
    state.take(ArrayRef(*results).drop_front());
  }
  if (failed(goes) || failed(setOutputs(node, state.carried)))
    return failure();
  for (auto [i, values] : llvm::enumerate(state.outputs)) {
    if (node.node.outputs[count + i].empty())
      continue;
    if (values.empty())
      return node.emitError() << "expected a step or more, but got none";
    if (failed(node.setOutput(count + i, stack(node, values, 0))))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

namespace {
/// The axis and direction of a scanned input or output.
struct ScanSetting {
  int64_t axis = 0;
  bool isReverse = false;
};
} // namespace

/// Reads attributes scan_input_… or scan_output_… for `count` values.
static FailureOr<SmallVector<ScanSetting>>
readSettings(NodeImporter &node, StringRef side, size_t count) {
  SmallVector<int64_t> zeros(count, 0);
  std::string prefix = ("scan_" + side + "_").str();
  SmallVector<int64_t> axes = node.getIntegers(prefix + "axes", zeros);
  SmallVector<int64_t> directions =
      node.getIntegers(prefix + "directions", zeros);
  if (axes.size() < count || directions.size() < count)
    return node.emitError()
           << "expected " << count << " axes and directions, "
           << "but got " << axes.size() << " and " << directions.size();
  SmallVector<ScanSetting> settings;
  for (auto [axis, direction] : llvm::zip(axes, directions))
    settings.push_back({axis, direction != 0});
  settings.truncate(count);
  return settings;
}

/// The slices of a scanned input in the order of the steps.
static FailureOr<SmallVector<GraphValue>>
unstack(NodeImporter &node, const GraphValue &x, ScanSetting setting) {
  if (x.isSequence() || x.isMissing())
    return node.emitError() << "expected tensors to scan";
  FailureOr<int64_t> axis = node.getAxis(setting.axis, x.rank());
  if (failed(axis) || failed(node.graph.refuseBatch(x, *axis, "scan")))
    return failure();
  SmallVector<GraphValue> slices;
  int64_t size = x.shape[*axis];
  if (size > maxKnownElements)
    return node.emitError() << "expected at most " << maxKnownElements
                            << " steps, but got " << size;
  for (int64_t i = 0; i < size; ++i) {
    int64_t at = setting.isReverse ? size - 1 - i : i;
    Result slice =
        node.graph.squeeze(node.graph.slice(x, *axis, at, 1, 1), {*axis});
    if (failed(slice))
      return failure();
    slices.push_back(*slice);
  }
  return slices;
}

static LogicalResult setScanOutput(NodeImporter &node, unsigned i,
                                   ArrayRef<GraphValue> values,
                                   ScanSetting setting) {
  if (node.node.outputs[i].empty())
    return success();
  SmallVector<GraphValue> ordered(values);
  if (setting.isReverse)
    std::reverse(ordered.begin(), ordered.end());
  FailureOr<int64_t> axis = node.getAxis(setting.axis, ordered[0].rank() + 1);
  if (failed(axis))
    return failure();
  return node.setOutput(i, stack(node, ordered, *axis));
}

/// Inputs: states, then scanned values; the body takes a slice of each and
/// gives the states and slices of the outputs.
static LogicalResult importScan(NodeImporter &node) {
  int64_t scanned = node.getInteger("num_scan_inputs", 0);
  if (scanned < 1 || scanned > node.getNumInputs())
    return node.emitError() << "expected 1 to " << node.getNumInputs()
                            << " scanned inputs, but got " << scanned;
  if (failed(checkPresent(node, 0)))
    return failure();
  unsigned count = node.getNumInputs() - scanned;
  LoopState state(node, 0, count);
  FailureOr<SmallVector<ScanSetting>> inputSettings =
      readSettings(node, "input", scanned);
  FailureOr<SmallVector<ScanSetting>> outputSettings =
      readSettings(node, "output", state.outputs.size());
  if (failed(inputSettings) || failed(outputSettings))
    return failure();
  std::vector<SmallVector<GraphValue>> slices;
  for (auto [i, setting] : llvm::enumerate(*inputSettings)) {
    FailureOr<SmallVector<GraphValue>> own =
        unstack(node, node.input(count + i), setting);
    if (failed(own))
      return failure();
    if (own->empty() || own->size() != (i ? slices[0] : *own).size()) {
      return node.emitError()
             << "expected scanned inputs of equal sizes from "
                "1 on, but got "
             << (i ? slices[0] : *own).size() << " and " << own->size();
    }
    slices.push_back(*own);
  }
  for (size_t step = 0; step < slices[0].size(); ++step) {
    SmallVector<GraphValue> inputs = state.carried;
    for (ArrayRef<GraphValue> ofInput : slices)
      inputs.push_back(ofInput[step]);
    FailureOr<SmallVector<GraphValue>> results = node.importBody(
        "body", inputs, std::max<size_t>(count, node.node.outputs.size()));
    if (failed(results))
      return failure();
    state.take(*results);
  }
  if (failed(setOutputs(node, state.carried)))
    return failure();
  for (auto [i, values] : llvm::enumerate(state.outputs))
    if (failed(setScanOutput(node, count + i, values, (*outputSettings)[i])))
      return failure();
  return success();
}

ArrayRef<Operator> onnximport::getControlFlowOperators() {
  static const Operator operators[] = {
      {"If", 1, newestOpset, 1, 1, importIf},
      {"Loop", 1, newestOpset, 0, anyInputs, importLoop, Takes::Sequences},
      {"Scan", 9, newestOpset, 1, anyInputs, importScan, Takes::Sequences},
  };
  return operators;
}
