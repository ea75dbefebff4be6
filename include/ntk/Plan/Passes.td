// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes of the planner: decisions become attributes, then they are obeyed.

#ifndef NTK_PLAN_PASSES
#define NTK_PLAN_PASSES

include "mlir/Pass/PassBase.td"

class NTK_SizedPass<string name> : Pass<name, "::mlir::ModuleOp"> {
  let options = [
    Option<"n1", "n1", "int64_t", /*default=*/"16",
           "examples of the first side to plan for">,
    Option<"n2", "n2", "int64_t", /*default=*/"16",
           "examples of the second side to plan for">];
  let dependentDialects = ["::mlir::func::FuncDialect",
                           "::mlir::ntk::NTKDialect"];
}

def ChoosePass : NTK_SizedPass<"ntk-choose"> {
  let summary = "choose the method and the cuts of every kernel";
  let description = [{
    Expands, simplifies and plans a clone of each `ntk.kernel` by each of the
    paper's methods, and writes what they cost (FLOPs) into `costs`, and into
    the schedule the one that should be fastest and the sizes that are planned
    for. What the schedule already says stays, and the sizes there go before
    the options. Where structured derivatives are chosen and values of the
    network are narrower than the outputs, clones that are cut there are costed
    too, and `cuts` says where the cheapest is.

    Before: `ntk.kernel @theta of @mlp "now, mpw -> nmop" (J1, J2)`

    After: `ntk.kernel @theta of @mlp "now, mpw -> nmop" (J1, J2) schedule <n1 = 16, n2 = 16,
    method = structured> {costs = {jacobian_contraction = 1334000000000, …}}`

    Assumes that the module holds the networks of its kernels.
  }];
}

def PlanPass : NTK_SizedPass<"ntk-plan"> {
  let summary = "plan the order of every contraction";
  let description = [{
    Annotates each `ntk.contract` of a tile with the cheapest evaluation order,
    found by exact dynamic programming over binary trees; nothing else changes.
    A plan that is already there stays. Of new plans, those that have a Gram in
    common are a `group` (a layer's bias has the cotangent Gram of its weight).
    The work of other orders stands in `ntk.alternatives`, as FLOPs of pairs and
    of single sides.

    Before:

    ```mlir
    %t = ntk.contract "nk, noc, mk, mpc -> nomp" (%x1, %c1, %x2, %c2) into %0
    ```

    After:

    ```mlir
    %t = ntk.contract "nk, noc, mk, mpc -> nomp" (%x1, %c1, %x2, %c2) into %0
        {plan = #ntk.plan<order = [0, 2, 1, 3, 4, 5],
                          results = ["nm", "nomp", "nomp"]>}
    ```

    Assumes simplified kernels.
  }];
}

def SplitProductsPass : Pass<"ntk-split-products", "::mlir::ModuleOp"> {
  let summary = "carry out products of many factors in networks in steps";
  let description = [{
    A contraction of more than four factors in an `ntk.network` becomes binary
    ones, in the cheapest order. The gradient in one of k factors is a product
    of all others: k sites of 2k factors each would be planned for the kernel.
    One that has a `plan` becomes the steps of that plan.

    Before:

    ```mlir
    %y = ntk.contract "a, ab, bc, cd, de -> e" (%x, %u, %v, %w, %z) : …
    ```

    After:

    ```mlir
    %0 = ntk.contract "a, ab -> b" (%x, %u) : …
    %1 = ntk.contract "b, bc -> c" (%0, %v) : …
    %2 = ntk.contract "c, cd -> d" (%1, %w) : …
    %y = ntk.contract "d, de -> e" (%2, %z) : …
    ```
  }];
}

def ApplyPlanPass : Pass<"ntk-apply-plan", "::mlir::ModuleOp"> {
  let summary = "carry out the plans of contractions";
  let description = [{
    Splits each planned `ntk.contract` into binary ones, shares equal ones,
    joins groups (a bias adds its one to the feature Gram of its weight:
    (Z + 1)∘D), and moves what reads one side alone into that side's factor
    function. If both sides then compute the same, `@theta_factors` takes the
    place of `@theta_factors1` and `@theta_factors2`.

    Before: the planned contraction above. After:

    ```mlir
    %z = ntk.contract "nk, mk -> nm" (%x1, %x2)
    %d = ntk.contract "noc, mpc -> nomp" (%c1, %c2)
    %t = ntk.contract "nm, nomp -> nomp" (%z, %d) into %0
    ```

    Assumes that nothing rewrote the contractions since they were planned.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect",
                           "::mlir::ntk::NTKDialect"];
}

#endif // NTK_PLAN_PASSES
