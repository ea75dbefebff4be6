// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rule for trainable initializers, in three steps: what a slot of an
// operator says (a running variance never is, the weight of a convolution is),
// what torch's signature says, and for the rest their number of elements.

#include "Parameters.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/GlobPattern.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::StringRef;

namespace {
/// An operator and which of its inputs reads a tensor.
struct Use {
  StringRef type;
  unsigned input;
};

/// Uses of initializers, looking through nodes that only move elements.
using Uses = llvm::StringMap<std::vector<Use>>;
} // namespace

static Uses findUses(const Model &model) {
  Uses uses;
  llvm::StringMap<llvm::StringSet<>> roots;
  for (const NamedTensor &tensor : model.initializers)
    roots[tensor.name].insert(tensor.name);
  forEachNode(model.nodes, [&](const Node &node) {
    bool moves = llvm::StringSwitch<bool>(node.type)
                     .Cases("Transpose", "Reshape", "Squeeze", "Unsqueeze",
                            "Identity", true)
                     .Cases("Slice", "Expand", "Cast", "Split", true)
                     .Default(false);
    for (auto [i, input] : llvm::enumerate(node.inputs)) {
      auto found = roots.find(input);
      if (found == roots.end())
        continue;
      llvm::StringSet<> sources = found->second;
      bool passes = node.type == "Concat" || (moves && i == 0);
      for (const auto &source : sources) {
        if (!passes)
          uses[source.getKey()].push_back({node.type, unsigned(i)});
        else
          for (const std::string &output : node.outputs)
            roots[output].insert(source.getKey());
      }
    }
  });
  return uses;
}

/// Slots that hold numbers of the graph, not of the network.
static bool isSetting(const Use &use) {
  return llvm::StringSwitch<bool>(use.type)
      .Cases("Resize", "Clip", use.input == 1 || use.input == 2)
      .Cases("Upsample", "Dropout", "Pow", use.input == 1)
      .Cases("Pad", "OneHot", use.input == 2)
      .Cases("SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss",
             use.input == 2)
      .Case("BatchNormalization", use.input == 3 || use.input == 4)
      .Case("Range", true)
      .Default(false);
}

/// Slots that hold weights.
static bool isWeight(const Use &use) {
  return llvm::StringSwitch<bool>(use.type)
      .Cases("Conv", "ConvTranspose", "BatchNormalization",
             "InstanceNormalization", use.input == 1 || use.input == 2)
      .Cases("GroupNormalization", "LayerNormalization",
             use.input == 1 || use.input == 2)
      .Cases("Gemm", "MatMul", "Einsum", true)
      .Cases("LSTM", "GRU", "RNN",
             (use.input >= 1 && use.input <= 3) || use.input == 7)
      .Cases("RMSNormalization", "PRelu", use.input == 1)
      .Case("Gather", use.input == 0)
      .Cases("LinearRegressor", "LinearClassifier", use.input >= 1)
      .Default(false);
}

static bool isTrainable(const NamedTensor &tensor, ArrayRef<Use> uses,
                        const std::optional<Signature> &signature,
                        const llvm::StringSet<> &standIns,
                        StringRef producer) {
  StringRef name = tensor.name;
  if (uses.empty() || llvm::any_of(uses, isSetting))
    return false;
  if (signature)
    return signature->parameters.contains(name) || standIns.contains(name);
  if (llvm::any_of(uses, isWeight) || tensor.values.size() > 1)
    return true;
  // A scalar that has the path of a module.
  return producer == "pytorch" && !name.starts_with("onnx::") &&
         !name.starts_with("/");
}

std::optional<Signature> onnximport::readSignature(const Model &model) {
  if (model.signature.empty())
    return std::nullopt;
  Signature signature;
  llvm::SmallVector<StringRef> lines;
  StringRef(model.signature).split(lines, '\n');
  for (StringRef line : lines) {
    auto [head, tail] = line.split(" target='");
    if (line.starts_with("#") || tail.empty())
      continue;
    StringRef target = tail.take_until([](char c) { return c == '\''; });
    bool isParameter = head.contains(": PARAMETER");
    if (isParameter && signature.parameters.insert(target).second)
      signature.order.push_back(target.str());
    if (!isParameter)
      signature.buffers.insert(target);
  }
  return signature;
}

void onnximport::separateMerged(Model &model) {
  if (model.producer != "pytorch" || !model.signature.empty())
    return;
  llvm::StringMap<size_t> positions;
  for (auto [i, tensor] : llvm::enumerate(model.initializers))
    positions[tensor.name] = i;
  llvm::StringSet<> outputs;
  for (const ValueInfo &output : model.outputs)
    outputs.insert(output.name);
  llvm::erase_if(model.nodes, [&](const Node &node) {
    if (node.type != "Identity" || !node.domain.empty() ||
        node.inputs.size() != 1 || node.outputs.size() != 1)
      return false;
    StringRef name = node.outputs.front();
    auto source = positions.find(node.inputs.front());
    if (source == positions.end() || outputs.contains(name) ||
        name.starts_with("/") || name.starts_with("onnx::") ||
        !name.contains('.') || positions.contains(name))
      return false;
    Array values = model.initializers[source->second].values;
    positions[name] = model.initializers.size();
    model.initializers.push_back({name.str(), std::move(values)});
    return true;
  });
}

//===----------------------------------------------------------------------===//
// Globs
//===----------------------------------------------------------------------===//

/// The names nearest to one that does not exist.
static std::string suggest(StringRef wanted, ArrayRef<StringRef> names) {
  llvm::SmallVector<std::pair<unsigned, StringRef>> ranked;
  for (StringRef name : names)
    ranked.push_back({wanted.edit_distance(name), name});
  llvm::sort(ranked);
  std::string list;
  for (auto [distance, name] : ArrayRef(ranked).take_front(3))
    list += (list.empty() ? "'" : ", '") + name.str() + "'";
  return list.empty() ? "there are none" : "near are " + list;
}

/// Adds the names that one of the globs matches; each glob must match.
static llvm::Error match(ArrayRef<std::string> globs, StringRef option,
                         ArrayRef<StringRef> names,
                         llvm::StringSet<> &matched) {
  for (const std::string &text : globs) {
    llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(text);
    if (!glob)
      return llvm::createStringError(option + " '" + text +
                                     "': " + llvm::toString(glob.takeError()));
    bool found = false;
    for (StringRef name : names) {
      if (name != text && !glob->match(name))
        continue;
      matched.insert(name);
      found = true;
    }
    if (!found) {
      return llvm::createStringError(option + " '" + text +
                                     "': expected the name or a glob of "
                                     "parameters, but it matches none; " +
                                     suggest(text, names));
    }
  }
  return llvm::Error::success();
}

llvm::Expected<llvm::StringSet<>>
onnximport::chooseTrainable(const Model &model,
                            const llvm::StringSet<> &standIns,
                            const OnnxImportOptions &options) {
  std::optional<Signature> signature = readSignature(model);
  Uses uses = findUses(model);
  llvm::StringSet<> trainable, wanted, frozen;
  llvm::SmallVector<StringRef> names;
  for (const NamedTensor &tensor : model.initializers) {
    if (!isFloat(tensor.values.kind))
      continue;
    names.push_back(tensor.name);
    if (isTrainable(tensor, uses.lookup(tensor.name), signature,
                    standIns, model.producer))
      trainable.insert(tensor.name);
  }
  if (llvm::Error error = match(options.wrt, "--wrt", names, wanted))
    return std::move(error);
  if (llvm::Error error = match(options.frozen, "--frozen", names, frozen))
    return std::move(error);
  if (!options.wrt.empty())
    trainable = wanted;
  for (const auto &name : frozen)
    trainable.erase(name.getKey());
  return trainable;
}
