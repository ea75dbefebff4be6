// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One node of the ONNX graph as its import function sees it: inputs, attributes
// and known numbers, read with checks. A file is not trusted: what does not fit
// is a diagnostic.

#ifndef NTK_LIB_IMPORT_ONNX_NODEIMPORTER_H
#define NTK_LIB_IMPORT_ONNX_NODEIMPORTER_H

#include "GraphBuilder.h"
#include "Model.h"

namespace mlir::ntk::onnximport {

/// Imports a graph inside a node, with values for its inputs; gives those of
/// its outputs.
using BodyFunction = llvm::function_ref<FailureOr<SmallVector<GraphValue>>(
    const Graph &body, ArrayRef<GraphValue> inputs)>;

class NodeImporter {
public:
  /// `inputs` holds null where an optional input is left out.
  NodeImporter(GraphBuilder &graph, const Node &node, int64_t opset,
               ArrayRef<const GraphValue *> inputs, BodyFunction body)
      : graph(graph), node(node), opset(opset), inputs(inputs),
        outputs(node.outputs.size()), body(body) {}

  GraphBuilder &graph;
  const Node &node;
  /// Version of the operator set of the node's domain.
  int64_t opset;

  InFlightDiagnostic emitError() { return graph.emitError(); }

  //===--- Inputs ---------------------------------------------------------===//

  unsigned getNumInputs() const { return inputs.size(); }
  bool hasInput(unsigned i) const { return i < inputs.size() && inputs[i]; }
  /// An input that is there.
  const GraphValue &input(unsigned i) const { return *inputs[i]; }

  /// Known integers of an input of rank 0 or 1. Without `allowBatch` the batch
  /// size must not be among them.
  FailureOr<SmallVector<Number>> getNumbers(unsigned i);
  FailureOr<SmallVector<int64_t>> getIntegers(unsigned i);
  /// Known floats of an input of any shape.
  FailureOr<SmallVector<double>> getReals(unsigned i);
  FailureOr<double> getReal(unsigned i);
  /// Are the numbers of the input known?
  bool isKnown(unsigned i) const;

  //===--- Attributes -----------------------------------------------------===//

  bool hasAttribute(StringRef name) const {
    return node.attributes.contains(name);
  }
  /// The attribute, or `missing`. An attribute of another type is an error of
  /// the node, see attributesAreValid.
  int64_t getInteger(StringRef name, int64_t missing);
  double getReal(StringRef name, double missing);
  std::string getString(StringRef name, StringRef missing);
  SmallVector<int64_t> getIntegers(StringRef name,
                                   ArrayRef<int64_t> missing = {});
  /// Null if there is none.
  const NodeAttribute *getAttribute(StringRef name, NodeAttribute::Kind kind);
  bool attributesAreValid() const { return valid; }

  /// Imports the graph of an attribute, which must have that many inputs and at
  /// least `minOutputs` outputs.
  FailureOr<SmallVector<GraphValue>> importBody(StringRef attribute,
                                                ArrayRef<GraphValue> inputs,
                                                size_t minOutputs);

  //===--- Axes -----------------------------------------------------------===//

  /// An axis from 0, for one that may count from the end.
  FailureOr<int64_t> getAxis(int64_t axis, int64_t rank);
  /// Ascending axes from 0, each once.
  FailureOr<SmallVector<int64_t>> getAxes(ArrayRef<int64_t> axes, int64_t rank);
  /// Axes of attribute "axes" or, from opset `since` on, of input `i`; none if
  /// the node does not say.
  FailureOr<std::optional<SmallVector<int64_t>>>
  getOptionalAxes(int64_t since, unsigned i, int64_t rank);

  //===--- Outputs --------------------------------------------------------===//

  /// Hands in an output; fails if the value has failed.
  LogicalResult setOutput(unsigned i, Result value);
  LogicalResult setResult(Result value) { return setOutput(0, value); }
  ArrayRef<std::optional<GraphValue>> getOutputs() const { return outputs; }
  /// The node is a step function of `x`: constant almost everywhere. Parameters
  /// that reach the outputs in no other way are named in a warning.
  void endDerivative(const GraphValue &x, bool isStopped = false);

private:
  SmallVector<const GraphValue *> inputs;
  SmallVector<std::optional<GraphValue>> outputs;
  BodyFunction body;
  bool valid = true;
};

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_NODEIMPORTER_H
