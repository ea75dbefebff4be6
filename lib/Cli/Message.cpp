// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Messages, each of one line.

#include "ntk/Cli/Message.h"
#include "ntk-rt/Printable.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir::ntk;

void mlir::ntk::printMessage(llvm::StringRef kind, const llvm::Twine &message) {
  llvm::errs() << ::ntk::rt::messageLine(kind.str()) << ": "
               << ::ntk::rt::messageLine(message.str()) << '\n';
}

int mlir::ntk::printError(llvm::Error error) {
  printMessage("error", llvm::toString(std::move(error)));
  return 1;
}
