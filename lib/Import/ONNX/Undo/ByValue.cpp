// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A parameter that is used twice, once as it is and once moved, is two tensors
// in a file whose moves were computed in advance. Which move it was stands
// nowhere; the values tell, as long as they differ from each other.

#include "Undo/ByValue.h"
#include "Undo/Tensors.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <numeric>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::Expected;
using llvm::StringRef;

using Moved = std::optional<std::vector<Node>>;

Node onnximport::makeTranspose(const ExportedModel &model, StringRef source,
                               ArrayRef<int64_t> permutation, StringRef name) {
  Node node = model.makeNode("Transpose", {source.str()}, {name.str()});
  NodeAttribute axes;
  axes.kind = NodeAttribute::Kind::Ints;
  axes.ints.assign(permutation.begin(), permutation.end());
  node.attributes["perm"] = std::move(axes);
  return node;
}

Expected<Node> onnximport::makeReshape(ExportedModel &model, StringRef source,
                                       ArrayRef<int64_t> shape,
                                       StringRef name) {
  std::string sizes = model.makeName((name + ".shape").str());
  Expected<Array> array = makeIndices(shape, {int64_t(shape.size())});
  if (!array)
    return array.takeError();
  model.addTensor(sizes, std::move(*array));
  return model.makeNode("Reshape", {source.str(), sizes}, {name.str()});
}

Expected<Node> onnximport::makeGather(ExportedModel &model, StringRef source,
                                      ArrayRef<int64_t> positions,
                                      ArrayRef<int64_t> shape, StringRef name) {
  std::string indices = model.makeName((name + ".rows").str());
  Expected<Array> array = makeIndices(positions, shape);
  if (!array)
    return array.takeError();
  model.addTensor(indices, std::move(*array));
  return model.makeNode("Gather", {source.str(), indices}, {name.str()});
}

/// Collects nodes of which each may fail.
static llvm::Error append(std::vector<Node> &nodes, Expected<Node> node) {
  if (!node)
    return node.takeError();
  nodes.push_back(std::move(*node));
  return llvm::Error::success();
}

Expected<std::vector<Node>> onnximport::makePart(ExportedModel &model,
                                                 StringRef source, int64_t from,
                                                 ArrayRef<int64_t> shape,
                                                 StringRef name) {
  std::vector<int64_t> positions(*sizeOf(shape));
  std::iota(positions.begin(), positions.end(), from);
  std::string flat = model.makeName((name + ".flat").str());
  std::vector<Node> nodes;
  if (llvm::Error error = append(nodes, makeReshape(model, source, {-1}, flat)))
    return std::move(error);
  if (llvm::Error error =
          append(nodes, makeGather(model, flat, positions, shape, name)))
    return std::move(error);
  return nodes;
}

/// Axes swapped, then perhaps a reshape.
static Expected<Moved> findPermutation(ExportedModel &model, StringRef source,
                                       const Array &from, const Array &values,
                                       StringRef name) {
  llvm::SmallVector<int64_t> axes(from.shape.size());
  std::iota(axes.begin(), axes.end(), 0);
  if (from.size() != values.size() || axes.size() > 5)
    return Moved();
  do {
    Expected<Array> permuted = permute(from, axes);
    if (!permuted)
      return permuted.takeError();
    if (!hasEqualElements(*permuted, values))
      continue;
    // Of two matrices, one is the transpose of the other.
    bool isSame = llvm::is_sorted(axes);
    if (isSame && axes.size() == 2 && values.shape.size() == 2 &&
        from.shape != values.shape)
      continue;
    std::vector<Node> nodes;
    std::string moved = source.str();
    if (!isSame) {
      moved = permuted->shape == values.shape
                  ? name.str()
                  : model.makeName((name + ".permuted").str());
      nodes.push_back(makeTranspose(model, source, axes, moved));
    }
    if (isSame && from.shape == values.shape)
      nodes.push_back(model.makeNode("Identity", {source.str()}, {name.str()}));
    else if (permuted->shape != values.shape)
      if (llvm::Error error =
              append(nodes, makeReshape(model, moved, values.shape, name)))
        return std::move(error);
    return Moved(std::move(nodes));
  } while (std::next_permutation(axes.begin(), axes.end()));
  return Moved();
}

llvm::SmallVector<int64_t> onnximport::moveToBack(size_t rank, size_t axis) {
  llvm::SmallVector<int64_t> axes;
  for (size_t i = 0; i < rank; ++i)
    if (i != axis)
      axes.push_back(i);
  axes.push_back(axis);
  return axes;
}

Expected<std::vector<Node>>
onnximport::gatherRows(ExportedModel &model, StringRef source,
                       ArrayRef<int64_t> positions, ArrayRef<int64_t> shape,
                       std::optional<size_t> axis, StringRef name) {
  llvm::SmallVector<int64_t> at(shape), back(shape.size());
  if (axis)
    at.erase(at.begin() + *axis);
  bool turns = axis && *axis + 1 != shape.size();
  std::string rows =
      turns ? model.makeName((name + ".rows").str()) : name.str();
  std::vector<Node> nodes;
  if (llvm::Error error =
          append(nodes, makeGather(model, source, positions, at, rows)))
    return std::move(error);
  if (turns) {
    for (auto [i, from] : llvm::enumerate(moveToBack(shape.size(), *axis)))
      back[from] = i;
    nodes.push_back(makeTranspose(model, rows, back, name));
  }
  return nodes;
}

/// Rows of a matrix at constant positions, along any axis.
static Expected<Moved> findRows(ExportedModel &model, StringRef source,
                                const Array &from, const Array &values,
                                StringRef name) {
  if (from.shape.size() != 2 || from.size() == 0)
    return Moved();
  DistinctRows rows(from.shape[1] * byteWidth(from.kind));
  rows.number(from);
  if (rows.size() != from.shape[0])
    return Moved();
  for (size_t rank = values.shape.size(), axis = rank; axis-- > 0;) {
    if (values.shape[axis] != from.shape[1])
      continue;
    Expected<Array> turned = permute(values, moveToBack(rank, axis));
    if (!turned)
      return turned.takeError();
    if (auto positions = rows.look(*turned))
      return gatherRows(model, source, *positions, values.shape, axis, name);
  }
  return Moved();
}

/// Elements at constant positions.
static Expected<Moved> findElements(ExportedModel &model, StringRef source,
                                    const Array &from, const Array &values,
                                    StringRef name) {
  DistinctRows elements(byteWidth(from.kind));
  elements.number(from);
  std::optional<std::vector<int64_t>> positions = elements.look(values);
  if (elements.size() != from.size() || !positions)
    return Moved();
  std::vector<Node> nodes;
  std::string flat = source.str();
  if (from.shape.size() != 1) {
    flat = model.makeName((name + ".flat").str());
    if (llvm::Error error =
            append(nodes, makeReshape(model, source, {-1}, flat)))
      return std::move(error);
  }
  if (llvm::Error error = append(
          nodes, makeGather(model, flat, *positions, values.shape, name)))
    return std::move(error);
  return Moved(std::move(nodes));
}

Expected<Moved> onnximport::findMove(ExportedModel &model, StringRef source,
                                     Array from, Array values, StringRef name) {
  if (from.kind != values.kind)
    return Moved();
  for (auto find : {findPermutation, findRows, findElements}) {
    Expected<Moved> found = find(model, source, from, values, name);
    if (!found || *found)
      return found;
  }
  return Moved();
}

bool onnximport::holdsElements(const Array &values, const Array &part) {
  if (values.kind != part.kind)
    return false;
  DistinctRows elements(byteWidth(values.kind));
  std::vector<int64_t> counts;
  for (int64_t number : elements.number(values)) {
    counts.resize(elements.size());
    ++counts[number];
  }
  std::optional<std::vector<int64_t>> wanted = elements.look(part);
  return wanted && llvm::all_of(*wanted, [&](int64_t number) {
           return counts[number]-- > 0;
         });
}
