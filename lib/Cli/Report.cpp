// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a report says of a kernel that is planned and fitted.

#include "ntk/Cli/Report.h"

using namespace mlir;
using namespace mlir::ntk;

Report mlir::ntk::describeKernel(Model &model, const KernelShape &shape,
                                 const ProblemSize &size,
                                 const FittedKernel &fitted) {
  Report report;
  report.kernel = shape.describe();
  report.dtype = model.getRealType().isF64() ? "f64" : "f32";
  report.method = fitted.planned.method;
  report.size = size;
  report.outputs = model.network.getOutputs();
  for (unsigned i = 0; i < model.network.getNumArguments(); ++i) {
    StringRef name = model.network.getParameterName(i);
    if (llvm::is_contained(model.wrt, name)) {
      report.parameters.push_back(
          {name.str(),
           cast<RankedTensorType>(model.network.getArgumentTypes()[i])
               .getShape()
               .vec()});
    }
  }
  report.cost = fitted.planned.cost;
  report.methodFlops = fitted.planned.methodFlops;
  report.cuts = fitted.planned.cuts;
  report.sites = fitted.planned.sites;
  llvm::raw_string_ostream(report.schedule) << fitted.schedule;
  report.problem = fitted.problem;
  report.memory = fitted.memory;
  for (int i = 0; i < 3; ++i)
    report.arenaBytes[i] = fitted.arenaBytes[i];
  report.executed = getExecutedCost(fitted);
  return report;
}
