// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Step functions have derivative zero: what that leaves out of the kernel is
// said.

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

/// The values from which a derivative reaches the outputs.
static DenseSet<Value> findUseful(Block &body) {
  DenseSet<Value> useful;
  for (Operation &op : llvm::reverse(body))
    if (isa<ReturnOp>(op) ||
        (useful.contains(op.getResult(0)) && hasDerivative(&op)))
      useful.insert(op.operand_begin(), op.operand_end());
  return useful;
}

/// Adds the parameters whose derivatives reach `value`, where they end, and the
/// outputs in no other way.
static void collectEnded(Value value, const DenseSet<Value> &useful,
                         const GraphBuilder &graph,
                         SetVector<BlockArgument> &ended) {
  SmallVector<Value> worklist = {value};
  DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value next = worklist.pop_back_val();
    if (!graph.isActive(next) || !seen.insert(next).second)
      continue;
    Operation *op = next.getDefiningOp();
    if (!op && !useful.contains(next))
      ended.insert(cast<BlockArgument>(next));
    if (op && hasDerivative(op))
      llvm::append_range(worklist, op->getOperands());
  }
}

/// Step functions have derivative zero: parameters that reach the outputs only
/// through them are named, and so are outputs that no parameter reaches.
void GraphImporter::findDeadEnds() {
  DenseSet<Value> useful = findUseful(body);
  SetVector<BlockArgument> ended;
  std::string nodes;
  for (const DeadEnd &end : graph.deadEnds) {
    size_t before = ended.size();
    collectEnded(end.value, useful, graph, ended);
    if (ended.size() > before)
      nodes += (nodes.empty() ? "node '" : ", node '") + end.node;
  }
  if (!ended.empty()) {
    std::string names;
    for (BlockArgument argument : ended) {
      size_t position = argument.getArgNumber() - result.inputs.size();
      names += (names.empty() ? "'" : ", '") +
               result.store.tensors()[position].name + "'";
    }
    result.warnings.push_back(
        (ended.size() == 1 ? "parameter " : "parameters ") + names +
        (ended.size() == 1 ? " reaches" : " reach") +
        " the outputs only through step functions (" + nodes +
        "): the derivative is zero");
  }
  for (auto [output, core] :
       llvm::zip_equal(result.outputs, body.getTerminator()->getOperands()))
    if (!graph.isActive(core))
      result.warnings.push_back("output '" + output.name +
                                "': no derivative of a parameter reaches it, "
                                "its kernel is zero");
}
