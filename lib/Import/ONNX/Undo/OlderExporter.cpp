// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// torch's older exporter writes no metadata, but names tell. A parameter keeps
// its own, `encoder.0.bias`; a tensor that constant folding made is named after
// its first reader, `onnx::MatMul_308`, whose node has the path of its module,
// `/encoder/encoder.0/query/MatMul`: that is the weight of a linear layer,
// transposed. A convolution's weight of such a name holds a batch norm.

#include "Undo/OlderExporter.h"
#include "Undo/ByValue.h"
#include "Undo/Repeats.h"
#include "Undo/Tensors.h"
#include "Undo/ValueNorms.h"
#include "llvm/ADT/StringExtras.h"
#include <array>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

/// A module in a list is called by the list's name too.
std::string onnximport::modulePath(StringRef nodeName) {
  llvm::SmallVector<StringRef> parts;
  nodeName.split(parts, '/', -1, /*KeepEmpty=*/false);
  std::string path, last;
  for (StringRef part :
       llvm::ArrayRef(parts).drop_back(parts.empty() ? 0 : 1)) {
    StringRef own = part;
    if (!last.empty() && own.starts_with(last + "."))
      own = own.drop_front(last.size() + 1);
    path += (path.empty() ? "" : ".") + own.str();
    last = part.str();
  }
  return path;
}

namespace {

class NameReader {
public:
  NameReader(Model &file, const ExportMetadata &metadata, Findings &findings)
      : file(file), model(file, metadata), findings(findings),
        numTensors(file.initializers.size()) {}
  Error run();

private:
  Error restoreWeight(const std::string &tensor);
  Expected<bool> joinTied(const std::string &tensor, StringRef path);
  Expected<bool> joinCalls(const std::string &tensor, StringRef path);
  Error restoreProduct(const std::string &tensor, size_t node);
  bool mayBe(StringRef name, const Array &values, StringRef path) const;
  Expected<bool> findGiven(const std::string &tensor, StringRef path);
  Expected<bool> joinRepeated(const std::string &tensor);
  void doubt(StringRef tensor);

  Model &file;
  ExportedModel model;
  Findings &findings;
  /// Those of the file, in front of those that were put back.
  size_t numTensors;
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

/// A module that is called again has the number of the call behind its name:
/// `query_1` reads the weight of `query`. A module of that name has a bias of
/// its own.
Expected<bool> NameReader::joinCalls(const std::string &tensor,
                                     StringRef path) {
  auto [stem, number] = path.rsplit('_');
  std::string name = (stem + ".weight").str();
  const Array *weight = model.find(name);
  bool isCall = !number.empty() && llvm::all_of(number, llvm::isDigit) &&
                !model.isKnown((path + ".bias").str()) &&
                !findings.given.count((path + ".weight").str());
  if (!isCall || !weight || weight->shape.size() != 2)
    return false;
  Expected<Array> moved = transpose(*weight);
  if (!moved)
    return moved.takeError();
  if (!isEqual(*moved, *model.find(tensor)))
    return false;
  model.computeTensor(tensor, {makeTranspose(model, name, {1, 0}, tensor)});
  ++findings.restored;
  return true;
}

/// The weight of a linear layer, as the other factor of a product.
Error NameReader::restoreProduct(const std::string &tensor, size_t node) {
  const Array values = *model.find(tensor);
  std::string path = modulePath(model.node(node).name);
  std::string name = path + ".weight";
  for (auto join : {&NameReader::joinTied, &NameReader::joinCalls,
                    &NameReader::findGiven}) {
    Expected<bool> done = (this->*join)(tensor, path);
    if (!done || *done)
      return done.takeError();
  }
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

/// The number of elements along the axes that are more than one.
static llvm::SmallVector<int64_t> squeeze(llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> sizes(shape);
  llvm::erase(sizes, 1);
  return sizes;
}

/// Are a few elements of `values` in `source`? A look at all costs more.
static bool mayHold(const Array &source, const Array &values) {
  size_t width = byteWidth(values.kind), size = values.size();
  StringRef from(source.bytes().data(), source.bytes().size());
  StringRef in(values.bytes().data(), values.bytes().size());
  return llvm::all_of(std::array{size_t(0), size / 2, size - 1}, [&](size_t i) {
    StringRef element = in.substr(i * width, width);
    for (size_t at = 0; at < from.size(); at += width)
      if (from.substr(at, width) == element)
        return true;
    return false;
  });
}

/// May the tensor be a move of this parameter of --params? Equal numbers tell
/// only of those of one shape in the very module.
bool NameReader::mayBe(StringRef name, const Array &values,
                       StringRef path) const {
  const Array &given = findings.given.find(name)->second;
  bool isLike = name.starts_with(path) && given.kind == values.kind &&
                !model.isKnown(name) && given.size() > 1 &&
                given.size() <= values.size();
  StringRef module = name.contains('.') ? name.rsplit('.').first : StringRef();
  if (!isLike || !mayHold(given, values))
    return false;
  return !isUniform(values) ||
         (module == path && squeeze(given.shape) == squeeze(values.shape));
}

/// The parameter of --params in the tensor's module, or anywhere, that the
/// tensor is a move of: the values tell.
Expected<bool> NameReader::findGiven(const std::string &tensor,
                                     StringRef path) {
  const Array values = *model.find(tensor);
  std::vector<StringRef> paths{path};
  if (!path.empty() && !isUniform(values))
    paths.push_back("");
  for (StringRef place : paths) {
    for (const std::string &name : findings.givenOrder) {
      if (!mayBe(name, values, place))
        continue;
      const Array given = findings.given[name];
      auto nodes = findMove(model, name, given, values, tensor);
      if (!nodes)
        return nodes.takeError();
      if (!*nodes)
        continue;
      model.addTensor(name, given);
      model.computeTensor(tensor, std::move(**nodes));
      ++findings.restored;
      return true;
    }
  }
  return false;
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
  if (!isMove && model.find(tensor)->size() > 1) {
    std::string path = modulePath(model.node(slot.node).name);
    for (bool isGiven : {true, false}) {
      Expected<bool> done =
          isGiven ? findGiven(tensor, path) : joinTied(tensor, path);
      if (!done || *done)
        return done.takeError();
    }
    doubt(tensor);
    if (Expected<bool> joined = joinRepeated(tensor); !joined)
      return joined.takeError();
  }
  return Error::success();
}

Error NameReader::run() {
  if (Error error = unfoldNormsByValue(model, findings))
    return error;
  if (Error error = doubtPadding(model, findings))
    return error;
  std::vector<std::string> names;
  for (const NamedTensor &tensor : file.initializers)
    if (isFolded(tensor.name) && isFloat(tensor.values.kind) &&
        !findings.asked.contains(tensor.name))
      names.push_back(tensor.name);
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
