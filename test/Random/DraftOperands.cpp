// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operands for the ops of a draft: what there is, in another shape, or made for
// the purpose. This is where parameters get into odd places: transposed, tied,
// sliced, joined, repeated, multiplied with each other.

#include "Draft.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::random;

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

Value Draft::pick(ArrayRef<Value> values, function_ref<bool(Value)> matches) {
  SmallVector<Value> found;
  for (Value value : values)
    if (matches(value))
      for (int weight = value.use_empty() ? 3 : 1; weight > 0; --weight)
        found.push_back(value);
  if (found.empty())
    return {};
  auto count = static_cast<int64_t>(found.size());
  // The better of two late ones: networks become deep rather than wide.
  return found[std::max(number(0, count - 1),
                        chance(0.6) ? number(0, count - 1) : 0)];
}

Value Draft::anyReal() {
  return pick(reals, [](Value) { return true; });
}

Value Draft::anyTensor() {
  ArrayRef<Value> others = chance(0.5) ? masks : integers;
  if (!others.empty() && chance(0.2))
    return pick(others, [](Value) { return true; });
  return anyReal();
}

Value Draft::reshape(Value value, ArrayRef<int64_t> shape) {
  if (!value || shapeOf(value) == shape)
    return value;
  return apply("reshape", value, attribute("shape", shape));
}

Value Draft::broadcast(Value value, ArrayRef<int64_t> shape,
                       ArrayRef<int64_t> dimensions) {
  return apply(
      "broadcast", value,
      {attribute("shape", shape), attribute("dimensions", dimensions)});
}

/// Sizes of this rank with as many elements as `sizes`: axes are joined, or
/// split where they can be.
static SmallVector<int64_t> changeRank(Draft &draft, ArrayRef<int64_t> sizes,
                                       int64_t rank) {
  SmallVector<int64_t> result(sizes);
  while (static_cast<int64_t>(result.size()) > rank) {
    if (result.size() == 1) // of one element only
      return {};
    int64_t i = draft.number(0, result.size() - 2);
    result[i] *= result[i + 1];
    result.erase(result.begin() + i + 1);
  }
  while (static_cast<int64_t>(result.size()) < rank) {
    int64_t i = draft.number(0, result.size());
    int64_t factor = 1;
    for (int64_t f : {2, 3})
      if (i < static_cast<int64_t>(result.size()) && result[i] % f == 0)
        factor = f;
    if (factor > 1)
      result[i] /= factor;
    result.insert(result.begin() + i, factor);
  }
  return result;
}

Value Draft::realOfRank(int64_t rank) {
  Value same = pick(reals, [&](Value v) {
    return static_cast<int64_t>(shapeOf(v).size()) == rank;
  });
  if (same && chance(0.75))
    return same;
  Value value = anyReal();
  if (rank == 0)
    return same ? same : realOfShape({});
  return reshape(value, changeRank(*this, shapeOf(value), rank));
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

// Each gives numbers of this shape as one op on others; null if the shape does
// not allow it.

static Value drawTransposed(Draft &draft, ArrayRef<int64_t> shape, int depth) {
  SmallVector<int64_t> axes = draft.permutation(shape.size()), inner(shape);
  for (auto [i, axis] : llvm::enumerate(axes))
    inner[axis] = shape[i];
  return draft.apply("transpose", draft.realOfShape(inner, depth),
                     draft.attribute("permutation", axes));
}

static Value drawReshaped(Draft &draft, ArrayRef<int64_t> shape, int depth) {
  SmallVector<int64_t> inner = changeRank(draft, shape, draft.number(1, 3));
  return draft.reshape(draft.realOfShape(inner, depth), shape);
}

static Value drawSliced(Draft &draft, ArrayRef<int64_t> shape, int depth) {
  if (shape.empty())
    return {};
  int64_t rank = shape.size(), axis = draft.number(0, rank - 1);
  SmallVector<int64_t> starts(rank, 0), strides(rank, 1), inner(shape);
  starts[axis] = draft.number(0, 2);
  strides[axis] = draft.number(1, 2);
  inner[axis] =
      starts[axis] + (shape[axis] - 1) * strides[axis] + 1 + draft.number(0, 1);
  return draft.apply("slice", draft.realOfShape(inner, depth),
                     {draft.attribute("starts", starts),
                      draft.attribute("sizes", shape),
                      draft.attribute("strides", strides)});
}

static Value drawJoined(Draft &draft, ArrayRef<int64_t> shape, int depth) {
  if (shape.empty())
    return {};
  int64_t axis = draft.number(0, shape.size() - 1);
  if (shape[axis] < 2)
    return {};
  SmallVector<int64_t> part(shape);
  part[axis] = draft.number(1, shape[axis] - 1);
  Value first = draft.realOfShape(part, depth);
  part[axis] = shape[axis] - part[axis];
  Value second = draft.realOfShape(part, depth);
  return draft.apply("concat", {first, second}, draft.attribute("axis", axis));
}

static Value drawRepeated(Draft &draft, ArrayRef<int64_t> shape, int depth) {
  SmallVector<int64_t> kept, dimensions;
  for (auto [i, size] : llvm::enumerate(shape))
    if (draft.chance(0.5)) {
      kept.push_back(size);
      dimensions.push_back(i);
    }
  return draft.broadcast(draft.realOfShape(kept, depth), shape, dimensions);
}

static Value drawReversed(Draft &draft, ArrayRef<int64_t> shape, int depth) {
  if (shape.empty())
    return {};
  int64_t axis = draft.number(0, shape.size() - 1);
  return draft.apply("reverse", draft.realOfShape(shape, depth),
                     draft.attribute("axes", ArrayRef(axis)));
}

/// A product of two, of a small inner size.
static Value drawProduct(Draft &draft, ArrayRef<int64_t> shape, int depth) {
  if (shape.size() < 2)
    return {};
  int64_t split = draft.number(1, shape.size() - 1), inner = draft.number(1, 2);
  SmallVector<int64_t> left(shape.take_front(split)),
      right(shape.drop_front(split));
  left.push_back(inner);
  right.insert(right.begin(), inner);
  std::string letters = std::string("abcdefg").substr(0, shape.size());
  std::string spec = letters.substr(0, split) + "r, r" + letters.substr(split) +
                     " -> " + letters;
  Value first = draft.realOfShape(left, depth);
  Value second = draft.realOfShape(right, depth);
  return draft.apply(
      "contract", {first, second},
      draft.attribute("spec", draft.getBuilder().getStringAttr(spec)));
}

static Value drawFunction(Draft &draft, ArrayRef<int64_t> shape, int depth) {
  StringRef unary[] = {"tanh", "square", "neg", "sigmoid"};
  return draft.apply(unary[draft.number(0, 3)],
                     draft.realOfShape(shape, depth));
}

static Value drawCombined(Draft &draft, ArrayRef<int64_t> shape, int depth) {
  StringRef binary[] = {"mul", "add", "sub"};
  Value first = draft.realOfShape(shape, depth);
  Value second = draft.realOfShape(shape, depth);
  return draft.apply(binary[draft.number(0, 2)], {first, second});
}

/// Rows of a table.
static Value drawRows(Draft &draft, ArrayRef<int64_t> shape, int depth) {
  if (shape.empty())
    return {};
  int64_t axis = draft.number(0, shape.size() - 1);
  SmallVector<int64_t> table(shape);
  table[axis] = draft.number(2, 4);
  Value rows = draft.realOfShape(table, depth);
  Value indices = draft.indicesOfShape(ArrayRef(shape[axis]), table[axis]);
  return draft.apply("gather", {rows, indices}, draft.attribute("axis", axis));
}

static Value drawSummed(Draft &draft, ArrayRef<int64_t> shape, int depth) {
  int64_t axis = draft.number(0, shape.size());
  SmallVector<int64_t> inner(shape);
  inner.insert(inner.begin() + axis, draft.number(1, 3));
  return draft.apply("reduce_sum", draft.realOfShape(inner, depth),
                     draft.attribute("axes", ArrayRef(axis)));
}

static Value drawNormalized(Draft &draft, ArrayRef<int64_t> shape, int depth) {
  if (shape.empty())
    return {};
  int64_t axis = draft.number(0, shape.size() - 1);
  return draft.apply("softmax", draft.realOfShape(shape, depth),
                     draft.attribute("axis", axis));
}

Value Draft::realOfShape(ArrayRef<int64_t> shape, int depth) {
  static constexpr decltype(&drawSummed) expressions[] = {
      drawTransposed, drawReshaped, drawSliced,    drawJoined,   drawRepeated,
      drawRepeated,   drawReversed, drawProduct,   drawFunction, drawCombined,
      drawRows,       drawSummed,   drawNormalized};
  SmallVector<int64_t> wanted(shape); // may belong to a value that goes
  if (chance(0.35))
    if (Value value = pick(
            reals, [&](Value v) { return shapeOf(v) == ArrayRef(wanted); }))
      return value;
  if (depth > 0 && chance(0.4))
    if (Value value = expressions[number(0, std::size(expressions) - 1)](
            *this, wanted, depth - 1))
      return value;
  int64_t kind = number(0, 11);
  if (kind == 0)
    return buffer(wanted);
  if (kind == 1)
    if (Value value = constant(wanted))
      return value;
  return parameter(wanted);
}

//===----------------------------------------------------------------------===//
// Masks and integers
//===----------------------------------------------------------------------===//

Value Draft::maskOfShape(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> wanted(shape);
  if (chance(0.5))
    if (Value value = pick(
            masks, [&](Value v) { return shapeOf(v) == ArrayRef(wanted); }))
      return value;
  if (chance(0.6)) {
    auto predicate = static_cast<int32_t>(number(2, 5));
    if (Value value =
            apply("compare", {realOfShape(wanted), realOfShape(wanted)},
                  attribute("predicate", builder.getI32IntegerAttr(predicate))))
      return value;
  }
  Value value = addArgument(RankedTensorType::get(wanted, builder.getI1Type()),
                            chance(0.5) ? "ntk.input" : "ntk.buffer", 0, 2);
  masks.push_back(value);
  return value;
}

/// Are all integers, at every example, from [low, high]?
static bool isWithin(Draft &draft, Value value, int64_t low, int64_t high,
                     int64_t examples) {
  for (int64_t n = 0; n < examples; ++n)
    for (const Dual &element : draft.at(value, n).elements)
      if (element.value < static_cast<double>(low) ||
          element.value > static_cast<double>(high))
        return false;
  return true;
}

Value Draft::anyIndices(int64_t low, int64_t high) {
  return pick(integers, [&](Value v) {
    return isWithin(*this, v, low, high, interpreters.size());
  });
}

Value Draft::indicesOfShape(ArrayRef<int64_t> shape, int64_t bound) {
  SmallVector<int64_t> wanted(shape);
  if (chance(0.4))
    if (Value value = pick(integers, [&](Value v) {
          return shapeOf(v) == ArrayRef(wanted) &&
                 isWithin(*this, v, 0, bound - 1, interpreters.size());
        }))
      return value;
  Type element = chance(0.5) ? builder.getI64Type() : builder.getI32Type();
  auto type = RankedTensorType::get(wanted, element);
  if (chance(0.4)) {
    SmallVector<APInt> values;
    for (int64_t i = 0; i < type.getNumElements(); ++i)
      values.emplace_back(element.getIntOrFloatBitWidth(),
                          number(0, bound - 1));
    return apply("constant", {},
                 {attribute("value", DenseElementsAttr::get(type, values))});
  }
  Value value = addArgument(type, chance(0.7) ? "ntk.input" : "ntk.buffer", 0,
                            static_cast<double>(bound));
  integers.push_back(value);
  return value;
}
