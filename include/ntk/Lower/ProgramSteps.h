// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The steps of a function at Level 3, read off its numbered ops: what each is,
// for reports, and what it does for given numbers of examples, for prices.

#ifndef NTK_LOWER_PROGRAMSTEPS_H
#define NTK_LOWER_PROGRAMSTEPS_H

#include "dialects/NTK/Interfaces/Polynomial.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ntk/Machine/Step.h"

#include <memory>

namespace mlir::ntk {

/// What is said of a step.
struct StepName {
  int64_t number = 0;
  std::string layer; ///< that it belongs to, may be empty
  std::string what;  ///< "contract \"nk, ck -> nc\"", "loops over [nm, 10]"
};

/// The steps of one function. They keep no IR.
class ProgramSteps {
public:
  /// The numbered steps of `function`; none of a null one. Those whose sizes
  /// are not products of n, m and numbers have a name, and no work.
  explicit ProgramSteps(func::FuncOp function);
  ProgramSteps();
  ProgramSteps(ProgramSteps &&);
  ProgramSteps &operator=(ProgramSteps &&);
  ~ProgramSteps();

  const std::vector<StepName> &getNames() const { return names; }

  /// The steps, in the order of getNames, of a call with n and m examples.
  std::vector<Step> evaluate(int64_t n, int64_t m) const;

  struct Form; ///< a step with its sizes open

private:
  std::vector<StepName> names;
  std::vector<Form> forms;
};

} // namespace mlir::ntk

#endif // NTK_LOWER_PROGRAMSTEPS_H
