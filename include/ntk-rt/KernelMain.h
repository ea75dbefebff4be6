// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The main function of a generated program: examples and parameters from files,
// the kernel, its file. Generated code says what its kernel is:
//
//   static int run(const void *params, const void *const *inputs1, int64_t n1,
//                  const void *const *inputs2, int64_t n2, void *theta,
//                  void *workspace) {
//     return mlp_theta(static_cast<const mlp_params *>(params),
//                      static_cast<const float *>(inputs1[0]), n1,
//                      inputs2 ? static_cast<const float *>(inputs2[0])
//                              : nullptr,
//                      n2, static_cast<float *>(theta), workspace);
//   }
//
//   int main(int argc, char **argv) {
//     ntk::rt::Kernel kernel;
//     kernel.name = "mlp";
//     kernel.inputs = inputs, kernel.inputCount = 1;
//     kernel.parameters = entries, kernel.parameterCount = 2;
//     kernel.parameterBytes = sizeof(mlp_params);
//     kernel.type = ntk::rt::ElementType::F32;
//     kernel.pairShape = pairShape, kernel.pairRank = 2;
//     kernel.workspaceBytes = mlp_theta_workspace_bytes;
//     kernel.run = run;
//     kernel.error = mlp_theta_error;
//     return ntk::rt::kernelMain(kernel, argc, argv);
//   }

#ifndef NTK_RT_KERNELMAIN_H
#define NTK_RT_KERNELMAIN_H

#include "ntk-rt/Clock.h"
#include "ntk-rt/CommandLine.h"
#include "ntk-rt/Examples.h"
#include "ntk-rt/Parallel.h"
#include "ntk-rt/Signals.h"

#include <chrono>
#include <vector>

namespace ntk {
namespace rt {

/// A kernel, as `kernelMain` needs to know it.
struct Kernel {
  const char *name = "";
  const KernelInput *inputs = nullptr;
  int inputCount = 0;

  /// The struct of parameters, which --params fills. None of this if they are
  /// compiled in; `run` gets null then.
  const ParameterEntry *parameters = nullptr;
  int64_t parameterCount = 0;
  int64_t parameterBytes = 0;

  /// Theta is [n1, n2, pairShape...], of F32 or F64. If an example is a whole
  /// batch, a file has one of them, and theta is [pairShape...].
  bool wholeBatch = false;
  ElementType type = ElementType::F32;
  const int64_t *pairShape = nullptr;
  int pairRank = 0;

  /// Bytes that `run` is to be given on a 64-byte boundary.
  int64_t (*workspaceBytes)(int64_t n1, int64_t n2) = nullptr;
  /// Computes theta of examples given as one pointer for each input; `inputs2`
  /// is null if x2 is x1. Returns 0, or a number that `error` explains.
  int (*run)(const void *params, const void *const *inputs1, int64_t n1,
             const void *const *inputs2, int64_t n2, void *theta,
             void *workspace) = nullptr;
  const char *(*error)(int code) = nullptr;

  /// Steps that read a clock, ntk-rt/Clock.h: --repeat tells their times, too.
  int64_t clockedSteps = 0;
};

namespace detail {

/// What the help says.
inline std::string describeKernel(const Kernel &kernel) {
  std::string text = std::string("The neural tangent kernel of '") +
                     kernel.name + "'.\n\nInputs, for " +
                     (kernel.wholeBatch ? "the whole batch" : "n examples") +
                     ":\n";
  auto line = [](std::string_view name, const std::string &type) {
    return "  " + printableName(name) + ": " + type + "\n";
  };
  for (int i = 0; i < kernel.inputCount; ++i) {
    std::vector<int64_t> shape = kernel.inputs[i].shapeVector();
    std::string type = describe(kernel.inputs[i].type, shape);
    if (!kernel.wholeBatch)
      type.insert(type.find('[') + 1, shape.empty() ? "n" : "n, ");
    text += line(kernel.inputs[i].name, type);
  }
  std::string theta = kernel.wholeBatch ? "" : "n1, n2";
  for (int i = 0; i < kernel.pairRank; ++i)
    theta += (theta.empty() ? "" : ", ") + std::to_string(kernel.pairShape[i]);
  text += "\nThe kernel: " + std::string(infoOf(kernel.type).name) + "[" +
          theta + "]\n\n" +
          (kernel.parameterCount ? "Parameters, to be found in --params:\n"
                                 : "The parameters are compiled in.\n");
  for (int64_t i = 0; i < kernel.parameterCount; ++i) {
    const ParameterEntry &entry = kernel.parameters[i];
    text += line(entry.name, describe(entry.type, entry.shapeVector()));
  }
  return text + "\nOptions:\n" + describeOptions();
}

/// One run of the program: each step fails with an error.
struct Session {
  const Kernel &kernel;
  const CommandLine &line;
  Memory params = {}, workspace = {}, theta = {};
  std::vector<int64_t> shape = {}; // of theta
  Examples x1 = {}, x2 = {};       // x2 is empty if x1 = x2
  bool symmetric = true;
  OutputFile output = {};

  /// That the file can be made is known before the work.
  bool openOutput(std::string &error) {
    return line.output.empty() || output.open(line.output, error) ||
           fail(error, "-o: " + error);
  }

  bool load(std::string &error) {
    if (kernel.parameterCount == 0 && !line.params.empty())
      return fail(error, "--params: the parameters are compiled in");
    if (kernel.parameterCount > 0 && line.params.empty())
      return fail(error, "expected parameters, --params W.npz");
    std::vector<std::string> unused;
    if (kernel.parameterCount > 0 &&
        (!params.allocate(kernel.parameterBytes, error) ||
         !loadParameters(line.params, kernel.parameters, kernel.parameterCount,
                         params.data(), error, &unused, line.allowNonFinite)))
      return fail(error, "--params: " + error);
    for (const std::string &name : unused)
      std::fprintf(stderr, "warning: --params: '%s' is not used\n",
                   printableName(name).c_str());
    if (!read(line.x1, x1, error, "--x1: "))
      return false;
    if (line.x2.empty())
      return true;
    if (!read(line.x2, x2, error, "--x2: "))
      return false;
    symmetric = x1 == x2;
    return true;
  }

  bool read(const std::string &path, Examples &examples, std::string &error,
            const char *option) const {
    const ExampleRules rules = {kernel.wholeBatch, line.allowNonFinite};
    return readExamples(path, kernel.inputs, kernel.inputCount, rules, examples,
                        error) ||
           fail(error, option + error);
  }

  bool compute(std::string &error) {
    using Clock = std::chrono::steady_clock;
    const int64_t n1 = x1.count, n2 = symmetric ? n1 : x2.count;
    shape.assign(kernel.pairShape, kernel.pairShape + kernel.pairRank);
    if (!kernel.wholeBatch)
      shape.insert(shape.begin(), {n1, n2});
    if (!theta.allocate(byteSizeOf(kernel.type, shape), error))
      return fail(error,
                  "the kernel, " + describe(kernel.type, shape) + ": " + error);
    if (!workspace.allocate(kernel.workspaceBytes(n1, n2), error))
      return fail(error, "the workspace: " + error);
    if (!line.output.empty() &&
        !output.reserve(npyFileSize(kernel.type, shape), error))
      return fail(error, "-o: " + error);
    const auto inputs1 = x1.pointers(), inputs2 = x2.pointers();
    double fastest = 0;
    std::vector<ntk_rt_step_time> steps, best;
    for (int64_t i = 0; i < std::max<int64_t>(line.repeat, 1); ++i) {
      steps.assign(static_cast<size_t>(kernel.clockedSteps), {0, 0});
      listen(steps.data(), kernel.clockedSteps);
      const Clock::time_point start = Clock::now();
      const int code = kernel.run(params.data(), inputs1.data(), n1,
                                  symmetric ? nullptr : inputs2.data(), n2,
                                  theta.data(), workspace.data());
      const double seconds =
          std::chrono::duration<double>(Clock::now() - start).count();
      if (code != 0)
        return fail(error,
                    std::string(kernel.name) + ": " + kernel.error(code));
      if (i == 0 || seconds < fastest) {
        fastest = seconds;
        best = steps;
      }
    }
    listen(nullptr, 0);
    if (line.repeat > 0)
      std::fprintf(stderr, "run_seconds: %.9g\n", fastest);
    for (size_t i = 0; line.repeat > 0 && i < best.size(); ++i)
      if (best[i].calls)
        std::fprintf(stderr, "step_seconds: %zu %.9g in %lld calls\n", i,
                     best[i].seconds, static_cast<long long>(best[i].calls));
    return true;
  }

  bool write(std::string &error) {
    const int64_t size = sizeOf(shape);
    const NonFiniteCount count =
        countNonFinite(kernel.type, theta.data(), size);
    if (count.any())
      std::fprintf(stderr, "warning: the kernel has %s of %lld\n",
                   count.describe().c_str(), static_cast<long long>(size));
    return line.output.empty() ||
           (writeNpy(output, kernel.type, shape, theta.data(), error) &&
            output.commit(error)) ||
           fail(error, "-o: " + error);
  }
};

} // namespace detail

/// Does what the command line asks for. Returns the exit status: 0, or 1 with a
/// line "error: ..." on stderr, and no file.
inline int kernelMain(const Kernel &kernel, int argc, char **argv) {
  prepareProcess();
  CommandLine line;
  std::string error;
  bool done = parseCommandLine(argc, argv, line, error);
  if (done && line.help) {
    std::fputs(detail::describeKernel(kernel).c_str(), stdout);
    return 0;
  }
  if (done && line.threads) {
    setThreads(line.threads);
    if (threads() != line.threads)
      std::fprintf(stderr, "warning: --threads: compiled without OpenMP, one "
                           "thread computes\n");
  }
  detail::Session session{kernel, line};
  done = done && session.openOutput(error) && session.load(error) &&
         session.compute(error) && session.write(error);
  if (!done)
    std::fprintf(stderr, "error: %s\n", messageLine(error).c_str());
  return done ? 0 : 1;
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_KERNELMAIN_H
