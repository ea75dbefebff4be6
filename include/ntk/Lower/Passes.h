// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Declarations of the lowering passes, see Passes.td, and the two pipelines
// they form.

#ifndef NTK_LOWER_PASSES_H
#define NTK_LOWER_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::ntk {

#define GEN_PASS_DECL
#include "ntk/Lower/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "ntk/Lower/Passes.h.inc"

/// Level 2 to Level 3: `--ntk-lower-pipeline`.
void buildLowerPipeline(OpPassManager &manager);

/// Level 3 to the LLVM dialect: `--ntk-to-llvm-pipeline`.
void buildToLLVMPipeline(OpPassManager &manager);

/// Registers both pipelines by their names.
void registerLowerPipelines();

/// The dialect interfaces that the pipelines need: bufferization of the
/// dialects they meet.
void registerLowerExtensions(DialectRegistry &registry);

} // namespace mlir::ntk

#endif // NTK_LOWER_PASSES_H
