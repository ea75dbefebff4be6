// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the metadata of torch's exporter and keeps the indices up to date.

#include "Undo/ExportedModel.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

/// The texts between single quotes.
static std::vector<std::string> readQuoted(StringRef text) {
  std::vector<std::string> names;
  llvm::SmallVector<StringRef> pieces;
  text.split(pieces, '\'');
  for (size_t i = 1; i + 1 < pieces.size(); i += 2)
    names.push_back(pieces[i].str());
  return names;
}

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

/// A line is `p_fc_weight: PARAMETER target='fc.weight'`; behind `# outputs`
/// it is `linear: USER_OUTPUT`.
void ExportedModel::readSignature() {
  llvm::SmallVector<StringRef> lines;
  StringRef(model.signature).split(lines, '\n');
  for (StringRef line : lines) {
    auto [value, rest] = line.split(": ");
    if (line.starts_with("#") || rest.empty())
      continue;
    auto [kind, tail] = rest.split(" target='");
    kind = kind.take_until([](char c) { return c == ' '; });
    StringRef target = tail.take_until([](char c) { return c == '\''; });
    if (kind == "USER_OUTPUT")
      outputs.push_back(value.str());
    if (kind == "PARAMETER") {
      parameterValues[value] = target.str();
      if (parameters.insert(target).second)
        order.push_back(target.str());
    } else if (kind == "BUFFER" || kind == "CONSTANT_TENSOR") {
      bufferValues[value] = target.str();
      buffers.insert(target);
      if (kind == "CONSTANT_TENSOR")
        constantValues.insert(value);
    } else if (kind != "USER_OUTPUT") {
      inputValues.insert(value);
    }
  }
}

void ExportedModel::readOrigins() {
  for (auto [i, tensor] : llvm::enumerate(model.initializers)) {
    positions[tensor.name] = i;
    auto found = metadata.values.find(tensor.name);
    if (found == metadata.values.end())
      continue;
    const ValueOrigin &origin = found->second;
    marks |= origin.kind == "PARAMETER";
    if (!origin.foldedFrom.empty() && isFloat(tensor.values.kind))
      folds[tensor.name] = {tensor.name, readQuoted(origin.foldedFrom)};
  }
}

void ExportedModel::countReaders(size_t index) {
  const Node &node = model.nodes[index];
  for (auto [i, input] : llvm::enumerate(node.inputs))
    if (!input.empty())
      readerSlots[input].push_back({index, unsigned(i)});
  for (const auto &attribute : node.attributes)
    if (const Graph *graph = attribute.second.graph.get())
      for (const Node &inner : graph->nodes)
        forEachRead(inner,
                    [&](const std::string &name) { innerReads.insert(name); });
}

void ExportedModel::readNodes() {
  llvm::StringMap<int> numbers;
  for (auto [i, node] : llvm::enumerate(model.nodes)) {
    countReaders(i);
    int number = -1;
    if (std::optional<FxCall> call = parseFxCall(node.fxNode)) {
      auto [found, isNew] = numbers.try_emplace(call->name, int(calls.size()));
      number = found->second;
      if (isNew) {
        callNames.insert(call->name);
        for (const std::string &value : call->references) {
          references.insert(value);
          if (StringRef name = parameterOf(value); !name.empty())
            named.insert(name);
        }
        calls.push_back({std::move(*call), {}});
      }
      calls[number].nodes.push_back(i);
    } else {
      unmarked.push_back(i);
    }
    for (const std::string &output : node.outputs)
      makers[output] = number;
  }
}

ExportedModel::ExportedModel(Model &model, const ExportMetadata &metadata)
    : model(model), metadata(metadata) {
  readSignature();
  readOrigins();
  readNodes();
}

//===----------------------------------------------------------------------===//
// Lookups
//===----------------------------------------------------------------------===//

static StringRef lookUp(const llvm::StringMap<std::string> &map,
                        StringRef key) {
  auto found = map.find(key);
  return found == map.end() ? StringRef() : StringRef(found->second);
}

StringRef ExportedModel::parameterOf(StringRef value) const {
  return lookUp(parameterValues, value);
}

std::string ExportedModel::valueOf(StringRef name) const {
  for (const llvm::StringMap<std::string> *names :
       {&parameterValues, &bufferValues})
    for (const auto &entry : *names)
      if (entry.second == name)
        return entry.first().str();
  return "";
}

StringRef ExportedModel::bufferOf(StringRef value) const {
  return lookUp(bufferValues, value);
}

bool ExportedModel::hasIdleConstant() const {
  return llvm::any_of(constantValues, [&](const auto &entry) {
    return !references.contains(entry.getKey());
  });
}

const CallNodes *ExportedModel::makerOf(StringRef value) const {
  auto found = makers.find(value);
  return found == makers.end() || found->second < 0 ? nullptr
                                                    : &calls[found->second];
}

bool ExportedModel::isKnown(StringRef name) const {
  return parameterValues.count(name) || bufferValues.count(name) ||
         inputValues.contains(name) || makers.count(name) ||
         callNames.contains(name) || positions.count(name) ||
         computed.contains(name);
}

/// What is known of a node, by its first output.
static NodeOrigin findOrigin(const ExportMetadata &metadata, const Node &node) {
  return node.outputs.empty() ? NodeOrigin()
                              : metadata.nodes.lookup(node.outputs.front());
}

StringRef ExportedModel::stackTraceOf(size_t index) const {
  const Node &node = model.nodes[index];
  auto found = node.outputs.empty() ? metadata.nodes.end()
                                    : metadata.nodes.find(node.outputs.front());
  return found == metadata.nodes.end() ? StringRef()
                                       : StringRef(found->second.stackTrace);
}

std::vector<std::string> ExportedModel::scopesOf(size_t index) const {
  std::vector<std::string> scopes =
      readQuoted(findOrigin(metadata, model.nodes[index]).scopes);
  llvm::erase_if(scopes, [](const std::string &s) { return s.empty(); });
  return scopes;
}

llvm::ArrayRef<Slot> ExportedModel::readers(StringRef value) const {
  auto found = readerSlots.find(value);
  return found == readerSlots.end() ? llvm::ArrayRef<Slot>()
                                    : llvm::ArrayRef<Slot>(found->second);
}

bool ExportedModel::isRead(StringRef value) const {
  return !readers(value).empty() || innerReads.contains(value);
}

std::vector<Slot> ExportedModel::tensorSlots(const CallNodes &call) const {
  std::vector<Slot> slots;
  for (size_t index : call.nodes)
    for (auto [i, input] : llvm::enumerate(model.nodes[index].inputs))
      if (isFloatTensor(input))
        slots.push_back({index, unsigned(i)});
  return slots;
}

const Array *ExportedModel::find(StringRef name) const {
  auto found = positions.find(name);
  return found == positions.end() ? nullptr
                                  : &model.initializers[found->second].values;
}

bool ExportedModel::isFloatTensor(StringRef name) const {
  const Array *values = find(name);
  return values && isFloat(values->kind);
}

bool ExportedModel::isOrigin(StringRef name) const {
  return llvm::any_of(
      folds, [&](const auto &entry) { return entry.second.name == name; });
}

bool ExportedModel::isUnchanged(StringRef name) const {
  auto origin = metadata.values.find(name);
  return isParameter(name) && find(name) && origin != metadata.values.end() &&
         origin->second.kind == "PARAMETER";
}

std::vector<std::string> ExportedModel::tensorNames() const {
  std::vector<std::string> names;
  for (const auto &entry : positions)
    names.push_back(entry.first().str());
  return names;
}

std::optional<ValueType> ExportedModel::typeOf(StringRef name) const {
  if (const Array *values = find(name))
    return ValueType{values->kind, llvm::SmallVector<int64_t>(values->shape)};
  auto found = metadata.values.find(name);
  if (found == metadata.values.end())
    return std::nullopt;
  const ValueInfo &info = found->second.type;
  if (!info.kind || !info.hasShape)
    return std::nullopt;
  ValueType type{*info.kind, {}};
  for (const Dimension &dimension : info.shape) {
    if (!dimension.size)
      return std::nullopt;
    type.shape.push_back(*dimension.size);
  }
  return type;
}

const Folded *ExportedModel::foldedOf(StringRef name) const {
  auto found = folds.find(name.str());
  return found == folds.end() ? nullptr : &found->second;
}

std::vector<std::string> ExportedModel::partsOf(StringRef name) const {
  std::vector<std::string> parts;
  if (const Folded *folded = foldedOf(name))
    llvm::copy_if(folded->from, std::back_inserter(parts),
                  [&](const std::string &value) { return isParameter(value); });
  return parts;
}

std::vector<std::string> ExportedModel::foldedNames() const {
  std::vector<std::string> names;
  for (const auto &entry : folds)
    names.push_back(entry.first);
  return names;
}

//===----------------------------------------------------------------------===//
// Changes
//===----------------------------------------------------------------------===//

void ExportedModel::addTensor(StringRef name, Array values) {
  positions[name] = model.initializers.size();
  model.initializers.push_back(
      {name.str(), std::move(values), /*isConstant=*/false, std::nullopt});
}

void ExportedModel::setTensor(StringRef name, Array values) {
  model.initializers[positions.lookup(name)].values = std::move(values);
}

void ExportedModel::setFolded(StringRef name, Folded folded) {
  folds[name.str()] = std::move(folded);
}

void ExportedModel::setInput(Slot slot, StringRef value) {
  Node &node = model.nodes[slot.node];
  if (slot.input < node.inputs.size())
    llvm::erase_if(readerSlots[node.inputs[slot.input]], [&](const Slot &s) {
      return s.node == slot.node && s.input == slot.input;
    });
  else
    node.inputs.resize(slot.input + 1);
  node.inputs[slot.input] = value.str();
  readerSlots[value].push_back(slot);
}

void ExportedModel::dropInputs(size_t index, unsigned from) {
  Node &node = model.nodes[index];
  while (node.inputs.size() > from) {
    unsigned last = node.inputs.size() - 1;
    setInput({index, last}, "");
    node.inputs.pop_back();
  }
  readerSlots.erase("");
}

void ExportedModel::setOutput(size_t index, unsigned output, StringRef value) {
  model.nodes[index].outputs[output] = value.str();
  makers[value] = -1;
}

void ExportedModel::computeTensor(StringRef name, std::vector<Node> nodes) {
  positions.erase(name);
  computed.insert(name);
  folds.erase(name.str());
  for (Node &node : nodes)
    front.push_back(std::move(node));
}

void ExportedModel::insertBefore(size_t node, Node added) {
  before.emplace_back(node, std::move(added));
}

void ExportedModel::insertBehind(size_t node, Node added) {
  behind.emplace_back(node, std::move(added));
}

void ExportedModel::finish() {
  auto byPlace = [](const auto &a, const auto &b) { return a.first < b.first; };
  llvm::stable_sort(before, byPlace);
  llvm::stable_sort(behind, byPlace);
  std::vector<Node> nodes = std::move(front);
  auto nextBefore = before.begin(), nextBehind = behind.begin();
  for (auto [i, node] : llvm::enumerate(model.nodes)) {
    for (; nextBefore != before.end() && nextBefore->first == i; ++nextBefore)
      nodes.push_back(std::move(nextBefore->second));
    nodes.push_back(std::move(node));
    for (; nextBehind != behind.end() && nextBehind->first == i; ++nextBehind)
      nodes.push_back(std::move(nextBehind->second));
  }
  model.nodes = std::move(nodes);
  llvm::StringSet<> read;
  for (const Node &node : model.nodes)
    forEachRead(node, [&](const std::string &name) { read.insert(name); });
  for (const ValueInfo &output : model.outputs)
    read.insert(output.name);
  llvm::erase_if(model.initializers, [&](const NamedTensor &tensor) {
    return computed.contains(tensor.name) || !read.contains(tensor.name);
  });
}

Node ExportedModel::makeNode(StringRef type, std::vector<std::string> inputs,
                             std::vector<std::string> outputs) const {
  Node node;
  node.type = type.str();
  node.inputs = std::move(inputs);
  node.outputs = std::move(outputs);
  node.opset = model.opsets.lookup("");
  return node;
}

std::string ExportedModel::makeName(StringRef wish) const {
  std::string name = wish.str();
  for (unsigned i = 1; isKnown(name); ++i)
    name = (wish + "." + llvm::Twine(i)).str();
  return name;
}
