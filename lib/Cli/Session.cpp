// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk-run, step by step: options, model, examples, plan, code, kernel, file.

#include "ntk/Cli/Session.h"
#include "CalibrateCommand.h"
#include "LateNote.h"
#include "Progress.h"
#include "ntk/Cli/Message.h"
#include "ntk/Cli/Options.h"
#include "ntk/Cli/Report.h"
#include "ntk/Compile/CompiledKernel.h"
#include "ntk/Machine/MachineFile.h"
#include "ntk/Register/Register.h"
#include "ntk/Run/ReferenceRun.h"
#include "ntk/Run/RunKernel.h"
#include <chrono>

using namespace mlir;
using namespace mlir::ntk;
using llvm::Error;
using llvm::Expected;

namespace {

class Session {
public:
  Session(MLIRContext &context, RunOptions options)
      : context(context), options(std::move(options)) {}

  Error run();

private:
  Error load();
  Error readBothExamples(const GivenArrays &given);
  Error plan();
  void noteCompilation();
  std::unique_ptr<LateNote> noteLater(StringRef work);
  void notePrediction();
  Error compute();
  Error computeReference();
  Error reserveOutput();
  Error write();
  void report(ReportFormat format);

  void warn(const Twine &message) { printMessage("warning", message); }
  void note(const Twine &message) {
    if (!options.quiet)
      printMessage("note", message);
  }

  Model &model() { return kernel->getModel(); }
  const KernelShape &shape() { return kernel->getShape(); }

  MLIRContext &context;
  RunOptions options;
  std::optional<CompiledKernel> kernel; ///< once its model is read
  Examples x1, x2;                      ///< x2 is empty if x1 = x2
  ProblemSize size;
  Output output;
  MemoryLimit limit{};
  bool saidCompilation = false;
  Prediction prediction;
  std::optional<Profile> profile;
  Array theta;
  MutableArrayRef<char> thetaBytes;
};

} // namespace

//===----------------------------------------------------------------------===//
// Clocks
//===----------------------------------------------------------------------===//

/// Seconds since the process started.
static double getProcessSeconds() {
  static const auto first = std::chrono::steady_clock::now();
  // What came before the first call: dynamic linking and registration.
  static const double before =
      static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  return before +
         std::chrono::duration<double>(std::chrono::steady_clock::now() - first)
             .count();
}

//===----------------------------------------------------------------------===//
// Before
//===----------------------------------------------------------------------===//

Error Session::load() {
  limit = options.getMemoryLimit();
  Expected<GivenArrays> given = readGivenArrays(options);
  if (!given)
    return given.takeError();
  Expected<Model> loaded = loadModel(context, options, *given,
                                     /*needsValues=*/!options.listParameters);
  if (!loaded)
    return loaded.takeError();
  for (const std::string &line : loaded->notes)
    note(line);
  for (const std::string &warning : loaded->warnings)
    warn(warning);
  if (Error error = checkInputs(options, loaded->dataFiles))
    return error;
  if (options.listParameters) {
    printChoices(loaded->choices, llvm::outs());
    return Error::success();
  }
  Expected<CompiledKernel> wanted =
      CompiledKernel::create(std::move(*loaded), options);
  if (!wanted)
    return wanted.takeError();
  kernel.emplace(std::move(*wanted));
  return readBothExamples(*given);
}

Error Session::readBothExamples(const GivenArrays &given) {
  Expected<Examples> first =
      readExamples(model(), model().store, {"--x1", options.x1}, given.x1,
                   given.shared, options.allowNonFinite);
  if (!first)
    return first.takeError();
  x1 = std::move(*first);
  bool symmetric = true;
  if (!options.x2.empty()) {
    Expected<std::vector<NamedArray>> arrays =
        readArrays(options.x2, limit.bytes);
    if (!arrays)
      return llvm::createStringError("--x2: " +
                                     llvm::toString(arrays.takeError()));
    Expected<Examples> second =
        readExamples(model(), model().store, {"--x2", options.x2}, *arrays,
                     given.shared, options.allowNonFinite);
    if (!second)
      return second.takeError();
    if (!(*second == x1)) {
      x2 = std::move(*second);
      symmetric = false;
    }
  }
  size = {x1.count, symmetric ? x1.count : x2.count, symmetric};
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Plan and report
//===----------------------------------------------------------------------===//

Error Session::plan() {
  bool reports = options.plan != ReportFormat::None ||
                 options.profile != ReportFormat::None;
  std::unique_ptr<LateNote> late = noteLater("planning");
  Error error = kernel->plan(size, x1.getBytes() + x2.getBytes(), limit,
                             /*compareMethods=*/reports);
  late.reset();
  if (error)
    return error;
  std::string why;
  Machine machine = loadMachine(::ntk::rt::threads(), why);
  if (reports && !why.empty())
    note(why);
  prediction = predict(kernel->getFitted(), machine, kernel->isDouble());
  return Error::success();
}

void Session::report(ReportFormat format) {
  if (format == ReportFormat::None)
    return;
  Report kernelReport =
      describeKernel(model(), shape(), size, kernel->getFitted());
  kernelReport.model = options.model;
  kernelReport.memoryLimit = limit.bytes;
  kernelReport.prediction = prediction;
  kernelReport.profile = profile;
  if (format == ReportFormat::Json)
    printJson(kernelReport, llvm::outs());
  else
    printTable(kernelReport, llvm::outs());
}

//===----------------------------------------------------------------------===//
// Compute
//===----------------------------------------------------------------------===//

/// Says how long planning and compiling will take, where that is long. It is in
/// proportion to the number of operations of the network, which has every step
/// of a loop: half a millisecond to 3 ms for each.
void Session::noteCompilation() {
  constexpr double each = 2e-3, worthANote = 3;
  int64_t count = countOperations(model().network);
  double seconds = static_cast<double>(count) * each;
  saidCompilation = seconds >= worthANote;
  if (saidCompilation)
    note("planning and compiling take about " + formatDuration(seconds) +
         " as predicted: the network has " + Twine(count) + " operations");
}

/// While it lives, says that `work` is done once that has taken a while; no
/// word where one has been said.
std::unique_ptr<LateNote> Session::noteLater(StringRef work) {
  if (saidCompilation)
    return nullptr;
  constexpr std::chrono::duration<double> aWhile(2.5);
  int64_t count = countOperations(model().network);
  return std::make_unique<LateNote>(aWhile, [this, work, count] {
    saidCompilation = true; // nobody reads it before this note is over
    note("still " + work + ": the network has " + Twine(count) + " operations");
  });
}

/// Says how long it will take, where that is long, and what takes less.
void Session::notePrediction() {
  constexpr double worthANote = 10;
  double seconds =
      prediction.getSeconds() * static_cast<double>(options.repeat);
  if (seconds < worthANote)
    return;
  std::string text = "computing takes about " + formatDuration(seconds) +
                     " as predicted, and " +
                     formatBytes(kernel->getFitted().memory.getTotal()) +
                     " of memory";
  if (options.kernel == "full" && options.axes.empty() &&
      model().network.getOutputs() > 1)
    text += "; kernels of fewer numbers are cheaper: --kernel trace, diagonal "
            "or sum";
  note(text);
}

Error Session::compute() {
  double start = getProcessSeconds();
  const bool hasClocks = options.profile != ReportFormat::None;
  std::unique_ptr<LateNote> late = noteLater("compiling");
  Error failure = kernel->compile(hasClocks);
  late.reset();
  if (failure)
    return failure;
  profile->compile += getProcessSeconds() - start;

  Expected<AlignedBytes> parameters =
      packParameters(kernel->getFitted().sizes, model().store, model().network);
  if (!parameters)
    return parameters.takeError();
  model().store = ParameterStore(); // the block has them now
  KernelRun run =
      getRun(*kernel, x1, size.symmetric ? nullptr : &x2, *parameters);
  run.steps = hasClocks ? prediction.countNumbers() : 0;
  Expected<Array> result = Array::allocate(
      run.isDouble ? ElementKind::Float64 : ElementKind::Float32,
      shape().getFileShape(size.n1, size.n2), thetaBytes);
  if (!result)
    return result.takeError();
  theta = std::move(*result);
  profile->repeats = options.repeat;
  profile->libraries = getLibraries();
  for (const LibraryReport &library : profile->libraries)
    if (library.isReference && run.isDouble)
      warn(library.name + " " + library.version +
           " runs portable code, for no processor in particular: products of "
           "f64 are several times slower than they could be");
  KernelMemory memory;
  for (int64_t i = 0; i < options.repeat; ++i) {
    double begin = getProcessSeconds();
    Progress progress(ProgressStyle::ofErrors(!options.quiet), llvm::errs());
    Expected<RunTimes> times =
        runKernel(run, memory, thetaBytes.data(), progress.getFunction());
    if (!times)
      return times.takeError();
    double seconds = getProcessSeconds() - begin;
    if (i == 0 || seconds < profile->run) {
      profile->run = seconds;
      profile->times = std::move(*times);
    }
  }
  return Error::success();
}

Error Session::computeReference() {
  Expected<Array> result = runReference(
      model(), shape(), x1, size.symmetric ? nullptr : &x2, thetaBytes);
  if (!result)
    return result.takeError();
  theta = std::move(*result);
  return Error::success();
}

Error Session::write() {
  NonFiniteCount count = countNonFinite(theta);
  if (count.nans + count.infinities)
    warn("the kernel holds " + Twine(count.nans) + " NaN and " +
         Twine(count.infinities) + " infinite entries of " +
         Twine(theta.size()));
  if (options.output.empty())
    return Error::success();
  if (Error error = output.writeNpy(theta))
    return error;
  if (Error error = output.commit())
    return error;
  note("wrote " + options.output + ", " + describe(theta.kind, theta.shape));
  return Error::success();
}

/// What is known of the output before the work: how large it becomes.
Error Session::reserveOutput() {
  if (options.output.empty())
    return Error::success();
  bool isDouble = options.reference || kernel->isDouble();
  return output.reserve(
      npyFileSize(isDouble ? ElementKind::Float64 : ElementKind::Float32,
                  shape().getFileShape(size.n1, size.n2)));
}

Error Session::run() {
  getProcessSeconds();
  profile.emplace();
  if (!options.output.empty())
    if (Error error = output.open("-o", options.output))
      return error;
  if (Error error = load())
    return error;
  if (options.listParameters)
    return Error::success();
  if (options.threads)
    ::ntk::rt::setThreads(*options.threads);
  profile->startup = getProcessSeconds();
  if (options.reference) {
    if (Error error = reserveOutput())
      return error;
    if (Error error = computeReference())
      return error;
    return write();
  }
  noteCompilation();
  if (Error error = plan())
    return error;
  profile->compile = getProcessSeconds() - profile->startup;
  if (options.plan != ReportFormat::None) {
    profile.reset();
    report(options.plan);
    return Error::success();
  }
  if (Error error = reserveOutput())
    return error;
  notePrediction();
  if (Error error = compute())
    return error;
  if (Error error = write())
    return error;
  profile->peakResidentBytes = getPeakResidentBytes();
  report(options.profile);
  return Error::success();
}

int mlir::ntk::runSession(MLIRContext &context,
                          ArrayRef<const char *> arguments) {
  if (llvm::is_contained(arguments, StringRef("--version"))) {
    printVersion("ntk-run", llvm::outs());
    return 0;
  }
  Expected<RunOptions> options = parseOptions(Tool::Run, arguments);
  if (options && options->help) {
    printHelp(Tool::Run, llvm::outs());
    return 0;
  }
  Error error = !options             ? options.takeError()
                : options->calibrate ? runCalibration(context, *options)
                                     : Session(context, *options).run();
  return error ? printError(std::move(error)) : 0;
}
