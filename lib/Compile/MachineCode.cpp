// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Level 3 to machine code with mlir::ExecutionEngine.

#include "ntk/Compile/MachineCode.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "ntk-rt/Abi.h"
#include "ntk/Lower/Passes.h"
#include "ntk/Support/Diagnostics.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Passes/StandardInstrumentations.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::ntk;

MachineCode::MachineCode(std::unique_ptr<ExecutionEngine> engine)
    : engine(std::move(engine)) {}
MachineCode::~MachineCode() = default;

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
  add("ntk_rt_clock", &ntk_rt_clock);
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

llvm::Expected<std::unique_ptr<MachineCode>>
MachineCode::compile(ModuleOp module, ArrayRef<StringRef> names) {
  for (StringRef name : names) {
    auto function = module.lookupSymbol<func::FuncOp>(name);
    function->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                      UnitAttr::get(module.getContext()));
  }
  if (llvm::Error error = convertToLLVM(module))
    return std::move(error);
  leaveStraightLinesAlone(module);
  auto engine = createEngine(module);
  if (!engine)
    return engine.takeError();
  return std::unique_ptr<MachineCode>(new MachineCode(std::move(*engine)));
}

llvm::Expected<MachineCode::Call> MachineCode::find(StringRef name) const {
  return engine->lookupPacked(("_mlir_ciface_" + name).str());
}
