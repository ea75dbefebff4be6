// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sharing out loop nests.

#include "ntk/Lower/LoopPartition.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>

using namespace mlir::ntk;

LoopPartition mlir::ntk::choosePartition(llvm::ArrayRef<int64_t> trips,
                                         int64_t inner) {
  constexpr int64_t piece = 1 << 15; // operations worth a thread's while
  constexpr int64_t largest = 1 << 14;
  unsigned rank = trips.size();
  llvm::SmallVector<int64_t> work(rank + 1, inner); // inside the first i loops
  for (unsigned i = rank; i-- > 0;)
    work[i] = work[i + 1] * trips[i];
  LoopPartition partition;
  partition.collapsed = 1;
  while (partition.collapsed + 1 < rank && work[partition.collapsed] > largest)
    ++partition.collapsed;
  partition.work = std::max<int64_t>(work[partition.collapsed], 1);
  partition.grain = std::max<int64_t>(piece / partition.work, 1);
  return partition;
}
