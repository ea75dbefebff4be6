// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// torch keeps the gates of a recurrent layer in another order than ONNX, and
// two biases that ONNX joins. The exporter writes the reordering into the
// graph, its optimizer computes it, and zero biases of two layers become one
// tensor. The order is known, so that each parameter can be cut out again, and
// the inputs of the operator be made of parameters.

#include "Undo/ByValue.h"
#include "Undo/Findings.h"
#include "Undo/OlderExporter.h"
#include "Undo/Tensors.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

bool onnximport::isRecurrentCall(StringRef op) {
  return op == "lstm" || op == "gru" || op == "rnn_tanh" || op == "rnn_relu";
}

/// Which of torch's gates stands at each place of ONNX's: i, f, g, o become
/// i, o, f, c, and r, z, n become z, r, h.
static std::vector<int64_t> getGates(StringRef type) {
  if (type == "LSTM")
    return {0, 3, 1, 2};
  if (type == "GRU")
    return {1, 0, 2};
  return {0};
}

namespace {

/// The layers of one call or module.
class RecurrentRestorer {
public:
  RecurrentRestorer(ExportedModel &model, Findings &findings)
      : model(model), findings(findings) {}

  /// False if the call does not have the form that is known.
  Expected<bool> run(const CallNodes &nodes);
  /// The nodes of a module of a file without calls, one for each layer.
  Expected<bool> run(StringRef path, ArrayRef<size_t> nodes);

private:
  bool readCall(const CallNodes &nodes);
  bool readModule(StringRef path, ArrayRef<size_t> nodes);
  std::vector<std::string> namesOf(size_t layer, unsigned input) const;
  Expected<bool> differs() const;
  Expected<bool> restore();
  bool checkInput(size_t node, unsigned input, size_t rank) const;
  Error restoreInput(size_t node, unsigned input,
                     const std::vector<std::string> &names);
  Expected<Array> cut(const Array &values, int64_t rows, int64_t number,
                      ArrayRef<int64_t> gates) const;
  std::string reorder(size_t node, const std::string &name,
                      ArrayRef<int64_t> gates, std::vector<Node> &made);

  ExportedModel &model;
  Findings &findings;
  std::vector<size_t> layers;
  std::vector<std::string> parameters;
  bool hasBiases = false;
  int64_t directions = 1;
};

} // namespace

/// The arguments are: input, state, weights, has_biases, num_layers, dropout,
/// train, bidirectional, batch_first.
bool RecurrentRestorer::readCall(const CallNodes &nodes) {
  const FxCall &call = nodes.call;
  int64_t numLayers;
  if (call.args.size() < 9 ||
      StringRef(call.args[4]).getAsInteger(10, numLayers))
    return false;
  hasBiases = call.args[3] == "True";
  directions = call.args[7] == "True" ? 2 : 1;
  StringRef list = StringRef(call.args[2]).trim("[]");
  llvm::SmallVector<StringRef> values;
  list.split(values, ", ");
  for (StringRef value : values) {
    value.consume_front("%");
    parameters.push_back(model.parameterOf(value).str());
    if (parameters.back().empty())
      return false;
  }
  for (size_t node : nodes.nodes) {
    StringRef type = model.node(node).type;
    if (type == "LSTM" || type == "GRU" || type == "RNN")
      layers.push_back(node);
  }
  size_t perLayer = directions * (hasBiases ? 4 : 2);
  return int64_t(layers.size()) == numLayers &&
         parameters.size() == numLayers * perLayer;
}

bool RecurrentRestorer::checkInput(size_t node, unsigned input,
                                   size_t rank) const {
  if (input >= model.node(node).inputs.size())
    return false;
  StringRef name = model.valueAt({node, input});
  const Array *values = model.find(name);
  int64_t parts = input == 3 ? 2 : 1;
  return values && isFloat(values->kind) && values->shape.size() == rank &&
         values->shape[0] == directions &&
         values->shape[1] % (parts * getGates(model.node(node).type).size()) ==
             0;
}

/// Block `number` of `rows` rows, with the gates in torch's order.
Expected<Array> RecurrentRestorer::cut(const Array &values, int64_t rows,
                                       int64_t number,
                                       ArrayRef<int64_t> gates) const {
  int64_t columns = values.shape.size() == 3 ? values.shape[2] : 1;
  int64_t size = rows / gates.size() * columns;
  std::vector<int64_t> positions(rows * columns);
  for (auto [place, gate] : llvm::enumerate(gates))
    for (int64_t i = 0; i < size; ++i)
      positions[gate * size + i] =
          number * rows * columns + int64_t(place) * size + i;
  llvm::SmallVector<int64_t> shape{rows};
  if (values.shape.size() == 3)
    shape.push_back(columns);
  return pick(values, positions, shape);
}

static NodeAttribute makeInt(int64_t value) {
  NodeAttribute attribute;
  attribute.kind = NodeAttribute::Kind::Int;
  attribute.ints = {value};
  return attribute;
}

/// The parameter with its gates in ONNX's order.
std::string RecurrentRestorer::reorder(size_t node, const std::string &name,
                                       ArrayRef<int64_t> gates,
                                       std::vector<Node> &made) {
  if (gates.size() == 1)
    return name;
  std::string prefix = name + "." + std::to_string(node) + ".";
  std::vector<std::string> blocks, ordered;
  for (size_t i = 0; i < gates.size(); ++i)
    blocks.push_back(prefix + std::to_string(i));
  for (int64_t gate : gates)
    ordered.push_back(blocks[gate]);
  Node split = model.makeNode("Split", {name}, blocks);
  split.attributes["axis"] = makeInt(0);
  if (split.opset >= 18)
    split.attributes["num_outputs"] = makeInt(gates.size());
  Node concat = model.makeNode("Concat", ordered, {prefix + "gates"});
  concat.attributes["axis"] = makeInt(0);
  made.push_back(std::move(split));
  made.push_back(std::move(concat));
  return prefix + "gates";
}

/// One input is the join of some parameters, one behind the other.
Error RecurrentRestorer::restoreInput(size_t node, unsigned input,
                                      const std::vector<std::string> &names) {
  std::vector<int64_t> gates = getGates(model.node(node).type);
  std::string old = model.valueAt({node, input}).str();
  const Array values = *model.find(old);
  int64_t rows = directions * values.shape[1] / int64_t(names.size());
  std::vector<Node> made;
  std::vector<std::string> pieces;
  for (auto [i, name] : llvm::enumerate(names)) {
    Expected<Array> piece = cut(values, rows, i, gates);
    if (!piece)
      return piece.takeError();
    if (!model.find(name))
      model.addTensor(name, std::move(*piece));
    model.placed.insert(name);
    pieces.push_back(reorder(node, name, gates, made));
  }
  std::string whole = model.node(node).outputs[0] + "." + std::to_string(node) +
                      "." + std::to_string(input);
  if (pieces.size() > 1) {
    Node concat = model.makeNode("Concat", pieces, {whole + ".joined"});
    concat.attributes["axis"] = makeInt(0);
    made.push_back(std::move(concat));
    pieces = {whole + ".joined"};
  }
  Expected<Node> shaped =
      makeReshape(model, pieces.front(), values.shape, whole);
  if (!shaped)
    return shaped.takeError();
  made.push_back(std::move(*shaped));
  for (Node &added : made)
    model.insertBefore(node, std::move(added));
  model.setInput({node, input}, whole);
  ++findings.restored;
  return Error::success();
}

/// What an input joins. The names of a layer are, for each direction, those of
/// the weight of the input, of the state, and of their biases.
std::vector<std::string> RecurrentRestorer::namesOf(size_t layer,
                                                    unsigned input) const {
  size_t perDirection = hasBiases ? 4 : 2;
  std::vector<std::string> names;
  for (int64_t d = 0; d < directions; ++d) {
    ArrayRef<std::string> own =
        ArrayRef(parameters)
            .slice((layer * directions + d) * perDirection, perDirection);
    if (input < 3)
      names.push_back(own[input - 1]);
    else
      names.insert(names.end(), own.begin() + 2, own.end());
  }
  return names;
}

Expected<bool> RecurrentRestorer::restore() {
  unsigned last = hasBiases ? 3 : 2;
  for (size_t node : layers)
    if (!checkInput(node, 1, 3) || !checkInput(node, 2, 3) ||
        (hasBiases && !checkInput(node, 3, 2)))
      return false;
  Expected<bool> areOther = differs();
  if (!areOther || *areOther)
    return areOther ? Expected<bool>(false) : areOther.takeError();
  for (auto [layer, node] : llvm::enumerate(layers))
    for (unsigned input = 1; input <= last; ++input)
      if (Error error = restoreInput(node, input, namesOf(layer, input)))
        return std::move(error);
  return true;
}

Expected<bool> RecurrentRestorer::run(const CallNodes &nodes) {
  return readCall(nodes) ? restore() : Expected<bool>(false);
}

/// The names that torch's modules give: of the input's weight in the second
/// layer and backwards `weight_ih_l1_reverse`.
bool RecurrentRestorer::readModule(StringRef path, ArrayRef<size_t> nodes) {
  layers = nodes;
  const Node &first = model.node(nodes.front());
  hasBiases = first.inputs.size() > 3 && !first.inputs[3].empty();
  const Array *weight =
      first.inputs.size() > 2 ? model.find(first.inputs[1]) : nullptr;
  if (!weight || weight->shape.size() != 3)
    return false;
  directions = weight->shape[0];
  std::string prefix = path.empty() ? "" : (path + ".").str();
  for (size_t layer = 0; layer < layers.size(); ++layer)
    for (int64_t d = 0; d < directions; ++d)
      for (StringRef kind : {"weight_ih", "weight_hh", "bias_ih", "bias_hh"})
        if (hasBiases || kind.starts_with("weight"))
          parameters.push_back(prefix + kind.str() + "_l" +
                               std::to_string(layer) +
                               (d == 1 ? "_reverse" : ""));
  bool areGiven = llvm::all_of(parameters, [&](const std::string &name) {
    return findings.given.empty() || findings.given.count(name);
  });
  return directions <= 2 && areGiven;
}

/// Do the parameters that are there already hold other values?
Expected<bool> RecurrentRestorer::differs() const {
  for (auto [layer, node] : llvm::enumerate(layers))
    for (unsigned input = 1; input <= (hasBiases ? 3 : 2); ++input) {
      std::vector<std::string> names = namesOf(layer, input);
      const Array values = *model.find(model.valueAt({node, input}));
      int64_t rows = directions * values.shape[1] / int64_t(names.size());
      for (auto [i, name] : llvm::enumerate(names)) {
        Expected<Array> piece =
            cut(values, rows, i, getGates(model.node(node).type));
        if (!piece)
          return piece.takeError();
        const Array *present = model.find(name);
        if (present && !isEqual(*present, *piece))
          return true;
      }
    }
  return false;
}

Expected<bool> RecurrentRestorer::run(StringRef path, ArrayRef<size_t> nodes) {
  if (!readModule(path, nodes))
    return false;
  for (size_t node : layers)
    for (const std::string &input : model.node(node).inputs)
      if (findings.asked.contains(input))
        return false;
  return restore();
}

/// What is not understood stays as it is, a tensor for each join.
static void keepWeights(ExportedModel &model, Findings &findings,
                        const CallNodes &nodes) {
  llvm::StringSet<> seen;
  for (Slot slot : model.tensorSlots(nodes)) {
    std::string tensor = model.valueAt(slot).str();
    std::vector<std::string> parts = model.partsOf(tensor);
    if (parts.empty())
      continue;
    findings.standIns.insert(tensor);
    for (const std::string &part : parts)
      model.placed.insert(part);
    bool isGiven = llvm::any_of(parts, [&](const std::string &part) {
      return findings.given.count(part) != 0;
    });
    if (!seen.insert(tensor).second || isGiven)
      findings.lose("'" + tensor + "' joins " + quoteNames(parts) +
                        " in an order that is not known",
                    parts);
  }
}

Error onnximport::restoreRecurrent(ExportedModel &model, Findings &findings) {
  for (const CallNodes &nodes : model.getCalls()) {
    if (!isRecurrentCall(nodes.call.op))
      continue;
    Expected<bool> done = RecurrentRestorer(model, findings).run(nodes);
    if (!done)
      return done.takeError();
    if (!*done)
      keepWeights(model, findings, nodes);
  }
  return Error::success();
}

Error onnximport::restoreRecurrentModules(ExportedModel &model,
                                          Findings &findings) {
  std::map<std::string, std::vector<size_t>> modules;
  for (size_t i = 0; i < model.numNodes(); ++i) {
    const Node &node = model.node(i);
    if (node.type == "LSTM" || node.type == "GRU" || node.type == "RNN")
      modules[modulePath(node.name)].push_back(i);
  }
  for (const auto &[path, nodes] : modules) {
    // Called again it reads what it read before.
    StringRef stem = calledModule(path);
    bool isCall = modules.count(stem.str()) &&
                  !findings.given.count(path + ".weight_ih_l0");
    Expected<bool> done = RecurrentRestorer(model, findings)
                              .run(isCall ? stem : StringRef(path), nodes);
    if (!done)
      return done.takeError();
  }
  return Error::success();
}
