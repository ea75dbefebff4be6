// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the values that a loop nest uses from outside come into its function: as
// 64-bit numbers, for a memref its address and its dynamic sizes and strides.

#ifndef NTK_LIB_LOWER_LOOPCONTEXT_H
#define NTK_LIB_LOWER_LOOPCONTEXT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
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

/// A function that takes values as they were appended, number by number: 64-bit
/// integers, and pointers for the addresses of memrefs.
class ContextReader {
public:
  /// Adds arguments to `entry`, the first block of the function, where
  /// `builder` stands.
  ContextReader(OpBuilder &builder, Location loc, Block *entry)
      : builder(builder), loc(loc), entry(entry) {}

  /// Reads a value back. Of a memref that is alone in its memory nothing else
  /// is a part.
  Value read(Type type, bool isAlone);

  /// Which of the arguments are addresses of memrefs that are alone.
  ArrayRef<unsigned> getLonelyPointers() const { return lonely; }

private:
  Value readNumber();
  Value createNumber(int64_t number);
  Value readMemRef(MemRefType type, bool isAlone);

  OpBuilder &builder;
  Location loc;
  Block *entry;
  SmallVector<unsigned> lonely;
};

/// Calls `body` with what stands at `context`, 64-bit numbers, for all
/// arguments but the last ones, which are `more`.
void createCallWithContext(OpBuilder &builder, Location loc, func::FuncOp body,
                           Value context, ValueRange more);

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_LOOPCONTEXT_H
