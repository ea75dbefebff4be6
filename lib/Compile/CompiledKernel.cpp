// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel from its model to its code, and from one number of examples to the
// next.

#include "ntk/Compile/CompiledKernel.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::Error;
using llvm::Expected;

Expected<CompiledKernel> CompiledKernel::create(Model model,
                                                KernelOptions options) {
  Expected<KernelShape> shape = getKernelShape(model, options);
  if (!shape)
    return shape.takeError();
  CompiledKernel kernel;
  kernel.isF64 = model.getRealType().isF64();
  kernel.model = std::move(model);
  kernel.options = std::move(options);
  kernel.shape = std::move(*shape);
  return kernel;
}

Expected<FittedKernel> CompiledKernel::fit(const ProblemSize &newSize,
                                           int64_t newInputBytes,
                                           MemoryLimit limit,
                                           bool compareMethods) {
  return fitKernel(model, options, shape, newSize, newInputBytes, limit,
                   compareMethods);
}

Error CompiledKernel::plan(const ProblemSize &newSize, int64_t newInputBytes,
                           MemoryLimit limit, bool compareMethods) {
  return takePlan(fit(newSize, newInputBytes, limit, compareMethods), newSize,
                  newInputBytes);
}

Error CompiledKernel::takePlan(Expected<FittedKernel> plan,
                               const ProblemSize &newSize,
                               int64_t newInputBytes) {
  if (!plan)
    return plan.takeError();
  program.reset();
  fitted = std::move(*plan);
  size = newSize;
  inputBytes = newInputBytes;
  ++plans;
  return Error::success();
}

Error CompiledKernel::compile(bool hasClocks) {
  Expected<std::unique_ptr<JitProgram>> result =
      JitProgram::compile(*fitted->planned.module, kernelName, hasClocks);
  if (!result)
    return result.takeError();
  program = std::move(*result);
  fitted->planned.functions = {};
  fitted->planned.module = {};
  return Error::success();
}

Error CompiledKernel::prepare(const ProblemSize &newSize, int64_t newInputBytes,
                              llvm::function_ref<MemoryLimit()> getLimit) {
  if (fitted && size.n1 == newSize.n1 && size.n2 == newSize.n2 &&
      size.symmetric == newSize.symmetric && inputBytes == newInputBytes)
    return program ? Error::success() : compile();
  MemoryLimit limit = getLimit();
  if (program) {
    Expected<bool> fits = refitKernel(*fitted, model, options, shape, newSize,
                                      newInputBytes, limit);
    size = {}; // of whatever blocks there are now
    if (!fits)
      return fits.takeError();
    if (*fits) {
      size = newSize;
      inputBytes = newInputBytes;
      return Error::success();
    }
  }
  KernelOptions forMany = options;
  forMany.leastExamples = leastExamples;
  if (Error error = takePlan(fitKernel(model, forMany, shape, newSize,
                                       newInputBytes, limit,
                                       /*compareMethods=*/false),
                             newSize, newInputBytes))
    return error;
  return compile();
}
