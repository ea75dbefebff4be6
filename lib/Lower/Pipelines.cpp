// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the lowering. No CSE runs before bufferization: it would merge
// destinations, and with them the buffers of values that are alive together.

#include "dialects/RT/RTOps.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Passes.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Linalg/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/TensorInferTypeOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"
#include "ntk/Lower/Passes.h"

using namespace mlir;
using namespace mlir::ntk;

/// Functions here are one block of code, so that there are no branches to
/// simplify; to look for some takes half of the time of a canonicalization.
static std::unique_ptr<Pass> createBlockCanonicalizer() {
  GreedyRewriteConfig config;
  config.enableRegionSimplification = GreedySimplifyRegionLevel::Disabled;
  return createCanonicalizerPass(config);
}

void mlir::ntk::buildLowerPipeline(OpPassManager &manager) {
  manager.addPass(createLowerOpsPass());
  manager.addPass(createBlockCanonicalizer());
  manager.addNestedPass<func::FuncOp>(createFuseElementwisePass());
  manager.addPass(createBlockCanonicalizer());
  manager.addNestedPass<func::FuncOp>(createReuseOperandsPass());
  manager.addPass(createPackBlocksPass());
  manager.addNestedPass<func::FuncOp>(createBoundAliasesPass());

  manager.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizationOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.setFunctionBoundaryTypeConversion(
      bufferization::LayoutMapOption::IdentityLayoutMap);
  manager.addPass(bufferization::createOneShotBufferizePass(options));
  manager.addPass(createBlockCanonicalizer());
  manager.addPass(createCSEPass());

  manager.addNestedPass<func::FuncOp>(createArenaPass());
  manager.addPass(createBlockCanonicalizer());
  manager.addPass(createCSEPass());
  manager.addPass(createNumberStepsPass());
}

void mlir::ntk::buildToLLVMPipeline(OpPassManager &manager) {
  manager.addNestedPass<func::FuncOp>(createCollapseLoopsPass());
  manager.addNestedPass<func::FuncOp>(createCopiesToLoopsPass());
  manager.addPass(createSplitFunctionsPass());
  manager.addPass(createOutlineLoopsPass());
  manager.addPass(createRuntimeCallsPass());
  manager.addPass(createCSEPass()); // addresses and sizes of each step anew
  manager.addNestedPass<func::FuncOp>(createExpandMathPass());

  manager.addPass(createConvertSCFToCFPass());
  manager.addNestedPass<func::FuncOp>(createExpandViewsPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createConvertMathToLibmPass());
  manager.addPass(createFinalizeMemRefToLLVMConversionPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
}

void mlir::ntk::registerLowerPipelines() {
  PassPipelineRegistration<>("ntk-lower-pipeline",
                             "Level 2 to Level 3: lower, bufferize, one arena",
                             buildLowerPipeline);
  PassPipelineRegistration<>("ntk-to-llvm-pipeline",
                             "Level 3 to the LLVM dialect",
                             buildToLLVMPipeline);
}

void mlir::ntk::registerLowerExtensions(DialectRegistry &registry) {
  rt::registerBufferization(registry);
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(
      registry);
  linalg::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerSubsetOpInterfaceExternalModels(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerInferTypeOpInterfaceExternalModels(registry);
  tensor::registerSubsetOpInterfaceExternalModels(registry);
}
