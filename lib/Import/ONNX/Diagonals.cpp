// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that compare positions along two axes: triangles (Trilu, CumSum,
// which is a product with a triangle of ones), diagonals (EyeLike) and one-hot
// vectors. Of known values they are known.

#include "Indexing.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Entries of a triangle that is contracted with.
static constexpr int64_t maxTriangle = int64_t(1) << 24;

/// start, start + 1, … along `axis` of a value of rank `rank`.
static GraphValue countFrom(int64_t start, int64_t size, int64_t axis,
                            int64_t rank, ElementKind kind) {
  SmallVector<int64_t> shape(rank, 1);
  shape[axis] = size;
  std::vector<Number> numbers(size);
  for (int64_t i = 0; i < size; ++i)
    numbers[i] = numberOf(kind, start + i);
  return makeKnown(kind, shape, std::move(numbers));
}

//===----------------------------------------------------------------------===//
// Cumulative sums
//===----------------------------------------------------------------------===//

namespace {
/// Which elements element i sums: those up to it, or from it on, without itself
/// if exclusive.
struct Triangle {
  bool exclusive, reverse;

  bool contains(int64_t i, int64_t j) const {
    if (i == j)
      return !exclusive;
    return reverse ? j > i : j < i;
  }
};
} // namespace

static Number addNumbers(const Number &a, const Number &b) {
  return Number{a.integer + b.integer, a.perExample + b.perExample,
                a.real + b.real, a.position + b.position,
                a.isUndecided || b.isUndecided};
}

static GraphValue sumKnown(const GraphValue &x, int64_t axis,
                           const Triangle &triangle) {
  int64_t size = x.shape[axis], stride = rowMajorStrides(x.shape)[axis];
  std::vector<Number> sums = *x.numbers;
  for (int64_t k = 0; k < static_cast<int64_t>(sums.size()); ++k) {
    bool isFirst = k / stride % size == 0;
    if (!isFirst)
      continue;
    Number total;
    for (int64_t step = 0; step < size; ++step) {
      int64_t at = k + (triangle.reverse ? size - 1 - step : step) * stride;
      Number with = addNumbers(total, (*x.numbers)[at]);
      sums[at] = triangle.exclusive ? total : with;
      total = with;
    }
  }
  return makeKnownLike(x, x.kind, std::move(sums));
}

/// Integers are summed as floats.
static LogicalResult importCumSum(NodeImporter &node) {
  static constexpr StringLiteral letters = "abcdefghijkl";
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  FailureOr<SmallVector<int64_t>> axes = node.getIntegers(1);
  if (failed(axes))
    return failure();
  if (axes->size() != 1)
    return node.emitError() << "expected one axis, but got " << axes->size();
  FailureOr<int64_t> axis = node.getAxis(axes->front(), x.rank());
  if (failed(axis) || failed(graph.refuseBatch(x, *axis, "sum")))
    return failure();
  Triangle triangle{node.getInteger("exclusive", 0) != 0,
                    node.getInteger("reverse", 0) != 0};
  if (x.isKnown())
    return node.setResult(sumKnown(x, *axis, triangle));
  int64_t size = x.shape[*axis];
  if (size * size > maxTriangle ||
      x.rank() > static_cast<int64_t>(letters.size()))
    return node.emitError() << "expected sums over at most " << 4096
                            << " elements, but got " << size;
  std::vector<Number> ones(size * size);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j)
      ones[i * size + j].real = triangle.contains(i, j);
  GraphValue matrix =
      makeKnown(ElementKind::Float32, {size, size}, std::move(ones));
  Result terms =
      x.isFloat() ? Result(x) : graph.convert(x, ElementKind::Float32);
  if (failed(terms))
    return failure();
  std::string word = letters.take_front(x.rank()).str(), result = word;
  result[*axis] = 'z';
  Result sums = graph.einsum({*terms, matrix},
                             {word, std::string("z") + word[*axis]}, result);
  return node.setResult(x.isFloat() ? sums : graph.convert(sums, x.kind));
}

//===----------------------------------------------------------------------===//
// Triangles and diagonals
//===----------------------------------------------------------------------===//

/// Keeps the last two axes where column ≥ row + k, or ≤ for the lower triangle.
static LogicalResult importTrilu(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  if (x.rank() < 2)
    return node.emitError() << "expected matrices, but got rank " << x.rank();
  int64_t rank = x.rank(), k = 0;
  int64_t rows = x.shape[rank - 2], columns = x.shape[rank - 1];
  for (int64_t axis : {rank - 2, rank - 1})
    if (failed(graph.refuseBatch(x, axis, "take a triangle")))
      return failure();
  if (node.hasInput(1)) {
    FailureOr<SmallVector<int64_t>> given = node.getIntegers(1);
    if (failed(given))
      return failure();
    if (given->size() != 1)
      return node.emitError()
             << "expected one diagonal, but got " << given->size();
    k = std::clamp(given->front(), -rows - 1, columns + 1);
  }
  bool upper = node.getInteger("upper", 1) != 0;
  if (x.isKnown()) {
    std::vector<Number> numbers = *x.numbers;
    for (auto [at, number] : llvm::enumerate(numbers)) {
      int64_t column = static_cast<int64_t>(at) % columns;
      int64_t diagonal = static_cast<int64_t>(at) / columns % rows + k;
      if (upper ? column < diagonal : column > diagonal)
        number = Number();
    }
    return node.setResult(makeKnownLike(x, x.kind, std::move(numbers)));
  }
  Result mask = graph.compare(countFrom(0, columns, 1, 2, ElementKind::Int64),
                              countFrom(k, rows, 0, 2, ElementKind::Int64),
                              upper ? Comparison::GE : Comparison::LE);
  return node.setResult(
      graph.select(mask, x, makeKnown(x.kind, {}, {Number()})));
}

/// Ones on a diagonal of a matrix of the input's shape.
static LogicalResult importEyeLike(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (x.rank() != 2 || x.batch)
    return node.emitError() << "expected the shape of a matrix that does not "
                               "depend on the batch";
  std::optional<ElementKind> kind = x.kind;
  if (node.hasAttribute("dtype"))
    kind = elementKind(static_cast<int32_t>(node.getInteger("dtype", 0)));
  std::optional<int64_t> count = product(x.shape);
  if (!kind || !count || *count > maxKnownElements)
    return node.emitError()
           << "expected numbers or booleans, at most " << maxKnownElements;
  int64_t k = node.getInteger("k", 0);
  std::vector<Number> numbers(*count);
  for (int64_t row = 0; row < x.shape[0]; ++row)
    if (row + k >= 0 && row + k < x.shape[1])
      numbers[row * x.shape[1] + row + k] = numberOf(*kind, 1);
  return node.setResult(makeKnown(*kind, x.shape, std::move(numbers)));
}

/// values[1] at the position of the index along a new axis, else values[0].
static LogicalResult importOneHot(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  GraphValue indices = node.input(0);
  FailureOr<double> depth = node.getReal(1);
  FailureOr<int64_t> axis =
      node.getAxis(node.getInteger("axis", -1), indices.rank() + 1);
  if (failed(depth) || failed(axis))
    return failure();
  if (!(*depth >= 1) || *depth > maxKnownElements ||
      node.input(2).rank() != 1 || node.input(2).shape[0] != 2)
    return node.emitError() << "expected a depth from 1 to " << maxKnownElements
                            << " and two values";
  int64_t size = static_cast<int64_t>(*depth);
  Result off = graph.reshape(graph.slice(node.input(2), 0, 0, 1, 1), {}, {});
  Result on = graph.reshape(graph.slice(node.input(2), 0, 1, 1, 1), {}, {});
  Result at = graph.unsqueeze(indices, {*axis});
  if (failed(at))
    return failure();
  int64_t rank = at->rank();
  Result isThere = graph.compare(at, countFrom(0, size, *axis, rank, at->kind),
                                 Comparison::EQ);
  Result fromEnd = graph.compare(
      at, countFrom(-size, size, *axis, rank, at->kind), Comparison::EQ);
  if (failed(isThere) || failed(fromEnd))
    return failure();
  return node.setResult(
      graph.select(isThere, on, graph.select(fromEnd, on, off)));
}

ArrayRef<Operator> onnximport::getDiagonalOperators() {
  static const Operator operators[] = {
      {"CumSum", 11, newestOpset, 2, 2, importCumSum},
      {"EyeLike", 9, newestOpset, 1, 1, importEyeLike},
      {"OneHot", 9, newestOpset, 3, 3, importOneHot},
      {"Trilu", 14, newestOpset, 1, 2, importTrilu},
  };
  return operators;
}
