// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes and offsets of Level 3 as polynomials of the size letters, n and m, and
// how they are written as attributes: `{"1" = 128, n = 4096, nm = 640}` is
// 128 + 4096·n + 640·n·m bytes.

#ifndef NTK_LOWER_SIZES_H
#define NTK_LOWER_SIZES_H

#include "dialects/NTK/Interfaces/Polynomial.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "ntk/Kernel/Expand.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::ntk {

/// Attribute names of arguments of lowered kernel functions, beside those of
/// Expand.h.
inline constexpr llvm::StringLiteral arenaAttrName = "ntk.arena";
inline constexpr llvm::StringLiteral arenaBytesAttrName = "ntk.arena_bytes";
inline constexpr llvm::StringLiteral paramOffsetsAttrName = "ntk.param_offsets";
inline constexpr llvm::StringLiteral paramTypesAttrName = "ntk.param_types";
inline constexpr llvm::StringLiteral paramBytesAttrName = "ntk.param_bytes";
inline constexpr llvm::StringLiteral factorOffsetsAttrName =
    "ntk.factor_offsets";
inline constexpr llvm::StringLiteral factorBytesAttrName = "ntk.factor_bytes";
/// Of a step: its floating-point operations, a polynomial.
inline constexpr llvm::StringLiteral flopsAttrName = "ntk.flops";
/// Of a step: its number in the program.
inline constexpr llvm::StringLiteral stepAttrName = "ntk.step";

/// Where parts of a block begin: multiples of this many bytes.
inline constexpr int64_t blockAlignment = 64;

/// The dictionary of `polynomial`; its coefficients are whole numbers.
DictionaryAttr getPolynomialAttr(MLIRContext *context,
                                 const Polynomial &polynomial);

/// The polynomial of such a dictionary (null: 0).
Polynomial getPolynomial(DictionaryAttr attr);

/// The attribute `name` of the first argument that has it and, if `side` is not
/// 0, belongs to that side; null if there is none.
template <typename AttrT>
AttrT findArgAttr(func::FuncOp function, StringRef name, int64_t side = 0) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto of = function.getArgAttrOfType<IntegerAttr>(i, sideAttrName);
    if (side && (!of || of.getInt() != side))
      continue;
    if (auto attr = function.getArgAttrOfType<AttrT>(i, name))
      return attr;
  }
  return {};
}

/// The size arguments of `function` by letter.
DenseMap<char, Value> getSizeArguments(func::FuncOp function);

/// Bytes of one element in memory; a mask (i1) takes one.
int64_t getElementBytes(Type element);

} // namespace mlir::ntk

#endif // NTK_LOWER_SIZES_H
