// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The axes of a kernel: what becomes of each axis of the outputs, and so what
// is asked of the compiler and where the values go.
//
// An axis of the outputs is kept on both sides (full), kept once, with the
// same index on both (diagonal), traced (and divided by its size), or the
// outputs are summed along it first. Θ is [n1, n2, …] with the axes in their
// order, full ones twice, [n1, n2, a, a', b, b']. Several outputs are joined
// flat, to one axis. Where the network has the whole batch for its example, Θ
// has the axes of the outputs only, and if the first of them is the batch, it
// is full whatever becomes of the others.
//
// Axes that differ are computed as groups (ntk-rt/TileOutput.h): the network is
// given outputs [traced][diagonal][full], and each index of the first two is a
// group whose kernel is full.

#ifndef NTK_COMPILE_KERNELSHAPE_H
#define NTK_COMPILE_KERNELSHAPE_H

#include "ntk-rt/TileOutput.h"
#include "ntk/Import/Model.h"

namespace mlir::ntk {

/// An axis that `--axes` names, and what becomes of it: as `--kernel`, if
/// empty.
struct AxisChoice {
  int64_t axis; ///< of the output of one example; from the last if negative
  std::string kind;
};

/// What is asked for of a kernel, and how it is to be computed.
struct KernelOptions {
  /// full, trace, diagonal, sum, or a spec with a letter for each axis of the
  /// outputs (dialects/NTK/IR/KernelSpec.h).
  std::string kernel = "full";
  std::vector<AxisChoice> axes; ///< none: all are as `kernel` says
  std::string method = "auto";  ///< or a method of the paper
  /// Orders are planned for at least so many examples on each side.
  int64_t leastExamples = 1;
};

/// An axis of the joined outputs, and what becomes of it.
struct KernelAxis {
  int64_t size;
  OutputPairs pairs;
};

struct KernelShape {
  SmallVector<KernelAxis> axes;
  /// Is a whole batch one example, and Θ without [n1, n2]?
  bool wholeBatch = false;
  /// Is the first axis that of a whole batch?
  bool hasBatchAxis = false;
  /// What is asked for of the outputs as `prepareOutputs` leaves them.
  OutputPairs request = {/*shared=*/false, /*kept=*/true};
  ::ntk::rt::Layout layout;
  /// Are traced axes divided by their sizes? Those of a spec are not.
  bool dividesTraces = true;
  std::string spec; ///< if one was given
  /// What the values of the tiles are multiplied by.
  double scale = 1;

  /// What a trace over `size` elements is multiplied by.
  double getTraceScale(int64_t size) const {
    return dividesTraces ? 1 / static_cast<double>(size) : 1;
  }
  /// The axes of Θ without [n1, n2].
  SmallVector<int64_t> getPairShape() const;
  /// What becomes of the axes, for a report: "trace", or where they differ
  /// "full x trace"; a spec as it was given.
  std::string describe() const;
  /// The shape of Θ in its file.
  SmallVector<int64_t> getFileShape(int64_t n1, int64_t n2) const;
  /// Blocks of outputs of this size are computed on their own, if there are
  /// any groups.
  std::optional<int64_t> getGroupBlock() const {
    return layout.groups > 1 ? std::optional(layout.outputs) : std::nullopt;
  }
};

/// The shape that `--kernel`, `--axes` and `--whole-batch` ask for. Fails if
/// the outputs don't have these axes, or more than a layout takes.
llvm::Expected<KernelShape> getKernelShape(Model &model,
                                           const KernelOptions &options);

/// Gives a network the one output, joined, summed and with its axes in the
/// order of the groups, that `shape` is computed from; if it is as it is,
/// nothing is done.
void prepareOutputs(NetworkOp network, const KernelShape &shape);

/// The numbers of the outputs of the network, all behind each other, in the
/// order of the joined axes.
std::vector<int64_t> getJoinedOrder(NetworkOp network,
                                    const KernelShape &shape);

} // namespace mlir::ntk

#endif // NTK_COMPILE_KERNELSHAPE_H
