// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk-run --calibrate: measures this machine and keeps the file.

#include "CalibrateCommand.h"
#include "ntk-rt/Parallel.h"
#include "ntk/Cli/Message.h"
#include "ntk/Data/Arrays.h"
#include "ntk/Machine/MachineFile.h"
#include "ntk/Run/Calibrate.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;

Error mlir::ntk::runCalibration(mlir::MLIRContext &context,
                                const RunOptions &options) {
  if (options.threads)
    ::ntk::rt::setThreads(*options.threads);
  const std::string path = getMachinePath(::ntk::rt::threads());
  if (path.empty())
    return createStringError(
        "--calibrate: expected a home folder to keep the measurement in, or "
        "NTK_MACHINE=FILE.json");
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  if (!folder.empty())
    if (std::error_code failure = llvm::sys::fs::create_directories(folder))
      return createStringError("--calibrate: '" + folder +
                               "': " + failure.message());
  Output output;
  if (Error error = output.open("--calibrate", path))
    return error;
  llvm::Expected<Machine> machine = calibrate(context);
  if (!machine)
    return machine.takeError();
  std::string text;
  llvm::raw_string_ostream os(text);
  writeMachine(*machine, os);
  if (Error error = output.write({text}))
    return error;
  if (Error error = output.commit())
    return error;
  if (!options.quiet)
    printMessage("note", "wrote " + path);
  return Error::success();
}
