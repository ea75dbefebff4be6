// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The string of a contraction, "nk, mk -> nm", taken apart: one word of
// letters for each operand and one for the result.

#ifndef NTK_DIALECTS_SUPPORT_EINSUM_H
#define NTK_DIALECTS_SUPPORT_EINSUM_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace mlir::ntk {

/// The most indices of a product of a network: there are 52 letters, and each
/// side of a kernel takes its own.
constexpr size_t mostIndicesOfProduct = 20;

struct Einsum {
  SmallVector<std::string> operands;
  std::string result;

  /// Takes `spec` apart; letters are a-z and A-Z, none twice in a word, and
  /// those of the result stand in some operand.
  static FailureOr<Einsum> parse(StringRef spec,
                                 function_ref<InFlightDiagnostic()> emitError);

  /// As above, for a spec that has been verified.
  static Einsum get(StringRef spec);

  /// "nk, mk -> nm".
  std::string str() const;

  /// All letters, in the order of their first appearance.
  std::string getLetters() const;

  /// Renames letters so that none of `reserved` is used.
  void freeLetters(StringRef reserved);

  /// Replaces the letter `from` by `to` everywhere.
  void rename(char from, char to);
};

/// A letter that is not in `used`; there are 52.
char getFreeLetter(StringRef used);

} // namespace mlir::ntk

#endif // NTK_DIALECTS_SUPPORT_EINSUM_H
