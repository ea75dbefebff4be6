// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The passes of ntk-opt: ours, and those of MLIR that our pipelines consist of
// or that are of use in tests.

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "ntk/Derive/Passes.h"
#include "ntk/Kernel/Passes.h"
#include "ntk/Lower/Passes.h"
#include "ntk/Plan/Passes.h"
#include "ntk/Plan/Plan.h"
#include "ntk/Register/Register.h"

using namespace mlir;

void mlir::ntk::registerAllPasses() {
  registerNTKDerivePasses();
  registerNTKKernelPasses();
  registerNTKPlanPasses();
  registerKernelPipeline();
  registerNTKLowerPasses();
  registerLowerPipelines();

  registerCanonicalizerPass();
  registerCSEPass();
  registerSymbolDCEPass();
  registerLinalgElementwiseOpFusionPass();
  registerConvertLinalgToParallelLoopsPass();
  registerConvertLinalgToLoopsPass();
  bufferization::registerOneShotBufferizePass();
  bufferization::registerEmptyTensorEliminationPass();
  registerReconcileUnrealizedCastsPass();
}
