// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Escapes, character by character.

#include "Escape.h"
#include "ntk-rt/Printable.h"
#include "ntk/Target/FileNames.h"
#include "ntk/Target/Source.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir::ntk;
using ::ntk::rt::Character;

/// Calls `add` with each character of `text` and its bytes.
template <typename Add>
static void forEachCharacter(llvm::StringRef text, Add add) {
  while (!text.empty()) {
    Character c = ::ntk::rt::firstCharacter(text);
    add(c, text.take_front(c.bytes));
    text = text.drop_front(c.bytes);
  }
}

std::string mlir::ntk::escapeComment(llvm::StringRef text) {
  std::string result;
  char last = 0;
  forEachCharacter(text, [&](Character c, llvm::StringRef bytes) {
    char here = c.code < 0x80 ? static_cast<char>(c.code) : 0;
    // A backslash continues the line, as does a trigraph of C; */ and /* end
    // and begin.
    bool isSpecial = here == '\\' || (here == '?' && last == '?') ||
                     (here == '/' && last == '*') ||
                     (here == '*' && last == '/');
    if (isSpecial)
      result += llvm::formatv("\\x{0:x-2}", c.code);
    else if (::ntk::rt::isPrintable(c))
      result += bytes;
    else
      result += ::ntk::rt::escapeCharacter(c);
    last = isSpecial ? 0 : here;
  });
  return result;
}

std::string mlir::ntk::escapeCommentName(llvm::StringRef name) {
  return ::ntk::rt::shorten(escapeComment(name), ::ntk::rt::longestWord);
}

std::string mlir::ntk::quote(llvm::StringRef text) {
  std::string result = "\"";
  forEachCharacter(text, [&](Character c, llvm::StringRef bytes) {
    bool isSpecial = c.code == '"' || c.code == '\\' || c.code == '?';
    if (isSpecial && !(c.code == '?' && result.back() != '?'))
      result += '\\';
    if (::ntk::rt::isPrintable(c)) {
      result += bytes;
      return;
    }
    // Three digits, so that no digit behind them counts.
    for (unsigned char byte : bytes) {
      result += '\\';
      for (int shift : {6, 3, 0})
        result += static_cast<char>('0' + (byte >> shift & 7));
    }
  });
  return result + "\"";
}

std::string mlir::ntk::quoteView(llvm::StringRef text) {
  if (!text.contains('\0'))
    return quote(text);
  return "{" + quote(text) + ", " + std::to_string(text.size()) + "}";
}

std::string mlir::ntk::getHeaderName(llvm::StringRef stem) {
  std::string result;
  forEachCharacter(stem, [&](Character c, llvm::StringRef bytes) {
    bool isTrigraph = c.code == '?' && !result.empty() && result.back() == '?';
    bool fits = ::ntk::rt::isPrintable(c) && c.code != '"' && c.code != '\\' &&
                !isTrigraph;
    result += fits ? bytes.str() : "_";
  });
  return result + ".h";
}
