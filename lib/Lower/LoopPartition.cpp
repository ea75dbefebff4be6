// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sharing out loop nests.

#include "ntk/Lower/LoopPartition.h"
#include "ntk-rt/Tuning.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>

using namespace mlir::ntk;
namespace tuning = ::ntk::rt::tuning;

LoopPartition mlir::ntk::choosePartition(llvm::ArrayRef<int64_t> trips,
                                         int64_t inner) {
  unsigned rank = trips.size();
  llvm::SmallVector<int64_t> work(rank + 1, inner); // inside the first i loops
  for (unsigned i = rank; i-- > 0;)
    work[i] = work[i + 1] * trips[i];
  LoopPartition partition;
  partition.collapsed = 1;
  while (partition.collapsed + 1 < rank &&
         work[partition.collapsed] > tuning::loopInside)
    ++partition.collapsed;
  partition.work = std::max<int64_t>(work[partition.collapsed], 1);
  partition.grain = std::max<int64_t>(tuning::loopPiece / partition.work, 1);
  return partition;
}
