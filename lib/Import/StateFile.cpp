// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a file of parameters has to hold: the state of the model. A state_dict
// has more, counters of batches and what this network does not use, and with
// the model inside of another one every name has a prefix.

#include "StateFile.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;

/// Is the tensor part of the model's state, and read?
static bool isState(const ParameterChoice &choice) {
  return choice.used && choice.role != ParameterChoice::Role::Constant;
}

static StringRef nounOf(const ParameterChoice &choice) {
  return choice.role == ParameterChoice::Role::Buffer ? "buffer" : "parameter";
}

//===----------------------------------------------------------------------===//
// Prefixes
//===----------------------------------------------------------------------===//

/// What stands in front of `name` in `longer`, up to a dot; else empty.
static StringRef prefixOf(StringRef longer, StringRef name) {
  return longer.consume_back(name) && longer.ends_with(".") ? longer
                                                            : StringRef();
}

/// The prefix by which all the `names` are among the `longer` ones, if there is
/// one.
static StringRef findPrefix(ArrayRef<std::string> names,
                            ArrayRef<std::string> longer) {
  llvm::StringSet<> known;
  for (const std::string &name : longer)
    known.insert(name);
  for (const std::string &candidate : longer) {
    StringRef prefix = prefixOf(candidate, names.front());
    if (!prefix.empty() && llvm::all_of(names, [&](const std::string &name) {
          return known.contains((prefix + name).str());
        }))
      return prefix;
  }
  return "";
}

/// Why none of the names is found, where all of one side have a prefix.
static std::string explainPrefix(ArrayRef<std::string> missing,
                                 ArrayRef<std::string> unknown) {
  if (unknown.empty())
    return "";
  StringRef prefix = findPrefix(missing, unknown);
  if (!prefix.empty()) {
    return ("; its names have '" + prefix +
            "' in front, as DistributedDataParallel and wrappers put it: save "
            "{k.removeprefix('" +
            prefix + "'): v for k, v in state_dict.items()}")
        .str();
  }
  prefix = findPrefix(unknown, missing);
  if (!prefix.empty()) {
    return ("; the model's names have '" + prefix + "' in front: save {'" +
            prefix + "' + k: v for k, v in state_dict.items()}")
        .str();
  }
  return "";
}

//===----------------------------------------------------------------------===//
// The check
//===----------------------------------------------------------------------===//

/// Kind and shape of an array for a tensor that the model has.
static Error checkArray(const Array &array, const ParameterChoice &choice,
                        StringRef path) {
  if (array.shape == choice.shape && isFloat(array.kind))
    return Error::success();
  return createStringError(path + ": '" + choice.name + "': expected " +
                           describe(choice.kind, choice.shape) + ", but got " +
                           describe(array.kind, array.shape));
}

/// The error about names that the file should have.
static Error missingNames(const Model &model, ArrayRef<std::string> missing,
                          ArrayRef<std::string> unknown, StringRef path) {
  auto first = llvm::find_if(model.choices, [&](const auto &choice) {
    return choice.name == missing.front();
  });
  std::string what = missing.size() == 1
                         ? (nounOf(*first) + " '" + missing.front() + "'").str()
                         : quoteNames(missing);
  std::string why = explainPrefix(missing, unknown);
  if (why.empty() && !unknown.empty()) {
    SmallVector<StringRef> names(unknown.begin(), unknown.end());
    why = "; " + suggestNames(missing.front(), names);
  }
  return createStringError(
      path + ": expected " + what + ", but it has none of " +
      (missing.size() == 1 ? "that name" : "those names") + why +
      " (--partial-params keeps what the model has)");
}

Error mlir::ntk::checkState(const Model &model, ArrayRef<NamedArray> arrays,
                            StringRef path, bool isPartial,
                            std::vector<std::string> &notes) {
  if (arrays.size() == 1 && arrays.front().name.empty())
    return createStringError(path + ": expected arrays with names, in an .npz "
                                    "or .safetensors file, but got one array");
  llvm::StringMap<const Array *> byName;
  for (const NamedArray &entry : arrays)
    byName[entry.name] = &entry.array;
  std::vector<std::string> missing, unknown;
  llvm::StringSet<> known;
  for (const ParameterChoice &choice : model.choices) {
    known.insert(choice.name);
    const Array *array = byName.lookup(choice.name);
    if (!array && isState(choice))
      missing.push_back(choice.name);
    if (array && choice.used)
      if (Error error = checkArray(*array, choice, path))
        return error;
  }
  // Integers, as the counters of batches that a state_dict holds, can be no
  // parameters.
  for (const NamedArray &entry : arrays)
    if (isFloat(entry.array.kind) && !known.contains(entry.name))
      unknown.push_back(entry.name);
  if (missing.empty() && !unknown.empty())
    notes.push_back((path + " has " + Twine(unknown.size()) +
                     (unknown.size() == 1 ? " tensor" : " tensors") +
                     " that the network does not use: " + quoteNames(unknown))
                        .str());
  if (!missing.empty() && !isPartial)
    return missingNames(model, missing, unknown, path);
  // What an exporter renamed may be what is left of the file.
  bool isNamed = llvm::any_of(model.choices, [&](const auto &choice) {
    return !choice.renamed && llvm::is_contained(missing, choice.name);
  });
  if (!missing.empty() && !unknown.empty() && !isNamed) {
    notes.push_back("kept the model's " + quoteNames(missing) +
                    ", for which none of " + quoteNames(unknown) + " of " +
                    path.str() + " was recognised");
  } else if (!missing.empty() && !unknown.empty()) {
    SmallVector<StringRef> names(missing.begin(), missing.end());
    return createStringError(path +
                             ": the network has no parameter or buffer "
                             "named '" +
                             unknown.front() + "'; " +
                             suggestNames(unknown.front(), names));
  }
  return Error::success();
}
