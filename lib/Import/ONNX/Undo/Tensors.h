// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays made from arrays: the little that undoing needs.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_TENSORS_H
#define NTK_LIB_IMPORT_ONNX_UNDO_TENSORS_H

#include "ntk/Data/Arrays.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <vector>

namespace mlir::ntk::onnximport {

llvm::Expected<Array> makeIndices(llvm::ArrayRef<int64_t> values,
                                  llvm::ArrayRef<int64_t> shape);
/// All zero bytes.
llvm::Expected<Array> makeZeros(ElementKind kind,
                                llvm::ArrayRef<int64_t> shape);
/// The same elements under another shape of as many.
Array reshape(Array values, llvm::ArrayRef<int64_t> shape);
/// Axis i of the result is axis `permutation[i]` of the array.
llvm::Expected<Array> permute(const Array &values,
                              llvm::ArrayRef<int64_t> permutation);
/// The transpose of a matrix.
llvm::Expected<Array> transpose(const Array &values);
/// The elements at `positions`, counted in the flat array.
llvm::Expected<Array> pick(const Array &values,
                           llvm::ArrayRef<int64_t> positions,
                           llvm::ArrayRef<int64_t> shape);
/// The same with the sign of every float turned.
llvm::Expected<Array> negate(const Array &values);

/// Are kind, shape and elements equal, bit by bit?
bool isEqual(const Array &a, const Array &b);
/// Are kind and elements equal in order, whatever the shapes?
bool hasEqualElements(const Array &a, const Array &b);
/// Have they the same elements, in whatever order?
bool haveOneContent(const Array &a, const Array &b);
/// Are all elements equal?
bool isUniform(const Array &values);
/// Are all elements zero?
bool isZero(const Array &values);

/// Numbers the distinct elements of some arrays, and says for each element
/// which it is. Elements of `width` rows are compared as wholes.
class DistinctRows {
public:
  explicit DistinctRows(int64_t bytesPerRow) : width(bytesPerRow) {}
  /// The numbers of the rows of an array, new ones for new rows.
  std::vector<int64_t> number(const Array &values);
  /// The number of each row if all are known, else none.
  std::optional<std::vector<int64_t>> look(const Array &values) const;
  int64_t size() const { return int64_t(rows.size()); }
  /// All distinct rows, one behind the other.
  llvm::ArrayRef<llvm::StringRef> getRows() const { return rows; }

private:
  int64_t width;
  llvm::StringMap<int64_t> numbers;
  std::vector<llvm::StringRef> rows;
};

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_TENSORS_H
