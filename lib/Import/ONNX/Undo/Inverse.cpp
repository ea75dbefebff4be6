// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scales are often kept as logarithms, and what the file has is their
// exponential:
//
//   scale = exp(logit_scale)              'exp', 'logit_scale'
//   a = unsqueeze(neg(exp(a_log)))        'a_log', 'exp', 'neg', 'unsqueeze'
//
// The parameter is what the inverse functions give. The names are in no order,
// but few orders fit the values: what is negative is no exponential. Moves go
// with functions of one variable in any order.

#include "Undo/Inverse.h"
#include "Undo/Formula.h"
#include "Undo/FxNames.h"
#include "Undo/MoveKind.h"
#include "Undo/Tensors.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

namespace {
/// Functions in the order in which they were applied.
using Chain = std::vector<const FormulaRule *>;

/// What went into a tensor beside its parameter.
struct Makers {
  Chain functions;
  /// The names of moves.
  std::vector<std::string> moves;
  bool areAllKnown = true;
};
} // namespace

static Makers readMakers(const ExportedModel &model, StringRef tensor) {
  Makers makers;
  makers.areAllKnown = !isUnnamed(model.foldedOf(tensor)->name);
  for (const std::string &value : getMakers(model, tensor)) {
    if (isUnnamed(value)) // where to move
      continue;
    StringRef base = baseName(value);
    std::vector<const FormulaRule *> rules = getFormulaRules(base);
    if (rules.size() == 1 && rules.front()->inverse)
      makers.functions.push_back(rules.front());
    else if (classify(base) & (Moves | Picks | Repeats))
      makers.moves.push_back(value);
    else
      makers.areAllKnown = false;
  }
  return makers;
}

/// What the functions were applied to, or NaN if they cannot have given `y`.
static double invert(const Chain &chain, double y) {
  double x = y;
  for (const FormulaRule *rule : llvm::reverse(chain))
    x = rule->inverse(x);
  double back = x;
  for (const FormulaRule *rule : chain)
    back = rule->function(back);
  bool fits = std::isfinite(x) && std::abs(back - y) <= 1e-6 * std::abs(y);
  return fits ? x : std::nan("");
}

static double slopeAt(const Chain &chain, double x) {
  double slope = 1;
  for (const FormulaRule *rule : chain) {
    slope *= rule->slope(x);
    x = rule->function(x);
  }
  return std::abs(slope);
}

/// The slopes of the chain where it gives the values, which are all that the
/// kernel has of it; empty if it cannot give them, or if the rounding of each
/// function, of a bit, moves a slope.
static std::vector<double> findSlopes(const Chain &chain,
                                      ArrayRef<double> values) {
  double step = double(chain.size()) / (1 << 23);
  std::vector<double> slopes;
  for (double y : values) {
    double slope = slopeAt(chain, invert(chain, y));
    double beside = slopeAt(chain, invert(chain, y * (1 + step)));
    if (!(slope > 0) || !(std::abs(beside - slope) <= 5e-7 * slope))
      return {};
    slopes.push_back(slope);
  }
  return slopes;
}

/// The order of the functions that the values allow; empty if there is none, or
/// if there are several of other slopes.
static Chain findChain(Chain functions, ArrayRef<double> values) {
  Chain chain;
  std::vector<double> slopes;
  llvm::sort(functions);
  do {
    std::vector<double> found = findSlopes(functions, values);
    if (found.empty())
      continue;
    bool isSame = llvm::all_of(llvm::zip(slopes, found), [](auto pair) {
      auto [a, b] = pair;
      return std::abs(a - b) <= 1e-6 * a;
    });
    if (!isSame)
      return {};
    chain = functions;
    slopes = std::move(found);
  } while (std::next_permutation(functions.begin(), functions.end()));
  return chain;
}

Expected<bool>
onnximport::restoreInverse(ExportedModel &model, Findings &findings,
                           StringRef tensor,
                           llvm::function_ref<Error(StringRef)> restore) {
  const Array values = *model.find(tensor);
  std::vector<std::string> parts = model.partsOf(tensor);
  Makers makers = readMakers(model, tensor);
  constexpr size_t mostFunctions = 5;
  bool isKnown = parts.size() == 1 && (model.isUnchanged(parts.front()) ||
                                       findings.given.count(parts.front()));
  bool isWide = values.kind == ElementKind::Float32 ||
                values.kind == ElementKind::Float64;
  if (parts.size() != 1 || isKnown || !isWide || !makers.areAllKnown ||
      makers.functions.empty() || makers.functions.size() > mostFunctions)
    return false;
  Expected<Numbers> numbers = toNumbers(values);
  if (!numbers)
    return numbers.takeError();
  Chain chain = findChain(makers.functions, numbers->values);
  if (chain.empty())
    return false;
  for (double &value : numbers->values)
    value = invert(chain, value);
  Expected<Array> inner = toArray(*numbers, values.kind);
  if (!inner)
    return inner.takeError();

  std::string name = model.makeName((tensor + ".inner").str());
  std::vector<std::string> from = parts;
  llvm::append_range(from, makers.moves);
  model.addTensor(name, std::move(*inner));
  model.setFolded(name, {makers.moves.empty() ? "alias" : makers.moves.front(),
                         std::move(from)});
  if (Error error = restore(name))
    return std::move(error);
  std::vector<Node> nodes;
  for (auto [i, rule] : llvm::enumerate(chain)) {
    bool isLast = i + 1 == chain.size();
    std::string next =
        isLast ? tensor.str() : model.makeName((tensor + "." + rule->op).str());
    if (Error error = rule->emit(model, {{name, values.shape}}, 0, next, nodes))
      return std::move(error);
    name = next;
    if (rule->op.starts_with("clamp"))
      findings.doubts.push_back(
          "'" + tensor.str() + "' is computed from " + quoteNames(parts) +
          " by a clamp, none of whose bounds is taken to be a value of the "
          "parameter");
  }
  model.computeTensor(tensor, std::move(nodes));
  return true;
}
