// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Declared structures: the dense Jacobian that features and shared indices
// stand for, against the one by dual numbers.

#include "OpCheck.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::opcheck;

/// A size for every letter of the structure.
static LogicalResult collectSizes(Operation *op,
                                  const JacobianStructure &structure,
                                  ArrayRef<DualTensor> features,
                                  std::string &letters,
                                  SmallVector<int64_t> &sizes) {
  auto add = [&](StringRef word, ArrayRef<int64_t> shape) -> LogicalResult {
    if (word.size() != shape.size())
      return op->emitOpError("structure: expected a size for each index of \"")
             << word << "\"";
    for (auto [letter, size] : llvm::zip_equal(word, shape)) {
      size_t i = letters.find(letter);
      if (i == std::string::npos) {
        letters += letter;
        sizes.push_back(size);
      } else if (sizes[i] != size) {
        return op->emitOpError("structure: expected one size for index '")
               << letter << "'";
      }
    }
    return success();
  };
  if (failed(add(structure.resultIndices, structure.resultShape)) ||
      failed(add(structure.operandIndices, structure.operandShape)))
    return failure();
  for (auto [word, feature] :
       llvm::zip_equal(structure.featureIndices, features))
    if (failed(add(word, feature.shape)))
      return failure();
  return success();
}

/// Σ over indices of features alone of Π features.
static Matrix getDense(const JacobianStructure &structure,
                       ArrayRef<DualTensor> features, StringRef letters,
                       ArrayRef<int64_t> sizes, int64_t rows, int64_t columns) {
  Matrix dense(rows, columns);
  forEachIndex(sizes, [&](ArrayRef<int64_t> tuple) {
    auto position = [&](StringRef word) {
      int64_t flat = 0;
      for (char letter : word) {
        size_t i = letters.find(letter);
        flat = flat * sizes[i] + tuple[i];
      }
      return flat;
    };
    double product = 1;
    for (auto [word, feature] :
         llvm::zip_equal(structure.featureIndices, features))
      product *= feature[position(word)].value;
    dense.at(position(structure.resultIndices),
             position(structure.operandIndices)) += product;
  });
  return dense;
}

static LogicalResult checkStructureIn(const Point &point, unsigned operand) {
  Scratch scratch(point.op);
  auto structure = cast<JacobianStructureOpInterface>(scratch.getOp())
                       .getJacobianStructure(scratch.getBuilder(), operand);
  if (!structure)
    return success();
  std::vector<DualTensor> features;
  for (Value feature : structure->features) {
    FailureOr<DualTensor> value = scratch.evaluate(point.operands, feature);
    if (failed(value))
      return failure();
    features.push_back(*value);
  }
  std::string letters;
  SmallVector<int64_t> sizes;
  if (failed(collectSizes(point.op, *structure, features, letters, sizes)))
    return failure();
  if (StringRef(letters).find_first_of(canonicalOrder) != StringRef::npos)
    return point.op->emitOpError("structure: expected no batch letters, but "
                                 "got \"")
           << letters << "\"";
  Matrix expected = point.getJacobian(operand);
  Matrix found = getDense(*structure, features, letters, sizes, expected.rows,
                          expected.columns);
  return expectEqual(point.op, "structure in operand " + Twine(operand),
                     found.values, expected.values);
}

LogicalResult opcheck::checkStructure(const Point &point) {
  auto rule = dyn_cast<DifferentiableOpInterface>(point.op);
  if (!rule || !isa<JacobianStructureOpInterface>(point.op))
    return success();
  for (unsigned i = 0; i < point.op->getNumOperands(); ++i)
    if (rule.isDifferentiableIn(i) && failed(checkStructureIn(point, i)))
      return failure();
  return success();
}

std::string opcheck::describeRules(Operation *op) {
  auto rule = dyn_cast<DifferentiableOpInterface>(op);
  if (!rule)
    return "";
  static const char *const names[] = {"constant", "none", "joint", "multi"};
  std::string derivatives, structures;
  auto add = [](std::string &list, unsigned operand) {
    list += (list.empty() ? "" : ",") + std::to_string(operand);
  };
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    if (!rule.isDifferentiableIn(i))
      continue;
    add(derivatives, i);
    Scratch scratch(op);
    auto structured = dyn_cast<JacobianStructureOpInterface>(scratch.getOp());
    if (structured && structured.getJacobianStructure(scratch.getBuilder(), i))
      add(structures, i);
  }
  return (Twine(" linearity=") +
          names[static_cast<unsigned>(rule.getLinearity())] +
          " derivative=" + derivatives + " structure=" + structures)
      .str();
}
