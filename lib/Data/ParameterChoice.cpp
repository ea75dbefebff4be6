// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What can be said about the choice of parameters, and how --wrt and --frozen
// change it. Names that differ in numbers only, as those of equal layers, are
// said as one glob.

#include "ntk/Data/ParameterChoice.h"
#include "ntk-rt/Printable.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/GlobPattern.h"
#include <map>

using namespace mlir::ntk;
using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

std::string mlir::ntk::suggestNames(StringRef wanted,
                                    ArrayRef<StringRef> names) {
  llvm::SmallVector<std::pair<unsigned, StringRef>> ranked;
  for (StringRef name : names)
    ranked.push_back({wanted.edit_distance(name), name});
  llvm::sort(ranked);
  std::string list;
  for (auto [distance, name] : ArrayRef(ranked).take_front(3))
    list += (list.empty() ? "'" : ", '") + name.str() + "'";
  return list.empty() ? "there are none" : "near are " + list;
}

std::string mlir::ntk::quoteNames(ArrayRef<std::string> names, size_t most) {
  std::string text;
  for (const std::string &name : names.take_front(most))
    text += (text.empty() ? "'" : ", '") + name + "'";
  if (names.size() > most)
    text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

/// The name with "*" for each number in it.
static std::string generalize(StringRef name) {
  std::string pattern;
  for (size_t i = 0; i < name.size(); ++i) {
    if (!llvm::isDigit(name[i]))
      pattern += name[i];
    else if (i == 0 || !llvm::isDigit(name[i - 1]))
      pattern += '*';
  }
  return pattern;
}

/// Whether the glob matches exactly `count` of the choices.
static bool matchesOnly(StringRef pattern, size_t count,
                        ArrayRef<ParameterChoice> choices) {
  llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(pattern);
  if (!glob) {
    llvm::consumeError(glob.takeError());
    return false;
  }
  return llvm::count_if(choices, [&](const ParameterChoice &choice) {
           return glob->match(choice.name);
         }) == static_cast<std::ptrdiff_t>(count);
}

/// Names, and globs for those that differ in numbers only, which match none of
/// the choices besides.
static std::vector<std::string> condense(ArrayRef<const ParameterChoice *> some,
                                         ArrayRef<ParameterChoice> choices) {
  llvm::MapVector<StringRef, std::vector<std::string>,
                  std::map<StringRef, unsigned>>
      groups;
  std::vector<std::string> patterns;
  for (const ParameterChoice *choice : some)
    patterns.push_back(generalize(choice->name));
  for (auto [choice, pattern] : llvm::zip_equal(some, patterns))
    groups[pattern].push_back(choice->name);
  std::vector<std::string> names;
  for (auto &[pattern, members] : groups) {
    if (members.size() > 1 && matchesOnly(pattern, members.size(), choices))
      names.push_back(pattern.str());
    else
      llvm::append_range(names, members);
  }
  return names;
}

//===----------------------------------------------------------------------===//
// Globs
//===----------------------------------------------------------------------===//

/// Adds the names that one of the globs matches; each glob must match.
static Error match(ArrayRef<std::string> globs, StringRef option,
                   ArrayRef<ParameterChoice> choices,
                   llvm::StringSet<> &matched) {
  llvm::SmallVector<StringRef> names;
  for (const ParameterChoice &choice : choices)
    names.push_back(choice.name);
  for (StringRef text : globs) {
    if (option == "--wrt")
      text.consume_front("+");
    llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(text);
    if (!glob)
      return createStringError(option + " '" + text +
                               "': " + llvm::toString(glob.takeError()));
    bool found = false;
    for (StringRef name : names) {
      if (name != text && !glob->match(name))
        continue;
      matched.insert(name);
      found = true;
    }
    if (!found) {
      return createStringError(option + " '" + text +
                               "': expected the name or a glob of "
                               "parameters, but it matches none; " +
                               suggestNames(text, names));
    }
  }
  return Error::success();
}

/// The option has decided about the tensor.
static void decide(ParameterChoice &choice, bool taken, StringRef option) {
  choice.taken = taken;
  choice.why = option.str();
  choice.doubt.clear();
}

Error mlir::ntk::applyGlobs(llvm::MutableArrayRef<ParameterChoice> choices,
                            ArrayRef<std::string> wrt,
                            ArrayRef<std::string> frozen) {
  bool adds =
      llvm::all_of(wrt, [](StringRef glob) { return glob.starts_with("+"); });
  if (!adds &&
      llvm::any_of(wrt, [](StringRef glob) { return glob.starts_with("+"); }))
    return createStringError(
        "--wrt: expected all globs with a '+' in front, which take more, or "
        "none, but got both");
  llvm::StringSet<> wanted, left;
  if (Error error = match(wrt, "--wrt", choices, wanted))
    return error;
  if (Error error = match(frozen, "--frozen", choices, left))
    return error;
  for (ParameterChoice &choice : choices) {
    if (wanted.contains(choice.name))
      decide(choice, true, "--wrt");
    else if (!adds)
      decide(choice, false, "not in --wrt");
    if (left.contains(choice.name))
      decide(choice, false, "--frozen");
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// What was taken and left
//===----------------------------------------------------------------------===//

/// "2 parameters (15 numbers): 'w', 'b'".
static std::string count(ArrayRef<ParameterChoice> choices, bool taken,
                         StringRef noun) {
  constexpr size_t few = 8;
  llvm::SmallVector<const ParameterChoice *> counted;
  int64_t numbers = 0;
  for (const ParameterChoice &choice : choices) {
    if (!choice.used || choice.taken != taken)
      continue;
    counted.push_back(&choice);
    numbers += choice.size();
  }
  std::vector<std::string> names = condense(counted, choices);
  std::string text =
      (Twine(counted.size()) + " " + noun + (counted.size() == 1 ? "" : "s") +
       " (" + Twine(numbers) + (numbers == 1 ? " number)" : " numbers)"))
          .str();
  if (!names.empty() && names.size() <= few)
    text += ": " + quoteNames(names, few);
  return text;
}

std::string mlir::ntk::summarize(ArrayRef<ParameterChoice> choices) {
  return "took " + count(choices, true, "parameter") + "; left " +
         count(choices, false, "tensor");
}

/// The line about tensors that were taken, or left, for one doubtful reason.
static std::string describeDoubt(ArrayRef<const ParameterChoice *> group,
                                 ArrayRef<ParameterChoice> choices) {
  constexpr size_t most = 12;
  std::vector<std::string> names = condense(group, choices);
  bool taken = group.front()->taken;
  std::string globs;
  for (const std::string &name : ArrayRef(names).take_front(most))
    globs += (globs.empty() ? "" : ",") + ((taken ? "" : "+") + name);
  return (taken ? "took " : "left ") + quoteNames(names, most) +
         (taken ? " as parameter" : " as constant") +
         (group.size() == 1 ? "" : "s") + " on doubt, " + group.front()->doubt +
         (taken ? "; --frozen='" : "; --wrt='") + globs +
         (taken ? "' leaves " : "' takes ") +
         (group.size() == 1 ? "it" : "them");
}

Doubts mlir::ntk::describeDoubts(ArrayRef<ParameterChoice> choices) {
  llvm::MapVector<std::pair<StringRef, bool>,
                  llvm::SmallVector<const ParameterChoice *>,
                  std::map<std::pair<StringRef, bool>, unsigned>>
      groups;
  for (const ParameterChoice &choice : choices)
    if (choice.used && !choice.doubt.empty())
      groups[{choice.doubt, choice.taken}].push_back(&choice);
  Doubts doubts;
  for (auto &[reason, group] : groups) {
    bool areNumbers = !reason.second &&
                      llvm::all_of(group, [](const ParameterChoice *choice) {
                        return choice->size() == 1;
                      });
    (areNumbers ? doubts.notes : doubts.warnings)
        .push_back(describeDoubt(group, choices));
  }
  return doubts;
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

/// "taken", "left", "unused"; with a question mark where it is a guess.
static std::string describeVerdict(const ParameterChoice &choice) {
  std::string verdict = !choice.used   ? "unused"
                        : choice.taken ? "taken"
                                       : "left";
  return verdict + (choice.used && !choice.doubt.empty() ? " ?" : "");
}

void mlir::ntk::printChoices(ArrayRef<ParameterChoice> choices,
                             llvm::raw_ostream &os) {
  size_t nameWidth = 4, shapeWidth = 5;
  std::vector<std::string> shapes;
  for (const ParameterChoice &choice : choices) {
    shapes.push_back(describe(choice.kind, choice.shape));
    nameWidth =
        std::max(nameWidth, ::ntk::rt::printableName(choice.name).size());
    shapeWidth = std::max(shapeWidth, shapes.back().size());
  }
  auto printRow = [&](StringRef name, StringRef shape, StringRef verdict,
                      StringRef why) {
    os << llvm::left_justify(name, nameWidth) << "  "
       << llvm::left_justify(shape, shapeWidth) << "  "
       << llvm::left_justify(verdict, 7) << "  " << why << '\n';
  };
  printRow("name", "shape", "", "why");
  for (auto [choice, shape] : llvm::zip_equal(choices, shapes)) {
    std::string why = choice.used ? choice.why : "no output depends on it";
    if (choice.used && !choice.doubt.empty())
      why += "; " + choice.doubt;
    printRow(::ntk::rt::printableName(choice.name), shape,
             describeVerdict(choice), ::ntk::rt::messageLine(why));
  }
}
