// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Declared structures: the dense Jacobian that features and shared indices
// stand for, against the one by dual numbers.

#include "OpCheck.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::opcheck;

namespace {
/// The indices of a structure: letters, and how many values each has.
struct Indices {
  std::string letters;
  SmallVector<int64_t> sizes;

  size_t find(char letter) const { return letters.find(letter); }
  bool add(char letter, int64_t size) {
    size_t i = find(letter);
    if (i != std::string::npos)
      return sizes[i] == size;
    letters += letter;
    sizes.push_back(size);
    return true;
  }
};
} // namespace

/// Integers that lack the dimension of the last letter stand for one-hots.
static bool isOneHot(StringRef word, const DualTensor &feature) {
  return word.size() == feature.shape.size() + 1;
}

static FailureOr<Indices> collectIndices(Operation *op,
                                         const JacobianStructure &structure,
                                         ArrayRef<DualTensor> features) {
  Indices indices;
  auto add = [&](StringRef word, ArrayRef<int64_t> sizes) -> LogicalResult {
    if (word.size() != sizes.size())
      return op->emitOpError("structure: expected a size for each index of \"")
             << word << "\"";
    for (auto [letter, size] : llvm::zip_equal(word, sizes))
      if (!indices.add(letter, size))
        return op->emitOpError("structure: expected one size for index '")
               << letter << "'";
    return success();
  };
  auto addAxes = [&](const IndexedAxes &axes) -> LogicalResult {
    SmallVector<int64_t> sizes;
    for (size_t i = 0; i < axes.shape.size(); ++i) {
      Span span = axes.getSpan(i);
      sizes.push_back(span.size);
      for (int64_t end : {span.at(0), span.at(span.size - 1)})
        if (span.size > 0 && (end < 0 || end >= axes.shape[i]))
          return op->emitOpError("structure: expected positions below ")
                 << axes.shape[i] << ", but got " << end;
    }
    return add(axes.letters, sizes);
  };
  if (failed(addAxes(structure.result)) || failed(addAxes(structure.operand)))
    return failure();
  for (auto [word, feature] :
       llvm::zip_equal(structure.featureIndices, features)) {
    StringRef letters = word;
    if (failed(add(letters.take_front(feature.shape.size()), feature.shape)))
      return failure();
  }
  return indices;
}

/// scale · Σ over indices of features alone of Π features.
static Matrix getDense(const JacobianStructure &structure,
                       ArrayRef<DualTensor> features, const Indices &indices,
                       int64_t rows, int64_t columns) {
  Matrix dense(rows, columns);
  forEachIndex(indices.sizes, [&](ArrayRef<int64_t> tuple) {
    auto flatten = [&](const IndexedAxes &axes) {
      int64_t flat = 0;
      for (auto [i, letter] : llvm::enumerate(axes.letters))
        flat = flat * axes.shape[i] +
               axes.getSpan(i).at(tuple[indices.find(letter)]);
      return flat;
    };
    double product = structure.scale;
    for (auto [word, feature] :
         llvm::zip_equal(structure.featureIndices, features)) {
      SmallVector<int64_t> index;
      for (char letter : word)
        index.push_back(tuple[indices.find(letter)]);
      int64_t last = index.empty() ? 0 : index.back();
      bool oneHot = isOneHot(word, feature);
      if (oneHot)
        index.pop_back();
      double value = feature.at(index).value;
      product *= oneHot ? value == static_cast<double>(last) : value;
    }
    dense.at(flatten(structure.result), flatten(structure.operand)) += product;
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
  FailureOr<Indices> indices = collectIndices(point.op, *structure, features);
  if (failed(indices))
    return failure();
  if (StringRef(indices->letters).find_first_of(canonicalOrder) !=
      StringRef::npos)
    return point.op->emitOpError("structure: expected no batch letters, but "
                                 "got \"")
           << indices->letters << "\"";
  Matrix expected = point.getJacobian(operand);
  Matrix found =
      getDense(*structure, features, *indices, expected.rows, expected.columns);
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
