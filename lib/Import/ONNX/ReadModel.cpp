// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the protobuf messages of onnx.proto to Model.

#include "Model.h"
#include "TensorProto.h"
#include "onnx/onnx.pb.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
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

static Expected<NodeAttribute>
readAttribute(const ::onnx::AttributeProto &proto, TensorReader &tensors) {
  using Proto = ::onnx::AttributeProto;
  NodeAttribute attribute;
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
  default:
    break;
  }
  return attribute;
}

static Expected<Node> readNode(const ::onnx::NodeProto &proto,
                               TensorReader &tensors) {
  Node node;
  node.name = proto.name();
  node.domain = normalizeDomain(proto.domain());
  node.type = proto.op_type();
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  for (const auto &entry : proto.metadata_props())
    if (entry.key() == "pkg.onnxscript.rewriter.rule_name")
      node.rewriteRules = entry.value();
  for (const auto &attribute : proto.attribute()) {
    Expected<NodeAttribute> read = readAttribute(attribute, tensors);
    if (!read)
      return llvm::createStringError("node '" + node.displayName() + "' (" +
                                     node.qualifiedType() + "): attribute '" +
                                     attribute.name() +
                                     "': " + llvm::toString(read.takeError()));
    node.attributes[attribute.name()] = std::move(*read);
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

static llvm::Error readGraph(const ::onnx::GraphProto &graph,
                             TensorReader &tensors, Model &model) {
  if (graph.sparse_initializer_size())
    return llvm::createStringError(
        "expected dense initializers, but got " +
        llvm::Twine(graph.sparse_initializer_size()) + " sparse ones");
  llvm::StringSet<> initialized;
  for (const auto &proto : graph.initializer()) {
    Expected<NamedTensor> tensor = tensors.read(proto);
    if (!tensor)
      return tensor.takeError();
    initialized.insert(proto.name());
    model.initializers.push_back(std::move(*tensor));
  }
  for (const auto &proto : graph.node()) {
    Expected<Node> node = readNode(proto, tensors);
    if (!node)
      return node.takeError();
    model.nodes.push_back(std::move(*node));
  }
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

/// Parses the message; protobuf cannot read more than 2 GiB.
static llvm::Error parse(StringRef path, ::onnx::ModelProto &proto) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return llvm::createStringError(file.getError().message());
  uint64_t size = (*file)->getBufferSize();
  if (size > INT32_MAX)
    return llvm::createStringError(
        "expected a file of less than 2 GiB, but it has " + llvm::Twine(size) +
        " bytes; export with external data");
  google::protobuf::io::ArrayInputStream stream((*file)->getBufferStart(),
                                                static_cast<int>(size));
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(INT32_MAX);
  if (!proto.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage() ||
      !proto.has_graph())
    return llvm::createStringError(
        "expected an ONNX model, but the file is truncated or corrupt");
  return llvm::Error::success();
}

Expected<Model> onnximport::readModel(StringRef path) {
  ::onnx::ModelProto proto;
  if (llvm::Error error = parse(path, proto))
    return std::move(error);
  Model model;
  model.producer = proto.producer_name();
  for (const auto &opset : proto.opset_import())
    model.opsets[normalizeDomain(opset.domain())] = opset.version();
  TensorReader tensors(llvm::sys::path::parent_path(path));
  if (llvm::Error error = readGraph(proto.graph(), tensors, model))
    return std::move(error);
  return model;
}
