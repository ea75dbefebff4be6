// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A call of a kernel: arrays checked, code made ready, parameters packed, run.

#include "Objects.h"
#include <chrono>

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace {

/// One call, from its arrays to the kernel in the caller's memory.
class Call {
public:
  Call(ntk_kernel &kernel, const ntk_call &call)
      : kernel(kernel), compiled(*kernel.compiled), call(call),
        parameters(call.parameters ? *call.parameters : kernel.own) {}

  Error readArrays();
  Error run(void *theta, int64_t bytes);
  bool wasStopped() const { return isStopped; }

private:
  Expected<Examples> readSide(const ntk_array *arrays, int64_t count,
                              StringRef name);
  Error checkOutput(int64_t bytes);

  ntk_kernel &kernel;
  CompiledKernel &compiled;
  const ntk_call &call;
  ntk_parameters &parameters;
  Examples x1, x2; ///< x2 is empty if x1 = x2
  ProblemSize size;
  bool isStopped = false;
};

} // namespace

Expected<Examples> Call::readSide(const ntk_array *arrays, int64_t count,
                                  StringRef name) {
  Expected<std::vector<NamedArray>> given = takeArrays(arrays, count, name);
  if (!given)
    return given.takeError();
  return readExamples(compiled.getModel(), parameters.store, {name, ""}, *given,
                      kernel.shared, kernel.options.allowNonFinite);
}

Error Call::readArrays() {
  if (parameters.kernel != &kernel)
    return createStringError("params: expected parameters of this kernel, but "
                             "got those of another");
  if (&parameters == &kernel.own)
    if (Error error =
            checkComplete(compiled.getModel(), parameters.store, "params"))
      return error;
  Expected<Examples> first = readSide(call.x1, call.x1_count, "x1");
  if (!first)
    return first.takeError();
  x1 = std::move(*first);
  bool symmetric = true;
  if (call.x2) {
    Expected<Examples> second = readSide(call.x2, call.x2_count, "x2");
    if (!second)
      return second.takeError();
    symmetric = *second == x1;
    if (!symmetric)
      x2 = std::move(*second);
  }
  size = {x1.count, symmetric ? x1.count : x2.count, symmetric};
  return Error::success();
}

/// The memory for the kernel is as large as the kernel.
Error Call::checkOutput(int64_t bytes) {
  ElementKind kind =
      compiled.isDouble() ? ElementKind::Float64 : ElementKind::Float32;
  SmallVector<int64_t> shape =
      compiled.getShape().getFileShape(size.n1, size.n2);
  if (byteSizeOf(kind, shape) == bytes)
    return Error::success();
  return createStringError("out: expected memory for " + describe(kind, shape) +
                           ", but got " + Twine(bytes) + " bytes");
}

Error Call::run(void *theta, int64_t bytes) {
  if (Error error = checkOutput(bytes))
    return error;
  if (Error error = compiled.prepare(size, x1.getBytes() + x2.getBytes(), [&] {
        return kernel.options.getMemoryLimit();
      }))
    return error;
  if (Error error = parameters.pack())
    return error;
  KernelRun run =
      getRun(compiled, x1, size.symmetric ? nullptr : &x2, *parameters.block);
  auto progress = [&](int64_t done, int64_t total) {
    isStopped = call.progress && call.progress(call.progress_data, done, total);
    return !isStopped;
  };
  auto begin = std::chrono::steady_clock::now();
  Expected<RunTimes> times = runKernel(run, kernel.memory, theta, progress);
  kernel.runSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  return times.takeError();
}

ntk_status ntk_kernel_call(ntk_kernel *kernel, const ntk_call *call,
                           void *theta, int64_t theta_bytes) {
  bool isStopped = false;
  ntk_status status = kernel->use([&]() -> Error {
    Call made(*kernel, *call);
    if (Error error = made.readArrays())
      return error;
    Error error = Error::success();
    (void)static_cast<bool>(error); // it is looked at, and may be replaced
    runWithThreads(kernel->options.threads,
                   [&] { error = made.run(theta, theta_bytes); });
    isStopped = made.wasStopped();
    return error;
  });
  return isStopped ? NTK_STOPPED : status;
}
