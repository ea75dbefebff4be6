// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text with holes: "$name", or "${name}" before a letter, stands for the value
// of that name.

#ifndef NTK_LIB_TARGET_TEMPLATE_H
#define NTK_LIB_TARGET_TEMPLATE_H

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace mlir::ntk {

using TemplateValues = llvm::StringMap<std::string>;

/// Prints `text` with every $name replaced by its value.
inline void fillTemplate(llvm::StringRef text, const TemplateValues &values,
                         llvm::raw_ostream &os) {
  while (true) {
    auto [before, after] = text.split('$');
    os << before;
    if (before.size() == text.size())
      return;
    bool isBraced = after.consume_front("{");
    llvm::StringRef name =
        after.take_while([](char c) { return llvm::isAlnum(c); });
    auto it = values.find(name);
    assert(it != values.end() && "a hole that nothing fills");
    os << it->second;
    text = after.drop_front(name.size() + isBraced);
  }
}

} // namespace mlir::ntk

#endif // NTK_LIB_TARGET_TEMPLATE_H
