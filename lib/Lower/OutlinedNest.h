// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A loop nest that is to be a function, and which others are the same one.

#ifndef NTK_LIB_LOWER_OUTLINEDNEST_H
#define NTK_LIB_LOWER_OUTLINEDNEST_H

#include "CallSupport.h"
#include "LoopContext.h"
#include "MemoryKey.h"
#include "NestPartition.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::ntk {

/// The nests that are one if their sizes and the numbers in them are left open,
/// as they are exactly.
using Variants = llvm::StringMap<llvm::StringSet<>>;

/// A nest at the top level of a function.
struct Nest {
  explicit Nest(Operation *op)
      : op(op), used(getUsedValues(op)), partition(planNest(op)) {}

  /// Is no other memref that the nest uses in the same memory? Then the
  /// compiler of its function may keep in registers what lies elsewhere.
  bool isAlone(Value value) const {
    return isa<MemRefType>(value.getType()) &&
           llvm::count_if(used, [&](Value other) {
             return isa<MemRefType>(other.getType()) &&
                    getMemoryKey(other) == getMemoryKey(value);
           }) == 1;
  }
  bool canMove() const {
    return op->getNumResults() == 0 && llvm::all_of(used, canTravel);
  }
  /// `structure` is a number that nests of the same structural key share.
  void findKeys(size_t structure) {
    exact = getKey(structure, /*isOpen=*/false);
    open = getKey(structure, /*isOpen=*/true);
  }
  /// An open function takes up to twice as long to compile, and stands for all
  /// of its variants.
  bool isOpenAmong(const Variants &variants) const {
    constexpr size_t worthwhile = 5;
    return variants.find(open)->second.size() >= worthwhile;
  }
  SmallVector<Type> getTypes(bool isOpen) const {
    return llvm::map_to_vector(
        used, [&](Value value) { return getTravelType(op, value, isOpen); });
  }
  std::string getKey(size_t structure, bool isOpen) const;

  Operation *op;
  SetVector<Value> used;
  LoopPartition partition;
  std::string exact, open; ///< what the nest does
};

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_OUTLINEDNEST_H
