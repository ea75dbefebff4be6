// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Step functions have derivative zero, and models stop gradients: what that
// leaves out of the kernel is said.

#include "GraphImporter.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Does an op pass derivatives on?
static bool hasDerivative(Operation *op) {
  return cast<DifferentiableOpInterface>(op).getLinearity() !=
         Linearity::Constant;
}

/// The values that the outputs are computed from, or only those from which a
/// derivative reaches them.
static DenseSet<Value> findUsed(Block &body, bool byDerivatives) {
  DenseSet<Value> used;
  for (Operation &op : llvm::reverse(body))
    if (isa<ReturnOp>(op) || (used.contains(op.getResult(0)) &&
                              (!byDerivatives || hasDerivative(&op))))
      used.insert(op.operand_begin(), op.operand_end());
  return used;
}

/// Does a derivative of one of these parameters reach `value`?
static bool isReached(Value value, const SetVector<Value> &parameters,
                      const GraphBuilder &graph) {
  SmallVector<Value> worklist = {value};
  DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value next = worklist.pop_back_val();
    if (!graph.isActive(next) || !seen.insert(next).second)
      continue;
    if (parameters.contains(next))
      return true;
    Operation *op = next.getDefiningOp();
    if (op && hasDerivative(op))
      llvm::append_range(worklist, op->getOperands());
  }
  return false;
}

/// "'a', 'b' and 3 more".
static std::string listNames(ArrayRef<std::string> names) {
  std::string text;
  for (const std::string &name : names.take_front(5))
    text += (text.empty() ? "'" : ", '") + name + "'";
  if (names.size() > 5)
    text += " and " + std::to_string(names.size() - 5) + " more";
  return text;
}

/// "only through step functions": how these parameters reach the outputs.
static std::string describeEnds(Block &body, const DenseSet<Value> &live,
                                const SetVector<Value> &ended,
                                const GraphBuilder &graph) {
  DenseSet<Value> stopped;
  for (const DeadEnd &end : graph.deadEnds)
    if (end.isStopped)
      stopped.insert(end.value);
  bool anyStop = false, anyStep = false;
  for (Operation &op : body) {
    if (isa<ReturnOp>(op) || hasDerivative(&op) ||
        !live.contains(op.getResult(0)))
      continue;
    for (Value operand : op.getOperands()) {
      if (!isReached(operand, ended, graph))
        continue;
      bool isStop = isa<StopGradientOp>(op) && stopped.contains(operand);
      (isStop ? anyStop : anyStep) = true;
    }
  }
  if (!anyStop)
    return "only through step functions";
  std::string stops = "where the model stops the gradient";
  return "only " + (anyStep ? "through step functions and " + stops : stops);
}

/// Step functions and comparisons have derivative zero: parameters that reach
/// the outputs only through them are named, and so are outputs that no
/// derivative reaches.
void GraphImporter::findDeadEnds() {
  DenseSet<Value> live = findUsed(body, /*byDerivatives=*/false);
  DenseSet<Value> useful = findUsed(body, /*byDerivatives=*/true);
  SetVector<Value> ended;
  std::vector<std::string> names;
  for (auto [i, tensor] : llvm::enumerate(result.store.tensors())) {
    Value argument = body.getArgument(result.inputs.size() + i);
    if (!tensor.trainable || !live.contains(argument) ||
        useful.contains(argument))
      continue;
    ended.insert(argument);
    names.push_back(tensor.name);
  }
  std::string nodes;
  for (const DeadEnd &end : graph.deadEnds)
    if (live.contains(end.value) && isReached(end.value, ended, graph))
      nodes += (nodes.empty() ? " (node '" : ", node '") + end.node;
  if (!nodes.empty())
    nodes += ")";
  if (!ended.empty())
    result.warnings.push_back(
        (ended.size() == 1 ? "parameter " : "parameters ") + listNames(names) +
        (ended.size() == 1 ? " reaches" : " reach") + " the outputs " +
        describeEnds(body, live, ended, graph) + nodes +
        ": the derivative is zero");
  for (auto [output, core] :
       llvm::zip_equal(result.outputs, body.getTerminator()->getOperands()))
    if (!graph.isActive(core))
      result.warnings.push_back("output '" + output.name +
                                "': no derivative of a parameter reaches it, "
                                "its kernel is zero");
}
