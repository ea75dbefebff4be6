// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Level 3 to machine code with mlir::ExecutionEngine. The functions are called
// through their packed C interface: an array of pointers to the arguments, a
// memref being a pointer to its descriptor.

#include "ntk/Compile/Jit.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "ntk-rt/Abi.h"
#include "ntk/Lower/Passes.h"
#include "ntk/Lower/Sizes.h"
#include "ntk/Support/Diagnostics.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Passes/StandardInstrumentations.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::ntk;

JitProgram::JitProgram() = default;
JitProgram::~JitProgram() = default;

static llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

//===----------------------------------------------------------------------===//
// Calling
//===----------------------------------------------------------------------===//

namespace {
/// The arguments of one call, in the order of the function's arguments.
class Arguments {
public:
  Arguments(int64_t n, int64_t m) : sizes{n, m} {}

  void addNumber(int64_t number) { words.push_back({number}); }

  /// A dense memref: two pointers, offset, sizes, strides.
  void addMemRef(const void *data, ArrayRef<int64_t> shape) {
    std::vector<int64_t> descriptor(3 + 2 * shape.size());
    descriptor[0] = descriptor[1] = reinterpret_cast<intptr_t>(data);
    int64_t stride = 1;
    for (size_t axis = shape.size(); axis-- > 0;) {
      int64_t size = shape[axis] < 0 ? sizes[-1 - shape[axis]] : shape[axis];
      descriptor[3 + axis] = size;
      descriptor[3 + shape.size() + axis] = stride;
      stride *= size;
    }
    words.push_back(std::move(descriptor));
    isMemRef.resize(words.size());
    isMemRef.back() = true;
  }

  /// A block of bytes; its size is not looked at.
  void addBlock(const void *data) { addMemRef(data, {0}); }

  void call(void (*function)(void **)) {
    isMemRef.resize(words.size());
    std::vector<void *> pointers(words.size()), arguments;
    for (size_t i = 0; i < words.size(); ++i) {
      pointers[i] = words[i].data();
      arguments.push_back(isMemRef[i] ? static_cast<void *>(&pointers[i])
                                      : pointers[i]);
    }
    function(arguments.data());
  }

private:
  int64_t sizes[2];
  std::vector<std::vector<int64_t>> words;
  std::vector<bool> isMemRef;
};
} // namespace

void JitProgram::factors(int side, ArrayRef<const void *> inputs, int64_t n,
                         int64_t firstOutput, const void *params, void *arena,
                         void *out) const {
  const Side &function = sides[side - 1];
  Arguments arguments(n, n);
  for (auto [input, shape] : llvm::zip_equal(inputs, function.inputs))
    arguments.addMemRef(input, shape);
  arguments.addNumber(n);
  if (function.hasFirstOutput)
    arguments.addNumber(firstOutput);
  arguments.addBlock(params);
  arguments.addBlock(arena);
  arguments.addBlock(out);
  arguments.call(function.call);
}

void JitProgram::tile(const void *factors1, const void *factors2, int64_t n,
                      int64_t m, const void *params, void *arena,
                      void *out) const {
  Arguments arguments(n, m);
  arguments.addBlock(factors1);
  arguments.addBlock(factors2);
  arguments.addNumber(n);
  arguments.addNumber(m);
  arguments.addBlock(params);
  arguments.addBlock(arena);
  arguments.addMemRef(out, tileShape);
  arguments.call(tileCall);
}

//===----------------------------------------------------------------------===//
// Reading the convention off the functions
//===----------------------------------------------------------------------===//

/// The first dynamic size is n, the second m.
static std::vector<int64_t> getShape(Type type) {
  std::vector<int64_t> shape;
  int64_t next = -1;
  for (int64_t size : cast<MemRefType>(type).getShape())
    shape.push_back(ShapedType::isDynamic(size) ? next-- : size);
  return shape;
}

void JitProgram::readSide(Side &side, func::FuncOp function) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    if (function.getArgAttr(i, inputAttrName))
      side.inputs.push_back(getShape(function.getArgument(i).getType()));
    side.hasFirstOutput |=
        static_cast<bool>(function.getArgAttr(i, firstOutputAttrName));
  }
}

/// The offsets of factors, in the letter n on either side.
static std::vector<std::map<std::string, double>> getOffsets(ArrayAttr attr) {
  std::vector<std::map<std::string, double>> offsets;
  for (Attribute offset : attr.getValue()) {
    Polynomial polynomial = getPolynomial(cast<DictionaryAttr>(offset)), inN;
    for (const auto &[letters, value] : polynomial.getTerms())
      inN.add(value, std::string(letters.size(), 'n'));
    offsets.push_back(inN.getTerms());
  }
  return offsets;
}

llvm::Error JitProgram::readTile(func::FuncOp tile, func::FuncOp factors1,
                                 func::FuncOp factors2) {
  for (int side : {1, 2}) {
    func::FuncOp factors = side == 1 ? factors1 : factors2;
    auto expected = findArgAttr<ArrayAttr>(factors, factorOffsetsAttrName);
    auto found = findArgAttr<ArrayAttr>(tile, factorOffsetsAttrName, side);
    if (!expected || !found || getOffsets(expected) != getOffsets(found))
      return makeError("expected the factors of @" + factors.getName() +
                       " as side " + Twine(side) + " of @" + tile.getName());
  }
  tileShape = getShape(tile.getArgumentTypes().back());
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

static llvm::Error convertToLLVM(ModuleOp module) {
  DiagnosticCollector diagnostics(module.getContext());
  PassManager manager(module.getContext());
  buildToLLVMPipeline(manager);
  // Once, at the end: a check behind each pass takes as long as the passes.
  manager.enableVerifier(false);
  if (failed(manager.run(module)) || failed(verify(module)))
    return diagnostics.takeError("the kernel program",
                                 "it could not be lowered to LLVM");
  return llvm::Error::success();
}

/// Functions of one block are the calls of the steps, one after the other: they
/// run in no time as they stand, and optimising their addresses takes longer
/// than all the loops that they call.
static void leaveStraightLinesAlone(ModuleOp module) {
  Builder builder(module.getContext());
  ArrayAttr attributes = builder.getStrArrayAttr({"noinline", "optnone"});
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (!function.isDeclaration() && function.getBody().hasOneBlock())
      function.setPassthroughAttr(attributes);
}

/// The runtime library this is linked with.
static llvm::orc::SymbolMap
getRuntimeSymbols(llvm::orc::MangleAndInterner interner) {
  llvm::orc::SymbolMap symbols;
  auto add = [&](StringRef name, auto *function) {
    symbols[interner(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                               llvm::JITSymbolFlags::Exported};
  };
  add("ntk_rt_parallel_for", &ntk_rt_parallel_for);
  add("ntk_rt_gemm_f32", &ntk_rt_gemm_f32);
  add("ntk_rt_gemm_f64", &ntk_rt_gemm_f64);
  add("ntk_rt_conv_f32", &ntk_rt_conv_f32);
  add("ntk_rt_conv_f64", &ntk_rt_conv_f64);
  add("ntk_rt_conv_backward_data_f32", &ntk_rt_conv_backward_data_f32);
  add("ntk_rt_conv_backward_data_f64", &ntk_rt_conv_backward_data_f64);
  add("ntk_rt_patches_f32", &ntk_rt_patches_f32);
  add("ntk_rt_patches_f64", &ntk_rt_patches_f64);
  return symbols;
}

/// LLVM's optimisation for loops that shall be vectorised. Kernel programs are
/// long straight lines of calls around small loops: packing scalars that lie in
/// a line (SLP) finds nothing there and takes most of the time.
static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = false;
  llvm::PassInstrumentationCallbacks callbacks;
  llvm::OptNoneInstrumentation optNone(/*DebugLogging=*/false);
  optNone.registerCallbacks(callbacks);
  llvm::PassBuilder builder(&machine, tuning, std::nullopt, &callbacks);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, modules);
}

static llvm::Expected<std::unique_ptr<ExecutionEngine>>
createEngine(ModuleOp module) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return builder.takeError();
  auto machine = builder->createTargetMachine();
  if (!machine)
    return machine.takeError();
  ExecutionEngineOptions options;
  // The options refer to the transformer, they do not hold it.
  auto transformer = [&](llvm::Module *llvmModule) {
    optimize(*llvmModule, **machine);
    return llvm::Error::success();
  };
  options.transformer = transformer;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Aggressive;
  options.enableObjectDump = false;
  // They are hooks of debuggers, and write a file into the home folder.
  options.enableGDBNotificationListener = false;
  options.enablePerfNotificationListener = false;
  auto engine = ExecutionEngine::create(module, options);
  if (engine)
    (*engine)->registerSymbols(getRuntimeSymbols);
  return engine;
}

llvm::Expected<std::unique_ptr<JitProgram>>
JitProgram::compile(ModuleOp module, StringRef kernel) {
  KernelFunctions functions = findKernelFunctions(module, kernel);
  if (!functions.factors1 || !functions.factors2 || !functions.tile)
    return makeError("expected factor and tile functions of the kernel '" +
                     kernel + "'");
  std::unique_ptr<JitProgram> program(new JitProgram());
  func::FuncOp factors[] = {functions.factors1, functions.factors2};
  llvm::Expected<KernelSizes> sizes = readKernelSizes(functions);
  if (!sizes)
    return sizes.takeError();
  program->sizes = std::move(*sizes);
  for (int i : {0, 1})
    program->readSide(program->sides[i], factors[i]);
  if (llvm::Error error =
          program->readTile(functions.tile, factors[0], factors[1]))
    return std::move(error);

  std::string names[3];
  func::FuncOp all[] = {factors[0], factors[1], functions.tile};
  for (auto [name, function] : llvm::zip_equal(names, all)) {
    name = ("_mlir_ciface_" + function.getName()).str();
    function->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                      UnitAttr::get(module.getContext()));
  }
  if (llvm::Error error = convertToLLVM(module))
    return std::move(error);
  leaveStraightLinesAlone(module);
  auto engine = createEngine(module);
  if (!engine)
    return engine.takeError();
  program->engine = std::move(*engine);
  Call *calls[] = {&program->sides[0].call, &program->sides[1].call,
                   &program->tileCall};
  for (auto [name, call] : llvm::zip_equal(names, calls)) {
    auto found = program->engine->lookupPacked(name);
    if (!found)
      return found.takeError();
    *call = *found;
  }
  return program;
}
