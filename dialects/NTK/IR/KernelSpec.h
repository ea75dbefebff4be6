// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is asked of a kernel, as an einsum over the Jacobians J1[n,o,w] and
// J2[m,p,w] of the two sides (examples n, m; outputs o, p; numbers w of the
// parameters): "now, mpw -> nmop" is all of it, "now, mow -> nm" its trace,
// "now, mow -> nmo" its diagonal, "now, mpw -> nm" the kernel of the sum of the
// outputs. Outputs of several axes have a letter for each, which the result has
// in the order of the axes, those of the two sides beside each other:
// "nabw, mcbw -> nmacb".

#ifndef NTK_DIALECTS_NTK_IR_KERNELSPEC_H
#define NTK_DIALECTS_NTK_IR_KERNELSPEC_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/Support/LLVM.h"
#include "ntk-rt/OutputPairs.h"
#include "llvm/ADT/SmallVector.h"

#include <string>

namespace mlir::ntk {

using ::ntk::rt::OutputPairs;

/// What becomes of each axis of the outputs.
struct KernelSpec {
  SmallVector<OutputPairs> axes;

  /// Reads a spec; the letters may be any.
  static FailureOr<KernelSpec>
  parse(StringRef spec, function_ref<InFlightDiagnostic()> emitError);

  /// As above, of a spec that has been verified.
  static KernelSpec get(StringRef spec);

  /// With n, m and w, and the first letters from o on for the axes: one axis
  /// has o and p.
  std::string str() const;
};

/// The name of what becomes of an axis: full, trace, diagonal or sum.
StringRef getName(OutputPairs pairs);

/// What has that name, if anything has.
std::optional<OutputPairs> findOutputPairs(StringRef name);

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_KERNELSPEC_H
