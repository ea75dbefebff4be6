// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// torch's older exporter writes no metadata, but names tell. A parameter keeps
// its own, `encoder.0.bias`; a tensor that constant folding made is named after
// its first reader, `onnx::MatMul_308`, whose node has the path of its module,
// `/encoder/encoder.0/query/MatMul`: that is the weight of a linear layer,
// transposed. A convolution's weight of such a name holds a batch norm.

#include "Undo/OlderExporter.h"
#include "ParameterUses.h"
#include "Undo/ByValue.h"
#include "Undo/GivenTensors.h"
#include "Undo/Repeats.h"
#include "Undo/Tensors.h"
#include "Undo/ValueNorms.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

namespace {

class NameReader {
public:
  NameReader(Model &file, const ExportMetadata &metadata, Findings &findings)
      : file(file), model(file, metadata), findings(findings),
        numTensors(file.initializers.size()), given(model, findings) {}
  Error run();

private:
  Error restoreWeight(const std::string &tensor);
  Expected<bool> joinTied(const std::string &tensor, StringRef path);
  Expected<bool> joinCalls(const std::string &tensor, StringRef path);
  Error restoreProduct(const std::string &tensor, size_t node);
  Expected<bool> joinRepeated(const std::string &tensor);
  void doubt(StringRef tensor);
  Expected<bool> loseComputed(const std::string &tensor, Slot slot);
  bool isOfCall(StringRef tensor) const;
  Expected<bool> isGiven(StringRef tensor, StringRef name) const;
  Expected<bool> isModule(StringRef tensor, StringRef path) const;

  /// A weight of a linear layer as the file has it.
  struct Product {
    std::string tensor, path;
    Array values;
  };

  Model &file;
  ExportedModel model;
  Findings &findings;
  /// Those of the file, in front of those that were put back.
  size_t numTensors;
  /// Those of modules as they are called first.
  std::vector<Product> products;
  GivenTensors given;
};

} // namespace

static bool isFolded(StringRef name) { return name.starts_with("onnx::"); }

/// A parameter under its own name of which the tensor is the transpose.
Expected<bool> NameReader::joinTied(const std::string &tensor, StringRef path) {
  const Array values = *model.find(tensor);
  if (values.shape.size() != 2 || isUniform(values))
    return false;
  for (size_t i = 0; i < numTensors; ++i) {
    const NamedTensor other = file.initializers[i];
    if (isFolded(other.name) || other.values.kind != values.kind ||
        other.values.shape.size() != 2 || !model.find(other.name) ||
        other.values.shape[0] != values.shape[1] ||
        other.values.shape[1] != values.shape[0])
      continue;
    Expected<Array> moved = transpose(other.values);
    if (!moved)
      return moved.takeError();
    if (!isEqual(*moved, values))
      continue;
    model.computeTensor(tensor,
                        {makeTranspose(model, other.name, {1, 0}, tensor)});
    ++findings.restored;
    // The module that has the parameter reads it here, too.
    if (StringRef(other.name).rsplit('.').first != path)
      findings.doubts.push_back("'" + tensor + "' has the values of '" +
                                other.name +
                                "', transposed, and is taken as "
                                "the same parameter");
    return true;
  }
  return false;
}

/// Is the tensor the transpose of a parameter of --params?
Expected<bool> NameReader::isGiven(StringRef tensor, StringRef name) const {
  auto given = findings.given.find(name);
  if (given == findings.given.end() || given->second.shape.size() != 2)
    return false;
  Expected<Array> moved = transpose(given->second);
  if (!moved)
    return moved.takeError();
  return isEqual(*moved, *model.find(tensor));
}

/// Is there a module of this path, rather than one that is called again? It has
/// a bias, or --params has its weight, unless that is seen to be another one.
Expected<bool> NameReader::isModule(StringRef tensor, StringRef path) const {
  std::string own = (path + ".weight").str();
  if (model.isKnown((path + ".bias").str()))
    return true;
  if (!findings.given.count(own))
    return false;
  Expected<bool> isOfStem =
      isGiven(tensor, (calledModule(path) + ".weight").str());
  if (!isOfStem || !*isOfStem)
    return isOfStem ? Expected<bool>(true) : isOfStem.takeError();
  return isGiven(tensor, own);
}

/// A module that is called again has the number of the call behind its name:
/// `query_1` reads the weight of `query`, of which recurrent cells have two.
Expected<bool> NameReader::joinCalls(const std::string &tensor,
                                     StringRef path) {
  StringRef stem = calledModule(path);
  if (stem.empty())
    return false;
  Expected<bool> isOther = isModule(tensor, path);
  if (!isOther || *isOther)
    return isOther ? Expected<bool>(false) : isOther.takeError();
  for (const Product &other : products) {
    if (other.path != stem || !isEqual(other.values, *model.find(tensor)))
      continue;
    model.computeTensor(tensor,
                        {model.makeNode("Identity", {other.tensor}, {tensor})});
    ++findings.restored;
    return true;
  }
  return false;
}

/// The weight of a linear layer, as the other factor of a product.
Error NameReader::restoreProduct(const std::string &tensor, size_t node) {
  const Array values = *model.find(tensor);
  std::string path = modulePath(model.node(node).name);
  for (auto join : {&NameReader::joinTied, &NameReader::joinCalls}) {
    Expected<bool> done = (this->*join)(tensor, path);
    if (!done || *done)
      return done.takeError();
  }
  products.push_back({tensor, path, values});
  if (Expected<bool> done = given.find(tensor, path); !done || *done)
    return done.takeError();
  std::string name = path + ".weight";
  if (path.empty() || values.shape.size() != 2 || model.isKnown(name)) {
    doubt(tensor);
    return Error::success();
  }
  Expected<Array> moved = transpose(values);
  if (!moved)
    return moved.takeError();
  model.addTensor(name, std::move(*moved));
  model.computeTensor(tensor, {makeTranspose(model, name, {1, 0}, tensor)});
  findings.standIns.insert(name);
  ++findings.restored;
  return Error::success();
}

/// Values that come again and again, as those of a table of biases that was
/// looked up, are one.
Expected<bool> NameReader::joinRepeated(const std::string &tensor) {
  const Array values = *model.find(tensor);
  if (isUniform(values))
    return false;
  Expected<std::optional<size_t>> axis = findRowAxis(values);
  if (!axis)
    return axis.takeError();
  Expected<DistinctTable> table = findDistinct(values, *axis);
  if (!table)
    return table.takeError();
  // A mask has two values.
  if (table->rows.size() > values.size() * 3 / 4 || table->rows.size() < 4)
    return false;
  std::string name = model.makeName(tensor + ".table");
  auto nodes =
      gatherRows(model, name, table->positions, values.shape, *axis, tensor);
  if (!nodes)
    return nodes.takeError();
  model.addTensor(name, std::move(table->rows));
  model.computeTensor(tensor, std::move(*nodes));
  ++findings.restored;
  return true;
}

void NameReader::doubt(StringRef tensor) {
  findings.doubts.push_back(
      "'" + tensor.str() +
      "' was computed from parameters when the file was written: if by more "
      "than moves, the kernel is another than the model's; export with "
      "do_constant_folding=False");
}

/// Are they positive numbers of which each row along some axis sums to 1?
static Expected<bool> isSoftmax(const Array &values) {
  Expected<Array> reals = convertFloat(values, ElementKind::Float64);
  if (!reals)
    return reals.takeError();
  llvm::ArrayRef<double> numbers = reals->as<double>();
  if (!llvm::all_of(numbers, [](double x) { return x > 0 && x < 1; }))
    return false;
  int64_t inner = 1;
  for (int64_t size : llvm::reverse(values.shape)) {
    std::vector<double> sums(numbers.size() / size);
    for (size_t i = 0; i < numbers.size(); ++i)
      sums[i / (inner * size) * inner + i % inner] += numbers[i];
    if (size > 1 &&
        llvm::all_of(sums, [](double sum) { return std::abs(sum - 1) < 1e-6; }))
      return true;
    inner *= size;
  }
  return false;
}

/// What place or values show to be made by more than moves is a loss: a norm
/// reads the scale of its module as it is.
Expected<bool> NameReader::loseComputed(const std::string &tensor, Slot slot) {
  const Node &reader = model.node(slot.node);
  bool isScale = reader.type == "BatchNormalization" && slot.input == 1;
  Expected<bool> isSum = isSoftmax(*model.find(tensor));
  if (!isSum || !(isScale || *isSum))
    return isSum;
  findings.losses.push_back(
      {isScale ? "the exporter computed the scale"
               : "the exporter computed the softmax",
       "'" + tensor + "' of '" + modulePath(reader.name) + "'",
       {tensor}});
  return true;
}

/// Is it first read where a module is called again?
bool NameReader::isOfCall(StringRef tensor) const {
  llvm::ArrayRef<Slot> readers = model.readers(tensor);
  return !readers.empty() &&
         !calledModule(modulePath(model.node(readers.front().node).name))
              .empty();
}

Error NameReader::restoreWeight(const std::string &tensor) {
  if (model.readers(tensor).empty())
    return Error::success();
  Slot slot = model.readers(tensor).front();
  StringRef type = model.node(slot.node).type;
  if (type == "MatMul" && slot.input == 1)
    return restoreProduct(tensor, slot.node);
  // Gates in another order, and slopes with more axes, are moves.
  bool isMove =
      type == "LSTM" || type == "GRU" || type == "RNN" || type == "PRelu";
  if ((type == "Conv" || type == "ConvTranspose") && slot.input > 0)
    return Error::success();
  std::string path = modulePath(model.node(slot.node).name);
  if (isMove)
    return given.find(tensor, path).takeError();
  if (model.find(tensor)->size() > 1) {
    for (bool isGiven : {true, false}) {
      Expected<bool> done =
          isGiven ? given.find(tensor, path) : joinTied(tensor, path);
      if (!done || *done)
        return done.takeError();
    }
    if (Expected<bool> lost = loseComputed(tensor, slot); !lost || *lost)
      return lost.takeError();
    doubt(tensor);
    if (Expected<bool> joined = joinRepeated(tensor); !joined)
      return joined.takeError();
  }
  return Error::success();
}

Error NameReader::run() {
  if (Error error = unfoldNormsByValue(model, findings))
    return error;
  if (Error error = restoreRecurrentModules(model, findings))
    return error;
  if (Error error = doubtPadding(model, findings))
    return error;
  std::vector<std::string> names;
  for (const NamedTensor &tensor : file.initializers)
    if (isFolded(tensor.name) && isFloat(tensor.values.kind) &&
        !findings.asked.contains(tensor.name))
      names.push_back(tensor.name);
  std::stable_partition(names.begin(), names.end(),
                        [&](const auto &name) { return !isOfCall(name); });
  for (const std::string &name : names)
    if (Error error = restoreWeight(name))
      return error;
  model.finish();
  return Error::success();
}

/// Equal tensors were merged after folding, too: `onnx::MatMul_9` may be an
/// Identity of `onnx::MatMul_7`.
static void separateFolded(Model &file) {
  llvm::StringMap<size_t> positions;
  for (auto [i, tensor] : llvm::enumerate(file.initializers))
    positions[tensor.name] = i;
  llvm::erase_if(file.nodes, [&](const Node &node) {
    if (node.type != "Identity" || !node.domain.empty() ||
        node.inputs.size() != 1 || node.outputs.size() != 1)
      return false;
    const std::string &name = node.outputs.front();
    auto source = positions.find(node.inputs.front());
    if (!isFolded(name) || source == positions.end() || positions.count(name))
      return false;
    Array values = file.initializers[source->second].values;
    positions[name] = file.initializers.size();
    NamedTensor &added = file.initializers.emplace_back();
    added.name = name;
    added.values = std::move(values);
    return true;
  });
}

Error onnximport::undoOlderExporter(Model &file, const ExportMetadata &metadata,
                                    Findings &findings) {
  separateFolded(file);
  return NameReader(file, metadata, findings).run();
}
