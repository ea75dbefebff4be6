// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of Level 3 as machine code in this process, called through their
// packed C interface: an array of pointers to the arguments, a memref being a
// pointer to its descriptor.

#ifndef NTK_COMPILE_MACHINECODE_H
#define NTK_COMPILE_MACHINECODE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <memory>

namespace mlir {
class ExecutionEngine;

namespace ntk {

class MachineCode {
public:
  using Call = void (*)(void **);

  /// Compiles `module`, which is at Level 3 and is taken to the LLVM dialect by
  /// this, so that the functions `names`, which it has, can be called. Fails if
  /// the code generator does.
  static llvm::Expected<std::unique_ptr<MachineCode>>
  compile(ModuleOp module, ArrayRef<StringRef> names);
  ~MachineCode();

  /// One of the functions.
  llvm::Expected<Call> find(StringRef name) const;

private:
  explicit MachineCode(std::unique_ptr<ExecutionEngine> engine);
  std::unique_ptr<ExecutionEngine> engine;
};

} // namespace ntk
} // namespace mlir

#endif // NTK_COMPILE_MACHINECODE_H
