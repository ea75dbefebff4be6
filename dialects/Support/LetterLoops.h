// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A binary contraction by letters as the loops of a matrix product: one loop
// for each letter. What of them become M, N and K is said by the runtime's
// normal form, LoopsOf::normalise, for what is called and for what is priced
// alike.

#ifndef NTK_DIALECTS_SUPPORT_LETTERLOOPS_H
#define NTK_DIALECTS_SUPPORT_LETTERLOOPS_H

#include "mlir/Support/LLVM.h"
#include "ntk-rt/GemmLoops.h"
#include "llvm/ADT/StringRef.h"

#include <map>

namespace mlir::ntk {

/// Elements from one position of `letter` to the next in a dense, row-major
/// array whose axes are the letters of `word`; 0 if it is none of them.
template <typename Number>
Number getDenseStride(StringRef word, char letter,
                      const std::map<char, Number> &sizes) {
  size_t axis = word.find(letter);
  if (axis == StringRef::npos)
    return 0;
  Number stride = 1;
  for (char inner : word.drop_front(axis + 1))
    stride = stride * sizes.at(inner);
  return stride;
}

/// The loops of `result` (+)= Σ `a` · `b`, those of the result's letters first;
/// getStride(0, letter) is the letter's stride in a, of 1 in b, of 2 in the
/// result.
template <typename Number, typename GetStride>
::ntk::rt::LoopsOf<Number> getLetterLoops(StringRef a, StringRef result,
                                          const std::map<char, Number> &sizes,
                                          bool accumulate,
                                          GetStride getStride) {
  ::ntk::rt::LoopsOf<Number> loops;
  loops.m = loops.n = loops.k = {1, 0, 0, 0};
  loops.accumulate = accumulate;
  loops.loops = 0;
  std::string order = result.str();
  for (char letter : a)
    if (!result.contains(letter))
      order += letter;
  for (char letter : order)
    loops.loop[loops.loops++] = {sizes.at(letter), getStride(0, letter),
                                 getStride(1, letter), getStride(2, letter)};
  return loops;
}

} // namespace mlir::ntk

#endif // NTK_DIALECTS_SUPPORT_LETTERLOOPS_H
