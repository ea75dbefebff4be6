// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel has of an axis of the outputs. In the request "now, mpw ->
// nmop" both sides have letters of their own, which the result has; with one
// letter for both only equal outputs meet, and what the result lacks is summed
// over.

#ifndef NTK_RT_OUTPUTPAIRS_H
#define NTK_RT_OUTPUTPAIRS_H

#include "ntk-rt/Device.h"

namespace ntk {
namespace rt {

/// Which outputs o and p of the two sides a kernel has.
struct OutputPairs {
  bool shared; ///< pairs o = p only
  bool kept;   ///< Θ has them; else it is summed over them

  NTK_RT_DEVICE constexpr bool operator==(OutputPairs other) const {
    return shared == other.shared && kept == other.kept;
  }
  NTK_RT_DEVICE constexpr bool operator!=(OutputPairs other) const {
    return !(*this == other);
  }
  /// Θ[n][m][o][p].
  NTK_RT_DEVICE constexpr bool isFull() const { return kept && !shared; }
  /// Θ[n][m], summed over o = p.
  NTK_RT_DEVICE constexpr bool isTrace() const { return shared && !kept; }
  /// Θ[n][m] of the sum of all outputs, which factors have in their place.
  NTK_RT_DEVICE constexpr bool isSum() const { return !shared && !kept; }
};

} // namespace rt
} // namespace ntk

#endif // NTK_RT_OUTPUTPAIRS_H
