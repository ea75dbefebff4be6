// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Declarations of the passes of the planner, see Passes.td.

#ifndef NTK_PLAN_PASSES_H
#define NTK_PLAN_PASSES_H

#include "dialects/NTK/IR/NTKOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::ntk {

#define GEN_PASS_DECL
#include "ntk/Plan/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "ntk/Plan/Passes.h.inc"

} // namespace mlir::ntk

#endif // NTK_PLAN_PASSES_H
