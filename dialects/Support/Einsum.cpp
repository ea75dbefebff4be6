// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parsing, printing and renaming of einsum strings.

#include "dialects/Support/Einsum.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::ntk;

static LogicalResult checkWord(StringRef word,
                               function_ref<InFlightDiagnostic()> emitError) {
  for (size_t i = 0; i < word.size(); ++i) {
    if (!llvm::isAlpha(word[i]))
      return emitError() << "expected letters as indices, but got \"" << word
                         << "\"";
    if (word.drop_front(i + 1).contains(word[i]))
      return emitError() << "expected each index once in \"" << word << "\"";
  }
  return success();
}

FailureOr<Einsum> Einsum::parse(StringRef spec,
                                function_ref<InFlightDiagnostic()> emitError) {
  auto [left, right] = spec.split("->");
  if (left.size() == spec.size())
    return emitError() << "expected \"operands -> result\", but got \"" << spec
                       << "\"";
  Einsum einsum;
  SmallVector<StringRef> words;
  left.split(words, ',');
  for (StringRef word : words)
    einsum.operands.push_back(word.trim().str());
  einsum.result = right.trim().str();
  for (StringRef word : einsum.operands)
    if (failed(checkWord(word, emitError)))
      return failure();
  if (failed(checkWord(einsum.result, emitError)))
    return failure();
  for (char letter : einsum.result)
    if (!left.contains(letter))
      return emitError() << "expected index '" << letter
                         << "' of the result in an operand";
  return einsum;
}

Einsum Einsum::get(StringRef spec) {
  auto [left, right] = spec.split("->");
  Einsum einsum;
  SmallVector<StringRef> words;
  left.split(words, ',');
  for (StringRef word : words)
    einsum.operands.push_back(word.trim().str());
  einsum.result = right.trim().str();
  return einsum;
}

std::string Einsum::str() const {
  return llvm::join(operands, ", ") + " -> " + result;
}

std::string Einsum::getLetters() const {
  std::string letters;
  for (StringRef word : operands)
    for (char letter : word)
      if (!StringRef(letters).contains(letter))
        letters += letter;
  return letters;
}

void Einsum::rename(char from, char to) {
  for (std::string &word : operands)
    std::replace(word.begin(), word.end(), from, to);
  std::replace(result.begin(), result.end(), from, to);
}

void Einsum::freeLetters(StringRef reserved) {
  std::string used = getLetters() + reserved.str();
  for (char letter : reserved) {
    if (!StringRef(getLetters()).contains(letter))
      continue;
    char fresh = getFreeLetter(used);
    used += fresh;
    rename(letter, fresh);
  }
}

char mlir::ntk::getFreeLetter(StringRef used) {
  for (StringRef alphabet :
       {"kcabdefghijlqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "mnop"})
    for (char letter : alphabet)
      if (!used.contains(letter))
        return letter;
  llvm::report_fatal_error("a contraction has more than 52 indices");
}
