// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel's source says beside its functions: names, parameters, inputs,
// sizes and the plan.

#ifndef NTK_LIB_TARGET_SOURCEKERNEL_H
#define NTK_LIB_TARGET_SOURCEKERNEL_H

#include "mlir/IR/BuiltinTypes.h"
#include "ntk/Target/Source.h"
#include <string>
#include <vector>

namespace mlir::ntk {

/// A tensor in the block of parameters.
struct SourceParameter {
  std::string name;  ///< the network's
  std::string field; ///< in the struct
  RankedTensorType type;
  int64_t offset; ///< in bytes
};

/// An input of the network.
struct SourceInput {
  std::string name, field;
  MemRefType type; ///< with its batch axis
};

/// A kernel as its source names it.
struct SourceKernel {
  explicit SourceKernel(const SourceRequest &request)
      : request(request), functions(request.functions) {}

  const SourceRequest &request;
  KernelFunctions functions;
  std::vector<SourceParameter> parameters; ///< by offset
  std::vector<SourceInput> inputs;
  int64_t parameterBytes = 0;
  std::string prefix;   ///< of everything that is not static: "mlp"
  std::string function; ///< "mlp_theta"
  std::string real;     ///< float or double
  bool sharedFactors = false;
  bool hasFirstOutput = false;
  bool usesCudnn = false; ///< are there convolutions, and cuDNN for them?
  MemRefType tileType;

  static FailureOr<SourceKernel> get(const SourceRequest &request);
};

/// Is an argument that a function does not use left out of its source?
/// Parameters and scratch memory are.
bool isOmitted(func::FuncOp function, unsigned argument);

} // namespace mlir::ntk

#endif // NTK_LIB_TARGET_SOURCEKERNEL_H
