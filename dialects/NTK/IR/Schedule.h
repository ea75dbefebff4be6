// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is decided of a kernel as a whole, as `ntk.kernel` has it in
// `#ntk.schedule`: the value of that attribute, for who writes and reads it.

#ifndef NTK_DIALECTS_NTK_IR_SCHEDULE_H
#define NTK_DIALECTS_NTK_IR_SCHEDULE_H

#include "llvm/ADT/Hashing.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlir::ntk {

enum class KernelMethod : uint32_t;

/// Each decision may still be open. None changes the kernel's values, beyond
/// the rounding of sums in another order.
struct Schedule {
  std::optional<int64_t> n1, n2; ///< examples that are planned for
  std::optional<KernelMethod> method;
  /// Values of the network, by name, whose kernels stand for what is before
  /// them; none may be decided.
  std::optional<std::vector<std::string>> cuts;
  /// Examples of side 1 and 2 in a tile, and outputs of each side: all where
  /// there are fewer.
  std::optional<int64_t> blockN, blockM, blockO;
  /// Are the factors of all examples of side 1 and 2 kept, or computed again
  /// for every tile? Either both are decided or none.
  std::optional<bool> keeps1, keeps2;

  bool operator==(const Schedule &other) const {
    return n1 == other.n1 && n2 == other.n2 && method == other.method &&
           cuts == other.cuts && blockN == other.blockN &&
           blockM == other.blockM && blockO == other.blockO &&
           keeps1 == other.keeps1 && keeps2 == other.keeps2;
  }

  /// Decisions of `other` where there are none here.
  void complete(const Schedule &other) {
    auto take = [](auto &here, const auto &there) {
      if (!here)
        here = there;
    };
    take(n1, other.n1);
    take(n2, other.n2);
    take(method, other.method);
    take(cuts, other.cuts);
    take(blockN, other.blockN);
    take(blockM, other.blockM);
    take(blockO, other.blockO);
    take(keeps1, other.keeps1);
    take(keeps2, other.keeps2);
  }
};

inline llvm::hash_code hash_value(const Schedule &schedule) {
  llvm::hash_code cuts = 0;
  if (schedule.cuts)
    cuts =
        llvm::hash_combine_range(schedule.cuts->begin(), schedule.cuts->end());
  return llvm::hash_combine(schedule.n1, schedule.n2, schedule.method, cuts,
                            schedule.blockN, schedule.blockM, schedule.blockO,
                            schedule.keeps1, schedule.keeps2);
}

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_SCHEDULE_H
