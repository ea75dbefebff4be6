// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of options: names, help, and how each reads its value.

#ifndef NTK_LIB_CLI_OPTIONTABLE_H
#define NTK_LIB_CLI_OPTIONTABLE_H

#include "ntk/Cli/Options.h"

namespace mlir::ntk {

struct Option {
  /// The tools that have it.
  enum Tools {
    Run = 1,
    Emit = 2,
    Import = 4,
    Kernel = Run | Emit,
    Translate = Emit | Import,
    All = 7,
    Library = 8,
    RunLibrary = Run | Library,
    EmitLibrary = Emit | Library,
    KernelLibrary = Kernel | Library,
    TranslateLibrary = Translate | Library,
    AllLibrary = All | Library
  } tools;
  llvm::StringRef name;
  /// How the value is written in the help. Empty: takes none. "[=json]": takes
  /// one only after an equals sign.
  llvm::StringRef value;
  llvm::StringRef help;
  /// Takes the value over, or says what was expected of it.
  llvm::Error (*set)(RunOptions &, llvm::StringRef option,
                     llvm::StringRef value);

  bool isFlag() const { return value.empty(); }
  bool isOptional() const { return value.starts_with("["); }
  bool isOf(Tool tool) const {
    return tools & (tool == Tool::Run      ? Run
                    : tool == Tool::Emit   ? Emit
                    : tool == Tool::Import ? Import
                                           : Library);
  }
};

/// In the order of the help.
llvm::ArrayRef<Option> getOptions();

} // namespace mlir::ntk

#endif // NTK_LIB_CLI_OPTIONTABLE_H
