// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A table of biases that is looked up at constant positions becomes a tensor
// with each row of the table many times over, along whichever axis a
// permutation has brought it to.

#include "Undo/Repeats.h"
#include "Undo/ByValue.h"
#include "Undo/Tensors.h"
#include "llvm/ADT/StringExtras.h"
#include <cstring>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Expected;
using llvm::StringRef;

Expected<std::optional<size_t>> onnximport::findRowAxis(const Array &values) {
  DistinctRows elements(byteWidth(values.kind));
  elements.number(values);
  std::optional<size_t> best;
  int64_t fewest = elements.size() + elements.size() / 16 + 1;
  for (size_t rank = values.shape.size(), axis = rank; axis-- > 0;) {
    int64_t length = values.shape[axis];
    if (length < 2)
      continue;
    Expected<Array> turned = permute(values, moveToBack(rank, axis));
    if (!turned)
      return turned.takeError();
    DistinctRows rows(length * byteWidth(values.kind));
    rows.number(*turned);
    int64_t count = rows.size() * length;
    if (count < values.size() && (best ? count < fewest : count <= fewest)) {
      best = axis;
      fewest = count;
    }
  }
  return best;
}

Expected<DistinctTable> onnximport::findDistinct(const Array &values,
                                                 std::optional<size_t> axis) {
  Expected<Array> turned =
      axis ? permute(values, moveToBack(values.shape.size(), *axis))
           : Expected<Array>(values);
  if (!turned)
    return turned.takeError();
  int64_t length = axis ? values.shape[*axis] : 1;
  DistinctRows rows(length * byteWidth(values.kind));
  std::vector<int64_t> positions = rows.number(*turned);
  std::string bytes = llvm::join(rows.getRows(), "");
  llvm::SmallVector<int64_t> shape{rows.size()};
  if (axis)
    shape.push_back(length);
  llvm::MutableArrayRef<char> target;
  Expected<Array> table = Array::allocate(values.kind, shape, target);
  if (!table)
    return table.takeError();
  std::memcpy(target.data(), bytes.data(), bytes.size());
  return DistinctTable{std::move(*table), std::move(positions)};
}

bool DistinctTable::hasZeros() const {
  DistinctRows elements(byteWidth(rows.kind));
  elements.number(rows);
  return llvm::is_contained(elements.getRows(),
                            std::string(byteWidth(rows.kind), '\0'));
}
