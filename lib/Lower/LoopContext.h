// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the values that a loop nest uses from outside come into its function: as
// 64-bit numbers, for a memref its address and its dynamic sizes and strides.

#ifndef NTK_LIB_LOWER_LOOPCONTEXT_H
#define NTK_LIB_LOWER_LOOPCONTEXT_H

#include "mlir/IR/Builders.h"

namespace mlir::ntk {

/// Is `value` a constant that a function makes itself? All are, but if
/// `isOpen` not those of floats: nests that differ in nothing but such numbers
/// are then one function.
bool isMadeInside(Value value, bool isOpen);

/// Constants, memrefs, indices and 64-bit integers can come into a function.
bool canTravel(Value value);

/// The type of `value` in a function of `nest`. A memref that the nest takes
/// element by element leaves its offset behind, in the address: nests that
/// differ in nothing but where their slices begin are then one function. With
/// `isOpen` so are those that differ in large sizes, which come as numbers.
Type getTravelType(Operation *nest, Value value, bool isOpen);

/// The numbers from which a value of `travelType` is read back.
void appendNumbers(OpBuilder &builder, Location loc, Value value,
                   Type travelType, SmallVectorImpl<OpFoldResult> &numbers);

/// Reads values back from a pointer to their numbers, in the order they were
/// appended.
class ContextReader {
public:
  ContextReader(OpBuilder &builder, Location loc, Value context)
      : builder(builder), loc(loc), context(context) {}

  Value read(Type type);

private:
  Value readNumber();
  Value createNumber(int64_t number);
  Value readMemRef(MemRefType type);

  OpBuilder &builder;
  Location loc;
  Value context;
  int32_t next = 0;
};

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_LOOPCONTEXT_H
