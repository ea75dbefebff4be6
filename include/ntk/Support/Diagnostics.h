// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the compiler says about IR, as the one-line messages a user gets.

#ifndef NTK_SUPPORT_DIAGNOSTICS_H
#define NTK_SUPPORT_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"

namespace mlir::ntk {

/// While in scope, keeps the diagnostics of a context instead of printing them.
class DiagnosticCollector {
public:
  explicit DiagnosticCollector(MLIRContext *context);

  /// The first error as "FILE: PLACE: message", where the place is the name of
  /// a node, or as "FILE:3:5: message"; `fallback` for a message if none was
  /// reported.
  llvm::Error takeError(llvm::StringRef file, llvm::StringRef fallback);

private:
  std::string error;
  ScopedDiagnosticHandler handler;
};

} // namespace mlir::ntk

#endif // NTK_SUPPORT_DIAGNOSTICS_H
