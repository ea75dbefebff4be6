// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk-random: draws networks and checks their kernels; or checks those of
// files.
//
//   ntk-random --seed 1 --count 2000 --output failures
//   ntk-random --seed 17 failures/random-17.mlir
//
// Each network is checked in a process of its own, so that a crash or a loop
// without end is a failure like others. What fails is made smaller, printed,
// and written to the folder given, with the line that runs it as a test.

#include "Check.h"
#include "Generator.h"
#include "Shrink.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "ntk/Register/Register.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::random;
namespace cl = llvm::cl;

static cl::OptionCategory category("ntk-random");
static cl::list<std::string> files(cl::Positional, cl::desc("[FILE.mlir]..."),
                                   cl::cat(category));
static cl::opt<uint64_t> seedOption("seed", cl::init(1), cl::cat(category),
                                    cl::desc("the first seed"));
static cl::opt<uint64_t> count("count", cl::init(20), cl::cat(category),
                               cl::desc("networks, one a seed"));
static cl::list<std::string>
    ops("ops", cl::CommaSeparated, cl::cat(category),
        cl::desc("draw these ops, and what they need"));
static cl::opt<std::string> output("output", cl::cat(category),
                                   cl::desc("folder for what fails"));
static cl::opt<unsigned> timeLimit("time-limit", cl::init(60),
                                   cl::cat(category),
                                   cl::desc("seconds for one network"));
static cl::opt<bool> printOnly("print", cl::cat(category),
                               cl::desc("print the networks, check nothing"));

//===----------------------------------------------------------------------===//
// Processes
//===----------------------------------------------------------------------===//

namespace {
/// What a process that checks a network tells the one that started it.
struct Verdict {
  enum Kind { Right, Wrong, Ended, NotDrawn } kind;

  bool isFailure() const { return kind == Wrong || kind == Ended; }

  char message[2048];
  int request; ///< the number of the one under way
  double worst[2];
  int64_t kernels;
};
} // namespace

static Verdict *getSharedVerdict() {
  static void *memory = mmap(nullptr, sizeof(Verdict), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<Verdict *>(memory);
}

/// Runs `work` in a process of its own; a signal is a message.
static Verdict runIsolated(function_ref<void(Verdict &)> work) {
  Verdict *verdict = getSharedVerdict();
  if (!verdict)
    llvm::report_fatal_error("no shared memory");
  *verdict = {};
  llvm::outs().flush();
  pid_t child = fork();
  if (child < 0)
    llvm::report_fatal_error("no process can be started");
  if (child == 0) {
    signal(SIGALRM, SIG_DFL);
    alarm(timeLimit);
    work(*verdict);
    llvm::outs().flush();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status) || WEXITSTATUS(status) != 0) {
    verdict->kind = Verdict::Ended;
    std::string what =
        WIFSIGNALED(status)
            ? WTERMSIG(status) == SIGALRM
                  ? "took more than " + std::to_string(timeLimit) + " seconds"
                  : std::string("crashed: ") + strsignal(WTERMSIG(status))
            : "ended with status " + std::to_string(WEXITSTATUS(status));
    snprintf(verdict->message, sizeof verdict->message, "%s", what.c_str());
  }
  return *verdict;
}

/// Checks the requests one after the other, up to the first that fails.
static void check(ModuleOp module, uint64_t seed, ArrayRef<Request> requests,
                  bool mustBeMeaningful, Verdict &verdict) {
  llvm::Error error = llvm::Error::success();
  llvm::consumeError(std::move(error));
  llvm::Expected<Judge> judge = Judge::create(module, seed);
  if (!judge) {
    error = judge.takeError();
  } else if (mustBeMeaningful && !judge->isMeaningful()) {
    verdict.kind = Verdict::NotDrawn;
    return;
  } else {
    for (auto [i, request] : llvm::enumerate(requests)) {
      verdict.request = static_cast<int>(i);
      error = judge->check(request, verdict.worst);
      if (error)
        break;
      ++verdict.kernels;
    }
  }
  if (!error)
    return;
  verdict.kind = Verdict::Wrong;
  snprintf(verdict.message, sizeof verdict.message, "%s",
           llvm::toString(std::move(error)).c_str());
}

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

static void print(ModuleOp module, uint64_t seed, StringRef message,
                  llvm::raw_ostream &os) {
  os << "// RUN: ntk-random --seed " << seed << " %s\n\n// " << message << "\n";
  module.print(os);
  os << "\n";
}

static void report(ModuleOp module, uint64_t seed, ArrayRef<Request> requests,
                   const Verdict &verdict) {
  llvm::outs() << "seed " << seed << ": "
               << requests[verdict.request].describe() << ": "
               << verdict.message << "\n";
  llvm::outs().flush();
  if (!output.empty()) {
    llvm::sys::fs::create_directories(output);
    std::error_code code;
    llvm::raw_fd_ostream file(
        output + "/whole-" + std::to_string(seed) + ".mlir", code);
    if (!code)
      print(module, seed, verdict.message, file);
  }
  Request failing = requests[verdict.request];
  std::string message = failing.describe() + ": " + verdict.message;
  OwningOpRef<ModuleOp> small =
      shrinkNetwork(module, seed, maxExamples, [&](ModuleOp candidate) {
        Verdict again = runIsolated([&](Verdict &v) {
          check(candidate, seed, failing, /*mustBeMeaningful=*/false, v);
        });
        // A crash on the way to a smaller wrong number is another failure.
        bool isSame = again.kind == verdict.kind;
        if (isSame)
          message = failing.describe() + ": " + again.message;
        return isSame;
      });
  print(*small, seed, message, llvm::outs());
  llvm::outs().flush();
  if (output.empty())
    return;
  std::error_code code;
  llvm::raw_fd_ostream file(
      output + "/random-" + std::to_string(seed) + ".mlir", code);
  if (!code)
    print(*small, seed, message, file);
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

namespace {
struct Totals {
  int64_t networks = 0, kernels = 0, failures = 0, redrawn = 0;
  double worst[2] = {0, 0};

  void add(const Verdict &verdict) {
    kernels += verdict.kernels;
    failures += verdict.isFailure();
    for (int i = 0; i < 2; ++i)
      worst[i] = std::max(worst[i], verdict.worst[i]);
  }
};
} // namespace

/// Seeds of the networks that stand for a seed, one after the other, until one
/// is worth a check.
static uint64_t getAttempt(uint64_t seed, int attempt) {
  return seed + attempt * (uint64_t(1) << 40);
}

static void checkSeed(MLIRContext &context, uint64_t seed,
                      ArrayRef<Recipe> recipes, Totals &totals) {
  std::vector<Request> requests = drawRequests(seed);
  for (int attempt = 0; attempt < 20; ++attempt) {
    uint64_t drawn = getAttempt(seed, attempt);
    auto draw = [&] {
      return generateNetwork(&context, drawn, maxExamples, recipes);
    };
    Verdict verdict = runIsolated([&](Verdict &v) {
      v.request = -1;
      OwningOpRef<ModuleOp> module = draw();
      v.request = 0;
      if (!module)
        v.kind = Verdict::NotDrawn;
      else if (printOnly)
        module->print(llvm::outs());
      else
        check(*module, drawn, requests, /*mustBeMeaningful=*/true, v);
    });
    if (verdict.kind == Verdict::NotDrawn) {
      ++totals.redrawn;
      continue;
    }
    ++totals.networks;
    totals.add(verdict);
    if (!verdict.isFailure())
      return;
    if (verdict.request < 0)
      llvm::outs() << "seed " << drawn
                   << ": as it was drawn: " << verdict.message << "\n";
    else
      report(*draw(), drawn, requests, verdict);
    return;
  }
}

static void checkNetwork(ModuleOp module, StringRef name, Totals &totals) {
  for (const Request &request : getFileRequests(seedOption)) {
    Verdict verdict = runIsolated([&](Verdict &v) {
      check(module, seedOption, request, /*mustBeMeaningful=*/false, v);
    });
    totals.add(verdict);
    if (verdict.isFailure())
      llvm::outs() << name << ": " << request.describe() << ": "
                   << verdict.message << "\n";
  }
  ++totals.networks;
}

static LogicalResult checkFile(MLIRContext &context, StringRef path,
                               Totals &totals) {
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(path, ParserConfig(&context));
  if (!module)
    return failure();
  for (auto network : llvm::to_vector(module->getOps<NetworkOp>())) {
    OwningOpRef<ModuleOp> alone = ModuleOp::create(network.getLoc());
    alone->push_back(network->clone());
    checkNetwork(*alone, (path + ": @" + network.getName()).str(), totals);
  }
  return success();
}

/// The rows that --ops asks for; none, with an error, if one is unknown.
static SmallVector<Recipe> selectRecipes() {
  SmallVector<Recipe> all = getRecipes(), selected;
  if (ops.empty())
    return all;
  for (const std::string &op : ops) {
    auto found = llvm::find_if(
        all, [&](const Recipe &recipe) { return recipe.op == op; });
    if (found == all.end()) {
      llvm::errs() << "error: --ops: no recipe draws '" << op << "'\n";
      return {};
    }
    selected.push_back(*found);
  }
  return selected;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "checks random networks\n");
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects();
  context.loadDialect<NTKDialect>();

  SmallVector<StringRef> missing = getOpsWithoutRecipe(&context);
  for (StringRef op : missing)
    llvm::errs() << "error: no recipe draws ntk." << op << "\n";
  SmallVector<Recipe> recipes = selectRecipes();
  if (!missing.empty() || recipes.empty())
    return 1;

  Totals totals;
  for (const std::string &path : files)
    if (failed(checkFile(context, path, totals)))
      return 1;
  if (files.empty())
    for (uint64_t seed = seedOption; seed < seedOption + count; ++seed)
      checkSeed(context, seed, recipes, totals);
  if (printOnly)
    return 0;
  llvm::outs() << totals.networks << " networks, " << totals.kernels
               << " kernels, " << totals.failures << " failures; "
               << totals.redrawn << " drawn again; largest deviation "
               << llvm::format("%.1e in f64, %.1e in f32\n", totals.worst[0],
                               totals.worst[1]);
  return totals.failures ? 1 : 0;
}
