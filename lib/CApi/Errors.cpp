// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler's errors are lines as "net.onnx: node 'fc1' (Gemm): expected …".
// Here they are told apart into file, node and argument.

#include "Errors.h"
#include "ntk-rt/Printable.h"
#include "ntk/Cli/Options.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::ntk;
using llvm::StringRef;

namespace {
struct KeptError {
  std::string message, file, node, argument;
  std::vector<std::string> names;
};
} // namespace

static KeptError &getKept() {
  static thread_local KeptError kept;
  return kept;
}

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

/// An option of the command line as the library has it.
static std::string spellOption(StringRef name) {
  if (name == "size" || name == "input") // once for each there
    return (name + "s").str();
  if (name == "partial-params")
    return "partial";
  if (name == "n1")
    return "whole_batch";
  std::string text = name.str();
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

std::string mlir::ntk::spellOptions(StringRef text) {
  std::string result;
  if (text.consume_front("-o: ")) // of source
    result = "path: ";
  while (true) {
    auto [before, after] = text.split("--");
    result += before;
    if (before.size() == text.size())
      return result;
    StringRef word =
        after.take_while([](char c) { return llvm::isAlnum(c) || c == '-'; });
    bool isOption = llvm::is_contained(getOptionNames(), word);
    result += isOption ? spellOption(word) : ("--" + word).str();
    text = after.drop_front(word.size());
  }
}

/// Takes "node 'NAME'" or "'NAME'" off the front; empty if it is not there.
static std::string takeQuoted(StringRef &text, StringRef before) {
  StringRef rest = text;
  if (!rest.consume_front(before) || !rest.consume_front("'"))
    return "";
  auto [name, after] = rest.split('\'');
  text = after;
  return name.str();
}

/// The operators of "2 unsupported operators: node 'a' (X), node 'b' (Y)".
static std::vector<std::string> findUnsupported(StringRef text) {
  std::vector<std::string> names;
  auto [count, rest] = text.split(" unsupported operator");
  int64_t number;
  if (rest.empty() || count.getAsInteger(10, number))
    return names;
  for (size_t at = 0; (at = rest.find("node '")) != StringRef::npos;) {
    rest = rest.drop_front(at);
    takeQuoted(rest, "node ");
    names.push_back(rest.split('(').second.split(')').first.str());
  }
  return names;
}

/// The word that a message begins with, if that is one of an argument.
static std::string findArgument(StringRef text) {
  StringRef word =
      text.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
  StringRef rest = text.drop_front(word.size());
  // Arguments of functions, and options.
  bool isKnown = llvm::is_contained({"out", "n1", "n2", "path"}, word) ||
                 llvm::any_of(getOptionNames(), [&](StringRef option) {
                   return spellOption(option) == word;
                 });
  return isKnown && (rest.starts_with(":") || rest.starts_with(" '"))
             ? word.str()
             : "";
}

//===----------------------------------------------------------------------===//
// Keeping
//===----------------------------------------------------------------------===//

ntk_status mlir::ntk::keepError(llvm::Error error, StringRef file) {
  if (!error)
    return NTK_OK;
  std::string text = spellOptions(llvm::toString(std::move(error)));
  KeptError &kept = getKept();
  kept = {::ntk::rt::messageLine(text), "", "", "", {}};
  StringRef rest = text;
  if (!file.empty() && rest.consume_front(file) && rest.consume_front(":")) {
    kept.file = file.str();
    rest = rest.ltrim();
  } else {
    rest = text;
  }
  kept.names = findUnsupported(rest);
  StringRef behind = rest;
  kept.node = takeQuoted(behind, "node ");
  kept.argument = findArgument(rest);
  return kept.names.empty() ? NTK_INVALID : NTK_UNSUPPORTED;
}

const char *ntk_error_message() { return getKept().message.c_str(); }
const char *ntk_error_file() { return getKept().file.c_str(); }
const char *ntk_error_node() { return getKept().node.c_str(); }
const char *ntk_error_argument() { return getKept().argument.c_str(); }

const char *ntk_error_name(int64_t index) {
  const std::vector<std::string> &names = getKept().names;
  return index >= 0 && index < static_cast<int64_t>(names.size())
             ? names[index].c_str()
             : nullptr;
}
