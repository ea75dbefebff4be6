// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel as an object: a model, what is asked of it, and its machine code. It
// is planned and compiled for some number of examples and then takes any other:
// only the blocks that they are computed in are chosen again. Parameters are no
// part of the code; every run brings its own block of them.

#ifndef NTK_COMPILE_COMPILEDKERNEL_H
#define NTK_COMPILE_COMPILEDKERNEL_H

#include "ntk/Compile/FittedKernel.h"
#include "ntk/Compile/Jit.h"

namespace mlir::ntk {

class CompiledKernel {
public:
  /// A kernel of `model` that is not planned yet. Fails if the outputs do not
  /// have what the options ask for.
  static llvm::Expected<CompiledKernel> create(Model model,
                                               KernelOptions options);

  Model &getModel() { return model; }
  const Model &getModel() const { return model; }
  const KernelShape &getShape() const { return shape; }
  bool isDouble() const { return isF64; }

  /// A plan for examples of these sizes, which take `inputBytes`; nothing here
  /// changes.
  llvm::Expected<FittedKernel> fit(const ProblemSize &size, int64_t inputBytes,
                                   MemoryLimit limit,
                                   bool compareMethods = false);

  /// Takes such a plan. Code that there is is dropped.
  llvm::Error plan(const ProblemSize &size, int64_t inputBytes,
                   MemoryLimit limit, bool compareMethods = false);

  /// Compiles what is planned, with a clock behind each step or without. The
  /// IR of the plan is gone afterwards.
  llvm::Error compile(bool hasClocks = false);

  /// Makes the kernel ready for examples of these sizes: plans and compiles it
  /// the first time, for these or, since more may come, for `leastExamples`,
  /// and later chooses blocks for them. Where no blocks of examples fit the
  /// memory, it is planned and compiled again for fewer outputs at a time. The
  /// limit is asked for only if anything is to be chosen.
  llvm::Error prepare(const ProblemSize &size, int64_t inputBytes,
                      llvm::function_ref<MemoryLimit()> getLimit);

  /// How often it was planned: the layout of the parameter block is the plan's.
  int64_t countPlans() const { return plans; }
  bool isCompiled() const { return program != nullptr; }

  /// What is planned, for the examples of `getSize`.
  const FittedKernel &getFitted() const { return *fitted; }
  const ProblemSize &getSize() const { return size; }

  /// The code, once it is compiled.
  JitProgram &getProgram() const { return *program; }

  /// Orders for so many examples are as good as any for one, but those for one
  /// can be half as fast for many.
  static constexpr int64_t leastExamples = 32;

private:
  CompiledKernel() = default;
  llvm::Error takePlan(llvm::Expected<FittedKernel> plan,
                       const ProblemSize &newSize, int64_t newInputBytes);

  Model model;
  KernelOptions options;
  KernelShape shape;
  bool isF64 = false;
  ProblemSize size;
  int64_t inputBytes = 0;
  int64_t plans = 0;
  std::optional<FittedKernel> fitted;
  std::unique_ptr<JitProgram> program;
};

} // namespace mlir::ntk

#endif // NTK_COMPILE_COMPILEDKERNEL_H
