// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rule by which initializers are parameters, buffers or constants. torch's
// signature, where the file has one, comes first, with the tensors that hold
// parameters in another form; without one, what the tensor is used for, its
// size, and in files of torch's older exporter its name. Where that is a guess,
// the choice says so.

#include "ParameterUses.h"
#include "Parameters.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;
using Kind = TensorUse::Kind;
using Role = ParameterChoice::Role;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// Does the tensor hold two values, as masks do: 0 beside 1, or beside a number
/// that a softmax turns into nothing?
static bool isMask(const Array &values) {
  llvm::Expected<Array> reals = convertFloat(values, ElementKind::Float64);
  if (!reals) {
    llvm::consumeError(reals.takeError());
    return false;
  }
  std::optional<double> other;
  bool hasZero = false;
  for (double value : reals->as<double>()) {
    if (value == 0)
      hasZero = true;
    else if (!other)
      other = value;
    else if (value != *other)
      return false;
  }
  constexpr double nothing = -100;
  return hasZero && other && (*other == 1 || *other <= nothing);
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

std::pair<StringRef, StringRef> onnximport::splitPath(StringRef path) {
  auto [module, name] = path.rsplit('.');
  return name.empty() ? std::pair(StringRef(), path) : std::pair(module, name);
}

/// Is it a name that torch's modules give to parameters and that nothing else
/// has?
static bool isTorchName(StringRef name) {
  return llvm::StringSwitch<bool>(name)
      .Cases("in_proj_weight", "in_proj_bias", "q_proj_weight", "k_proj_weight",
             "v_proj_weight", "bias_k", "bias_v", true)
      .Cases("weight_g", "weight_v", "weight_orig", "bias_orig", true)
      .StartsWith("weight_ih", true)
      .StartsWith("weight_hh", true)
      .StartsWith("weight_hr", true)
      .StartsWith("bias_ih", true)
      .StartsWith("bias_hh", true)
      .Default(false);
}

namespace {
/// What the names of a file of torch's older exporter tell, beside each other
/// and the graph.
class Names {
public:
  explicit Names(const Model &model) : layers(findLayerTensors(model)) {
    for (const NamedTensor &tensor : model.initializers)
      names.insert(tensor.name);
  }

  /// Is it the name of a parameter of one of torch's modules, which computes
  /// with it as they do?
  bool isParameter(StringRef path) const;
  /// The weight that pruning and spectral norms write the buffer beside, or
  /// empty.
  std::string findOriginal(StringRef path) const;

private:
  bool holdsModules(StringRef module) const;

  llvm::StringSet<> names, layers;
};
} // namespace

/// Does the module have modules of its own? torch's layers don't, but for the
/// parts of a parametrized weight.
bool Names::holdsModules(StringRef module) const {
  return llvm::any_of(names.keys(), [&](StringRef name) {
    return (module.empty() || name.consume_front(module.str() + ".")) &&
           name.contains('.') && !name.starts_with("onnx::") &&
           !name.starts_with("/") && !name.starts_with("parametrizations.");
  });
}

bool Names::isParameter(StringRef path) const {
  auto [module, name] = splitPath(path);
  if (isTorchName(name))
    return true;
  if ((name != "weight" && name != "bias") || !layers.contains(path))
    return false;
  std::string weight = (module + (module.empty() ? "" : ".") + "weight").str();
  return !names.contains(weight) || !holdsModules(module);
}

std::string Names::findOriginal(StringRef path) const {
  auto [stem, suffix] = path.rsplit('_');
  std::string original;
  // parametrizations.weight.0._u beside parametrizations.weight.original
  if (path.contains("parametrizations.") && stem.ends_with("."))
    original = (stem.drop_back().rsplit('.').first + ".original").str();
  else
    original = (stem + "_orig").str();
  bool isBuffer = suffix == "u" || suffix == "v" || suffix == "mask";
  return isBuffer && names.contains(original) ? original : "";
}

//===----------------------------------------------------------------------===//
// The rule
//===----------------------------------------------------------------------===//

namespace {
/// Decides about one tensor.
class Judge {
public:
  Judge(const Model &model, const std::optional<Signature> &signature,
        const llvm::StringSet<> &standIns, const Names &names,
        bool takesConstants, const NamedTensor &tensor,
        ArrayRef<TensorUse> uses)
      : model(model), signature(signature), standIns(standIns), names(names),
        takesConstants(takesConstants), tensor(tensor), uses(uses) {
    choice.name = tensor.name;
    choice.kind = tensor.values.kind;
    choice.shape = tensor.values.shape;
    choice.renamed =
        standIns.contains(tensor.name) ||
        (model.producer == "pytorch" && !isModulePath(model, tensor.name));
  }

  ParameterChoice run();

private:
  void judgeListed();
  void judgeByUse();
  void judgeSettings();
  void judgeNumber();
  void judgeNumbers();

  void take(const Twine &why, const Twine &doubt = "") {
    set(true, Role::Parameter, why, doubt);
  }
  void leave(Role role, const Twine &why, const Twine &doubt = "") {
    set(false, role, why, doubt);
  }
  void set(bool taken, Role role, const Twine &why, const Twine &doubt) {
    choice.taken = taken;
    choice.role = role;
    choice.why = why.str();
    choice.doubt = doubt.str();
  }

  const TensorUse *find(Kind kind) const {
    auto found = llvm::find_if(
        uses, [&](const TensorUse &use) { return use.kind == kind; });
    return found == uses.end() ? nullptr : &*found;
  }
  /// "weight of Conv", "read by Mul".
  std::string describeUse() const;
  /// What the older exporter's file does not tell of a tensor that is named
  /// otherwise than parameters are; else empty.
  std::string doubtName() const;

  const Model &model;
  const std::optional<Signature> &signature;
  const llvm::StringSet<> &standIns;
  const Names &names;
  /// Are the weights in Constant nodes, and none in initializers?
  bool takesConstants;
  const NamedTensor &tensor;
  ArrayRef<TensorUse> uses;
  ParameterChoice choice;
};
} // namespace

static constexpr llvm::StringLiteral mayBeBuffer =
    "the file does not tell parameters from buffers";
static constexpr llvm::StringLiteral mayBeFolded =
    "the exporter computed it, of parameters or not, and an export with "
    "do_constant_folding=False tells";

std::string Judge::describeUse() const {
  if (const TensorUse *use = find(Kind::Weight))
    return "weight of " + use->type;
  if (const TensorUse *use = find(Kind::Bias))
    return use->type == "Gemm" ? "bias of Gemm" : "bias behind a product";
  for (const TensorUse &use : uses)
    if (use.kind != Kind::Output)
      return "read by " + use.type;
  return "reaches an output";
}

std::string Judge::doubtName() const {
  // What torch's older exporter folded: of a layer's weight in a layer.
  bool isFolded = model.producer == "pytorch" &&
                  StringRef(tensor.name).starts_with("onnx::");
  if (isFolded && llvm::none_of(uses, [](const TensorUse &use) {
        return StringRef(use.node).count('/') > 1;
      }))
    return mayBeFolded.str();
  // A name that was made for a folded weight is none of the model's.
  bool isNamed =
      isModulePath(model, tensor.name) && !standIns.contains(tensor.name);
  return isNamed && !names.isParameter(tensor.name) ? mayBeBuffer.str() : "";
}

void Judge::judgeListed() {
  StringRef name = tensor.name;
  if (signature->parameters.contains(name))
    return take("a parameter by the file's signature");
  if (standIns.contains(name))
    return take("holds parameters in the form that the exporter gave them");
  if (!signature->buffers.contains(name))
    return leave(Role::Constant, "made by the exporter");
  if (signature->transient.contains(name))
    return leave(Role::Constant, "a constant by the file's signature");
  leave(Role::Buffer, "a buffer by the file's signature");
}

/// What no node computes with.
void Judge::judgeSettings() {
  if (const TensorUse *use = find(Kind::Statistic))
    return leave(Role::Buffer, "running statistic of " + use->type);
  leave(Role::Constant, "setting of " + find(Kind::Setting)->type);
}

/// One number, which most often is a constant.
void Judge::judgeNumber() {
  // Constants of the code are Constant nodes there.
  bool isLayers = find(Kind::Weight) || find(Kind::Bias);
  if (StringRef(tensor.name).starts_with("onnx::") &&
      model.producer == "pytorch" && (!isLayers || tensor.values.shape.empty()))
    return take(describeUse(), mayBeFolded);
  if (isLayers) {
    bool isNamed = isModulePath(model, tensor.name);
    const TensorUse *slope = find(Kind::Weight);
    if (!isNamed && tensor.values.shape.empty())
      return take(describeUse(), "one number may be a constant, too");
    if (!isNamed && slope && slope->type == "PRelu")
      return take(describeUse(),
                  "one slope for all channels may be a constant, too");
    return take(describeUse(), doubtName());
  }
  if (isModulePath(model, tensor.name))
    return take(describeUse() + ", named as modules name parameters",
                doubtName());
  leave(Role::Constant, describeUse(),
        "one number is a constant in most files");
}

void Judge::judgeNumbers() {
  StringRef name = tensor.name;
  bool isWeight = find(Kind::Weight) || find(Kind::Bias);
  bool isNamed = isModulePath(model, name) && names.isParameter(name);
  if (isWeight || isNamed)
    return take(describeUse(), doubtName());
  if (isMask(tensor.values))
    return leave(Role::Constant, describeUse(), "its numbers are a mask's");
  if (const TensorUse *use = find(Kind::InputShift))
    return leave(Role::Constant, "read by " + use->type,
                 "it normalises the input");
  if (name.starts_with("onnx::") && model.producer == "pytorch")
    return take(describeUse(), mayBeFolded);
  bool onlyReturned = llvm::all_of(
      uses, [](const TensorUse &use) { return use.kind == Kind::Output; });
  take(describeUse(), onlyReturned ? "an output is nothing else" : doubtName());
}

void Judge::judgeByUse() {
  bool isWeight = find(Kind::Weight) || find(Kind::Bias);
  bool areSettings = llvm::all_of(uses, [](const TensorUse &use) {
    return use.kind == Kind::Setting || use.kind == Kind::Statistic;
  });
  bool isSetting = find(Kind::Setting) || find(Kind::Statistic);
  if (areSettings || (isSetting && !isWeight))
    return judgeSettings();
  if (tensor.isConstant)
    return takesConstants
               ? take(describeUse(), "as all weights it is a Constant node")
               : leave(Role::Constant, describeUse(),
                       "other weights are no Constant nodes");
  std::string original = names.findOriginal(tensor.name);
  if (isModulePath(model, tensor.name) && !original.empty())
    leave(Role::Buffer, "a buffer beside '" + original + "'");
  else if (tensor.values.size() == 1)
    judgeNumber();
  else
    judgeNumbers();
  if (isSetting)
    choice.doubt = "the file uses it as a setting, too";
}

ParameterChoice Judge::run() {
  choice.used = !uses.empty();
  if (uses.empty())
    leave(Role::Constant, "nothing reads it");
  else if (signature)
    judgeListed();
  else
    judgeByUse();
  return std::move(choice);
}

/// Does one of the tensors stand where weights do?
static bool hasWeight(ArrayRef<TensorUse> uses) {
  return llvm::any_of(uses, [](const TensorUse &use) {
    return use.kind == Kind::Weight || use.kind == Kind::Bias;
  });
}

void onnximport::adoptConstants(Model &model) {
  if (model.producer == "pytorch" || !model.signature.empty())
    return;
  Model trial = model;
  llvm::StringMap<NamedTensor> constants;
  for (const Node &node : model.nodes) {
    auto value = node.attributes.find("value");
    if (node.type != "Constant" || !node.domain.empty() ||
        value == node.attributes.end() || !value->second.tensor ||
        !isFloat(value->second.tensor->values.kind))
      continue;
    NamedTensor tensor{node.outputs.front(), value->second.tensor->values,
                       /*isConstant=*/true, std::nullopt};
    constants[tensor.name] = tensor;
    trial.initializers.push_back(std::move(tensor));
  }
  TensorUses uses = findUses(trial);
  llvm::erase_if(model.nodes, [&](const Node &node) {
    auto found = node.outputs.empty() ? constants.end()
                                      : constants.find(node.outputs.front());
    if (found == constants.end() || !hasWeight(uses.lookup(found->first())))
      return false;
    model.initializers.push_back(std::move(found->second));
    constants.erase(found);
    return true;
  });
}

std::vector<ParameterChoice>
onnximport::judgeParameters(const Model &model,
                            const llvm::StringSet<> &standIns) {
  std::optional<Signature> signature = readSignature(model);
  TensorUses uses = findUses(model);
  bool takesConstants =
      llvm::none_of(model.initializers, [&](const NamedTensor &tensor) {
        return !tensor.isConstant && tensor.values.size() > 1 &&
               hasWeight(uses.lookup(tensor.name));
      });
  Names names(model);
  std::vector<ParameterChoice> choices;
  for (const NamedTensor &tensor : model.initializers)
    if (isFloat(tensor.values.kind))
      choices.push_back(Judge(model, signature, standIns, names, takesConstants,
                              tensor, uses.lookup(tensor.name))
                            .run());
  return choices;
}
