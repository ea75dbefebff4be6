// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Views are looked through, down to the part of a block.

#include "MemoryKey.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace mlir::ntk;

MemoryKey mlir::ntk::getMemoryKey(Value memref) {
  while (Operation *op = memref.getDefiningOp()) {
    if (auto part = dyn_cast<memref::ViewOp>(op)) {
      // Equal constants are one place, however many ops they are of.
      Attribute constant;
      const void *shift = part.getByteShift().getAsOpaquePointer();
      if (matchPattern(part.getByteShift(), m_Constant(&constant)))
        shift = constant.getAsOpaquePointer();
      return {part.getSource().getAsOpaquePointer(), shift};
    }
    auto view = dyn_cast<ViewLikeOpInterface>(op);
    if (!view)
      break;
    memref = view.getViewSource();
  }
  return {memref.getAsOpaquePointer(), nullptr};
}
