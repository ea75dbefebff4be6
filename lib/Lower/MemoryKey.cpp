// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Views are looked through, down to the part of a block.

#include "MemoryKey.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace mlir::ntk;

MemoryKey mlir::ntk::getMemoryKey(Value memref) {
  while (Operation *op = memref.getDefiningOp()) {
    if (auto part = dyn_cast<memref::ViewOp>(op))
      return {part.getSource().getAsOpaquePointer(),
              part.getByteShift().getAsOpaquePointer()};
    auto view = dyn_cast<ViewLikeOpInterface>(op);
    if (!view)
      break;
    memref = view.getViewSource();
  }
  return {memref.getAsOpaquePointer(), nullptr};
}
