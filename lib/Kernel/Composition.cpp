// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Structures of views, and of products of parameters, put one behind another.

#include "Composition.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "dialects/Support/Einsum.h"
#include <numeric>

using namespace mlir;
using namespace mlir::ntk;

/// More features than these on a side leave more orders of a contraction than
/// it pays to search.
static constexpr size_t mostComposedFeatures = 3;

//===----------------------------------------------------------------------===//
// Spans
//===----------------------------------------------------------------------===//

/// The least i from 0 on with i · step = rest modulo `modulus`, if there is
/// one: i · step - rest is a multiple of the modulus, which one is a question
/// of the same kind, modulo `step`.
static std::optional<int64_t> divideModulo(int64_t rest, int64_t step,
                                           int64_t modulus) {
  auto reduce = [&](int64_t number) {
    return (number % modulus + modulus) % modulus;
  };
  rest = reduce(rest), step = reduce(step);
  if (rest == 0 || step == 0)
    return rest == 0 ? std::optional<int64_t>(0) : std::nullopt;
  std::optional<int64_t> multiple = divideModulo(-rest, modulus, step);
  if (!multiple)
    return std::nullopt;
  __extension__ typedef __int128 Wide;
  return static_cast<int64_t>((static_cast<Wide>(*multiple) * modulus + rest) /
                              step);
}

std::optional<Span> mlir::ntk::intersect(const Span &a, const Span &b) {
  if (a.size == 0 || b.size == 0)
    return std::nullopt;
  // Every `period`-th position of b is one of a's, but for where a ends.
  int64_t step = std::abs(b.step), modulus = std::abs(a.step);
  int64_t period = modulus / std::gcd(modulus, step);
  std::optional<int64_t> least =
      divideModulo(a.start - b.start, b.step, modulus);
  if (!least)
    return std::nullopt;
  int64_t end = a.at(a.size - 1);
  int64_t low = std::min(a.start, end), high = std::max(a.start, end);
  int64_t begin = b.step > 0 ? low - b.start : b.start - high;
  int64_t past = b.step > 0 ? high - b.start : b.start - low;
  if (past < 0)
    return std::nullopt;
  int64_t last = std::min(b.size - 1, past / step);
  int64_t from = begin > 0 ? (begin - 1) / step + 1 : 0;
  int64_t first = *least;
  if (from > first)
    first += ((from - first - 1) / period + 1) * period;
  if (first > last)
    return std::nullopt;
  int64_t count = (last - first) / period + 1;
  return Span{b.at(first), (count > 1 ? period : 1) * b.step, count};
}

Span mlir::ntk::locate(const Span &part, const Span &whole) {
  int64_t step = part.size == 1 ? 1 : part.step / whole.step;
  return {(part.start - whole.start) / whole.step, step, part.size};
}

Value mlir::ntk::takeSpan(OpBuilder &builder, Value value, size_t axis,
                          const Span &span) {
  SmallVector<int64_t> sizes(getShape(value)), starts(sizes.size(), 0),
      strides(sizes.size(), 1);
  if (span.isWhole(sizes[axis]))
    return value;
  sizes[axis] = span.size;
  starts[axis] = std::min(span.at(0), span.at(span.size - 1));
  strides[axis] = std::abs(span.step);
  Location loc = value.getLoc();
  Value part = createOp<SliceOp>(builder, loc, value,
                                 builder.getDenseI64ArrayAttr(starts),
                                 builder.getDenseI64ArrayAttr(sizes),
                                 builder.getDenseI64ArrayAttr(strides));
  if (span.step > 0)
    return part;
  return createOp<ReverseOp>(
      builder, loc, part,
      builder.getDenseI64ArrayAttr(static_cast<int64_t>(axis)));
}

/// Part of what an index runs over, in the axis it runs along.
static Span restrictSpan(const Span &span, const Span &values) {
  return {span.at(values.start), span.step * values.step, values.size};
}

static void setSpan(IndexedAxes &axes, size_t axis, const Span &span) {
  if (axes.spans.empty())
    for (int64_t size : axes.shape)
      axes.spans.push_back(Span::whole(size));
  axes.spans[axis] = span;
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

/// Is `letter` the position that a one-hot feature holds?
static bool isSelected(const JacobianStructure &structure, char letter) {
  return llvm::any_of(
      llvm::zip_equal(structure.features, structure.featureIndices),
      [&](auto pair) {
        auto [feature, letters] = pair;
        return letters.size() > getShape(feature).size() &&
               letters.back() == letter;
      });
}

/// Leaves of the values of an index only `values`.
static LogicalResult restrictIndex(OpBuilder &builder,
                                   JacobianStructure &structure, char letter,
                                   const Span &values) {
  for (IndexedAxes *axes : {&structure.result, &structure.operand}) {
    size_t axis = axes->letters.find(letter);
    if (axis == std::string::npos)
      continue;
    Span span = axes->getSpan(axis);
    if (values.isWhole(span.size))
      return success();
    setSpan(*axes, axis, restrictSpan(span, values));
  }
  if (isSelected(structure, letter))
    return failure();
  for (auto [feature, letters] :
       llvm::zip_equal(structure.features, structure.featureIndices))
    if (size_t axis = letters.find(letter); axis != std::string::npos)
      feature = takeSpan(builder, feature, axis, values);
  return success();
}

static std::string getAllLetters(const JacobianStructure &structure) {
  std::string all = structure.result.letters + structure.operand.letters;
  for (StringRef letters : structure.featureIndices)
    all += letters;
  return all;
}

static size_t countDistinct(std::string letters) {
  llvm::sort(letters);
  return std::unique(letters.begin(), letters.end()) - letters.begin();
}

/// How many letters of the alphabet `used` leaves.
static size_t countFreeLetters(const std::string &used) {
  constexpr size_t alphabet = 52;
  return alphabet - countDistinct(used);
}

size_t mlir::ntk::countIndices(const JacobianStructure &structure) {
  return countDistinct(getAllLetters(structure));
}

/// Replaces the axis of the index by axes of `letters`, the later ones of sizes
/// `inner`. Only spans whose ends fall between the new axes can be split.
static LogicalResult splitAxis(IndexedAxes &axes, size_t axis,
                               StringRef letters, ArrayRef<int64_t> inner) {
  int64_t width = *getVolume(inner);
  Span span = axes.getSpan(axis);
  if (span.step != 1 || axes.shape[axis] % width != 0 ||
      span.start % width != 0 || span.size % width != 0)
    return failure();
  setSpan(axes, axis, {span.start / width, 1, span.size / width});
  axes.letters.replace(axis, 1, letters.str());
  axes.shape[axis] /= width;
  axes.shape.insert(axes.shape.begin() + axis + 1, inner.begin(), inner.end());
  auto spans = llvm::map_to_vector(inner, Span::whole);
  axes.spans.insert(axes.spans.begin() + axis + 1, spans.begin(), spans.end());
  return success();
}

/// Makes one index several, the later ones of sizes `inner`.
static LogicalResult splitIndex(OpBuilder &builder,
                                JacobianStructure &structure, char letter,
                                ArrayRef<int64_t> inner) {
  if (isSelected(structure, letter))
    return failure();
  std::string letters(1, letter);
  std::string used = getAllLetters(structure) + canonicalOrder.str();
  if (countFreeLetters(used) < inner.size())
    return failure();
  for (size_t i = 0; i < inner.size(); ++i)
    letters += getFreeLetter(used + letters);
  for (IndexedAxes *axes : {&structure.result, &structure.operand})
    if (size_t axis = axes->letters.find(letter); axis != std::string::npos)
      if (failed(splitAxis(*axes, axis, letters, inner)))
        return failure();
  for (auto [feature, word] :
       llvm::zip_equal(structure.features, structure.featureIndices)) {
    size_t axis = word.find(letter);
    if (axis == std::string::npos)
      continue;
    SmallVector<int64_t> shape(getShape(feature));
    shape[axis] /= *getVolume(inner);
    shape.insert(shape.begin() + axis + 1, inner.begin(), inner.end());
    feature = createReshape(builder, feature.getLoc(), feature, shape);
    word.replace(axis, 1, letters);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

/// From the last axes on; see getCommonShape.
static std::optional<SmallVector<int64_t>>
getCommonShapeOfTwo(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> common;
  int64_t x = 1, y = 1;
  while (true) {
    for (; x == 1 && !a.empty(); a = a.drop_back())
      x = a.back();
    for (; y == 1 && !b.empty(); b = b.drop_back())
      y = b.back();
    if (x == 1 || y == 1)
      break;
    int64_t size = std::min(x, y);
    if (size == 0 || x % size != 0 || y % size != 0)
      return std::nullopt;
    common.insert(common.begin(), size);
    x /= size;
    y /= size;
  }
  if (x != y)
    return std::nullopt;
  return common;
}

std::optional<SmallVector<int64_t>>
mlir::ntk::getCommonShape(ArrayRef<ArrayRef<int64_t>> shapes) {
  std::optional<SmallVector<int64_t>> common = llvm::to_vector(shapes.front());
  for (ArrayRef<int64_t> shape : shapes)
    if (common)
      common = getCommonShapeOfTwo(*common, shape);
  return common;
}

LogicalResult mlir::ntk::splitAxes(OpBuilder &builder,
                                   JacobianStructure &structure,
                                   const IndexedAxes &axes,
                                   ArrayRef<int64_t> shape) {
  IndexedAxes before = axes; // which the splitting changes
  for (size_t axis = before.shape.size(); axis-- > 0;) {
    SmallVector<int64_t> parts;
    for (int64_t left = before.shape[axis]; left > 1;
         shape = shape.drop_back()) {
      parts.insert(parts.begin(), shape.back());
      left /= shape.back();
    }
    if (parts.size() > 1 &&
        failed(splitIndex(builder, structure, before.letters[axis],
                          ArrayRef(parts).drop_front())))
      return failure();
  }
  return success();
}

/// The positions of the axes of more than one element.
static SmallVector<size_t> getWideAxes(const IndexedAxes &axes) {
  SmallVector<size_t> wide;
  for (auto [axis, size] : llvm::enumerate(axes.shape))
    if (size != 1)
      wide.push_back(axis);
  return wide;
}

//===----------------------------------------------------------------------===//
// Composition
//===----------------------------------------------------------------------===//

/// Does the structure say no more than that y has the elements of θ, in their
/// order? It may be taken apart in any way.
static bool isReshape(const JacobianStructure &structure) {
  return structure.result.letters == structure.operand.letters &&
         structure.result.spans.empty() && structure.operand.spans.empty() &&
         structure.features.empty();
}

/// Restricts the indices of one axis of v, of both sides, to the positions that
/// both have. Sets the scale of `use` to 0 if they have none.
static LogicalResult meet(OpBuilder &builder, JacobianStructure &use,
                          JacobianStructure &view, size_t useAxis,
                          size_t viewAxis) {
  Span a = use.operand.getSpan(useAxis), b = view.result.getSpan(viewAxis);
  std::optional<Span> both = intersect(a, b);
  if (!both) {
    use.scale = 0;
    return success();
  }
  return success(
      succeeded(restrictIndex(builder, use, use.operand.letters[useAxis],
                              locate(*both, a))) &&
      succeeded(restrictIndex(builder, view, view.result.letters[viewAxis],
                              locate(*both, b))));
}

/// Gives the letters of `view` the names they have in `use`, where they stand
/// for one index, and fresh ones elsewhere.
static void renameLetters(JacobianStructure &view, std::map<char, char> names,
                          std::string used) {
  auto rename = [&](std::string &letters) {
    for (char &letter : letters) {
      auto [it, isNew] = names.try_emplace(letter);
      if (isNew) {
        it->second = getFreeLetter(used);
        used += it->second;
      }
      letter = it->second;
    }
  };
  rename(view.operand.letters);
  for (std::string &letters : view.featureIndices)
    rename(letters);
}

std::optional<JacobianStructure> mlir::ntk::compose(OpBuilder &builder,
                                                    JacobianStructure use,
                                                    JacobianStructure view) {
  double scale = use.scale * view.scale;
  if (isReshape(view) || isReshape(use)) {
    JacobianStructure &composed = isReshape(view) ? use : view;
    composed.scale = scale;
    return composed;
  }
  if (!view.features.empty() &&
      use.features.size() + view.features.size() > mostComposedFeatures)
    return std::nullopt;
  std::optional<SmallVector<int64_t>> shape =
      getCommonShape({use.operand.shape, view.result.shape});
  if (!shape || failed(splitAxes(builder, use, use.operand, *shape)) ||
      failed(splitAxes(builder, view, view.result, *shape)))
    return std::nullopt;

  use.scale = scale;
  std::map<char, char> names;
  for (auto [u, v] :
       llvm::zip_equal(getWideAxes(use.operand), getWideAxes(view.result))) {
    if (failed(meet(builder, use, view, u, v)))
      return std::nullopt;
    if (use.scale == 0)
      return use;
    names[view.result.letters[v]] = use.operand.letters[u];
  }
  std::string used = getAllLetters(use) + canonicalOrder.str();
  if (countFreeLetters(used) < countIndices(view))
    return std::nullopt;
  renameLetters(view, names, used);

  IndexedAxes between = std::exchange(use.operand, view.operand);
  llvm::append_range(use.features, view.features);
  llvm::append_range(use.featureIndices, view.featureIndices);
  // An index of v that neither y, θ nor a feature has counts its values.
  std::string left = getAllLetters(use);
  for (auto [axis, letter] : llvm::enumerate(between.letters))
    if (!StringRef(left).contains(letter))
      use.scale *= static_cast<double>(between.getSpan(axis).size);
  return use;
}
