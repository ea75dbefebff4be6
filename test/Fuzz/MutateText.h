// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A mutator of MLIR text for libFuzzer: it changes words, numbers and lines, so
// that what is tested is what comes behind the lexer.

#ifndef NTK_TEST_FUZZ_MUTATETEXT_H
#define NTK_TEST_FUZZ_MUTATETEXT_H

#include <cstddef>
#include <cstdint>

namespace mlir::ntk::fuzz {

/// Changes the text in `data` in a few places: numbers, one or all that are
/// equal; words, for others of the kind that this or an earlier text had;
/// lines, left out, doubled, or taken from an earlier text. Seldom the bytes
/// themselves. Returns the new size, at most `maxSize`.
size_t mutateText(uint8_t *data, size_t size, size_t maxSize, unsigned seed);

} // namespace mlir::ntk::fuzz

#endif // NTK_TEST_FUZZ_MUTATETEXT_H
