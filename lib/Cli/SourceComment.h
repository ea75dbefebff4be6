// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the comment at the head of emitted source says of network and plan.

#ifndef NTK_LIB_CLI_SOURCECOMMENT_H
#define NTK_LIB_CLI_SOURCECOMMENT_H

#include "ntk/Compile/FittedKernel.h"

namespace mlir::ntk {

/// An element of the kernel as a formula behind its name, "[i][j] = …"; f are
/// the network's outputs, w the entries of its parameters.
std::string describeElement(const KernelShape &shape, int64_t outputs);

/// Where the kernel came from, the network layer by layer, the sites with their
/// contractions, orders and FLOPs, and the words that these use: paragraphs,
/// and lines of tables, which begin with blanks.
std::vector<std::string> describePlan(Model &model, const ModelOptions &options,
                                      const FittedKernel &fitted);

/// Lines: what the workspace takes for the examples planned for, with one set
/// of them and with two.
std::vector<std::string> describeWorkspace(const FittedKernel &fitted,
                                           int64_t elementBytes);

} // namespace mlir::ntk

#endif // NTK_LIB_CLI_SOURCECOMMENT_H
