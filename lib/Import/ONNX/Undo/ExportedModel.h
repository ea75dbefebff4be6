// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model as torch's exporter left it, beside what its metadata say of the
// model before: the signature with all parameters, the call that each node
// comes from, and what went into each folded tensor. The rules of this folder
// look things up here and write their changes through it, so that lookups stay
// right from one rule to the next.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_EXPORTEDMODEL_H
#define NTK_LIB_IMPORT_ONNX_UNDO_EXPORTEDMODEL_H

#include "ExportMetadata.h"
#include "FxCall.h"
#include "llvm/ADT/StringSet.h"
#include <map>

namespace mlir::ntk::onnximport {

/// An input of a node of the model.
struct Slot {
  size_t node;
  unsigned input;
};

/// A call of torch's graph and the nodes that stand for it, in order.
struct CallNodes {
  FxCall call;
  std::vector<size_t> nodes;
};

struct ValueType {
  ElementKind kind;
  llvm::SmallVector<int64_t> shape;
};

/// A tensor that the exporter computed from others.
struct Folded {
  /// Its name in the file, which may say by which operator: `mul_1`, `val_7`.
  std::string name;
  /// Names of all values that went in, parameters by their own.
  std::vector<std::string> from;
};

class ExportedModel {
public:
  ExportedModel(Model &model, const ExportMetadata &metadata);

  //===--- The signature --------------------------------------------------===//

  /// The parameter that a value of torch's graph (`p_fc_weight`) is, or empty.
  llvm::StringRef parameterOf(llvm::StringRef value) const;
  /// The value of torch's graph that a parameter or buffer is.
  std::string valueOf(llvm::StringRef name) const;
  /// The buffer or constant that it is, or empty.
  llvm::StringRef bufferOf(llvm::StringRef value) const;
  bool isParameter(llvm::StringRef name) const {
    return parameters.contains(name);
  }
  bool isBuffer(llvm::StringRef name) const { return buffers.contains(name); }
  /// Parameters in the order of the signature.
  llvm::ArrayRef<std::string> getParameters() const { return order; }
  /// Values of torch's graph that the model returns.
  llvm::ArrayRef<std::string> getOutputs() const { return outputs; }
  /// Does the signature list a constant that no call names?
  bool hasIdleConstant() const;
  /// Does the file say of any parameter that it is one?
  bool marksParameters() const { return marks; }

  //===--- Nodes ----------------------------------------------------------===//

  llvm::ArrayRef<CallNodes> getCalls() const { return calls; }
  /// Nodes that come from no call that could be read.
  llvm::ArrayRef<size_t> getUnmarked() const { return unmarked; }
  size_t numNodes() const { return model.nodes.size(); }
  const Node &node(size_t index) const { return model.nodes[index]; }
  /// The call whose nodes make the value, or null.
  const CallNodes *makerOf(llvm::StringRef value) const;
  bool isMade(llvm::StringRef value) const { return makers.count(value); }
  /// Is it a folded tensor, by the name that it has in the file?
  bool isOrigin(llvm::StringRef name) const;
  bool isInput(llvm::StringRef value) const {
    return inputValues.contains(value);
  }
  bool isCall(llvm::StringRef name) const { return callNames.contains(name); }
  /// Is the name that of a value of the file or of torch's graph, wherever?
  bool isKnown(llvm::StringRef name) const;
  /// Paths of the modules around a node, from the outermost.
  std::vector<std::string> scopesOf(size_t node) const;
  llvm::StringRef stackTraceOf(size_t node) const;
  /// Inputs that read the value, of nodes outside inner graphs.
  llvm::ArrayRef<Slot> readers(llvm::StringRef value) const;
  /// Also by inner graphs.
  bool isRead(llvm::StringRef value) const;
  llvm::StringRef valueAt(Slot slot) const {
    return model.nodes[slot.node].inputs[slot.input];
  }
  /// Inputs of the call's nodes that read tensors of floats, in order.
  std::vector<Slot> tensorSlots(const CallNodes &call) const;

  //===--- Tensors --------------------------------------------------------===//

  /// The tensor of this name, or null. Valid until the next one is added.
  const Array *find(llvm::StringRef name) const;
  bool isFloatTensor(llvm::StringRef name) const;
  /// Is it a parameter under its own name, with the values of the model?
  bool isUnchanged(llvm::StringRef name) const;
  std::vector<std::string> tensorNames() const;
  /// The type of a tensor, or of a value whose sizes the file tells.
  std::optional<ValueType> typeOf(llvm::StringRef name) const;
  /// What the tensor was folded from, or null.
  const Folded *foldedOf(llvm::StringRef name) const;
  /// The parameters among what it was folded from.
  std::vector<std::string> partsOf(llvm::StringRef name) const;
  /// All folded tensors, by name.
  std::vector<std::string> foldedNames() const;

  //===--- Changes --------------------------------------------------------===//

  /// A tensor of a new name.
  void addTensor(llvm::StringRef name, Array values);
  void setTensor(llvm::StringRef name, Array values);
  void setFolded(llvm::StringRef name, Folded folded);
  void setInput(Slot slot, llvm::StringRef value);
  void dropInputs(size_t node, unsigned from);
  void setOutput(size_t node, unsigned output, llvm::StringRef value);
  /// The tensor is no more one, but what the nodes make.
  void computeTensor(llvm::StringRef name, std::vector<Node> nodes);
  void insertBefore(size_t node, Node added);
  void insertBehind(size_t node, Node added);
  /// Puts the inserted nodes into the model and drops tensors that no node
  /// reads any more. Nothing else may follow.
  void finish();

  /// A node of the standard domain.
  Node makeNode(llvm::StringRef type, std::vector<std::string> inputs,
                std::vector<std::string> outputs) const;
  /// A name that nothing has, like `wish`.
  std::string makeName(llvm::StringRef wish) const;

  /// Parameters that calls name.
  llvm::StringSet<> named;
  /// Parameters that stand somewhere, in their own or another form.
  llvm::StringSet<> placed;

private:
  void readSignature();
  void readOrigins();
  void readNodes();
  void countReaders(size_t node);

  Model &model;
  const ExportMetadata &metadata;
  llvm::StringMap<std::string> parameterValues, bufferValues;
  llvm::StringSet<> inputValues, constantValues, parameters, buffers;
  std::vector<std::string> order, outputs;
  bool marks = false;
  std::vector<CallNodes> calls;
  llvm::StringSet<> callNames, references;
  std::vector<size_t> unmarked;
  /// By value: the number of the call that makes it, or -1.
  llvm::StringMap<int> makers;
  llvm::StringMap<std::vector<Slot>> readerSlots;
  llvm::StringSet<> innerReads;
  llvm::StringMap<size_t> positions;
  llvm::StringSet<> computed;
  std::map<std::string, Folded> folds;
  std::vector<Node> front;
  std::vector<std::pair<size_t, Node>> before, behind;
};

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_EXPORTEDMODEL_H
