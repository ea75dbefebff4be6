// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel program in this process: the factor and tile functions of Level 3,
// compiled for this machine, behind plain pointers.

#ifndef NTK_COMPILE_JIT_H
#define NTK_COMPILE_JIT_H

#include "mlir/IR/BuiltinOps.h"
#include "ntk/Compile/KernelSizes.h"
#include "ntk/Compile/MachineCode.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <vector>

namespace mlir {
namespace func {
class FuncOp;
} // namespace func

namespace ntk {

/// One compiled kernel. Its functions may be called from several threads at
/// once, with distinct arenas. All blocks of memory are aligned to 64 bytes.
class JitProgram {
public:
  /// Compiles the functions of `kernel` in `module`, which is at Level 3
  /// (`buildLowerPipeline`) and is taken to the LLVM dialect by this, with a
  /// clock behind each step or without. Fails if a function is missing, if the
  /// sides of the tile do not fit the factors, or if the code generator does.
  static llvm::Expected<std::unique_ptr<JitProgram>>
  compile(ModuleOp module, StringRef kernel, bool hasClocks = false);

  /// Where parameters lie, bytes of factors and of arenas.
  const KernelSizes &getSizes() const { return sizes; }

  /// Computes the factors of `n` examples, which begin at `inputs`, one pointer
  /// for each input of the network in order, and of the block of outputs that
  /// begins at `firstOutput` (0 where outputs are not computed in blocks).
  void factors(int side, ArrayRef<const void *> inputs, int64_t n,
               int64_t firstOutput, const void *params, void *arena,
               void *out) const;

  /// Computes the tile of two blocks of factors into `out`, dense, in the order
  /// of the result of the tile function: [n][o][m][p] for a full kernel.
  void tile(const void *factors1, const void *factors2, int64_t n, int64_t m,
            const void *params, void *arena, void *out) const;

private:
  /// The shape of a memref argument; -1 and -2 stand for n and m.
  using Shape = std::vector<int64_t>;

  /// The factor function of one side.
  struct Side {
    MachineCode::Call call = nullptr;
    std::vector<Shape> inputs;
    bool hasFirstOutput = false;
  };

  JitProgram() = default;
  void readSide(Side &side, func::FuncOp function);
  llvm::Error readTile(func::FuncOp tile, func::FuncOp factors1,
                       func::FuncOp factors2);

  std::unique_ptr<MachineCode> code;
  KernelSizes sizes;
  Side sides[2];
  MachineCode::Call tileCall = nullptr;
  Shape tileShape;
};

} // namespace ntk
} // namespace mlir

#endif // NTK_COMPILE_JIT_H
