// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef NTK_LIB_CLI_CALIBRATECOMMAND_H
#define NTK_LIB_CLI_CALIBRATECOMMAND_H

#include "mlir/IR/MLIRContext.h"
#include "ntk/Cli/Options.h"

namespace mlir::ntk {

/// Measures this machine and writes what it can do to where predictions look
/// for it. Fails if that cannot be written.
llvm::Error runCalibration(MLIRContext &context, const RunOptions &options);

} // namespace mlir::ntk

#endif // NTK_LIB_CLI_CALIBRATECOMMAND_H
