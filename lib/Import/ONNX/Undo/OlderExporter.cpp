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
#include "Undo/Tensors.h"
#include "Undo/ValueNorms.h"

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
  Error restoreProduct(const std::string &tensor, size_t node);
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

/// The weight of a linear layer, as the other factor of a product.
Error NameReader::restoreProduct(const std::string &tensor, size_t node) {
  const Array values = *model.find(tensor);
  std::string path = modulePath(model.node(node).name);
  Expected<bool> tied = joinTied(tensor, path);
  if (!tied)
    return tied.takeError();
  if (*tied)
    return Error::success();
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
  ++findings.restored;
  return Error::success();
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
    Expected<bool> tied =
        joinTied(tensor, modulePath(model.node(slot.node).name));
    if (!tied)
      return tied.takeError();
    if (!*tied)
      doubt(tensor);
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
    file.initializers.push_back({name, std::move(values)});
    return true;
  });
}

Error onnximport::undoOlderExporter(Model &file, const ExportMetadata &metadata,
                                    Findings &findings) {
  separateFolded(file);
  return NameReader(file, metadata, findings).run();
}
