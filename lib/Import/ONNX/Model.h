// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An ONNX model in plain structures: what the importer needs of the protobuf
// messages, checked once while reading. Tensors hold their values, whether they
// lay in the file or beside it.

#ifndef NTK_LIB_IMPORT_ONNX_MODEL_H
#define NTK_LIB_IMPORT_ONNX_MODEL_H

#include "ntk/Driver/Data.h"
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
};

struct NodeAttribute {
  enum class Kind { Float, Int, String, Tensor, Floats, Ints, Strings, Other };
  Kind kind = Kind::Other;
  /// Floats are float32 in the file and stay the number they are there.
  std::vector<double> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::shared_ptr<const NamedTensor> tensor;
};

struct Node {
  std::string name, domain, type;
  std::vector<std::string> inputs, outputs;
  llvm::StringMap<NodeAttribute> attributes;
  /// Rules by which the exporter's optimizer made this node, or empty.
  std::string rewriteRules;

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

struct Model {
  std::string producer;
  /// Versions of the operator sets by domain; "" is the standard one.
  llvm::StringMap<int64_t> opsets;
  std::vector<Node> nodes;
  std::vector<NamedTensor> initializers;
  /// Without the initializers that old files list here too.
  std::vector<ValueInfo> inputs, outputs;
  /// The signature that torch's exporter writes, or empty.
  std::string signature;
};

/// The element kind of a TensorProto.DataType; none for strings, complex and
/// sub-byte types.
std::optional<ElementKind> elementKind(int32_t dataType);

/// Reads the file, with external data from its folder. Errors do not name the
/// file.
llvm::Expected<Model> readModel(llvm::StringRef path);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_MODEL_H
