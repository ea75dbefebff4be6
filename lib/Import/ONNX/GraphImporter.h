// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Imports the graph of a model: inputs with their batch axes, initializers,
// nodes in the file's order, outputs.

#ifndef NTK_LIB_IMPORT_ONNX_GRAPHIMPORTER_H
#define NTK_LIB_IMPORT_ONNX_GRAPHIMPORTER_H

#include "GraphBuilder.h"
#include "Model.h"
#include "ntk/Import/ONNX.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::ntk::onnximport {

/// Ends the message that an operator is not supported.
inline constexpr StringLiteral unsupportedHint =
    " (docs/Operators.md lists those that are)";

/// Leaves only the outputs that the options' globs match.
llvm::Error selectOutputs(Model &model, const OnnxImportOptions &options);

/// An input that is an argument of the network or shared by all examples.
struct GraphInput {
  OnnxInterface interface;
  /// Its value, if all examples share it: of shape `interface.shape`.
  std::optional<Array> shared;
};

/// The inputs that the nodes need, and the batch size if the file fixes it.
/// Errors name the input.
llvm::Expected<std::vector<GraphInput>>
readInputs(const Model &model, ArrayRef<size_t> liveNodes,
           const OnnxImportOptions &options, OnnxImport &result);

/// Nodes of an inner graph that its outputs need.
std::vector<const Node *> findLiveNodes(const Graph &graph);

/// Positions of the nodes that the outputs need. Names that are made twice are
/// errors, and so are operators that are not supported, all at once.
llvm::Expected<std::vector<size_t>> findLiveNodes(const Model &model);

/// How the batch axis is treated. `Apart`: it is followed through the graph,
/// and what works along it is refused. `OfOne`: the file fixes the batch to one
/// example, whose axis of size one is an axis like any other.
enum class Batch { Apart, OfOne };

struct Operator;

class GraphImporter {
public:
  GraphImporter(const Model &model, ArrayRef<GraphInput> inputs,
                const llvm::StringSet<> &trainable, NetworkOp network,
                FloatType real, Batch batch, OnnxImport &result)
      : model(model), inputs(inputs), trainable(trainable), network(network),
        body(network.getBody().front()), batch(batch), result(result),
        graph(body, real, result.batchSize, result.store) {}

  /// Fills in the network; what does not fit is a diagnostic, about the node
  /// that currentNode() describes.
  LogicalResult run(ArrayRef<size_t> liveNodes);

  /// "node 'conv_7' (Conv): ", or empty.
  std::string currentNode() const { return current; }

private:
  LogicalResult importInputs();
  GraphValue importTensor(StringRef name, const Array &array, bool isParameter);
  void importInitializers();
  LogicalResult importNode(const Node &node);
  LogicalResult countNumbers(const GraphValue &value);
  LogicalResult collectInputs(const Node &node,
                              SmallVectorImpl<const GraphValue *> &inputs);
  FailureOr<SmallVector<GraphValue>> importBody(const Graph &body,
                                                ArrayRef<GraphValue> inputs);
  LogicalResult checkTensors(const Operator &entry,
                             ArrayRef<const GraphValue *> inputs);
  LogicalResult importOutputs();
  LogicalResult importOutput(StringRef name, GraphValue value,
                             SmallVectorImpl<Value> &cores);
  void findDeadEnds();
  void removeUnused();
  void finishSignature();

  const Model &model;
  ArrayRef<GraphInput> inputs;
  const llvm::StringSet<> &trainable;
  NetworkOp network;
  Block &body;
  Batch batch;
  OnnxImport &result;
  GraphBuilder graph;
  llvm::StringMap<GraphValue> values;
  std::string current;
  /// Graphs inside nodes that were imported, and their nodes.
  int64_t numBodies = 0, numBodyNodes = 0;
  /// Numbers of known values that nodes made.
  int64_t numNumbers = 0;
};

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_GRAPHIMPORTER_H
