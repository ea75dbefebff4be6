// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// nn.Embedding(padding_idx=…) reads the row of the padding like any other, and
// has no gradient with respect to it. ONNX has a Gather; the call beside it has
// the index. Where an id is that of the padding, the row is read from a table
// whose gradient is stopped:
//
//   y = Gather(w, ids)   →   y = Where(ids = padding, Gather(stop(w), ids),
//                                      Gather(w, ids))
//
// Files of the older exporter have no calls. A row of zeros is all that is to
// be seen, and no proof.

#include "Undo/Findings.h"
#include "Undo/Tensors.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

/// The argument that is the index of the padding.
static std::optional<int64_t> getPadding(const FxCall &call) {
  int64_t padding;
  bool isEmbedding = call.op == "embedding" && call.args.size() > 2;
  if (!isEmbedding || StringRef(call.args[2]).getAsInteger(10, padding) ||
      padding < 0)
    return std::nullopt;
  return padding;
}

std::string onnximport::stopGradient(ExportedModel &model, size_t before,
                                     const std::string &value, StringRef wish) {
  std::string name = model.makeName((wish + "." + llvm::Twine(before)).str());
  Node stop = model.makeNode("Identity", {value}, {name});
  stop.name = name;
  stop.fxNode = ("%" + wish +
                 " : call_function[target=torch.ops.aten.detach.default](args "
                 "= (%" +
                 value + ",), kwargs = {})")
                    .str();
  model.insertBefore(before, std::move(stop));
  return name;
}

static Expected<std::string> addIndex(ExportedModel &model, StringRef wish,
                                      int64_t value,
                                      llvm::ArrayRef<int64_t> shape) {
  std::string name = model.makeName(wish);
  Expected<Array> array = makeIndices(value, shape);
  if (!array)
    return array.takeError();
  model.addTensor(name, std::move(*array));
  return name;
}

static Error stopPadding(ExportedModel &model, size_t index, int64_t padding) {
  const Node gather = model.node(index);
  const std::string &table = gather.inputs[0], &ids = gather.inputs[1];
  std::string result = gather.outputs[0];
  std::string stem = model.makeName(result + ".padding");
  Expected<std::string> pad = addIndex(model, stem + ".id", padding, {});
  if (!pad)
    return pad.takeError();
  Expected<std::string> last = addIndex(model, stem + ".axis", -1, {1});
  if (!last)
    return last.takeError();
  std::string stopped = stopGradient(model, index, table, stem + ".table");
  Node rows = gather;
  rows.name = stem + ".gather";
  rows.fxNode.clear();
  rows.inputs[0] = stopped;
  rows.outputs[0] = stem + ".rows";
  model.setOutput(index, 0, stem + ".other");
  std::string wide = stem + ".ids";
  Node cast = model.makeNode("Cast", {ids}, {wide});
  NodeAttribute type;
  type.kind = NodeAttribute::Kind::Int;
  type.ints = {7}; // INT64
  cast.attributes["to"] = std::move(type);
  for (Node node :
       {rows, cast, model.makeNode("Equal", {wide, *pad}, {stem + ".is"}),
        model.makeNode("Unsqueeze", {stem + ".is", *last}, {stem + ".mask"}),
        model.makeNode("Where",
                       {stem + ".mask", stem + ".rows", stem + ".other"},
                       {result})})
    model.insertBehind(index, std::move(node));
  return Error::success();
}

Error onnximport::obeyPadding(ExportedModel &model) {
  for (const CallNodes &nodes : model.getCalls()) {
    std::optional<int64_t> padding = getPadding(nodes.call);
    if (!padding)
      continue;
    for (size_t index : nodes.nodes)
      if (model.node(index).type == "Gather" &&
          model.isFloatTensor(model.valueAt({index, 0})))
        if (Error error = stopPadding(model, index, *padding))
          return error;
  }
  return Error::success();
}

/// The one row of a table that is zeros.
static Expected<std::optional<int64_t>> findZeroRow(const Array &table) {
  std::optional<int64_t> zero;
  if (table.shape.size() != 2 || table.shape[0] < 3 || table.shape[1] < 1)
    return zero;
  Expected<Array> wide = convertFloat(table, ElementKind::Float64);
  if (!wide)
    return wide.takeError();
  auto elements = wide->as<double>();
  llvm::ArrayRef<double> rest(elements.begin(), elements.end());
  for (int64_t row = 0; row < table.shape[0]; ++row) {
    bool isZero = llvm::all_of(rest.take_front(table.shape[1]),
                               [](double value) { return value == 0; });
    rest = rest.drop_front(table.shape[1]);
    if (isZero && zero)
      return std::optional<int64_t>();
    if (isZero)
      zero = row;
  }
  return zero;
}

Error onnximport::doubtPadding(const ExportedModel &model, Findings &findings) {
  llvm::StringSet<> tables;
  for (size_t i = 0; i < model.numNodes(); ++i) {
    const Node &node = model.node(i);
    bool isLookup = node.type == "Gather" && node.domain.empty() &&
                    node.inputs.size() == 2 &&
                    model.isFloatTensor(node.inputs[0]);
    if (!isLookup || !tables.insert(node.inputs[0]).second)
      continue;
    Expected<std::optional<int64_t>> row =
        findZeroRow(*model.find(node.inputs[0]));
    if (!row)
      return row.takeError();
    if (*row)
      findings.doubts.push_back(
          "row " + std::to_string(**row) + " of '" + node.inputs[0] +
          "' is zeros: if it stands for padding (padding_idx), the model has "
          "no gradient there, which the file does not tell; export with the "
          "default exporter");
  }
  return Error::success();
}
