// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parameters against the model that they are for.

#ifndef NTK_LIB_IMPORT_STATEFILE_H
#define NTK_LIB_IMPORT_STATEFILE_H

#include "ntk/Import/Model.h"

namespace mlir::ntk {

/// Checks the arrays of the file `path` against the model: shapes fit, and
/// every parameter and buffer that is used has one, unless `isPartial`. What
/// the network does not use is no fault, and is added to `notes`; but where
/// something is missing, it may be what was meant, and the error names it.
llvm::Error checkState(const Model &model, llvm::ArrayRef<NamedArray> arrays,
                       llvm::StringRef path, bool isPartial,
                       std::vector<std::string> &notes);

/// The name of a parameter or buffer, empty for an input.
llvm::StringRef getStoredName(NetworkOp network, unsigned argument);

/// The store of the model, with tensors replaced by those of the same name,
/// where they fit.
llvm::Expected<ParameterStore> replaceValues(const Model &model,
                                             llvm::ArrayRef<NamedArray> arrays);

/// The parameter or buffer that has no value in `store`: "buffer 'm'"; empty if
/// all have one.
std::string findMissing(const Model &model, const ParameterStore &store);

} // namespace mlir::ntk

#endif // NTK_LIB_IMPORT_STATEFILE_H
