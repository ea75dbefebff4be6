// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What names of nodes tell of modules in files of torch's older exporter.

#include "Undo/OlderExporter.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

/// A module in a list is called by the list's name too.
std::string onnximport::modulePath(StringRef nodeName) {
  llvm::SmallVector<StringRef> parts;
  nodeName.split(parts, '/', -1, /*KeepEmpty=*/false);
  std::string path, last;
  for (StringRef part :
       llvm::ArrayRef(parts).drop_back(parts.empty() ? 0 : 1)) {
    StringRef own = part;
    if (!last.empty() && own.starts_with(last + "."))
      own = own.drop_front(last.size() + 1);
    path += (path.empty() ? "" : ".") + own.str();
    last = part.str();
  }
  return path;
}

StringRef onnximport::calledModule(StringRef path) {
  auto [stem, number] = path.rsplit('_');
  bool isNumber = !number.empty() && llvm::all_of(number, llvm::isDigit);
  return isNumber ? stem : StringRef();
}
