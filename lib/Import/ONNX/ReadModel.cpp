// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the protobuf messages of onnx.proto to Model.

#include "ExportMetadata.h"
#include "ExternalData.h"
#include "OtherFiles.h"
#include "TensorProto.h"
#include "ntk-rt/InputFile.h"
#include "onnx/onnx.pb.h"
#include "llvm/ADT/StringSet.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Expected;
using llvm::StringRef;

StringRef Node::displayName() const {
  if (name.empty() && !outputs.empty())
    return outputs.front();
  return name;
}

std::string Node::qualifiedType() const {
  return domain.empty() ? type : domain + "::" + type;
}

/// "ai.onnx" is another name of the standard domain.
static std::string normalizeDomain(const std::string &domain) {
  return domain == "ai.onnx" ? "" : domain;
}

void onnximport::forEachRead(
    const Node &node, llvm::function_ref<void(const std::string &)> visit) {
  for (const std::string &input : node.inputs)
    visit(input);
  for (const auto &attribute : node.attributes) {
    const Graph *graph = attribute.second.graph.get();
    if (!graph)
      continue;
    for (const Node &inner : graph->nodes)
      forEachRead(inner, visit);
    for (const std::string &output : graph->outputs)
      visit(output);
  }
}

void onnximport::forEachNode(llvm::ArrayRef<Node> nodes,
                             llvm::function_ref<void(const Node &)> visit) {
  for (const Node &node : nodes) {
    for (const auto &attribute : node.attributes)
      if (attribute.second.graph)
        forEachNode(attribute.second.graph->nodes, visit);
    visit(node);
  }
}

namespace {
/// Reads nodes, and the graphs inside them.
class NodeReader {
public:
  NodeReader(TensorReader &tensors, llvm::StringMap<int64_t> opsets)
      : tensors(tensors), opsets(std::move(opsets)) {}

  Expected<NodeAttribute> readAttribute(const ::onnx::AttributeProto &proto);
  Expected<Node> readNode(const ::onnx::NodeProto &proto);
  Expected<std::vector<NamedTensor>>
  readInitializers(const ::onnx::GraphProto &proto);
  template <typename Nodes>
  Expected<std::vector<Node>> readNodes(const Nodes &protos);

private:
  Expected<Graph> readGraph(const ::onnx::GraphProto &proto);

  TensorReader &tensors;
  llvm::StringMap<int64_t> opsets;
};
} // namespace

Expected<std::vector<NamedTensor>>
NodeReader::readInitializers(const ::onnx::GraphProto &proto) {
  if (proto.sparse_initializer_size())
    return llvm::createStringError(
        "expected dense initializers, but got " +
        llvm::Twine(proto.sparse_initializer_size()) + " sparse ones");
  std::vector<NamedTensor> initializers;
  for (const auto &initializer : proto.initializer()) {
    Expected<NamedTensor> tensor = tensors.read(initializer);
    if (!tensor)
      return tensor.takeError();
    initializers.push_back(std::move(*tensor));
  }
  return initializers;
}

template <typename Nodes>
Expected<std::vector<Node>> NodeReader::readNodes(const Nodes &protos) {
  std::vector<Node> nodes;
  for (const auto &proto : protos) {
    if (proto.output_size() == 0) // of use to nobody
      continue;
    Expected<Node> node = readNode(proto);
    if (!node)
      return node.takeError();
    nodes.push_back(std::move(*node));
  }
  return nodes;
}

Expected<Graph> NodeReader::readGraph(const ::onnx::GraphProto &proto) {
  Expected<std::vector<NamedTensor>> initializers = readInitializers(proto);
  if (!initializers)
    return initializers.takeError();
  Expected<std::vector<Node>> nodes = readNodes(proto.node());
  if (!nodes)
    return nodes.takeError();
  Graph graph{std::move(*nodes), std::move(*initializers), {}, {}};
  for (const auto &input : proto.input())
    graph.inputs.push_back(input.name());
  for (const auto &output : proto.output())
    graph.outputs.push_back(output.name());
  return graph;
}

Expected<NodeAttribute>
NodeReader::readAttribute(const ::onnx::AttributeProto &proto) {
  using Proto = ::onnx::AttributeProto;
  NodeAttribute attribute;
  attribute.reference = proto.ref_attr_name();
  if (!attribute.reference.empty())
    return attribute;
  switch (proto.type()) {
  case Proto::FLOAT:
    attribute.kind = NodeAttribute::Kind::Float;
    attribute.floats = {proto.f()};
    break;
  case Proto::INT:
    attribute.kind = NodeAttribute::Kind::Int;
    attribute.ints = {proto.i()};
    break;
  case Proto::STRING:
    attribute.kind = NodeAttribute::Kind::String;
    attribute.strings = {proto.s()};
    break;
  case Proto::FLOATS:
    attribute.kind = NodeAttribute::Kind::Floats;
    attribute.floats.assign(proto.floats().begin(), proto.floats().end());
    break;
  case Proto::INTS:
    attribute.kind = NodeAttribute::Kind::Ints;
    attribute.ints.assign(proto.ints().begin(), proto.ints().end());
    break;
  case Proto::STRINGS:
    attribute.kind = NodeAttribute::Kind::Strings;
    attribute.strings.assign(proto.strings().begin(), proto.strings().end());
    break;
  case Proto::TENSOR: {
    // Tensors of other types matter only if an operator reads them.
    if (!elementKind(proto.t().data_type()))
      break;
    Expected<NamedTensor> tensor = tensors.read(proto.t());
    if (!tensor)
      return tensor.takeError();
    attribute.kind = NodeAttribute::Kind::Tensor;
    attribute.tensor = std::make_shared<const NamedTensor>(std::move(*tensor));
    break;
  }
  case Proto::GRAPH: {
    Expected<Graph> graph = readGraph(proto.g());
    if (!graph)
      return graph.takeError();
    attribute.kind = NodeAttribute::Kind::Graph;
    attribute.graph = std::make_shared<const Graph>(std::move(*graph));
    break;
  }
  default:
    break;
  }
  return attribute;
}

Expected<Node> NodeReader::readNode(const ::onnx::NodeProto &proto) {
  Node node;
  node.name = proto.name();
  node.domain = normalizeDomain(proto.domain());
  node.type = proto.op_type();
  node.opset = opsets.lookup(node.domain);
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  for (const auto &entry : proto.metadata_props()) {
    if (entry.key() == "pkg.onnxscript.rewriter.rule_name")
      node.rewriteRules = entry.value();
    else if (entry.key() == "pkg.torch.onnx.fx_node")
      node.fxNode = entry.value();
  }
  for (const auto &attribute : proto.attribute()) {
    Expected<NodeAttribute> read = readAttribute(attribute);
    if (!read) {
      return llvm::createStringError("node '" + node.displayName() + "' (" +
                                     node.qualifiedType() + "): attribute '" +
                                     attribute.name() +
                                     "': " + llvm::toString(read.takeError()));
    }
    if (!node.attributes.try_emplace(attribute.name(), std::move(*read))
             .second) {
      return llvm::createStringError("node '" + node.displayName() + "' (" +
                                     node.qualifiedType() +
                                     "): expected attributes of distinct "
                                     "names, but got two of '" +
                                     attribute.name() + "'");
    }
  }
  return node;
}

static ValueInfo readValueInfo(const ::onnx::ValueInfoProto &proto) {
  ValueInfo info;
  info.name = proto.name();
  if (!proto.type().has_tensor_type())
    return info;
  const auto &type = proto.type().tensor_type();
  info.kind = elementKind(type.elem_type());
  info.hasShape = type.has_shape();
  for (const auto &dim : type.shape().dim()) {
    Dimension dimension;
    dimension.symbol = dim.dim_param();
    if (dim.has_dim_value())
      dimension.size = dim.dim_value();
    info.shape.push_back(std::move(dimension));
  }
  return info;
}

static void readMetadata(const ::onnx::GraphProto &graph,
                         ExportMetadata &metadata) {
  for (const auto &node : graph.node()) {
    NodeOrigin origin;
    for (const auto &entry : node.metadata_props()) {
      if (entry.key() == "pkg.torch.onnx.name_scopes")
        origin.scopes = entry.value();
      else if (entry.key() == "pkg.torch.onnx.stack_trace")
        origin.stackTrace = entry.value();
    }
    if (node.metadata_props_size() && node.output_size())
      metadata.nodes[node.output(0)] = std::move(origin);
  }
  for (const auto &value : graph.value_info()) {
    ValueOrigin origin;
    origin.type = readValueInfo(value);
    for (const auto &entry : value.metadata_props()) {
      StringRef key = entry.key();
      if (key == "pkg.onnxscript.optimizer.folded_from")
        origin.foldedFrom = entry.value();
      else if (key.ends_with("graph_signature.InputSpec.kind"))
        origin.kind = entry.value();
    }
    metadata.values[value.name()] = std::move(origin);
  }
}

static llvm::Error readGraph(const ::onnx::GraphProto &graph,
                             TensorReader &tensors, Model &model) {
  NodeReader reader(tensors, model.opsets);
  Expected<std::vector<NamedTensor>> initializers =
      reader.readInitializers(graph);
  if (!initializers)
    return initializers.takeError();
  model.initializers = std::move(*initializers);
  llvm::StringSet<> initialized;
  for (const NamedTensor &tensor : model.initializers)
    initialized.insert(tensor.name);
  Expected<std::vector<Node>> nodes = reader.readNodes(graph.node());
  if (!nodes)
    return nodes.takeError();
  model.nodes = std::move(*nodes);
  for (const auto &proto : graph.input())
    if (!initialized.contains(proto.name()))
      model.inputs.push_back(readValueInfo(proto));
  for (const auto &proto : graph.output())
    model.outputs.push_back(readValueInfo(proto));
  for (const auto &entry : graph.metadata_props())
    if (entry.key() == "pkg.torch.export.ExportedProgram.graph_signature")
      model.signature = entry.value();
  return llvm::Error::success();
}

/// A function names the operator sets of its nodes itself.
static Expected<Function> readFunction(const ::onnx::FunctionProto &proto,
                                       const Model &model,
                                       TensorReader &tensors) {
  llvm::StringMap<int64_t> opsets = model.opsets;
  for (const auto &opset : proto.opset_import())
    opsets[normalizeDomain(opset.domain())] = opset.version();
  NodeReader reader(tensors, std::move(opsets));
  Function function;
  function.domain = normalizeDomain(proto.domain());
  function.name = proto.name();
  function.inputs.assign(proto.input().begin(), proto.input().end());
  function.outputs.assign(proto.output().begin(), proto.output().end());
  for (const auto &attribute : proto.attribute_proto()) {
    Expected<NodeAttribute> read = reader.readAttribute(attribute);
    if (!read)
      return read.takeError();
    function.defaults[attribute.name()] = std::move(*read);
  }
  Expected<std::vector<Node>> nodes = reader.readNodes(proto.node());
  if (!nodes)
    return nodes.takeError();
  function.nodes = std::move(*nodes);
  return function;
}

namespace {
/// An open file as protobuf reads it.
class FileStream : public google::protobuf::io::CopyingInputStream {
public:
  explicit FileStream(const InputFile &file) : file(file) {}

  int Read(void *buffer, int size) override {
    int64_t count = std::min<int64_t>(size, file.size() - offset);
    if (!file.read(offset, buffer, count, error))
      return -1;
    offset += count;
    return static_cast<int>(count);
  }

  const InputFile &file;
  int64_t offset = 0;
  std::string error;
};
} // namespace

/// Parses the message; protobuf cannot read more than 2 GiB.
static llvm::Error parse(const InputFile &file, ::onnx::ModelProto &proto) {
  if (file.size() > INT32_MAX)
    return llvm::createStringError(
        "expected a file of less than 2 GiB, but it has " +
        llvm::Twine(file.size()) + " bytes; export with external data");
  FileStream stream(file);
  char start[32] = {};
  stream.Read(start, sizeof start);
  stream.offset = 0;
  if (StringRef other = recogniseOtherFile({start, sizeof start}); !other.empty())
    return llvm::createStringError("expected an ONNX model, but this is " +
                                   other);
  google::protobuf::io::CopyingInputStreamAdaptor adaptor(&stream);
  google::protobuf::io::CodedInputStream coded(&adaptor);
  coded.SetTotalBytesLimit(INT32_MAX);
  bool isParsed = proto.ParseFromCodedStream(&coded) &&
                  coded.ConsumedEntireMessage() && proto.has_graph();
  StringRef error = stream.error;
  if (error.consume_front(file.name()))
    error.consume_front(": ");
  if (!error.empty())
    return llvm::createStringError(error);
  if (!isParsed)
    return llvm::createStringError(
        "expected an ONNX model, but the file is truncated or corrupt");
  return llvm::Error::success();
}

Expected<Model> onnximport::readModel(const InputFile &file,
                                      int64_t memoryLimit,
                                      ExportMetadata &metadata,
                                      std::vector<std::string> &dataFiles) {
  ::onnx::ModelProto proto;
  if (llvm::Error error = parse(file, proto))
    return std::move(error);
  Model model;
  model.producer = proto.producer_name();
  for (const auto &opset : proto.opset_import())
    model.opsets[normalizeDomain(opset.domain())] = opset.version();
  ExternalData data(file, memoryLimit);
  TensorReader tensors(data);
  if (llvm::Error error = readGraph(proto.graph(), tensors, model))
    return std::move(error);
  readMetadata(proto.graph(), metadata);
  for (const auto &function : proto.functions()) {
    Expected<Function> read = readFunction(function, model, tensors);
    if (!read)
      return llvm::createStringError("function '" + function.name() +
                                     "': " + llvm::toString(read.takeError()));
    model.functions.push_back(std::move(*read));
  }
  dataFiles = data.listFiles();
  return model;
}
