// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel by the driver's steps, and its entries against the reference.

#include "Check.h"
#include "mlir/AsmParser/AsmParser.h"
#include "ntk/Compile/FittedKernel.h"
#include "ntk/Compile/KernelShape.h"
#include "ntk/Kernel/Cuts.h"
#include "ntk/Plan/Plan.h"
#include "ntk/Run/RunKernel.h"

#include <random>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::random;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using ::ntk::rt::TileProblem;

//===----------------------------------------------------------------------===//
// Kernels by the compiler
//===----------------------------------------------------------------------===//

namespace {
/// A request on its way through the driver's steps.
class Run {
public:
  Run(const Judge &judge, const Request &request)
      : judge(judge), request(request), random(request.seed) {}

  Error run(double &worst);

private:
  Error load();
  std::vector<std::string> drawCuts(std::optional<KernelMethod> method);
  Error drawSchedule(const KernelShape &shape);
  Error plan();
  Error compute(int64_t first1, int64_t count1, int64_t first2, int64_t count2,
                bool whole, double &worst);
  Error compare(ArrayRef<double> theta, int64_t first1, int64_t count1,
                int64_t first2, int64_t count2, const std::string &how,
                double &worst);
  std::vector<double> getExpected(int64_t n, int64_t m);
  std::string spellSchedule();
  int64_t number(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % (high - low + 1));
  }

  const Judge &judge;
  const Request &request;
  std::mt19937_64 random;
  Model model;
  FittedKernel fitted;
  std::unique_ptr<JitProgram> program;
  std::optional<AlignedBytes> parameters;
};
} // namespace

Error Run::load() {
  model.module = (request.isDouble ? *judge.module64 : *judge.module32).clone();
  model.network = getNetwork(*model.module);
  for (unsigned i = 0; i < model.network.getNumArguments(); ++i)
    if (model.network.isInput(i))
      model.inputs.push_back(
          {getArgumentName(model.network, i), i,
           cast<RankedTensorType>(model.network.getArgumentTypes()[i])});
  for (unsigned i :
       getParameters(model.network, request.someParameters, judge.seed))
    model.wrt.push_back(model.network.getParameterName(i).str());
  Expected<ParameterStore> store = drawParameters(model.network, judge.seed);
  if (!store)
    return store.takeError();
  model.store = std::move(*store);
  return Error::success();
}

/// Some of the values that a kernel by `method` may be cut at.
std::vector<std::string> Run::drawCuts(std::optional<KernelMethod> method) {
  constexpr int64_t mostElements = 64; // whose square is the size of a kernel
  std::vector<std::string> cuts;
  if (method == KernelMethod::NtkVectorProducts ||
      request.method == "ntk-vector-products")
    return cuts;
  splitLongProducts(model.network); // places are those of what is expanded
  for (Operation &op : model.network.getBody().front().without_terminator()) {
    auto type = cast<RankedTensorType>(op.getResult(0).getType());
    if (isa<FloatType>(type.getElementType()) && type.getNumElements() > 0 &&
        type.getNumElements() <= mostElements && number(0, 3) == 0)
      cuts.push_back(getValueName(&op));
  }
  return cuts;
}

/// Draws what a file could have decided, each decision or none, and reads it
/// from its text.
Error Run::drawSchedule(const KernelShape &shape) {
  Schedule drawn;
  auto isOpen = [&] { return number(0, 2) == 0; };
  if (!isOpen())
    drawn.n1 = number(1, 100);
  if (!isOpen() && !request.isSymmetric)
    drawn.n2 = number(1, 100);
  if (!isOpen())
    drawn.method = *symbolizeKernelMethod(number(0, 2));
  if (!isOpen())
    drawn.cuts = drawCuts(drawn.method);
  if (!isOpen())
    drawn.blockN = number(1, 5);
  if (!isOpen())
    drawn.blockM = request.isSymmetric ? drawn.blockN : number(1, 5);
  if (!isOpen() && !shape.layout.pairs.isSum())
    drawn.blockO = ::ntk::rt::allowedOutputBlock(
        shape.layout, number(1, shape.layout.outputs));
  if (!isOpen()) {
    drawn.keeps1 = number(0, 1);
    drawn.keeps2 = number(0, 1);
  }
  if (drawn == Schedule()) // which has no text
    drawn.blockN = 1;
  MLIRContext *context = model.network.getContext();
  std::string text;
  llvm::raw_string_ostream(text) << ScheduleAttr::get(context, drawn);
  auto read = dyn_cast_or_null<ScheduleAttr>(parseAttribute(text, context));
  if (!read || !(read.getValue() == drawn))
    return createStringError("expected to read " + text + " as it was written");
  model.schedule = drawn;
  model.scheduleLoc = model.network.getLoc();
  return Error::success();
}

/// Plans, lowers and compiles, if asked for with so little memory that not all
/// outputs are computed at once.
Error Run::plan() {
  model.path = "random";
  KernelOptions options;
  options.kernel = request.kernel;
  options.method = request.method;
  Expected<KernelShape> shape = getKernelShape(model, options);
  if (!shape)
    return shape.takeError();
  // Joined outputs on either side, whatever axes they have.
  shape->layout = {shape->layout.outputs, shape->layout.pairs};
  ProblemSize size{2, request.isSymmetric ? 2 : 3, request.isSymmetric};
  if (request.handSchedule)
    if (Error error = drawSchedule(*shape))
      return error;
  MemoryLimit limit{int64_t(1) << 40, /*isGiven=*/true};
  Expected<FittedKernel> kernel = fitKernel(model, options, *shape, size, 0,
                                            limit, /*compareMethods=*/false);
  if (!kernel)
    return kernel.takeError();
  fitted = std::move(*kernel);
  if (request.outputBlocks && model.network.getOutputs() > 1) {
    const MemoryUse &use = fitted.memory;
    limit.bytes = use.parameters + use.kernel + (use.workspace + use.arena) / 4;
    kernel = fitKernel(model, options, *shape, size, 0, limit, false);
    if (kernel)
      fitted = std::move(*kernel);
    else // nothing that small
      llvm::consumeError(kernel.takeError());
  }
  Expected<std::unique_ptr<JitProgram>> compiled =
      JitProgram::compile(*fitted.planned.module, kernelName);
  if (!compiled)
    return compiled.takeError();
  program = std::move(*compiled);
  Expected<AlignedBytes> packed =
      packParameters(fitted.sizes, model.store, model.network);
  if (!packed)
    return packed.takeError();
  parameters.emplace(std::move(*packed));
  return Error::success();
}

/// What the request keeps of the expected outputs of one pair of examples.
std::vector<double> Run::getExpected(int64_t n, int64_t m) {
  int64_t outputs = model.network.getOutputs();
  const double *pair = judge.expected[request.someParameters].data() +
                       (n * maxExamples + m) * outputs * outputs;
  if (request.kernel == "full")
    return {pair, pair + outputs * outputs};
  std::vector<double> diagonal;
  double trace = 0, sum = 0;
  for (int64_t i = 0; i < outputs * outputs; ++i)
    sum += pair[i];
  for (int64_t o = 0; o < outputs; ++o) {
    diagonal.push_back(pair[o * outputs + o]);
    trace += diagonal.back();
  }
  if (request.kernel == "diagonal")
    return diagonal;
  return {request.kernel == "sum" ? sum : trace / static_cast<double>(outputs)};
}

static std::string toText(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.12g", value);
  return text;
}

Error Run::compare(ArrayRef<double> theta, int64_t first1, int64_t count1,
                   int64_t first2, int64_t count2, const std::string &how,
                   double &worst) {
  double scale =
      std::max(getLargest(judge.expected[request.someParameters]), 1e-2);
  double tolerance = request.isDouble ? tolerance64 : tolerance32;
  size_t at = 0;
  for (int64_t n = 0; n < count1; ++n)
    for (int64_t m = 0; m < count2; ++m)
      for (auto [i, value] :
           llvm::enumerate(getExpected(first1 + n, first2 + m))) {
        double error = std::abs(theta[at] - value) / scale;
        worst = std::max(worst, error);
        if (!(error <= tolerance))
          return createStringError(
              "expected " + toText(value) + " at [" + Twine(n) + ", " +
              Twine(m) + "][" + Twine(i) + "], but got " + toText(theta[at]) +
              ", of largest entry " + toText(scale) + how);
        ++at;
      }
  return Error::success();
}

/// Bits of [n][m] with outputs (o, p) and of [m][n] with (p, o).
static bool isSymmetric(ArrayRef<double> theta, int64_t count, int64_t rows,
                        int64_t columns) {
  auto at = [&](int64_t n, int64_t m, int64_t o, int64_t p) {
    return theta[((n * count + m) * rows + o) * columns + p];
  };
  for (int64_t n = 0; n < count; ++n)
    for (int64_t m = 0; m <= n; ++m)
      for (int64_t o = 0; o < rows; ++o)
        for (int64_t p = 0; p < columns; ++p)
          if (at(n, m, o, p) != (columns > 1 ? at(m, n, p, o) : at(m, n, o, p)))
            return false;
  return true;
}

template <typename T>
static std::vector<double> toDouble(ArrayRef<char> bytes) {
  auto *from = reinterpret_cast<const T *>(bytes.data());
  return {from, from + bytes.size() / sizeof(T)};
}

std::string Run::spellSchedule() {
  std::string text;
  llvm::raw_string_ostream(text) << fitted.schedule;
  return text;
}

Error Run::compute(int64_t first1, int64_t count1, int64_t first2,
                   int64_t count2, bool whole, double &worst) {
  Expected<Examples> x1 =
      drawExamples(model.network, first1, count1, judge.seed);
  if (!x1)
    return x1.takeError();
  Expected<Examples> x2 =
      drawExamples(model.network, first2, count2, judge.seed);
  if (!x2)
    return x2.takeError();
  TileProblem problem = fitted.problem;
  problem.examples1 = count1;
  problem.examples2 = count2;
  problem.blocks.examples1 = whole ? count1 : number(1, count1);
  problem.blocks.examples2 = whole ? count2 : number(1, count2);
  problem.blocks.cacheFactors1 = number(0, 1);
  problem.blocks.cacheFactors2 = number(0, 1);
  if (request.handSchedule)
    problem.blocks = getBlocks(fitted.schedule.getValue(), count1, count2,
                               problem.layout.outputs);
  int64_t threads = number(1, 2);
  ::ntk::rt::setThreads(threads);
  KernelRun kernel{
      *program,
      fitted.sizes,
      problem,
      request.isDouble,
      &*x1,
      request.isSymmetric ? &*x1 : &*x2,
      parameters->data,
      {fitted.work[0].flops, fitted.work[1].flops, fitted.work[2].flops}};
  int64_t elements = count1 * count2 * problem.layout.pairSize();
  // What is not written shows.
  std::vector<char> bytes(elements * (request.isDouble ? 8 : 4), '\xff');
  KernelMemory memory;
  Expected<RunTimes> times = runKernel(kernel, memory, bytes.data(),
                                       [](int64_t, int64_t) { return true; });
  if (!times)
    return times.takeError();
  std::vector<double> theta =
      request.isDouble ? toDouble<double>(bytes) : toDouble<float>(bytes);
  std::string how =
      (" on " + Twine(count1) + " and " + Twine(count2) +
       " examples in blocks of " + Twine(problem.blocks.examples1) + " and " +
       Twine(problem.blocks.examples2) + ", " + Twine(problem.blocks.outputs) +
       " outputs, " + Twine(threads) + " threads, " + spellSchedule())
          .str();
  if (Error error = compare(theta, first1, count1, first2, count2, how, worst))
    return error;
  if (request.isSymmetric &&
      !isSymmetric(theta, count1,
                   problem.layout.hasO() ? problem.layout.outputs : 1,
                   problem.layout.hasP() ? problem.layout.outputs : 1))
    return createStringError("expected a symmetric kernel for x1 = x2" + how);
  return Error::success();
}

Error Run::run(double &worst) {
  if (Error error = load())
    return error;
  if (Error error = plan())
    return error;
  if (request.isSymmetric) {
    if (Error error = compute(0, maxExamples, 0, maxExamples, true, worst))
      return error;
    int64_t count = number(1, 3);
    return compute(1, count, 1, count, false, worst);
  }
  if (Error error = compute(0, 2, 1, 3, true, worst))
    return error;
  return compute(0, number(1, 4), number(0, 1), number(1, 3), false, worst);
}

Error Judge::check(const Request &request, double worst[2]) const {
  return Run(*this, request).run(worst[request.isDouble ? 0 : 1]);
}
