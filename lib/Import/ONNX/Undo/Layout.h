// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// By which moves and factor a tensor came from computed numbers, told by their
// values up to rounding.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_LAYOUT_H
#define NTK_LIB_IMPORT_ONNX_UNDO_LAYOUT_H

#include "Undo/Formula.h"

namespace mlir::ntk::onnximport {

/// A range of an axis, a factor, a reshape, a permutation and a reshape, one
/// after the other.
struct Layout {
  size_t axis = 0;
  int64_t begin = 0, end = 0; ///< none is left out if both are 0
  double factor = 1;
  llvm::SmallVector<int64_t> split, permutation;
};

/// What may stand between the numbers and the tensor.
struct LayoutOptions {
  bool scales = false, picks = false;
  /// Do different permutations matter?
  bool isExact = true;
};

/// The layout by which `target` comes from `numbers`; none if there is none or
/// several fit that are not the same.
std::optional<Layout> findLayout(const Numbers &numbers, const Numbers &target,
                                 const LayoutOptions &options);

/// The numbers by the layout, flat.
std::vector<double> apply(const Layout &layout, const Numbers &numbers);

/// Nodes that make `target` of shape `shape` of the value.
llvm::Expected<std::vector<Node>>
emitLayout(ExportedModel &model, const Layout &layout, const NamedShape &value,
           const Array &target, llvm::StringRef name);

/// Are the numbers equal up to the rounding of single precision?
bool isNear(llvm::ArrayRef<double> a, llvm::ArrayRef<double> b,
            double tolerance);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_LAYOUT_H
