// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine that stands in for one that was never measured:
// DefaultMachine.json is what `ntk-run --calibrate` wrote on two threads of an
// AMD Zen 4.

#include "ntk/Machine/MachineFile.h"

using namespace mlir::ntk;

static constexpr const char *text =
#include "DefaultMachine.inc"
    ;

Machine mlir::ntk::getDefaultMachine(int64_t threads) {
  Machine machine = llvm::cantFail(parseMachine(text, "the default machine"));
  // Rates on all threads grow with their number.
  const double more =
      static_cast<double>(threads) / static_cast<double>(machine.threads);
  machine.threads = threads;
  for (TypeRates *rates : {&machine.f32, &machine.f64}) {
    for (ConvolutionRate &rate : rates->convolutions)
      rate.rate *= more;
    rates->patchRow /= more;
    rates->patchElement /= more;
    for (WritingRates *writing : {&rates->writing, &rates->mirroring}) {
      writing->row /= more;
      writing->element /= more;
    }
  }
  return machine;
}
