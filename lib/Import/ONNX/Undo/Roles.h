// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which input of which ONNX operator stands for an argument of a call.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_ROLES_H
#define NTK_LIB_IMPORT_ONNX_UNDO_ROLES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <vector>

namespace mlir::ntk::onnximport {

/// An input of an ONNX operator; any of its inputs if `input` is negative.
struct Role {
  llvm::StringRef type;
  int input;
};

/// The inputs that may stand for argument `argument` of torch's operator, the
/// likeliest first; none if the table does not tell.
std::vector<Role> getRoles(llvm::StringRef op, size_t argument);

/// Does the table know the operator?
bool hasRoles(llvm::StringRef op);

/// The argument that is a bias added to the product, or -1.
int getBiasArgument(llvm::StringRef op, llvm::StringRef type);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_ROLES_H
