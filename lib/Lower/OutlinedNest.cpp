// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a nest does, as a key: its structure, and of what it uses the types, the
// constants that stay inside, and what is alone in its memory.

#include "OutlinedNest.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::ntk;

std::string Nest::getKey(size_t structure, bool isOpen) const {
  std::string key =
      std::to_string(structure) + ":" + std::to_string(partition.collapsed);
  for (auto [value, type] : llvm::zip_equal(used, getTypes(isOpen))) {
    Attribute constant;
    const void *kind = type.getAsOpaquePointer();
    if (isMadeInside(value, isOpen) &&
        matchPattern(value, m_Constant(&constant)))
      kind = constant.getAsOpaquePointer();
    key += (isAlone(value) ? ":+" : ":") +
           std::to_string(reinterpret_cast<uintptr_t>(kind));
  }
  return key;
}
