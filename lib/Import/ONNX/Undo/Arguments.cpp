// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which input stands for which argument. The optimizer keeps one tensor of
// several that are equal, as the ones and zeros of norms before training are,
// but the call names the parameter that it read: an input that holds another
// tensor gets one of its own. The role of an argument in its operator goes
// first, since the weight and the bias of one norm can be one tensor; then the
// name, then what a tensor was folded from, then the order.

#include "Undo/Findings.h"
#include "Undo/FxNames.h"
#include "Undo/Roles.h"
#include "Undo/Tensors.h"
#include "Undo/ZeroBias.h"
#include <algorithm>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Error;
using llvm::StringRef;

namespace {

/// The arguments of one call.
class Resolver {
public:
  Resolver(ExportedModel &model, Findings &findings, const CallNodes &nodes)
      : model(model), findings(findings), nodes(nodes), call(nodes.call) {}

  Error run();

private:
  /// An argument that is a parameter: its value in the graph and its name.
  struct Argument {
    std::string value, parameter;
  };

  std::optional<size_t> findSlot(const Argument &argument) const;
  std::optional<size_t> findByRole(const Argument &argument) const;
  std::optional<size_t> findByName(StringRef parameter) const;
  bool isFolded(StringRef tensor, StringRef parameter) const;
  std::vector<Slot> unexplained() const;
  Error place(StringRef parameter, Slot slot);
  Error placeRest(std::vector<Argument> rest);
  Error splitConstants(std::vector<Slot> slots);
  StringRef constantFor(Slot slot, std::vector<std::string> &constants) const;
  StringRef lostConstant() const;
  Error splitOwnConstants();

  ExportedModel &model;
  Findings &findings;
  const CallNodes &nodes;
  const FxCall &call;
  std::vector<Slot> left; ///< inputs that no argument has taken yet
};

} // namespace

//===----------------------------------------------------------------------===//
// Finding
//===----------------------------------------------------------------------===//

bool Resolver::isFolded(StringRef tensor, StringRef parameter) const {
  return llvm::is_contained(model.partsOf(tensor), parameter);
}

std::optional<size_t> Resolver::findByName(StringRef parameter) const {
  for (auto [i, slot] : llvm::enumerate(left))
    if (model.valueAt(slot) == parameter)
      return i;
  for (auto [i, slot] : llvm::enumerate(left))
    if (isFolded(model.valueAt(slot), parameter))
      return i;
  return std::nullopt;
}

std::optional<size_t> Resolver::findByRole(const Argument &argument) const {
  for (size_t position = 0; position < call.args.size(); ++position) {
    if (call.valueOf(position) != argument.value)
      continue;
    for (const Role &role : getRoles(call.op, position)) {
      std::vector<size_t> fitting;
      for (auto [i, slot] : llvm::enumerate(left))
        if (model.node(slot.node).type == role.type &&
            (role.input < 0 || slot.input == unsigned(role.input)))
          fitting.push_back(i);
      // Sums and products also have inputs that are no arguments.
      if (role.input < 0) {
        auto exact = llvm::find_if(fitting, [&](size_t i) {
          StringRef tensor = model.valueAt(left[i]);
          return tensor == argument.parameter ||
                 isFolded(tensor, argument.parameter);
        });
        if (exact != fitting.end())
          return *exact;
        if (fitting.size() > 1)
          llvm::erase_if(fitting, [&](size_t i) {
            return model.find(model.valueAt(left[i]))->size() == 1;
          });
      }
      if (!fitting.empty())
        return fitting.front();
    }
  }
  return std::nullopt;
}

std::optional<size_t> Resolver::findSlot(const Argument &argument) const {
  if (std::optional<size_t> slot = findByRole(argument))
    return slot;
  return findByName(argument.parameter);
}

//===----------------------------------------------------------------------===//
// Placing
//===----------------------------------------------------------------------===//

/// The parameter stands in this slot.
Error Resolver::place(StringRef parameter, Slot slot) {
  std::string tensor = model.valueAt(slot).str();
  model.placed.insert(parameter);
  if (tensor == parameter || isFolded(tensor, parameter))
    return Error::success();
  std::vector<std::string> parts = model.partsOf(tensor);
  ++findings.restored;
  if (parts.size() == 1) {
    // A moved tensor of another parameter: this one was moved the same way.
    Folded folded = *model.foldedOf(tensor);
    std::replace(folded.from.begin(), folded.from.end(), parts.front(),
                 parameter.str());
    std::string name = model.makeName(folded.name + "." + parameter.str());
    model.addTensor(name, *model.find(tensor));
    model.setFolded(name, std::move(folded));
    model.setInput(slot, name);
    return Error::success();
  }
  bool isTransposed = call.op == "linear" &&
                      model.node(slot.node).type == "MatMul" &&
                      slot.input == 1 && !model.isParameter(tensor) &&
                      model.find(tensor)->shape.size() == 2;
  Array values = *model.find(tensor);
  if (isTransposed) {
    llvm::Expected<Array> transposed = transpose(values);
    if (!transposed)
      return transposed.takeError();
    values = std::move(*transposed);
  }
  const Array *present = model.find(parameter);
  if (present && !isEqual(*present, values)) {
    findings.doubts.push_back("'" + tensor +
                              "' stands where the model reads '" +
                              parameter.str() + "', and differs from it");
    return Error::success();
  }
  if (!present)
    model.addTensor(parameter, std::move(values));
  if (!isTransposed) {
    model.setInput(slot, parameter);
    return Error::success();
  }
  std::string name = model.makeName((parameter + ".transposed").str());
  Node node = model.makeNode("Transpose", {parameter.str()}, {name});
  NodeAttribute axes;
  axes.kind = NodeAttribute::Kind::Ints;
  axes.ints = {1, 0};
  node.attributes["perm"] = std::move(axes);
  model.insertBefore(slot.node, std::move(node));
  model.setInput(slot, name);
  return Error::success();
}

/// Inputs that may hold a parameter and that no argument explains.
std::vector<Slot> Resolver::unexplained() const {
  llvm::StringSet<> namedBuffers;
  for (const std::string &value : call.references)
    namedBuffers.insert(model.bufferOf(value));
  std::vector<Slot> slots;
  for (Slot slot : left) {
    StringRef tensor = model.valueAt(slot);
    bool isSingle = model.find(tensor)->size() == 1;
    bool isFolded = model.foldedOf(tensor);
    if (model.isParameter(tensor) ||
        (isFolded && (!isSingle || !model.partsOf(tensor).empty())) ||
        (model.isBuffer(tensor) && !namedBuffers.contains(tensor)) ||
        (!isFolded && tensor.starts_with("val_") && !isSingle))
      slots.push_back(slot);
  }
  return slots;
}

/// Arguments without a slot of their role, name or origin.
Error Resolver::placeRest(std::vector<Argument> rest) {
  std::vector<Argument> missing;
  for (Argument &argument : rest) {
    llvm::Expected<bool> done =
        restoreZeroBias(model, findings, nodes, argument.value);
    if (!done)
      return done.takeError();
    if (!*done)
      missing.push_back(std::move(argument));
  }
  std::vector<Slot> slots = unexplained();
  if (slots.size() == missing.size()) {
    for (auto [argument, slot] : llvm::zip(missing, slots))
      if (Error error = place(argument.parameter, slot))
        return error;
    return Error::success();
  }
  if (Error error = splitConstants(left))
    return error;
  for (const Argument &argument : missing) {
    // Perhaps a node without a call reads it, or it is part of something.
    const std::string &name = argument.parameter;
    bool isPart = llvm::any_of(model.foldedNames(), [&](const auto &tensor) {
      return model.isRead(tensor) && isFolded(tensor, name);
    });
    bool isThere = model.find(name) && model.isRead(name);
    if (!isThere && !isPart && !model.placed.contains(name))
      findings.lose("nothing stands for '" + name + "' at '" + call.name + "'",
                    {name});
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// A constant that the call names and of which nothing is left.
StringRef Resolver::lostConstant() const {
  std::vector<StringRef> gone, made;
  for (const std::string &value : call.references) {
    if (model.isKnown(value))
      continue;
    gone.push_back(value);
    if (classify(baseName(value)) & Makes)
      made.push_back(value);
  }
  if (made.size() == 1)
    return made.front();
  if (gone.size() == 1 && model.hasIdleConstant() &&
      classify(baseName(gone.front())) & (Reshapes | Repeats))
    return gone.front();
  return {};
}

/// The buffer or constant that stands in the slot, where a parameter of equal
/// values does in the file; empty if it is the parameter.
StringRef Resolver::constantFor(Slot slot,
                                std::vector<std::string> &constants) const {
  if (model.node(slot.node).type == "BatchNormalization") {
    bool isStatistic = slot.input >= 3 && hasRoles(call.op);
    return isStatistic ? model.bufferOf(call.valueOf(slot.input)) : StringRef();
  }
  if (llvm::any_of(call.references, [&](const std::string &value) {
        return model.parameterOf(value) == model.valueAt(slot);
      }))
    return {};
  if (constants.empty())
    return lostConstant();
  StringRef buffer = model.bufferOf(constants.front());
  constants.erase(constants.begin());
  return buffer;
}

/// A buffer or a constant that was merged into a parameter of equal values is
/// no parameter.
Error Resolver::splitConstants(std::vector<Slot> slots) {
  std::vector<std::string> constants;
  for (const std::string &value : call.references) {
    StringRef buffer = model.bufferOf(value);
    if (!buffer.empty() && llvm::none_of(slots, [&](Slot slot) {
          return model.valueAt(slot) == buffer;
        }))
      constants.push_back(value);
  }
  for (Slot slot : slots) {
    std::string tensor = model.valueAt(slot).str();
    bool isStatistic = model.isBuffer(tensor) && slot.input >= 3 &&
                       model.node(slot.node).type == "BatchNormalization";
    if (!model.isParameter(tensor) && !isStatistic)
      continue;
    std::string constant = constantFor(slot, constants).str();
    if (constant.empty() || constant == tensor)
      continue;
    if (!model.find(constant))
      model.addTensor(constant, *model.find(tensor));
    model.setInput(slot, constant);
    ++findings.restored;
  }
  return Error::success();
}

/// Norms are decomposed into others with a scale of ones and a shift of zeros,
/// which were merged into parameters of equal values. A call of which all
/// arguments are there reads no parameter but those it names.
Error Resolver::splitOwnConstants() {
  bool isWhole = llvm::all_of(call.references, [&](const std::string &value) {
    return model.isKnown(value);
  });
  if (!isWhole || !hasRoles(call.op))
    return Error::success();
  for (Slot slot : left) {
    std::string tensor = model.valueAt(slot).str();
    bool isOther = model.isParameter(tensor) && model.find(tensor) &&
                   isUniform(*model.find(tensor)) &&
                   model.node(slot.node).rewriteRules.empty() &&
                   llvm::none_of(call.references, [&](const auto &value) {
                     return model.parameterOf(value) == tensor;
                   });
    if (!isOther)
      continue;
    std::string name = model.makeName(call.name + ".constant");
    model.addTensor(name, *model.find(tensor));
    model.setInput(slot, name);
    ++findings.restored;
  }
  return Error::success();
}

Error Resolver::run() {
  left = model.tensorSlots(nodes);
  std::vector<Argument> rest;
  bool any = false;
  for (const std::string &value : call.references) {
    std::string parameter = model.parameterOf(value).str();
    if (parameter.empty())
      continue;
    any = true;
    std::optional<size_t> found = findSlot({value, parameter});
    if (!found) {
      rest.push_back({value, parameter});
      continue;
    }
    Slot slot = left[*found];
    // A join of several parameters stands for each of them.
    StringRef tensor = model.valueAt(slot);
    if (!isFolded(tensor, parameter) || model.partsOf(tensor).size() < 2)
      left.erase(left.begin() + *found);
    if (Error error = place(parameter, slot))
      return error;
  }
  if (!rest.empty() && any)
    return placeRest(std::move(rest));
  if (Error error = splitConstants(left))
    return error;
  return splitOwnConstants();
}

Error onnximport::resolveArguments(ExportedModel &model, Findings &findings) {
  for (const CallNodes &nodes : model.getCalls()) {
    bool isFused = llvm::any_of(nodes.nodes, [&](size_t node) {
      return StringRef(model.node(node).rewriteRules).contains("FuseBatchNorm");
    });
    if (!isFused && !isRecurrentCall(nodes.call.op))
      if (Error error = Resolver(model, findings, nodes).run())
        return error;
  }
  return Error::success();
}
