// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values that calls name and that no node makes. Most were moves, or one of two
// equal nodes of which the other stayed, and mean nothing; parameters that no
// call names are unused, or the second names of tied ones. Both at once mean
// that something was computed in advance, or that two equal layers became one,
// and a parameter went with it. A lost `detach` is put back.
//
// A sum with 0 or a product with 1 went if its reader reads what it passed on;
// the number may have been a parameter, of one element.

#include "Undo/Findings.h"
#include "Undo/FxNames.h"
#include "Undo/GivenState.h"
#include "Undo/SecondNames.h"
#include "Undo/Sources.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

std::vector<std::string> onnximport::findUnseen(const ExportedModel &model,
                                                const Findings &findings) {
  llvm::StringSet<> parts;
  for (const std::string &tensor : model.foldedNames())
    for (const std::string &value : model.foldedOf(tensor)->from)
      parts.insert(value);
  SecondNames ties(model);
  std::vector<std::string> unseen;
  for (const std::string &name : model.getParameters())
    if (!parts.contains(name) && !model.named.contains(name) &&
        !ties.isSecond(name) && !model.isRead(name) &&
        !model.placed.contains(name) && !findings.isLost(name) &&
        !(findings.isOwnState && isDistinct(model, findings, name)))
      unseen.push_back(name);
  return unseen;
}

namespace {
class MissingValues {
public:
  MissingValues(ExportedModel &model, Findings &findings)
      : model(model), findings(findings) {}
  void run();

private:
  void findGone();
  void findGoneOutputs();
  void judge();
  void restoreDetaches(StringRef value, const std::vector<int> &callers);
  bool restoreDetach(const CallNodes &nodes, StringRef value);
  std::optional<Slot> findDetached(const CallNodes &nodes,
                                   StringRef value) const;
  std::string findTwin(StringRef value, const std::vector<int> &callers) const;
  bool isMergedMove(StringRef value, const std::vector<int> &callers) const;
  std::vector<std::string> findPassedOn(StringRef value,
                                        const std::vector<int> &callers) const;
  bool isReadFor(StringRef source, StringRef value) const;
  bool isWithoutGradient(const std::vector<int> &callers) const;
  void findNeutral(std::vector<std::string> &hard);
  void dropTied(std::vector<std::string> &unseen);

  ExportedModel &model;
  Findings &findings;
  /// Numbers of the calls that name a value; -1 is the model's output.
  std::map<std::string, std::vector<int>> gone;
  llvm::StringSet<> goneOutputs, folded;
  /// Values that passed another on, if each did so alone.
  std::vector<std::string> neutral;
  /// Moves that were merged with others of what parameters made.
  std::vector<std::string> mergedMoves;
  llvm::StringMap<Sources> sources;
  bool hasDetached = false;
};
} // namespace

void MissingValues::findGone() {
  for (const std::string &tensor : model.foldedNames())
    for (const std::string &value : model.foldedOf(tensor)->from)
      folded.insert(value);
  for (auto [i, nodes] : llvm::enumerate(model.getCalls()))
    for (const std::string &value : nodes.call.references)
      if (!model.isKnown(value) && !model.isOrigin(value))
        gone[value].push_back(i);
}

/// Outputs that a call of another name makes: the last operator went.
void MissingValues::findGoneOutputs() {
  for (const std::string &output : model.getOutputs()) {
    const CallNodes *maker = model.makerOf(output);
    if (!maker || maker->call.name == output || baseName(output) == "getitem")
      continue;
    gone[output].push_back(-1);
    goneOutputs.insert(output);
  }
}

//===----------------------------------------------------------------------===//
// Detaches
//===----------------------------------------------------------------------===//

/// The input of the call that had been detached: by position if all are there,
/// else the one that no other argument explains.
std::optional<Slot> MissingValues::findDetached(const CallNodes &nodes,
                                                StringRef value) const {
  llvm::StringSet<> inner;
  for (size_t index : nodes.nodes)
    for (const std::string &output : model.node(index).outputs)
      inner.insert(output);
  std::vector<Slot> slots;
  for (size_t index : nodes.nodes) {
    for (auto [i, input] : llvm::enumerate(model.node(index).inputs)) {
      const Array *tensor = model.find(input);
      bool isData =
          !tensor || (isFloat(tensor->kind) &&
                      (tensor->size() > 1 || model.isParameter(input) ||
                       model.foldedOf(input)));
      if (!input.empty() && !inner.contains(input) && isData)
        slots.push_back({index, unsigned(i)});
    }
  }
  std::vector<std::string> references;
  for (const std::string &reference : nodes.call.references) {
    StringRef buffer = model.bufferOf(reference);
    if (buffer.empty() || model.find(buffer))
      references.push_back(reference);
  }
  if (slots.size() == references.size())
    return slots[llvm::find(references, value) - references.begin()];
  for (const std::string &reference : references) {
    StringRef name = model.parameterOf(reference);
    if (name.empty())
      name = reference;
    auto explained = llvm::find_if(slots, [&](Slot slot) {
      const Folded *from = model.foldedOf(model.valueAt(slot));
      return model.valueAt(slot) == name ||
             (from && llvm::is_contained(from->from, name));
    });
    if (explained != slots.end())
      slots.erase(explained);
  }
  bool isOne = !slots.empty() && llvm::all_of(slots, [&](Slot slot) {
    return model.valueAt(slot) == model.valueAt(slots.front());
  });
  return isOne ? std::optional(slots.back()) : std::nullopt;
}

/// An Identity that names the operator, as files without optimisation have.
bool MissingValues::restoreDetach(const CallNodes &nodes, StringRef value) {
  std::optional<Slot> slot = findDetached(nodes, value);
  if (!slot)
    return false;
  std::string input = model.valueAt(*slot).str();
  std::string name = stopGradient(model, slot->node, input, value);
  model.setInput(*slot, name);
  hasDetached = true;
  ++findings.restored;
  return true;
}

void MissingValues::restoreDetaches(StringRef value,
                                    const std::vector<int> &callers) {
  for (int caller : callers) {
    if (caller < 0)
      continue;
    const CallNodes &nodes = model.getCalls()[caller];
    if (!restoreDetach(nodes, value))
      findings.lose("'" + nodes.call.name + "' reads '" + value.str() +
                        "', a gradient that the model stops, and where is not "
                        "in the file",
                    {});
  }
}

//===----------------------------------------------------------------------===//
// The rest
//===----------------------------------------------------------------------===//

/// Another value of the same operator without parameters that a caller reads in
/// its place, or empty. Then the two were equal, and one went.
std::string MissingValues::findTwin(StringRef value,
                                    const std::vector<int> &callers) const {
  for (int caller : callers) {
    if (caller < 0)
      continue;
    const CallNodes &nodes = model.getCalls()[caller];
    for (size_t index : nodes.nodes) {
      for (const std::string &input : model.node(index).inputs) {
        const CallNodes *maker = model.makerOf(input);
        if (!maker || maker == &nodes ||
            llvm::is_contained(nodes.call.references, maker->call.name) ||
            baseName(maker->call.name) != baseName(value))
          continue;
        if (llvm::none_of(maker->call.references, [&](const auto &reference) {
              return !model.parameterOf(reference).empty();
            }))
          return input;
      }
    }
  }
  return "";
}

/// Was the value a move that was merged with one of another value? What is
/// moved may have been made of parameters, and was merged before.
bool MissingValues::isMergedMove(StringRef value,
                                 const std::vector<int> &callers) const {
  if (!(classify(baseName(value)) & Moves))
    return false;
  auto made = sources.find(findTwin(value, callers));
  return made != sources.end() && !made->second.empty();
}

/// Is the value an argument in a list of sizes, as of a view?
static bool isSize(const FxCall &call, StringRef value) {
  if (!(classify(call.op) & (Reshapes | Repeats)))
    return false;
  bool isElsewhere = false, isListed = false;
  for (auto [i, text] : llvm::enumerate(call.args)) {
    bool isList = i > 0 && StringRef(text).starts_with("[");
    bool names = false;
    for (StringRef rest = text; !rest.empty();) {
      rest = rest.split('%').second;
      names |= rest.take_while([](char c) {
        return llvm::isAlnum(c) || c == '_';
      }) == value;
    }
    (isList ? isListed : isElsewhere) |= names;
  }
  return isListed && !isElsewhere;
}

/// What the callers read and do not name, if they would be given it by a sum
/// with 0 or a product with 1; none if that cannot be.
std::vector<std::string>
MissingValues::findPassedOn(StringRef value,
                            const std::vector<int> &callers) const {
  std::vector<std::string> passed;
  for (int caller : callers) {
    if (caller < 0) {
      passed.push_back(value.str());
      continue;
    }
    const CallNodes &nodes = model.getCalls()[caller];
    if (isSize(nodes.call, value))
      return {};
    std::string source;
    for (size_t index : nodes.nodes) {
      for (const std::string &input : model.node(index).inputs) {
        const CallNodes *maker = model.makerOf(input);
        if (!maker || maker == &nodes || input == source ||
            llvm::is_contained(nodes.call.references, maker->call.name))
          continue;
        if (!source.empty())
          return {};
        source = input;
      }
    }
    if (source.empty())
      return {};
    if (!llvm::is_contained(passed, source))
      passed.push_back(source);
  }
  return passed;
}

/// Does the source, which another operator made, stand for the value wherever
/// it is read? What is read for itself, too, may have been merged with what the
/// value passed on.
bool MissingValues::isReadFor(StringRef source, StringRef value) const {
  const CallNodes *maker = model.makerOf(source);
  if (!maker)
    return false;
  if (source == value)
    return true;
  return baseName(maker->call.name) != baseName(value) &&
         llvm::all_of(model.readers(source), [&](Slot slot) {
           const Node &reader = model.node(slot.node);
           std::optional<FxCall> call = parseFxCall(reader.fxNode);
           return reader.type == "Shape" ||
                  (call && llvm::is_contained(call->references, value));
         });
}

/// Do all callers give integers or truth values, through which no gradient
/// goes?
bool MissingValues::isWithoutGradient(const std::vector<int> &callers) const {
  return llvm::all_of(callers, [&](int caller) {
    if (caller < 0)
      return false;
    std::optional<ValueType> type =
        model.typeOf(model.getCalls()[caller].call.name);
    return type && !isFloat(type->kind);
  });
}

/// Takes out of the unseen parameters those that are names of tied ones rather
/// than numbers that went with the neutral values.
void MissingValues::dropTied(std::vector<std::string> &unseen) {
  SecondNames ties(model);
  std::string first;
  for (const std::string &name : unseen) {
    first = ties.mayBeOf(name);
    if (first.empty())
      return;
  }
  if (first.empty())
    return;
  findings.doubts.push_back(
      quoteNames(unseen) + " is taken as another name of '" + first +
      "', and " + quoteNames(neutral) +
      " as a sum with 0 or a product with 1: if the number was the parameter, "
      "the kernel is another; optimize=False tells");
  unseen.clear();
}

/// Takes out of the unexplained values those that passed another on. Two that
/// passed on one value may have had sources that were merged.
void MissingValues::findNeutral(std::vector<std::string> &hard) {
  llvm::StringMap<std::vector<std::string>> bySource;
  for (const std::string &value : hard) {
    if (!(classify(baseName(value)) & Neutral))
      continue;
    std::vector<std::string> sources = findPassedOn(value, gone[value]);
    if (sources.size() == 1 && isReadFor(sources.front(), value))
      bySource[sources.front()].push_back(value);
  }
  for (const auto &entry : bySource)
    if (entry.second.size() == 1)
      neutral.push_back(entry.second.front());
  llvm::erase_if(hard, [&](const std::string &value) {
    return llvm::is_contained(neutral, value);
  });
}

void MissingValues::judge() {
  std::vector<std::string> hard;
  bool anyTwin = false;
  for (const auto &[value, callers] : gone) {
    StringRef base = baseName(value);
    bool isHarmless = (classify(base) & Harmless) || isWithoutGradient(callers);
    if (isMergedMove(value, callers))
      mergedMoves.push_back(value);
    if (base == "detach") {
      restoreDetaches(value, callers);
    } else if (goneOutputs.contains(value)) {
      if (!isHarmless)
        hard.push_back(value);
    } else if (!isHarmless && !folded.contains(value)) {
      if (!findTwin(value, callers).empty())
        anyTwin = true;
      else
        hard.push_back(value);
    }
  }
  std::vector<std::string> all = hard;
  findNeutral(hard);
  if (hasDetached && (anyTwin || !all.empty()))
    findings.lose("nodes were merged beside a gradient that the model stops, "
                  "and one may stand for one with and one without it",
                  {});
  std::vector<std::string> unseen = findUnseen(model, findings);
  if (hard.empty() && !neutral.empty() && mayBeScalar(findings, unseen)) {
    dropTied(unseen);
    hard = neutral;
  }
  if (hard.empty())
    hard = mergedMoves;
  if (!unseen.empty() && !hard.empty())
    findings.lose("nothing is left of " + quoteNames(hard) +
                      " of the model, which no other value explains",
                  unseen, /*isDecidable=*/findings.given.empty());
}

void MissingValues::run() {
  for (size_t i = 0; i < model.numNodes(); ++i)
    findSources(model, model.node(i), sources);
  findGone();
  findGoneOutputs();
  judge();
}

void onnximport::findMissing(ExportedModel &model, Findings &findings) {
  MissingValues(model, findings).run();
}
