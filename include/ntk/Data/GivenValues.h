// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the command line gives beside examples: values that all examples share
// (`--input NAME=VALUE`) and sizes that a model leaves open (`--size NAME=N`).

#ifndef NTK_DATA_GIVENVALUES_H
#define NTK_DATA_GIVENVALUES_H

#include "ntk/Data/Arrays.h"

namespace mlir::ntk {

/// Reads "NAME=VALUE": a number, true or false, a list of these in brackets,
/// or the name of an .npy file. Integers are Int64, other numbers Float64.
llvm::Expected<NamedArray>
parseGivenValue(llvm::StringRef text,
                int64_t memoryLimit = std::numeric_limits<int64_t>::max());

/// Reads "NAME=N", a size from 1 on.
llvm::Expected<std::pair<std::string, int64_t>>
parseGivenSize(llvm::StringRef text);

/// The numbers of a shared value for an input of this kind, as Float64, Int64
/// or Bool. Integers may stand for floats, 0 and 1 for booleans.
llvm::Expected<Array> convertShared(const Array &array, ElementKind kind);

} // namespace mlir::ntk

#endif // NTK_DATA_GIVENVALUES_H
