// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a loop nest is shared out among threads: its first loops are one range,
// taken some at a time. One rule for the code that runs at once and for source.

#ifndef NTK_LOWER_LOOPPARTITION_H
#define NTK_LOWER_LOOPPARTITION_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace mlir::ntk {

/// A trip count that is not known counts as this many.
inline constexpr int64_t unknownTrips = 64;

struct LoopPartition {
  unsigned collapsed = 0; ///< outer loops that are one range; 0: serial
  int64_t work = 1;       ///< operations of one element of the range
  int64_t grain = 1;      ///< elements worth a thread's while
};

/// Collapses outer loops, of which there is at least one, until what is inside
/// is no more than one piece of work; the innermost loop is left to the
/// vectoriser. `inner`: operations of the body of all loops.
LoopPartition choosePartition(llvm::ArrayRef<int64_t> trips, int64_t inner);

} // namespace mlir::ntk

#endif // NTK_LOWER_LOOPPARTITION_H
