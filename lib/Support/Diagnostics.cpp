// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Diagnostics of MLIR as one-line errors.

#include "ntk/Support/Diagnostics.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

using namespace mlir;
using namespace mlir::ntk;

/// "file:3:5: " or "node: ", empty if the location tells nothing.
static std::string describePlace(Location location) {
  if (auto name = location->findInstanceOf<NameLoc>())
    return (name.getName().getValue() + ": ").str();
  if (auto file = location->findInstanceOf<FileLineColLoc>())
    return (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" +
            Twine(file.getColumn()) + ": ")
        .str();
  return "";
}

DiagnosticCollector::DiagnosticCollector(MLIRContext *context)
    : handler(context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error &&
            error.empty()) {
          std::string text = diagnostic.str();
          std::replace(text.begin(), text.end(), '\n', ' ');
          error = describePlace(diagnostic.getLocation()) + text;
        }
        return success();
      }) {}

llvm::Error DiagnosticCollector::takeError(StringRef file, StringRef fallback) {
  std::string text = error.empty() ? fallback.str() : error;
  error.clear();
  StringRef rest = text;
  if (rest.consume_front(file) && rest.starts_with(":"))
    return llvm::createStringError(Twine(text));
  return llvm::createStringError(file + ": " + text);
}
