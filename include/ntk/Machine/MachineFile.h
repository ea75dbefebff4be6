// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Measured machines as JSON, one file for each processor and number of threads
// in the user's cache folder, and the one that stands in where there is none.

#ifndef NTK_MACHINE_MACHINEFILE_H
#define NTK_MACHINE_MACHINEFILE_H

#include "ntk/Machine/Machine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::ntk {

/// The processor this runs on, as LLVM calls it: "znver4".
std::string getProcessorName();

/// Where the machine with so many threads is kept: $NTK_MACHINE if that is set,
/// else ntk/machine-PROCESSOR-THREADS.json in $XDG_CACHE_HOME or ~/.cache.
/// Empty where there is no such folder.
std::string getMachinePath(int64_t threads);

void writeMachine(const Machine &machine, llvm::raw_ostream &os);

/// Reads what writeMachine writes. Fails for text that is something else, of
/// another format, or has numbers that no machine has; `name` begins the error.
llvm::Expected<Machine> parseMachine(llvm::StringRef text,
                                     llvm::StringRef name);

/// The machine at getMachinePath, or the default one, which was measured on
/// another processor. `note` says why one that is there is not taken.
Machine loadMachine(int64_t threads, std::string &note);

/// The machine that is shipped, with so many threads.
Machine getDefaultMachine(int64_t threads);

} // namespace mlir::ntk

#endif // NTK_MACHINE_MACHINEFILE_H
