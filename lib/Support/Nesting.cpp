// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A scan of MLIR or JSON text that knows strings, comments and brackets, and no
// more. Where text is ill-formed its depth does not matter: parsers stop there.

#include "ntk/Support/Nesting.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include <algorithm>

using namespace mlir::ntk;
using llvm::Error;
using llvm::StringRef;

namespace {
class Scan {
public:
  Scan(StringRef text, int maxDepth) : rest(text), maxDepth(maxDepth) {}

  Error run();

private:
  void skipString();
  void takeWord();
  bool takeInteger();
  void takeBracket(char c);

  StringRef rest;
  int maxDepth, line = 1;
  int depth = 0;
  int operators = 0; ///< since a character that no expression goes on behind
};
} // namespace

void Scan::skipString() {
  size_t i = 1;
  while (i < rest.size() && rest[i] != '"' && rest[i] != '\n')
    i += rest[i] == '\\' ? 2 : 1;
  rest = rest.drop_front(std::min(i + 1, rest.size()));
  operators = 0;
}

/// Some operators are words.
void Scan::takeWord() {
  StringRef word = rest.take_while(
      [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; });
  rest = rest.drop_front(word.size());
  operators += word == "mod" || word == "floordiv" || word == "ceildiv";
}

/// Takes digits; those behind a point are of no integer. False if there are too
/// many.
bool Scan::takeInteger() {
  bool isHex = rest.consume_front("0x");
  StringRef digits = rest.take_while(
      [&](char c) { return isHex ? llvm::isHexDigit(c) : llvm::isDigit(c); });
  rest = rest.drop_front(digits.size());
  if (digits.size() > maxTextDigits && !rest.starts_with("."))
    return false;
  if (rest.consume_front("."))
    rest = rest.drop_while(llvm::isDigit);
  return true;
}

void Scan::takeBracket(char c) {
  if (StringRef("([{<").contains(c))
    ++depth;
  else if (StringRef(")]}>").contains(c))
    depth = std::max(depth - 1, 0);
  operators = 0;
}

Error Scan::run() {
  while (!rest.empty()) {
    char c = rest.front();
    if (c == '"') {
      skipString();
      continue;
    }
    if (llvm::isAlpha(c)) {
      takeWord();
      continue;
    }
    if (llvm::isDigit(c)) {
      if (!takeInteger())
        return llvm::createStringError("line " + llvm::Twine(line) +
                                       ": expected integers of at most " +
                                       llvm::Twine(maxTextDigits) + " digits");
      continue;
    }
    if (rest.starts_with("//")) {
      rest = rest.drop_until([](char c) { return c == '\n'; });
      continue;
    }
    // Neither an arrow nor a comparison is a bracket.
    if (rest.starts_with("->") || rest.starts_with(">=") ||
        rest.starts_with("<=")) {
      rest = rest.drop_front(2);
      operators = 0;
      continue;
    }
    if (StringRef("()[]{}<>").contains(c))
      takeBracket(c);
    else if (StringRef("+-*").contains(c))
      ++operators;
    else if (StringRef(",=:%@").contains(c))
      operators = 0;
    line += c == '\n';
    rest = rest.drop_front();
    if (depth > maxDepth)
      return llvm::createStringError("line " + llvm::Twine(line) +
                                     ": expected text that nests at most " +
                                     llvm::Twine(maxDepth) + " deep");
    if (operators > maxTextOperators)
      return llvm::createStringError(
          "line " + llvm::Twine(line) + ": expected an expression of at most " +
          llvm::Twine(maxTextOperators) + " operators");
  }
  return Error::success();
}

Error mlir::ntk::checkNesting(StringRef text, int maxDepth) {
  return Scan(text, maxDepth).run();
}
