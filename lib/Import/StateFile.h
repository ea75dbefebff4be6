// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file of parameters against the model that they are for.

#ifndef NTK_LIB_IMPORT_STATEFILE_H
#define NTK_LIB_IMPORT_STATEFILE_H

#include "ntk/Import/Model.h"

namespace mlir::ntk {

/// Checks the arrays of the file `path` against the model: shapes fit, and
/// every parameter and buffer that is used has one, unless `isPartial`. What
/// the network does not use is no fault, a note says so; but where something is
/// missing, it may be what was meant, and the error names it.
llvm::Error checkState(Model &model, llvm::ArrayRef<NamedArray> arrays,
                       llvm::StringRef path, bool isPartial);

} // namespace mlir::ntk

#endif // NTK_LIB_IMPORT_STATEFILE_H
