// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels from models, and their plans.

#include "Objects.h"
#include "ntk-rt/InputFile.h"
#include "ntk-rt/Parallel.h"
#include "ntk/Cli/Report.h"
#include "ntk/Import/Model.h"
#include "ntk/Machine/MachineFile.h"
#include "ntk/Register/Register.h"
#include <cstdlib>
#include <cstring>

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

const char *ntk_version() { return NTK_VERSION; }
int ntk_is_forked() { return countForks() > 0; }

ntk_status ntk_kernel::use(llvm::function_ref<Error()> work) {
  if (mutex.isHeldHere())
    return keepError(createStringError(
        file + ": expected no use of the kernel within a call of it, as by a "
               "progress function or a signal handler"));
  if (!mutex.lock()) {
    mutex.unlock();
    return keepError(createStringError(
        file + ": the process was forked while another thread used this "
               "kernel; compile it anew in the child"));
  }
  Error error = work();
  mutex.unlock();
  return keepError(std::move(error), file);
}

//===----------------------------------------------------------------------===//
// Reading models
//===----------------------------------------------------------------------===//

/// A context that says nothing by itself.
static std::unique_ptr<MLIRContext> createContext() {
  DialectRegistry registry;
  registerAllDialects(registry);
  // A thread pool would not survive a fork.
  auto context =
      std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->getDiagEngine().registerHandler(
      [](Diagnostic &) { return success(); });
  return context;
}

/// Reads the model that the options of the kernel name.
static Error readModel(ntk_kernel &kernel) {
  RunOptions &options = kernel.options;
  if (Error error = checkOptions(Tool::Library, options))
    return error;
  GivenArrays given;
  given.shared = kernel.shared;
  // Values that a network in MLIR has not may come with each call.
  Expected<Model> model =
      loadModel(*kernel.context, options, given, /*needsValues=*/false);
  options.file = nullptr;
  options.values.reset();
  if (!model)
    return model.takeError();
  if (!options.allowNonFinite)
    if (Error error = checkFinite(model->store))
      return createStringError(
          (options.params.empty() ? options.model : options.params) + ": " +
          llvm::toString(std::move(error)));
  kernel.own.store = model->store;
  Expected<CompiledKernel> compiled =
      CompiledKernel::create(std::move(*model), options);
  if (!compiled)
    return compiled.takeError();
  if (compiled->getShape().getFileShape(1, 1).size() > NTK_MAX_RANK)
    return createStringError(options.model + ": expected a kernel of at most " +
                             Twine(NTK_MAX_RANK) + " axes");
  kernel.compiled.emplace(std::move(*compiled));
  fillLists(kernel);
  return Error::success();
}

static ntk_status createKernel(std::shared_ptr<InputFile> file,
                               const ntk_options *options,
                               ntk_kernel **kernel) {
  watchForks();
  auto made = std::make_unique<ntk_kernel>();
  if (options) {
    made->options = options->options;
    made->shared = options->shared;
  }
  made->file = made->options.model = file->name();
  made->options.file = std::move(file);
  made->context = createContext();
  made->own.kernel = made.get();
  if (Error error = readModel(*made))
    return keepError(std::move(error), made->file);
  *kernel = made.release();
  return NTK_OK;
}

ntk_status ntk_kernel_from_file(const char *path, const ntk_options *options,
                                ntk_kernel **kernel) {
  *kernel = nullptr;
  if (Error failure = checkModelName(path))
    return keepError(std::move(failure), path);
  auto file = std::make_shared<InputFile>();
  std::string error;
  ::ntk::rt::PipeLimits limits;
  limits.note = limits.silence + 1; // nothing is printed
  if (!file->open(path, error, /*mayBePipe=*/true, limits))
    return keepError(createStringError(error), path);
  return createKernel(std::move(file), options, kernel);
}

ntk_status ntk_kernel_from_bytes(const char *name, const void *bytes,
                                 size_t size, const ntk_options *options,
                                 ntk_kernel **kernel) {
  *kernel = nullptr;
  auto file = std::make_shared<InputFile>();
  file->hold(name, bytes, static_cast<int64_t>(size));
  return createKernel(std::move(file), options, kernel);
}

void ntk_kernel_destroy(ntk_kernel *kernel) { delete kernel; }

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

int64_t ntk_kernel::getInputBytes(const ProblemSize &size) const {
  int64_t bytes = 0;
  for (const TensorEntry &input : inputs)
    bytes += byteSizeOf(input.kind, input.shape).value_or(0);
  return bytes * (size.n1 + (size.symmetric ? 0 : size.n2));
}

Expected<ProblemSize> mlir::ntk::takeSize(const ntk_kernel &kernel, int64_t n1,
                                          int64_t n2) {
  constexpr int64_t most = int64_t(1) << 31;
  if (kernel.compiled->getShape().wholeBatch)
    return ProblemSize{1, 1, n2 == 0};
  for (auto [name, n, least] :
       {std::tuple("n1", n1, 1), std::tuple("n2", n2, 0)})
    if (n < least || n > most)
      return createStringError(Twine(name) +
                               ": expected a number of examples "
                               "from " +
                               Twine(least) + " to " + Twine(most) +
                               ", but got " + Twine(n));
  return ProblemSize{n1, n2 ? n2 : n1, n2 == 0};
}

ntk_status ntk_kernel_compile(ntk_kernel *kernel, int64_t n1, int64_t n2) {
  return kernel->use([&]() -> Error {
    Expected<ProblemSize> size = takeSize(*kernel, n1, n2);
    if (!size)
      return size.takeError();
    CompiledKernel &compiled = *kernel->compiled;
    MemoryLimit limit = kernel->options.getMemoryLimit();
    int64_t bytes = kernel->getInputBytes(*size);
    if (compiled.isCompiled()) {
      const Schedule &chosen = compiled.getFitted().planned.chosen;
      if (chosen.n1 == size->n1 && chosen.n2 == size->n2)
        return Error::success();
    }
    if (Error error = compiled.plan(*size, bytes, limit))
      return error;
    return compiled.compile();
  });
}

/// The report of a plan as text.
static Expected<std::string>
describePlan(ntk_kernel &kernel, const ProblemSize &size, ntk_format format) {
  CompiledKernel &compiled = *kernel.compiled;
  MemoryLimit limit = kernel.options.getMemoryLimit();
  Expected<FittedKernel> fitted =
      compiled.fit(size, kernel.getInputBytes(size), limit,
                   /*compareMethods=*/true);
  if (!fitted)
    return fitted.takeError();
  std::string why, text;
  Machine machine =
      loadMachine(kernel.options.threads.value_or(::ntk::rt::threads()), why);
  Report report =
      describeKernel(compiled.getModel(), compiled.getShape(), size, *fitted);
  report.model = kernel.file;
  report.memoryLimit = limit.bytes;
  report.prediction = predict(*fitted, machine, compiled.isDouble());
  llvm::raw_string_ostream stream(text);
  if (format == NTK_JSON)
    printJson(report, stream);
  else
    printTable(report, stream);
  return text;
}

ntk_status ntk_kernel_plan(ntk_kernel *kernel, int64_t n1, int64_t n2,
                           ntk_format format, char **text) {
  *text = nullptr;
  return kernel->use([&]() -> Error {
    Expected<ProblemSize> size = takeSize(*kernel, n1, n2);
    if (!size)
      return size.takeError();
    Expected<std::string> report = describePlan(*kernel, *size, format);
    if (!report)
      return report.takeError();
    *text = static_cast<char *>(malloc(report->size() + 1));
    if (!*text)
      return createStringError("not enough memory for the text of a plan");
    memcpy(*text, report->c_str(), report->size() + 1);
    return Error::success();
  });
}

void ntk_text_destroy(char *text) { free(text); }
