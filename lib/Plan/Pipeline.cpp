// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --ntk-pipeline: from Level 1 to planned Level 2.

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "ntk/Kernel/Passes.h"
#include "ntk/Plan/Passes.h"
#include "ntk/Plan/Plan.h"

using namespace mlir;
using namespace mlir::ntk;

void mlir::ntk::buildKernelPipeline(OpPassManager &manager, int64_t n1,
                                    int64_t n2) {
  manager.addPass(createSplitProductsPass());
  manager.addPass(createChoosePass({n1, n2}));
  manager.addPass(createExpandPass());
  manager.addPass(createSimplifyPass());
  manager.addPass(createPlanPass({n1, n2}));
  manager.addPass(createApplyPlanPass());
}

namespace {
struct KernelPipelineOptions : PassPipelineOptions<KernelPipelineOptions> {
  Option<int64_t> n1{*this, "n1",
                     llvm::cl::desc("examples of the first side to plan for"),
                     llvm::cl::init(16)};
  Option<int64_t> n2{*this, "n2",
                     llvm::cl::desc("examples of the second side to plan for"),
                     llvm::cl::init(16)};
};
} // namespace

void mlir::ntk::registerKernelPipeline() {
  PassPipelineRegistration<KernelPipelineOptions>(
      "ntk-pipeline",
      "choose, expand, simplify and plan kernels, and apply the plans",
      [](OpPassManager &manager, const KernelPipelineOptions &options) {
        buildKernelPipeline(manager, options.n1, options.n2);
      });
}
