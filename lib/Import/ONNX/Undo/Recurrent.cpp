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

/// The layers of one call.
class RecurrentRestorer {
public:
  RecurrentRestorer(ExportedModel &model, Findings &findings,
                    const CallNodes &nodes)
      : model(model), findings(findings), nodes(nodes) {}

  /// False if the call does not have the form that is known.
  Expected<bool> run();

private:
  bool readCall();
  bool checkInput(size_t node, unsigned input, size_t rank) const;
  Error restoreLayer(size_t node, ArrayRef<std::string> names);
  Error restoreInput(size_t node, unsigned input,
                     const std::vector<std::string> &names);
  Expected<Array> cut(const Array &values, int64_t rows, int64_t number,
                      ArrayRef<int64_t> gates) const;
  std::string reorder(size_t node, const std::string &name,
                      ArrayRef<int64_t> gates, std::vector<Node> &made);

  ExportedModel &model;
  Findings &findings;
  const CallNodes &nodes;
  std::vector<size_t> layers;
  std::vector<std::string> parameters;
  bool hasBiases = false;
  int64_t directions = 1;
};

} // namespace

/// The arguments are: input, state, weights, has_biases, num_layers, dropout,
/// train, bidirectional, batch_first.
bool RecurrentRestorer::readCall() {
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

/// The names of a layer are, for each direction, those of the weight of the
/// input, of the state, and of their biases.
Error RecurrentRestorer::restoreLayer(size_t node,
                                      ArrayRef<std::string> names) {
  int64_t perDirection = hasBiases ? 4 : 2;
  std::vector<std::string> inputs[3];
  for (int64_t d = 0; d < directions; ++d) {
    ArrayRef<std::string> own = names.slice(d * perDirection, perDirection);
    inputs[0].push_back(own[0]);
    inputs[1].push_back(own[1]);
    for (const std::string &bias : own.drop_front(2))
      inputs[2].push_back(bias);
  }
  for (unsigned i = 0; i < 3; ++i)
    if (!inputs[i].empty())
      if (Error error = restoreInput(node, i + 1, inputs[i]))
        return error;
  return Error::success();
}

Expected<bool> RecurrentRestorer::run() {
  if (!readCall())
    return false;
  for (size_t node : layers)
    if (!checkInput(node, 1, 3) || !checkInput(node, 2, 3) ||
        (hasBiases && !checkInput(node, 3, 2)))
      return false;
  size_t perLayer = parameters.size() / layers.size();
  for (auto [i, node] : llvm::enumerate(layers))
    if (Error error = restoreLayer(
            node, ArrayRef(parameters).slice(i * perLayer, perLayer)))
      return std::move(error);
  return true;
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
    Expected<bool> done = RecurrentRestorer(model, findings, nodes).run();
    if (!done)
      return done.takeError();
    if (!*done)
      keepWeights(model, findings, nodes);
  }
  return Error::success();
}
