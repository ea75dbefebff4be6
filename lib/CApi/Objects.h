// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the handles of include/ntk-c/ntk.h point to.

#ifndef NTK_LIB_CAPI_OBJECTS_H
#define NTK_LIB_CAPI_OBJECTS_H

#include "Errors.h"
#include "Forks.h"
#include "mlir/IR/MLIRContext.h"
#include "ntk/Cli/Options.h"
#include "ntk/Run/RunKernel.h"

struct ntk_options {
  mlir::ntk::RunOptions options;
  std::vector<mlir::ntk::NamedArray> shared; ///< values of inputs
};

/// An entry of a list of tensors.
struct TensorEntry {
  std::string name;
  mlir::ntk::ElementKind kind;
  llvm::SmallVector<int64_t> shape;
  bool isDifferentiated = false, isNeeded = false;
};

/// Values for the parameters and buffers of a network. Once they are packed for
/// the plan that the kernel has, the store looks into the block; that of the
/// kernel's own is the model's, too.
struct ntk_parameters {
  ntk_kernel *kernel = nullptr;
  mlir::ntk::ParameterStore store;
  std::shared_ptr<mlir::ntk::AlignedBytes> block;
  int64_t plan = 0; ///< that the block is for, counted by the kernel

  /// Makes the block for the plan that the kernel has, if it is not there.
  llvm::Error pack();
};

struct ntk_kernel {
  mlir::ntk::ForkMutex
      mutex; ///< guards all that follows, but for what never changes
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::ntk::RunOptions options;
  std::vector<mlir::ntk::NamedArray> shared;
  std::optional<mlir::ntk::CompiledKernel> compiled;
  ntk_parameters own; ///< values of the model
  mlir::ntk::KernelMemory memory;
  std::atomic<double> runSeconds{0}; ///< read at any time
  // These never change.
  std::string file; ///< the model's name
  std::vector<TensorEntry> parameters, inputs, outputs;
  std::vector<std::string> warnings, notes;

  /// Calls `work` while nobody else uses the kernel, and keeps its error.
  ntk_status use(llvm::function_ref<llvm::Error()> work);
  /// Bytes that n1 and n2 examples take.
  int64_t getInputBytes(const mlir::ntk::ProblemSize &size) const;
};

namespace mlir::ntk {

/// The arrays of a caller, which are only looked at. `where` begins an error.
llvm::Expected<std::vector<NamedArray>>
takeArrays(const ntk_array *arrays, int64_t count, llvm::StringRef where);

/// Arrays of their own bytes.
llvm::Error copyArrays(std::vector<NamedArray> &arrays);
llvm::Expected<Array> copyArray(const Array &array);

/// The lists of a kernel whose model is read.
void fillLists(ntk_kernel &kernel);

/// "n1 and n2 as ntk_kernel_plan takes them": examples of both sides.
llvm::Expected<ProblemSize> takeSize(const ntk_kernel &kernel, int64_t n1,
                                     int64_t n2);

} // namespace mlir::ntk

#endif // NTK_LIB_CAPI_OBJECTS_H
