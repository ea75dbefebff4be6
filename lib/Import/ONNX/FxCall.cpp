// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the calls of torch's graph from their text.

#include "FxCall.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

StringRef FxCall::valueOf(size_t i) const {
  StringRef text = i < args.size() ? StringRef(args[i]) : StringRef();
  bool isValue = text.consume_front("%") && llvm::all_of(text, [](char c) {
                   return llvm::isAlnum(c) || c == '_';
                 });
  return isValue ? text : StringRef();
}

StringRef onnximport::getFxOperator(StringRef text) {
  auto [head, tail] = text.split("call_function[target=");
  StringRef target = tail.take_until([](char c) { return c == ']'; });
  llvm::SmallVector<StringRef> parts;
  target.split(parts, '.');
  // torch.ops.aten.linear.default, or a bare function
  if (parts.size() >= 4 && parts[0] == "torch" && parts[1] == "ops")
    return parts[3];
  return parts.empty() ? target : parts.size() > 1 ? parts[1] : parts[0];
}

/// The pieces between commas outside all brackets.
static std::vector<std::string> splitArguments(StringRef text) {
  std::vector<std::string> pieces;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    char c = i < text.size() ? text[i] : ',';
    if (StringRef("([{").contains(c))
      ++depth;
    if (StringRef(")]}").contains(c))
      --depth;
    if (c != ',' || (depth > 0 && i < text.size()))
      continue;
    StringRef piece = text.slice(begin, i).trim();
    if (!piece.empty())
      pieces.push_back(piece.str());
    begin = i + 1;
  }
  return pieces;
}

static void findReferences(StringRef text,
                           std::vector<std::string> &references) {
  while (true) {
    text = text.drop_until([](char c) { return c == '%'; });
    if (!text.consume_front("%"))
      return;
    StringRef name =
        text.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
    if (!name.empty())
      references.push_back(name.str());
  }
}

std::optional<FxCall> onnximport::parseFxCall(StringRef text) {
  FxCall call;
  call.op = getFxOperator(text).str();
  auto [head, rest] = text.split("(args = (");
  auto [args, keywords] = rest.rsplit("), kwargs = {");
  if (!head.consume_front("%") || call.op.empty() ||
      !keywords.consume_back("})"))
    return std::nullopt;
  call.name = head.take_until([](char c) { return c == ' '; }).str();
  call.args = splitArguments(args);
  for (const std::string &entry : splitArguments(keywords)) {
    auto [key, value] = StringRef(entry).split(": ");
    call.keywords[key] = value.str();
  }
  findReferences(args, call.references);
  findReferences(keywords, call.references);
  return call;
}
