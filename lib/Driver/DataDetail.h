// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the readers and writers of array files share.

#ifndef NTK_LIB_DRIVER_DATADETAIL_H
#define NTK_LIB_DRIVER_DATADETAIL_H

#include "ntk/Driver/Data.h"
#include "llvm/ADT/Twine.h"

namespace mlir::ntk::detail {

/// The error "where: message".
llvm::Error dataError(llvm::StringRef where, const llvm::Twine &message);

/// What to do with a file that torch.save wrote.
inline constexpr llvm::StringLiteral torchHint =
    "expected an .npy, .npz or .safetensors file, but this is one of "
    "torch.save; parameters are saved by safetensors.torch.save_file(model."
    "state_dict(), 'W.safetensors'), examples by np.save('x.npy', x.numpy())";

/// The file, mapped if it is not small. Fails for what cannot be read.
llvm::Expected<std::shared_ptr<llvm::MemoryBuffer>>
openFile(llvm::StringRef path);

/// An array over `bytes` of `owner` if they are aligned for it, else over a
/// copy of them.
llvm::Expected<Array> viewOrCopy(ElementKind kind,
                                 llvm::ArrayRef<int64_t> shape,
                                 llvm::ArrayRef<char> bytes,
                                 std::shared_ptr<llvm::MemoryBuffer> owner);

/// Reads the .npy file that `file` holds; `where` names it in errors.
llvm::Expected<Array> parseNpy(std::shared_ptr<llvm::MemoryBuffer> file,
                               llvm::StringRef where);

} // namespace mlir::ntk::detail

#endif // NTK_LIB_DRIVER_DATADETAIL_H
