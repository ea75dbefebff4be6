// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fitting a kernel into memory. The peak of every choice of blocks is known
// once the kernel is lowered; blocks of outputs change its functions, so each
// size of those is planned and lowered anew.

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "ntk/Compile/FittedKernel.h"
#include "ntk/Compile/KernelShape.h"
#include "ntk/Lower/Passes.h"
#include "ntk/Support/Diagnostics.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using ::ntk::rt::Blocks;
using ::ntk::rt::Layout;

/// Lowers to Level 3 and reads what the functions need.
static Error lower(FittedKernel &fitted, StringRef path) {
  PlannedKernel &planned = fitted.planned;
  func::FuncOp functions[] = {planned.functions.factors1,
                              planned.functions.factors2,
                              planned.functions.tile};
  for (int i = 0; i < 3; ++i)
    fitted.work[i] = {getFlops(functions[i]), getBytes(functions[i])};
  MLIRContext *context = planned.module->getContext();
  DiagnosticCollector diagnostics(context);
  PassManager manager(context);
  buildLowerPipeline(manager);
  manager.enableVerifier(false); // once, at the end
  if (failed(manager.run(*planned.module)) || failed(verify(*planned.module)))
    return diagnostics.takeError(path, "lowering failed");
  planned.functions = findKernelFunctions(*planned.module, kernelName);
  Expected<KernelSizes> sizes = readKernelSizes(planned.functions);
  if (!sizes)
    return sizes.takeError();
  fitted.sizes = std::move(*sizes);
  func::FuncOp lowered[] = {planned.functions.factors1,
                            planned.functions.factors2, planned.functions.tile};
  for (int i = 0; i < 3; ++i)
    fitted.steps[i] = ProgramSteps(lowered[i]);
  const Polynomial *arenas[] = {&fitted.sizes.factorArena[0],
                                &fitted.sizes.factorArena[1],
                                &fitted.sizes.tileArena};
  for (int i = 0; i < 3; ++i) {
    fitted.arenaBytes[i].clear();
    llvm::raw_string_ostream stream(fitted.arenaBytes[i]);
    arenas[i]->print(stream);
  }
  return Error::success();
}

/// Adds the blocks, those that are decided and else the chosen ones, to what
/// the planner has decided: the schedule, from which all that follows is read.
static void writeBlocks(FittedKernel &fitted, MLIRContext *context,
                        const Schedule &decided, const Blocks &blocks,
                        const Layout &layout) {
  Schedule schedule = fitted.planned.chosen;
  schedule.blockN = decided.blockN.value_or(blocks.examples1);
  schedule.blockM = decided.blockM.value_or(blocks.examples2);
  if (!layout.pairs.isSum())
    schedule.blockO = schedule.blockO.value_or(blocks.outputs);
  schedule.keeps1 = decided.keeps1.value_or(blocks.cacheFactors1);
  schedule.keeps2 = decided.keeps2.value_or(blocks.cacheFactors2);
  fitted.schedule = ScheduleAttr::get(context, schedule);
}

/// The problem, but for its blocks.
static ::ntk::rt::TileProblem getProblem(const FittedKernel &fitted,
                                         const ProblemSize &size,
                                         const KernelShape &shape) {
  ::ntk::rt::TileProblem problem;
  problem.examples1 = size.n1;
  problem.examples2 = size.n2;
  problem.symmetric = size.symmetric;
  problem.sharedFactors = fitted.sizes.sharedFactors;
  problem.layout = shape.layout;
  problem.blocks = {1, 1, 1, false, false};
  problem.scale = shape.scale;
  return problem;
}

/// Chooses blocks of examples for functions of `outputs` outputs: what
/// `decided` leaves open of them.
static int64_t choose(FittedKernel &fitted, Model &model,
                      const ProblemSize &size, const KernelShape &shape,
                      const Schedule &decided, int64_t outputs,
                      int64_t inputBytes, int64_t limit) {
  int64_t elementBytes = model.getRealType().getWidth() / 8;
  fitted.problem = getProblem(fitted, size, shape);
  auto use = [&](const Blocks &blocks) {
    ::ntk::rt::TileProblem problem = fitted.problem;
    problem.blocks = blocks;
    return getMemoryUse(fitted.sizes, problem, elementBytes, inputBytes);
  };
  BlockProblem blocks{size.n1,
                      size.n2,
                      size.symmetric,
                      outputs,
                      shape.layout.pairs.isSum() ? 1 : outputs,
                      decided};
  auto getPeak = [&](const Blocks &b) { return use(b).getTotal(); };
  BlockChoice choice = chooseBlocks(blocks, limit, getPeak);
  if (choice.peakBytes > limit) { // what other blocks of examples would need
    blocks.decided = {};
    fitted.leastBytes = chooseBlocks(blocks, 0, getPeak).peakBytes;
  }
  writeBlocks(fitted, model.module->getContext(), decided, choice.blocks,
              shape.layout);
  fitted.problem.blocks = getBlocks(fitted.schedule.getValue(), size.n1,
                                    size.n2, shape.layout.outputs);
  fitted.memory = use(fitted.problem.blocks);
  return choice.peakBytes;
}

/// Takes the costs of one block of outputs for those of all of them.
static void scaleCosts(PlannedKernel &planned, const Layout &layout,
                       int64_t block) {
  double count = (layout.outputs + block - 1) / block;
  double sides = count * layout.groups;
  double tiles = layout.pairs.isFull() ? count * sides : sides;
  KernelCost &cost = planned.cost;
  cost = {cost.factors1 * sides, cost.factors2 * sides, cost.tile * tiles};
  for (auto &[method, flops] : planned.methodFlops)
    flops *= sides;
  auto scale = [&](OrderReport &order) {
    order.pairFlops *= tiles;
    order.sideFlops *= sides;
    order.bytes *= tiles;
  };
  for (SiteReport &site : planned.sites) {
    scale(site.chosen);
    llvm::for_each(site.alternatives, scale);
  }
}

/// An error where the schedule stands.
static Error makeScheduleError(const Model &model, const Twine &message) {
  DiagnosticCollector diagnostics(model.scheduleLoc->getContext());
  emitError(*model.scheduleLoc, message);
  return diagnostics.takeError(model.path, "");
}

/// What the file has decided fits the options and the outputs?
static Error checkSchedule(const Model &model, const KernelOptions &options,
                           const Layout &layout) {
  const Schedule &schedule = model.schedule;
  if (schedule.method && options.method != "auto") {
    std::string method = stringifyKernelMethod(*schedule.method).str();
    std::replace(method.begin(), method.end(), '_', '-');
    if (method != options.method)
      return makeScheduleError(
          model, "expected the method of the schedule, " + method +
                     ", as --method, or none, but got " + options.method);
  }
  if (schedule.cuts && !schedule.cuts->empty() &&
      options.method == "ntk-vector-products")
    return makeScheduleError(
        model, "expected a method that cuts belong to, structured or "
               "jacobian-contraction, as --method, but got " +
                   options.method);
  if (!schedule.blockO || layout.pairs.isSum())
    return Error::success();
  if (*schedule.blockO > layout.outputs)
    return makeScheduleError(
        model, "expected a block of 1 to " + Twine(layout.outputs) +
                   " outputs, but got " + Twine(*schedule.blockO));
  if (layout.pairs.isTrace() && layout.outputs % *schedule.blockO)
    return makeScheduleError(
        model, "expected a block of outputs that divides the " +
                   Twine(layout.outputs) + " of a trace, but got " +
                   Twine(*schedule.blockO));
  return Error::success();
}

static Error describeLack(const FittedKernel &fitted, const Model &model,
                          MemoryLimit limit) {
  const MemoryUse &use = fitted.memory;
  // Rounded, both may look the same.
  auto describe = [](int64_t bytes) {
    return formatBytes(bytes) + " (" + std::to_string(bytes) + " bytes)";
  };
  std::string needs =
      describe(use.getTotal()) + ": parameters " + formatBytes(use.parameters) +
      ", inputs " + formatBytes(use.inputs) + ", kernel " +
      formatBytes(use.kernel) + ", one tile " +
      formatBytes(use.workspace + use.arena) + "; but " +
      (limit.isGiven ? "--memory-limit is " : "there is room for ") +
      describe(limit.bytes);
  if (fitted.leastBytes == use.getTotal())
    return createStringError(model.path + ": the kernel needs at least " +
                             needs);
  return makeScheduleError(model, "the schedule needs at least " + needs +
                                      "; with other blocks of examples " +
                                      describe(fitted.leastBytes));
}

int64_t mlir::ntk::countOperations(NetworkOp network) {
  int64_t count = 0;
  network.getBody().walk([&](Operation *) { ++count; });
  return count - 1; // the terminator
}

/// Compiling takes milliseconds for each operation.
static Error checkOperations(StringRef path, NetworkOp network) {
  int64_t count = countOperations(network);
  if (count <= mostOperations)
    return Error::success();
  return createStringError(
      path + ": expected a network of at most " +
      std::to_string(mostOperations) + " operations, but got " +
      std::to_string(count) +
      ": the steps of loops and recurrent layers count one by one; take fewer "
      "steps or layers");
}

/// The sizes of blocks and arenas are computed in 64 bits.
static Error checkSizes(StringRef path, const KernelShape &shape,
                        const ProblemSize &size) {
  SmallVector<int64_t> theta = shape.getFileShape(size.n1, size.n2);
  if (!byteSizeOf(ElementKind::Float64, theta))
    return createStringError(path +
                             ": expected a kernel that fits memory, but got " +
                             describe(ElementKind::Float64, theta));
  return Error::success();
}

/// The examples that orders are planned for: more than there are, where the
/// options say so. Blocks are always those of the examples that there are.
static ProblemSize getPlannedSize(const ProblemSize &size,
                                  const KernelOptions &options,
                                  const KernelShape &shape) {
  if (shape.wholeBatch)
    return size;
  return {std::max(size.n1, options.leastExamples),
          std::max(size.n2, options.leastExamples), size.symmetric};
}

Expected<FittedKernel>
mlir::ntk::fitKernel(Model &model, const KernelOptions &options,
                     const KernelShape &shape, const ProblemSize &size,
                     int64_t inputBytes, MemoryLimit limit,
                     bool compareMethods) {
  if (Error error = checkOperations(model.path, model.network))
    return std::move(error);
  if (Error error = checkSizes(model.path, shape, size))
    return std::move(error);
  const Layout &layout = shape.layout;
  int64_t all = layout.outputs;
  if (Error error = checkSchedule(model, options, layout))
    return std::move(error);
  const int64_t first = model.schedule.blockO.value_or(all);
  int64_t outputs = first;
  KernelOptions wanted = options;
  std::vector<std::pair<std::string, double>> methodFlops;
  while (true) {
    std::optional<int64_t> block = shape.getGroupBlock();
    if (outputs != all)
      block = outputs;
    FittedKernel fitted;
    Expected<PlannedKernel> planned =
        planKernel(model, wanted, shape, getPlannedSize(size, options, shape),
                   block, compareMethods && outputs == first);
    if (!planned)
      return planned.takeError();
    fitted.planned = std::move(*planned);
    scaleCosts(fitted.planned, layout, outputs);
    if (outputs == first)
      methodFlops = fitted.planned.methodFlops;
    wanted.method = fitted.planned.method;
    fitted.planned.methodFlops = methodFlops;
    if (Error error = lower(fitted, model.path))
      return std::move(error);
    if (choose(fitted, model, size, shape, fitted.planned.decided, outputs,
               inputBytes, limit.bytes) <= limit.bytes)
      return fitted;
    int64_t smaller = ::ntk::rt::allowedOutputBlock(layout, outputs / 2);
    if (layout.pairs.isSum() || outputs == 1 || model.schedule.blockO)
      return describeLack(fitted, model, limit);
    outputs = smaller;
  }
}

Expected<bool> mlir::ntk::refitKernel(FittedKernel &fitted, Model &model,
                                      const KernelOptions &options,
                                      const KernelShape &shape,
                                      const ProblemSize &size,
                                      int64_t inputBytes, MemoryLimit limit) {
  if (Error error = checkSizes(model.path, shape, size))
    return std::move(error);
  // A schedule by hand is one of these sides: it is looked at as a whole.
  if (model.scheduleLoc && size.symmetric != fitted.problem.symmetric)
    return false;
  const PlannedKernel &planned = fitted.planned;
  Schedule decided =
      getGivenSchedule(model, options, size, planned.decided.blockO);
  if (choose(fitted, model, size, shape, decided, fitted.problem.blocks.outputs,
             inputBytes, limit.bytes) <= limit.bytes)
    return true;
  if (shape.layout.pairs.isSum() || fitted.problem.blocks.outputs == 1 ||
      model.schedule.blockO)
    return describeLack(fitted, model, limit);
  return false;
}
