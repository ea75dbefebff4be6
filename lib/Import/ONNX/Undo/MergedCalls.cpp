// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two norms of one input have equal parameters before training, and with them
// equal nodes, of which the optimizer keeps one:
//
//   %layer_norm = (%x, %p_a_weight)       %linear   = (%layer_norm, …)
//   %layer_norm_1 = (%x, %p_b_weight)     %linear_1 = (%layer_norm_1, …)
//
// Then `linear_1` names a value that nobody makes and reads that of a call of
// the same operator, and nobody names the parameter `b.weight`, which has the
// place of `a.weight` in another module: the nodes are copied, and the copy's
// call names what the model had. Where an activation follows, all up to the
// norm was merged and is copied. Operators that leave no node, as a conversion
// to the type that a value has, show the same: two of them stand on one value.
// If any parameter is left over after that, more was merged than can be seen:
// then it is a loss.

#include "Undo/MergedCalls.h"
#include "Undo/Findings.h"
#include "Undo/FxNames.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

namespace {

/// A value that was merged into that of another call.
struct Merged {
  std::string value;
  /// What stands for it.
  std::string twin;
  /// The inputs that read the twin for it.
  std::vector<Slot> slots;
};

/// Nodes of a call under other names.
struct CallCopy {
  const CallNodes *call = nullptr;
  /// Values of the file, and of torch's graph.
  llvm::StringMap<std::string> values, names;
};

class CallSeparator {
public:
  CallSeparator(Model &file, const ExportMetadata &metadata, Findings &findings)
      : file(file), model(file, metadata), findings(findings) {}
  void run();

private:
  void findMerged();
  bool addReader(Merged &merged, const CallNodes &reader);
  void findPassed();
  bool mayStandForOthers(StringRef value) const;
  std::string copyValue(const std::string &value, StringRef wish);
  bool takeParameters(const CallNodes &call, CallCopy &copy);
  void takeBuffers(const CallNodes &call, StringRef from, StringRef to,
                   CallCopy &copy) const;
  std::vector<Node> makeNodes(const CallCopy &copy) const;
  void apply();

  Model &file;
  const ExportedModel model;
  Findings &findings;
  std::vector<std::string> unseen;
  std::vector<Merged> found;
  std::vector<CallCopy> copies;
  /// What each value has become, itself if it stays.
  llvm::StringMap<std::string> copied;
};

} // namespace

//===----------------------------------------------------------------------===//
// Finding
//===----------------------------------------------------------------------===//

/// Do the paths of two parameters differ in one name? Then each may be in its
/// module what the other is.
static bool haveOnePlace(StringRef a, StringRef b) {
  llvm::SmallVector<StringRef> left, right;
  a.split(left, '.');
  b.split(right, '.');
  if (left.size() != right.size())
    return false;
  unsigned unlike = 0;
  for (auto [x, y] : llvm::zip(left, right))
    unlike += x != y;
  return unlike == 1;
}

/// Is it one of several results of a call, as of a batch norm?
static bool isResult(StringRef value) { return baseName(value) == "getitem"; }

/// The inputs of the reader that stand for the merged value.
bool CallSeparator::addReader(Merged &merged, const CallNodes &reader) {
  std::vector<Slot> slots;
  StringRef twin;
  for (size_t index : reader.nodes) {
    for (auto [i, input] : llvm::enumerate(model.node(index).inputs)) {
      const CallNodes *maker = model.makerOf(input);
      if (!maker || maker == &reader)
        continue;
      StringRef name = isResult(merged.value) ? input : maker->call.name;
      if (baseName(name) != baseName(merged.value))
        continue;
      if (!merged.twin.empty() && input != merged.twin)
        return false;
      merged.twin = input;
      twin = name;
      slots.push_back({index, unsigned(i)});
    }
  }
  if (slots.empty())
    return false;
  // A reader that names both reads them in the order of its arguments.
  const std::vector<std::string> &named = reader.call.references;
  std::vector<std::string> order(slots.size(), merged.value);
  if (llvm::is_contained(named, twin)) {
    order.clear();
    llvm::copy_if(named, std::back_inserter(order), [&](StringRef value) {
      return value == merged.value || value == twin;
    });
  }
  if (order.size() != slots.size())
    return false;
  for (auto [slot, value] : llvm::zip(slots, order))
    if (value == merged.value)
      merged.slots.push_back(slot);
  return true;
}

void CallSeparator::findMerged() {
  std::vector<std::string> unexplained;
  for (const CallNodes &reader : model.getCalls()) {
    llvm::StringSet<> seen;
    for (const std::string &value : reader.call.references) {
      bool isHarmless =
          !isResult(value) && (classify(baseName(value)) & Harmless);
      if (model.isKnown(value) || model.isOrigin(value) || isHarmless ||
          !seen.insert(value).second)
        continue;
      auto entry = llvm::find_if(
          found, [&](const Merged &merged) { return merged.value == value; });
      if (entry == found.end())
        entry = found.insert(found.end(), Merged{value, "", {}});
      if (!addReader(*entry, reader))
        unexplained.push_back(value);
    }
  }
  llvm::erase_if(found, [&](const Merged &merged) {
    return llvm::is_contained(unexplained, merged.value);
  });
}

/// Where a call has one argument that nobody makes, and reads one value that
/// its arguments do not name, that is what the argument passed on. The first of
/// several such arguments with one value is its own.
void CallSeparator::findPassed() {
  std::map<std::string, std::vector<Merged>> passed;
  for (const CallNodes &reader : model.getCalls()) {
    const std::vector<std::string> &named = reader.call.references;
    std::vector<std::string> gone;
    llvm::copy_if(named, std::back_inserter(gone), [&](StringRef value) {
      return !model.isKnown(value) && !model.isOrigin(value);
    });
    std::vector<Slot> slots;
    for (size_t index : reader.nodes)
      for (auto [i, input] : llvm::enumerate(model.node(index).inputs))
        if (const CallNodes *maker = model.makerOf(input);
            maker && maker != &reader &&
            !llvm::is_contained(named, maker->call.name))
          slots.push_back({index, unsigned(i)});
    bool isOne = gone.size() == 1 && !slots.empty() &&
                 (classify(baseName(gone[0])) & (Reshapes | Carries)) &&
                 llvm::all_of(slots, [&](Slot slot) {
                   return model.valueAt(slot) == model.valueAt(slots[0]);
                 });
    if (!isOne)
      continue;
    std::string twin = model.valueAt(slots[0]).str();
    std::vector<Merged> &values = passed[twin];
    auto entry = llvm::find_if(
        values, [&](const Merged &merged) { return merged.value == gone[0]; });
    if (entry == values.end())
      entry = values.insert(values.end(), Merged{gone[0], twin, {}});
    llvm::append_range(entry->slots, slots);
  }
  for (auto &[twin, values] : passed)
    for (Merged &merged : llvm::MutableArrayRef(values).drop_front())
      if (baseName(merged.value) == baseName(values.front().value))
        found.push_back(std::move(merged));
}

/// Is the value made, however far back, of a parameter in whose place another
/// module has an unseen one?
bool CallSeparator::mayStandForOthers(StringRef value) const {
  llvm::StringSet<> seen;
  std::vector<std::string> left{value.str()};
  while (!left.empty()) {
    const CallNodes *maker = model.makerOf(left.back());
    left.pop_back();
    if (!maker || !seen.insert(maker->call.name).second)
      continue;
    for (const std::string &reference : maker->call.references) {
      StringRef name = model.parameterOf(reference);
      if (llvm::any_of(unseen, [&](const std::string &other) {
            return !name.empty() && haveOnePlace(name, other);
          }))
        return true;
    }
    for (size_t index : maker->nodes)
      llvm::append_range(left, model.node(index).inputs);
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Copying
//===----------------------------------------------------------------------===//

/// The statistics of the norm in the module `to`, for those of the one in
/// `from`.
void CallSeparator::takeBuffers(const CallNodes &nodes, StringRef from,
                                StringRef to, CallCopy &copy) const {
  for (const std::string &value : nodes.call.references) {
    StringRef rest = model.bufferOf(value);
    std::string other = to.str();
    if (rest.consume_front(from) && rest.starts_with("."))
      other += rest.str();
    if (model.isBuffer(other))
      copy.names[value] = model.valueOf(other);
  }
}

/// Unseen parameters that have the places of the call's.
bool CallSeparator::takeParameters(const CallNodes &nodes, CallCopy &copy) {
  std::vector<std::string> taken;
  for (const std::string &value : nodes.call.references) {
    StringRef name = model.parameterOf(value);
    std::vector<std::string> like;
    llvm::copy_if(unseen, std::back_inserter(like), [&](StringRef other) {
      return !name.empty() && haveOnePlace(name, other);
    });
    if (like.size() != 1)
      continue;
    copy.names[value] = model.valueOf(like.front());
    taken.push_back(like.front());
    takeBuffers(nodes, name.rsplit('.').first,
                StringRef(like.front()).rsplit('.').first, copy);
  }
  for (const std::string &name : taken)
    llvm::erase(unseen, name);
  return !taken.empty();
}

/// The value with parameters of its own in all that it is made of; the same if
/// there are none.
std::string CallSeparator::copyValue(const std::string &value, StringRef wish) {
  const CallNodes *nodes = model.makerOf(value);
  if (!nodes)
    return value;
  if (auto done = copied.find(value); done != copied.end())
    return done->second;
  CallCopy copy;
  copy.call = nodes;
  bool changes = takeParameters(*nodes, copy);
  for (size_t index : nodes->nodes)
    for (const std::string &output : model.node(index).outputs)
      copied[output] = output;
  for (size_t index : nodes->nodes) {
    for (const std::string &input : model.node(index).inputs) {
      std::string other = copyValue(input, "");
      if (other == input)
        continue;
      copy.values[input] = other;
      copy.names[input] = other;
      changes = true;
    }
  }
  if (!changes)
    return value;
  std::string name =
      wish.empty() ? model.makeName(nodes->call.name + "_copy") : wish.str();
  copy.names[nodes->call.name] = name;
  for (size_t index : nodes->nodes)
    for (const std::string &output : model.node(index).outputs)
      copied[output] = copy.values[output] =
          output == value ? name : name + "." + output;
  copies.push_back(std::move(copy));
  return copied[value];
}

/// The text of a call with some of its "%values" under other names.
static std::string renameValues(StringRef text,
                                const llvm::StringMap<std::string> &names) {
  std::string result;
  while (!text.empty()) {
    auto [before, rest] = text.split('%');
    result += before;
    if (before.size() == text.size())
      break;
    StringRef name =
        rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
    auto other = names.find(name);
    result += "%" + (other == names.end() ? name.str() : other->second);
    text = rest.drop_front(name.size());
  }
  return result;
}

std::vector<Node> CallSeparator::makeNodes(const CallCopy &copy) const {
  auto rename = [&](std::vector<std::string> &values) {
    for (std::string &value : values)
      if (auto other = copy.values.find(value); other != copy.values.end())
        value = other->second;
  };
  std::vector<Node> nodes;
  for (size_t index : copy.call->nodes) {
    Node node = model.node(index);
    rename(node.inputs);
    rename(node.outputs);
    node.name = node.outputs.front();
    node.fxNode = renameValues(node.fxNode, copy.names);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

void CallSeparator::apply() {
  std::map<size_t, std::vector<Node>> added;
  for (const CallCopy &copy : copies)
    llvm::append_range(added[copy.call->nodes.back()], makeNodes(copy));
  for (const Merged &merged : found)
    for (Slot slot : merged.slots)
      file.nodes[slot.node].inputs[slot.input] = copied[merged.twin];
  std::vector<Node> nodes;
  for (auto [i, node] : llvm::enumerate(file.nodes)) {
    nodes.push_back(std::move(node));
    if (auto behind = added.find(i); behind != added.end())
      llvm::move(behind->second, std::back_inserter(nodes));
  }
  file.nodes = std::move(nodes);
}

void CallSeparator::run() {
  unseen = findUnseen(model, findings);
  if (unseen.empty())
    return;
  findMerged();
  findPassed();
  // A call with parameters of its own, which went, is found missing later on.
  std::vector<std::string> all = unseen, suspects, values;
  for (const Merged &merged : found) {
    const FxCall &twin = model.makerOf(merged.twin)->call;
    bool hasOwn = llvm::any_of(twin.references, [&](StringRef value) {
      return !model.parameterOf(value).empty();
    });
    bool isPassed = classify(baseName(merged.value)) & Harmless;
    if ((isPassed || !hasOwn) && mayStandForOthers(merged.twin))
      suspects.push_back(merged.value);
  }
  for (const Merged &merged : found)
    if (copyValue(merged.twin, merged.value) != merged.twin)
      values.push_back(merged.value);
  if (unseen.empty() && !values.empty()) {
    apply();
    findings.doubts.push_back(
        "parameters " + quoteNames(all) + " are taken as those of " +
        quoteNames(values) +
        ", which the exporter merged with values of equal parameters");
  } else if (!suspects.empty()) {
    findings.lose(quoteNames(suspects) +
                      " of the model may be made of them, and others of equal "
                      "parameters stand in the file",
                  all, /*isDecidable=*/findings.given.empty());
  }
}

void onnximport::separateCalls(Model &file, const ExportMetadata &metadata,
                               Findings &findings) {
  CallSeparator(file, metadata, findings).run();
}
