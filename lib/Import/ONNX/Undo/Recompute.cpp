// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the exporter computed from parameters in advance, as a weight norm, is
// one tensor of which the file has the values and the names of the operators
// that made it, in no order and without their arguments:
//
//   w = mul(v, div(g, linalg_vector_norm(v)))     'div', 'linalg_vector_norm',
//                                                 'mul', 'g', 'v'
//
// With the parameters' values at hand, formulas of these operators are tried
// until one gives the tensor. Several that give it must give the same beside
// those values, too. Operators that are left over worked on constants: then the
// tensor is a multiple.

#include "Undo/Recompute.h"
#include "Undo/FxNames.h"
#include "Undo/Layout.h"
#include "Undo/MoveKind.h"
#include "Undo/SolvedFactor.h"
#include "Undo/Tensors.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

namespace {

struct Formula {
  std::vector<FormulaStep> steps;
  Layout layout;
};

class Recomputer {
public:
  Recomputer(ExportedModel &model, Findings &findings, StringRef tensor)
      : model(model), findings(findings), tensor(tensor),
        original(*model.find(tensor)) {}

  Expected<bool> run();

private:
  Expected<bool> readInputs();
  Error addFactor();
  void readOperators();
  void search(size_t depth);
  void extend(size_t depth, const FormulaRule &rule);
  bool mayScale() const;
  void consider();
  bool isSame(const Formula &a, const Formula &b) const;
  void choose();
  std::vector<double> evaluate(const Formula &formula,
                               std::vector<Numbers> values) const;
  Error emit(const Formula &formula);

  ExportedModel &model;
  Findings &findings;
  std::string tensor;
  const Array original;
  Numbers target;
  /// Parameters first, then buffers, then a constant that was solved for.
  std::vector<std::string> names;
  std::optional<Array> factor;
  size_t numParts = 0;
  std::vector<std::string> operators;
  bool hasConstants = false, picks = false, isUniformTarget = false;

  /// The state of the search: inputs and results of steps, which of them each
  /// was made of, as bits, and the operators that are left.
  std::vector<Numbers> values;
  std::vector<unsigned> origins;
  std::vector<bool> isUsed;
  std::vector<FormulaStep> steps;
  /// Numbers that may still be computed.
  int64_t budget = 1 << 24;
  /// Formulas that give the tensor and are not the same beside it.
  std::vector<Formula> found;
};

} // namespace

//===----------------------------------------------------------------------===//
// What there is
//===----------------------------------------------------------------------===//

/// Values of the parameters and buffers; false if a parameter has none.
Expected<bool> Recomputer::readInputs() {
  std::vector<std::string> parts = model.partsOf(tensor);
  names = parts;
  numParts = parts.size();
  for (const std::string &value : model.foldedOf(tensor)->from)
    if (model.isBuffer(value))
      names.push_back(value);
  std::vector<std::string> known;
  for (const std::string &name : names) {
    auto given = findings.given.find(name);
    const Array *array = model.isUnchanged(name) || model.isBuffer(name)
                             ? model.find(name)
                             : nullptr;
    if (given != findings.given.end())
      array = &given->second;
    bool isKnown = array && isFloat(array->kind);
    if (!isKnown && model.isParameter(name))
      return false;
    if (!isKnown) {
      hasConstants = true;
      continue;
    }
    Expected<Numbers> numbers = toNumbers(*array);
    if (!numbers)
      return numbers.takeError();
    known.push_back(name);
    values.push_back(std::move(*numbers));
    origins.push_back(known.size() <= numParts ? 1u << (known.size() - 1) : 0);
  }
  names = std::move(known);
  return numParts > 0 && numParts <= 6;
}

/// The constant of a linear layer of constants, where the file has it no more.
Error Recomputer::addFactor() {
  if (numParts != 1 || names.size() != 1 || !hasConstants ||
      operators != std::vector<std::string>{"linear"})
    return Error::success();
  std::optional<Numbers> solved = solveFactor(target, values.front());
  if (!solved)
    return Error::success();
  Expected<Array> array = toArray(*solved, original.kind);
  if (!array)
    return array.takeError();
  Expected<Numbers> rounded = toNumbers(*array);
  if (!rounded)
    return rounded.takeError();
  factor = std::move(*array);
  names.push_back(model.makeName(tensor + ".factor"));
  values.push_back(std::move(*rounded));
  origins.push_back(0);
  return Error::success();
}

/// Arithmetic among the operators that made the tensor. One that was named
/// after nothing is the product of the linear layers that read it.
void Recomputer::readOperators() {
  for (const std::string &value : getMakers(model, tensor)) {
    StringRef base = baseName(value);
    if (isUnnamed(value)) {
      hasConstants = true;
    } else if (!getFormulaRules(base).empty()) {
      operators.push_back(base.str());
    } else {
      picks |= (classify(base) & Picks) != 0;
      hasConstants |= (classify(base) & Makes) != 0;
      if (!(classify(base) & (Moves | Picks | Makes)))
        operators.push_back(base.str());
    }
  }
  bool isLinear =
      operators.empty() && !model.readers(tensor).empty() &&
      llvm::all_of(model.readers(tensor), [&](Slot slot) {
        return getFxOperator(model.node(slot.node).fxNode) == "linear";
      });
  if (isLinear)
    operators.push_back("linear");
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

std::vector<double> Recomputer::evaluate(const Formula &formula,
                                         std::vector<Numbers> inputs) const {
  std::vector<Numbers> all = evaluateSteps(formula.steps, std::move(inputs));
  return all.empty() ? std::vector<double>()
                     : apply(formula.layout, all.back());
}

/// Do two formulas give the same where the parameters have other values?
bool Recomputer::isSame(const Formula &a, const Formula &b) const {
  std::vector<Numbers> inputs(values.begin(), values.begin() + names.size());
  unsigned state = 1;
  for (size_t i = 0; i < numParts; ++i)
    for (double &value : inputs[i].values) {
      state = state * 1664525 + 1013904223;
      value += (state / 4294967296.0 - 0.5) * 1e-2 * (std::abs(value) + 0.1);
    }
  return isNear(evaluate(a, inputs), evaluate(b, inputs), 1e-5);
}

/// Does each element of the result depend on those at its place alone?
static bool isOfElements(StringRef op) {
  std::vector<const FormulaRule *> rules = getFormulaRules(op);
  bool isArithmetic = op == "add" || op == "sub" || op == "mul" || op == "div";
  return isArithmetic ||
         (!rules.empty() && llvm::all_of(rules, [](const FormulaRule *rule) {
           return rule->isElementwise;
         }));
}

/// May the operators that are left have made a factor of constants? Equal
/// numbers fit with a factor whatever was done to them, and a norm may be equal
/// to a parameter, or be the factor itself; of one operator there is no doubt.
bool Recomputer::mayScale() const {
  bool hasFactor = llvm::any_of(operators, [](const std::string &op) {
    return op == "mul" || op == "div";
  });
  if (!hasFactor || !hasConstants || !llvm::all_of(operators, isOfElements))
    return false;
  if (steps.empty() && operators.size() == 1)
    return true;
  auto isBias = [&](size_t part) {
    return llvm::all_of(steps, [&](const FormulaStep &step) {
      for (auto [place, operand] : llvm::enumerate(step.operands))
        if (operand == part && (step.rule->op != "linear" || place != 2))
          return false;
      return true;
    });
  };
  for (size_t i = 0; i < numParts; ++i)
    if (llvm::all_equal(values[i].values) && !isBias(i))
      return false;
  return !isUniformTarget && llvm::none_of(steps, [](const FormulaStep &step) {
    return step.rule->isReduction;
  });
}

/// Is the last value the tensor, by a layout?
void Recomputer::consider() {
  unsigned all = (1u << numParts) - 1;
  bool isWhole = origins.back() == all;
  for (size_t i = names.size(); i + 1 < values.size(); ++i)
    isWhole &= isUsed[i];
  if (!isWhole)
    return;
  bool isUnary = llvm::all_of(steps, [](const FormulaStep &step) {
    return step.operands.size() == 1 && step.rule->isElementwise;
  });
  LayoutOptions options;
  options.picks = picks;
  options.isExact = !(isUnary && numParts == 1);
  options.scales = !operators.empty();
  if (options.scales
          ? !mayScale()
          : isUniformTarget && options.isExact && target.values.size() > 1)
    return;
  std::optional<Layout> layout = findLayout(values.back(), target, options);
  if (!layout)
    return;
  Formula formula{steps, std::move(*layout)};
  if (llvm::none_of(
          found, [&](const Formula &other) { return isSame(other, formula); }))
    found.push_back(std::move(formula));
}

/// Is every norm divided by?
static bool dividesByNorms(const Formula &formula, size_t numInputs) {
  for (auto [i, step] : llvm::enumerate(formula.steps)) {
    if (!step.rule->op.ends_with("norm"))
      continue;
    for (const FormulaStep &reader : formula.steps)
      for (auto [place, operand] : llvm::enumerate(reader.operands))
        if (operand == numInputs + i &&
            (reader.rule->op != "div" || place != 1))
          return false;
  }
  return true;
}

/// Before training the scale of a weight norm is the norm, and `v · g / |v|` is
/// `v · |v| / g`: norms are there to be divided by.
void Recomputer::choose() {
  if (found.size() < 2)
    return;
  llvm::erase_if(found, [&](const Formula &formula) {
    return !dividesByNorms(formula, names.size());
  });
  if (found.size() == 1)
    findings.doubts.push_back("'" + tensor + "' is taken as " +
                              quoteNames(model.partsOf(tensor)) +
                              " divided by a norm; its values would allow a "
                              "product with the norm, too");
}

/// All ways to apply the rule to what there is.
void Recomputer::extend(size_t depth, const FormulaRule &rule) {
  size_t count = values.size(), combinations = 1;
  for (unsigned i = 0; i < rule.numOperands; ++i)
    combinations *= count;
  for (size_t i = 0; i < combinations; ++i) {
    FormulaStep step{&rule, {}, 0};
    unsigned origin = 0;
    for (size_t rest = i, k = 0; k < rule.numOperands; ++k, rest /= count)
      step.operands.push_back(rest % count);
    for (unsigned operand : step.operands)
      origin |= origins[operand];
    for (;; ++step.choice) {
      if (budget <= 0)
        return;
      std::vector<const Numbers *> operands;
      for (unsigned operand : step.operands)
        operands.push_back(&values[operand]);
      std::optional<Numbers> result = rule.evaluate(operands, step.choice);
      --budget;
      if (!result || result->values.size() > (1 << 20))
        break;
      for (const Numbers *operand : operands)
        budget -= int64_t(operand->values.size());
      std::vector<bool> before = isUsed;
      for (unsigned operand : step.operands)
        isUsed[operand] = true;
      isUsed.push_back(false);
      values.push_back(std::move(*result));
      origins.push_back(origin);
      steps.push_back(step);
      search(depth - 1);
      steps.pop_back();
      origins.pop_back();
      values.pop_back();
      isUsed = std::move(before);
    }
  }
}

void Recomputer::search(size_t depth) {
  if (depth == 0) {
    consider();
    return;
  }
  for (size_t i = 0; i < operators.size(); ++i) {
    std::string op = operators[i];
    if (llvm::is_contained(ArrayRef(operators).take_front(i), op))
      continue;
    operators.erase(operators.begin() + i);
    for (const FormulaRule *rule : getFormulaRules(op))
      extend(depth, *rule);
    operators.insert(operators.begin() + i, op);
  }
}

//===----------------------------------------------------------------------===//
// The result
//===----------------------------------------------------------------------===//

Error Recomputer::emit(const Formula &formula) {
  std::vector<NamedShape> made;
  for (auto [i, name] : llvm::enumerate(names)) {
    bool isFactor = factor && i + 1 == names.size();
    if (!model.find(name))
      model.addTensor(name, isFactor ? *factor : findings.given[name]);
    made.push_back({name, values[i].shape});
  }
  std::vector<Numbers> all = evaluateSteps(
      formula.steps, {values.begin(), values.begin() + names.size()});
  std::vector<Node> nodes;
  for (const FormulaStep &step : formula.steps) {
    std::vector<NamedShape> operands;
    for (unsigned operand : step.operands)
      operands.push_back(made[operand]);
    std::string name =
        model.makeName(tensor + "." + std::to_string(made.size()));
    if (Error error =
            step.rule->emit(model, operands, step.choice, name, nodes))
      return error;
    made.push_back({name, all[made.size()].shape});
    if (step.rule->op.starts_with("clamp"))
      findings.doubts.push_back("'" + tensor + "' is computed from " +
                                quoteNames(model.partsOf(tensor)) +
                                " by a clamp, none of whose bounds is taken "
                                "to be a value of the parameter");
  }
  Expected<std::vector<Node>> moves =
      emitLayout(model, formula.layout, made.back(), original, tensor);
  if (!moves)
    return moves.takeError();
  llvm::move(*moves, std::back_inserter(nodes));
  for (const std::string &part : model.partsOf(tensor))
    model.placed.insert(part);
  model.computeTensor(tensor, std::move(nodes));
  ++findings.restored;
  return Error::success();
}

Expected<bool> Recomputer::run() {
  Expected<bool> isReady = readInputs();
  if (!isReady || !*isReady)
    return isReady;
  Expected<Numbers> numbers = toNumbers(original);
  if (!numbers)
    return numbers.takeError();
  target = std::move(*numbers);
  isUniformTarget = isUniform(original);
  readOperators();
  if (Error error = addFactor())
    return std::move(error);
  isUsed.assign(values.size(), false);
  for (size_t depth = 0; depth <= operators.size() && found.empty(); ++depth)
    search(depth);
  choose();
  if (found.size() != 1 || budget <= 0)
    return false;
  if (Error error = emit(found.front()))
    return std::move(error);
  return true;
}

Expected<bool> onnximport::recompute(ExportedModel &model, Findings &findings,
                                     StringRef tensor) {
  return Recomputer(model, findings, tensor).run();
}
