// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of operators that formulas are made of.

#include "Undo/Formula.h"
#include "Undo/ByValue.h"
#include "Undo/Tensors.h"
#include <cmath>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::SmallVector;
using llvm::StringRef;

using Operands = ArrayRef<const Numbers *>;
using Names = ArrayRef<NamedShape>;
using Nodes = std::vector<Node>;

Expected<Numbers> onnximport::toNumbers(const Array &values) {
  Expected<Array> wide = convertFloat(values, ElementKind::Float64);
  if (!wide)
    return wide.takeError();
  auto elements = wide->as<double>();
  return Numbers{SmallVector<int64_t>(values.shape),
                 {elements.begin(), elements.end()}};
}

Expected<Array> onnximport::toArray(const Numbers &numbers, ElementKind kind) {
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> wide =
      Array::allocate(ElementKind::Float64, numbers.shape, bytes);
  if (!wide)
    return wide.takeError();
  std::copy(numbers.values.begin(), numbers.values.end(),
            reinterpret_cast<double *>(bytes.data()));
  return convertFloat(*wide, kind);
}

static int64_t countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

//===----------------------------------------------------------------------===//
// Functions of one variable
//===----------------------------------------------------------------------===//

namespace {
struct Exp {
  static constexpr const char *type = "Exp";
  static double of(double x) { return std::exp(x); }
  static double inverse(double y) { return std::log(y); }
  static double slope(double x) { return std::exp(x); }
};
struct Log {
  static constexpr const char *type = "Log";
  static double of(double x) { return std::log(x); }
  static double inverse(double y) { return std::exp(y); }
  static double slope(double x) { return 1 / x; }
};
struct Tanh {
  static constexpr const char *type = "Tanh";
  static double of(double x) { return std::tanh(x); }
  static double inverse(double y) { return std::atanh(y); }
  static double slope(double x) { return 1 - std::tanh(x) * std::tanh(x); }
};
struct Sigmoid {
  static constexpr const char *type = "Sigmoid";
  static double of(double x) { return 1 / (1 + std::exp(-x)); }
  static double inverse(double y) { return std::log(y / (1 - y)); }
  static double slope(double x) { return of(x) * of(-x); }
};
struct Softplus {
  static constexpr const char *type = "Softplus";
  static double of(double x) { return std::log1p(std::exp(x)); }
};
struct Sqrt {
  static constexpr const char *type = "Sqrt";
  static double of(double x) { return std::sqrt(x); }
  static double inverse(double y) { return y * y; }
  static double slope(double x) { return 0.5 / std::sqrt(x); }
};
struct Reciprocal {
  static constexpr const char *type = "Reciprocal";
  static double of(double x) { return 1 / x; }
  static double inverse(double y) { return 1 / y; }
  static double slope(double x) { return -1 / (x * x); }
};
struct Neg {
  static constexpr const char *type = "Neg";
  static double of(double x) { return -x; }
  static double inverse(double y) { return -y; }
  static double slope(double) { return -1; }
};
/// A clamp none of whose bounds was reached.
struct Identity {
  static constexpr const char *type = "Identity";
  static double of(double x) { return x; }
  static double inverse(double y) { return y; }
  static double slope(double) { return 1; }
};
} // namespace

template <class Function>
static std::optional<Numbers> evaluateUnary(Operands operands,
                                            unsigned choice) {
  if (choice)
    return std::nullopt;
  Numbers result = *operands[0];
  for (double &value : result.values)
    value = Function::of(value);
  return result;
}

template <class Function>
static Error emitUnary(ExportedModel &model, Names operands, unsigned,
                       StringRef result, Nodes &nodes) {
  nodes.push_back(
      model.makeNode(Function::type, {operands[0].name}, {result.str()}));
  return Error::success();
}

template <class Function> static constexpr FormulaRule unary(StringRef op) {
  return {op, 1, evaluateUnary<Function>, emitUnary<Function>,
          /*isElementwise=*/true};
}

template <class Function>
static constexpr FormulaRule invertible(StringRef op) {
  FormulaRule rule = unary<Function>(op);
  rule.function = Function::of;
  rule.inverse = Function::inverse;
  rule.slope = Function::slope;
  return rule;
}

//===----------------------------------------------------------------------===//
// Functions of two
//===----------------------------------------------------------------------===//

/// The sizes of both together; none if they do not go together.
static std::optional<SmallVector<int64_t>> broadcast(ArrayRef<int64_t> a,
                                                     ArrayRef<int64_t> b) {
  SmallVector<int64_t> shape(std::max(a.size(), b.size()), 1);
  for (ArrayRef<int64_t> own : {a, b})
    for (size_t i = 0; i < own.size(); ++i) {
      int64_t &size = shape[shape.size() - own.size() + i];
      if (size != own[i] && size != 1 && own[i] != 1)
        return std::nullopt;
      size = std::max(size, own[i]);
    }
  return shape;
}

/// For each element of `shape` the position of the one of `own` that is there.
static std::vector<int64_t> positionsIn(ArrayRef<int64_t> own,
                                        ArrayRef<int64_t> shape) {
  std::vector<int64_t> positions(countElements(shape));
  SmallVector<int64_t> strides(shape.size(), 0);
  int64_t stride = 1;
  for (size_t i = own.size(); i-- > 0; stride *= own[i])
    strides[shape.size() - own.size() + i] = own[i] == 1 ? 0 : stride;
  for (size_t at = 0; at < positions.size(); ++at) {
    int64_t rest = int64_t(at);
    for (size_t i = shape.size(); i-- > 0; rest /= shape[i])
      positions[at] += rest % shape[i] * strides[i];
  }
  return positions;
}

template <double (*function)(double, double)>
static std::optional<Numbers> evaluateBinary(Operands operands,
                                             unsigned choice) {
  const Numbers &a = *operands[0], &b = *operands[1];
  auto shape = broadcast(a.shape, b.shape);
  if (choice || !shape)
    return std::nullopt;
  std::vector<int64_t> left = positionsIn(a.shape, *shape);
  std::vector<int64_t> right = positionsIn(b.shape, *shape);
  Numbers result{*shape, std::vector<double>(left.size())};
  for (size_t i = 0; i < left.size(); ++i)
    result.values[i] = function(a.values[left[i]], b.values[right[i]]);
  return result;
}

template <const char *const &type>
static Error emitBinary(ExportedModel &model, Names operands, unsigned,
                        StringRef result, Nodes &nodes) {
  nodes.push_back(model.makeNode(type, {operands[0].name, operands[1].name},
                                 {result.str()}));
  return Error::success();
}

static double add(double a, double b) { return a + b; }
static double subtract(double a, double b) { return a - b; }
static double multiply(double a, double b) { return a * b; }
static double divide(double a, double b) { return a / b; }
static constexpr const char *addType = "Add", *subType = "Sub",
                            *mulType = "Mul", *divType = "Div";

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// The axes of a choice, by the bits of the number above it among those that
/// have more than one element; none if there is no such choice.
static SmallVector<int64_t> chooseAxes(ArrayRef<int64_t> shape,
                                       unsigned choice) {
  SmallVector<int64_t> axes;
  unsigned bits = choice + 1;
  for (auto [axis, size] : llvm::enumerate(shape)) {
    if (size < 2)
      continue;
    if (bits & 1)
      axes.push_back(axis);
    bits >>= 1;
  }
  return bits ? SmallVector<int64_t>() : axes;
}

/// Axes stay with size 1.
template <bool isNorm>
static std::optional<Numbers> evaluateReduction(Operands operands,
                                                unsigned choice) {
  const Numbers &x = *operands[0];
  SmallVector<int64_t> axes = chooseAxes(x.shape, choice);
  if (axes.empty())
    return std::nullopt;
  Numbers result;
  int64_t count = 1;
  for (auto [i, size] : llvm::enumerate(x.shape)) {
    bool isReduced = llvm::is_contained(axes, int64_t(i));
    result.shape.push_back(isReduced ? 1 : size);
    count *= isReduced ? size : 1;
  }
  result.values.assign(countElements(result.shape), 0);
  for (auto [value, at] :
       llvm::zip(x.values, positionsIn(result.shape, x.shape)))
    result.values[at] += isNorm ? value * value : value / double(count);
  if (isNorm)
    for (double &value : result.values)
      value = std::sqrt(value);
  return result;
}

template <bool isNorm>
static Error emitReduction(ExportedModel &model, Names operands,
                           unsigned choice, StringRef result, Nodes &nodes) {
  SmallVector<int64_t> axes = chooseAxes(operands[0].shape, choice);
  std::string name = model.makeName((result + ".axes").str());
  Expected<Array> array = makeIndices(axes, {int64_t(axes.size())});
  if (!array)
    return array.takeError();
  model.addTensor(name, std::move(*array));
  nodes.push_back(model.makeNode(isNorm ? "ReduceL2" : "ReduceMean",
                                 {operands[0].name, name}, {result.str()}));
  return Error::success();
}

template <bool isNorm> static constexpr FormulaRule reduction(StringRef op) {
  return {op,
          1,
          evaluateReduction<isNorm>,
          emitReduction<isNorm>,
          /*isElementwise=*/false,
          /*isReduction=*/true};
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Rows of x times the matrix, which is transposed or not.
static std::optional<Numbers> multiply(const Numbers &x, const Numbers &matrix,
                                       bool isTransposed) {
  if (matrix.shape.size() != 2 || x.shape.empty())
    return std::nullopt;
  int64_t depth = matrix.shape[isTransposed],
          width = matrix.shape[!isTransposed];
  if (x.shape.back() != depth || depth == 0)
    return std::nullopt;
  Numbers result{x.shape, {}};
  result.shape.back() = width;
  int64_t step = isTransposed ? 1 : width, column = isTransposed ? depth : 1;
  for (size_t row = 0; row < x.values.size(); row += depth)
    for (int64_t i = 0; i < width; ++i) {
      double sum = 0;
      for (int64_t k = 0; k < depth; ++k)
        sum += x.values[row + k] * matrix.values[i * column + k * step];
      result.values.push_back(sum);
    }
  return result;
}

static std::optional<Numbers> evaluateLinear(Operands operands,
                                             unsigned choice) {
  if (choice)
    return std::nullopt;
  std::optional<Numbers> product =
      multiply(*operands[0], *operands[1], /*isTransposed=*/true);
  if (!product || operands.size() < 3)
    return product;
  if (operands[2]->shape.size() != 1 ||
      operands[2]->shape[0] != product->shape.back())
    return std::nullopt;
  return evaluateBinary<add>({&*product, operands[2]}, 0);
}

static Error emitLinear(ExportedModel &model, Names operands, unsigned,
                        StringRef result, Nodes &nodes) {
  std::string weight = model.makeName((result + ".transposed").str());
  bool hasBias = operands.size() > 2;
  std::string product =
      hasBias ? model.makeName((result + ".product").str()) : result.str();
  nodes.push_back(makeTranspose(model, operands[1].name, {1, 0}, weight));
  nodes.push_back(
      model.makeNode("MatMul", {operands[0].name, weight}, {product}));
  if (hasBias)
    nodes.push_back(
        model.makeNode("Add", {product, operands[2].name}, {result.str()}));
  return Error::success();
}

static std::optional<Numbers> evaluateMatMul(Operands operands,
                                             unsigned choice) {
  if (choice)
    return std::nullopt;
  return multiply(*operands[0], *operands[1], /*isTransposed=*/false);
}

static Error emitMatMul(ExportedModel &model, Names operands, unsigned,
                        StringRef result, Nodes &nodes) {
  nodes.push_back(model.makeNode("MatMul", {operands[0].name, operands[1].name},
                                 {result.str()}));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static const FormulaRule table[] = {
    invertible<Exp>("exp"),
    invertible<Log>("log"),
    invertible<Tanh>("tanh"),
    invertible<Sigmoid>("sigmoid"),
    unary<Softplus>("softplus"),
    invertible<Sqrt>("sqrt"),
    invertible<Reciprocal>("reciprocal"),
    invertible<Neg>("neg"),
    invertible<Identity>("clamp"),
    invertible<Identity>("clamp_min"),
    invertible<Identity>("clamp_max"),
    {"add", 2, evaluateBinary<add>, emitBinary<addType>},
    {"sub", 2, evaluateBinary<subtract>, emitBinary<subType>},
    {"mul", 2, evaluateBinary<multiply>, emitBinary<mulType>},
    {"div", 2, evaluateBinary<divide>, emitBinary<divType>},
    reduction<true>("linalg_vector_norm"),
    reduction<true>("norm"),
    reduction<false>("mean"),
    {"linear", 2, evaluateLinear, emitLinear},
    {"linear", 3, evaluateLinear, emitLinear},
    {"mm", 2, evaluateMatMul, emitMatMul},
    {"matmul", 2, evaluateMatMul, emitMatMul},
};

std::vector<const FormulaRule *> onnximport::getFormulaRules(StringRef op) {
  std::vector<const FormulaRule *> rules;
  for (const FormulaRule &rule : table)
    if (rule.op == op)
      rules.push_back(&rule);
  return rules;
}

std::vector<Numbers> onnximport::evaluateSteps(ArrayRef<FormulaStep> steps,
                                               std::vector<Numbers> inputs) {
  for (const FormulaStep &step : steps) {
    std::vector<const Numbers *> operands;
    for (unsigned operand : step.operands)
      operands.push_back(&inputs[operand]);
    std::optional<Numbers> result = step.rule->evaluate(operands, step.choice);
    if (!result)
      return {};
    inputs.push_back(std::move(*result));
  }
  return inputs;
}
