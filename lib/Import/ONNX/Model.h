// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An ONNX model in plain structures: what the importer needs of the protobuf
// messages, checked once while reading. Tensors hold their values, whether they
// lay in the file or beside it.

#ifndef NTK_LIB_IMPORT_ONNX_MODEL_H
#define NTK_LIB_IMPORT_ONNX_MODEL_H

#include "ntk/Data/Arrays.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlir::ntk::onnximport {

struct NamedTensor {
  std::string name;
  Array values;
  /// The value of a Constant node, which is no parameter as a rule.
  bool isConstant = false;
  /// The type in the file, if the values come from elsewhere.
  std::optional<ElementKind> declared = std::nullopt;
};

struct Graph;

struct NodeAttribute {
  enum class Kind {
    Float,
    Int,
    String,
    Tensor,
    Graph,
    Floats,
    Ints,
    Strings,
    Other
  };
  Kind kind = Kind::Other;
  /// Floats are float32 in the file and stay the number they are there.
  std::vector<double> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::shared_ptr<const NamedTensor> tensor;
  std::shared_ptr<const Graph> graph;
  /// In a function: the attribute of the call that this one stands for.
  std::string reference;
};

struct Node {
  std::string name, domain, type;
  std::vector<std::string> inputs, outputs;
  llvm::StringMap<NodeAttribute> attributes;
  /// Version of the operator set of its domain.
  int64_t opset = 0;
  /// Rules by which the exporter's optimizer made this node, or empty.
  std::string rewriteRules;
  /// What torch's exporter made it of, as "%relu : … = call_function[target=
  /// torch.ops.aten.relu.default](args = (%x,), kwargs = {})", or empty.
  std::string fxNode;

  /// Name for messages: the node's own, else that of its first output.
  llvm::StringRef displayName() const;
  /// "Conv", or "domain::Conv" outside the standard domain.
  std::string qualifiedType() const;
};

/// An axis of an input or output: a size, a symbol, or neither.
struct Dimension {
  std::optional<int64_t> size;
  std::string symbol;
};

struct ValueInfo {
  std::string name;
  /// None if the element type is not one of ElementKind's.
  std::optional<ElementKind> kind;
  std::vector<Dimension> shape;
  bool hasShape = false;
};

/// A graph inside a node: the body of a loop, the branch of a choice. It reads
/// its own values and those around it.
struct Graph {
  std::vector<Node> nodes;
  std::vector<NamedTensor> initializers;
  std::vector<std::string> inputs, outputs;
};

/// A local function of a model.
struct Function {
  std::string domain, name;
  std::vector<std::string> inputs, outputs;
  /// Values of attributes that a call leaves out.
  llvm::StringMap<NodeAttribute> defaults;
  std::vector<Node> nodes;
};

struct Model {
  std::string producer;
  /// Versions of the operator sets by domain; "" is the standard one.
  llvm::StringMap<int64_t> opsets;
  std::vector<Node> nodes;
  std::vector<Function> functions;
  std::vector<NamedTensor> initializers;
  /// Without the initializers that old files list here too.
  std::vector<ValueInfo> inputs, outputs;
  /// The signature that torch's exporter writes, or empty.
  std::string signature;
};

/// The element kind of a TensorProto.DataType; none for strings, complex and
/// sub-byte types.
std::optional<ElementKind> elementKind(int32_t dataType);

/// Calls `visit` with the name of each value that the node reads, also by the
/// graphs inside it, whose own values are among them.
void forEachRead(const Node &node,
                 llvm::function_ref<void(const std::string &)> visit);

/// Calls `visit` with each node, those of graphs inside a node before it.
void forEachNode(llvm::ArrayRef<Node> nodes,
                 llvm::function_ref<void(const Node &)> visit);

/// Replaces calls of the model's functions by their nodes, and gives all values
/// of inner graphs names of their own. Initializers and tensor constants of
/// inner graphs become the model's. Errors name the function.
llvm::Error inlineFunctions(Model &model);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_MODEL_H
