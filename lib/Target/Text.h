// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text in lines that are not too long.

#ifndef NTK_LIB_TARGET_TEXT_H
#define NTK_LIB_TARGET_TEXT_H

#include "llvm/Support/Unicode.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::ntk {

/// The columns that UTF-8 text takes.
inline size_t getColumns(llvm::StringRef text) {
  return static_cast<size_t>(
      std::max(llvm::sys::unicode::columnWidthUTF8(text), 0));
}

/// The first word of `text`, which is taken off it; "[n, 10]" and "96 FLOP" are
/// one word.
inline llvm::StringRef takeWord(llvm::StringRef &text) {
  int depth = 0;
  size_t end = 0;
  for (; end < text.size(); ++end) {
    depth += text[end] == '[' ? 1 : text[end] == ']' ? -1 : 0;
    if (text[end] == ' ' && depth <= 0 &&
        !text.drop_front(end).starts_with(" FLOP"))
      break;
  }
  llvm::StringRef word = text.take_front(end);
  text = text.drop_front(std::min(end + 1, text.size()));
  return word;
}

/// Prints words in lines of at most `width` columns, each behind `prefix`.
inline void printWrapped(llvm::StringRef text, llvm::StringRef prefix,
                         size_t width, llvm::raw_ostream &os) {
  size_t column = 0;
  while (!text.empty()) {
    llvm::StringRef word = takeWord(text);
    if (column && column + 1 + getColumns(word) > width) {
      os << "\n";
      column = 0;
    }
    os << (column ? " " : prefix) << word;
    column += (column ? 1 : getColumns(prefix)) + getColumns(word);
  }
  os << "\n";
}

} // namespace mlir::ntk

#endif // NTK_LIB_TARGET_TEXT_H
