// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is compared: kernels that the compiler computes, by each method, in f64
// and f32, of all output forms, in blocks of any sizes, on any numbers of
// examples and threads, with the kernel by the reference interpreter on dual
// numbers. They agree to `tolerance64` or `tolerance32` of the kernel's largest
// entry, and with x1 = x2 the bits of Θ[n,m,o,p] are those of Θ[m,n,p,o].

#ifndef NTK_TEST_RANDOM_CHECK_H
#define NTK_TEST_RANDOM_CHECK_H

#include "Values.h"

namespace mlir::ntk::random {

/// Examples there are for each network.
inline constexpr int64_t maxExamples = 4;

inline constexpr double tolerance64 = 1e-9, tolerance32 = 2e-3;

/// One kernel program to compile.
struct Request {
  std::string method; ///< as --method has it
  std::string kernel; ///< as --kernel has it
  bool isDouble = true;
  bool isSymmetric = false;    ///< x1 = x2
  bool someParameters = false; ///< about half of them, else all
  bool outputBlocks = false; ///< memory for fewer outputs at a time, if it can
  bool handSchedule = false; ///< decisions drawn, and given as a file has them
  /// Draws numbers of examples, blocks and threads.
  uint64_t seed = 0;

  std::string describe() const;
};

/// The requests for a network: every method in f64, one in f32, forms of the
/// output drawn by `seed`.
std::vector<Request> drawRequests(uint64_t seed);
/// Those for a network of a file: every method in f64 and f32, and each other
/// form of the output.
std::vector<Request> getFileRequests(uint64_t seed);

/// A network and the numbers it is judged by.
struct Judge {
  OwningOpRef<ModuleOp> module64, module32;
  uint64_t seed;
  /// Kernel of all examples by all or by some parameters, [E, E, O, O].
  std::vector<double> expected[2];

  /// Evaluates the reference kernels of the one network of `module`, which is
  /// in f64. Fails if they cannot be evaluated.
  static llvm::Expected<Judge> create(ModuleOp module, uint64_t seed);

  /// Does the kernel say anything: finite, not all zero, not huge?
  bool isMeaningful() const;

  /// An error that tells what disagrees. `worst` is raised to the largest
  /// deviation found in f64 and f32, as part of the largest entry.
  llvm::Error check(const Request &request, double worst[2]) const;
};

/// The first network of a module.
NetworkOp getNetwork(ModuleOp module);

/// The arguments that are differentiated by: all parameters, or some chosen by
/// their names.
SmallVector<unsigned> getParameters(NetworkOp network, bool some,
                                    uint64_t seed);

/// The largest absolute value; NaN if there is one.
double getLargest(ArrayRef<double> values);

/// The same module with f32 for f64.
OwningOpRef<ModuleOp> toSinglePrecision(ModuleOp module);

} // namespace mlir::ntk::random

#endif // NTK_TEST_RANDOM_CHECK_H
