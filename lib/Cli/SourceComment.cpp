// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Network, sites and memory in lines for the head of emitted source. Work is
// counted for one example and for one pair of examples, so that the numbers
// hold whether or not both sides are the same examples.

#include "SourceComment.h"
#include "dialects/NTK/IR/Names.h"
#include "ntk-rt/Printable.h"
#include "ntk/Cli/Report.h"
#include "ntk/Target/Source.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::ntk;

using Rows = std::vector<std::vector<std::string>>;

static void addTable(std::vector<std::string> &lines, const Rows &rows) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printColumns(rows, os);
  lines.push_back("");
  for (StringRef line : llvm::split(StringRef(text).rtrim(), '\n'))
    lines.push_back(("  " + line.rtrim()).str());
  lines.push_back("");
}

//===----------------------------------------------------------------------===//
// Network
//===----------------------------------------------------------------------===//

static std::string spellShape(Value value) {
  std::string text;
  for (int64_t size : cast<RankedTensorType>(value.getType()).getShape())
    text += "[" + std::to_string(size) + "]";
  return text.empty() ? "[]" : text;
}

/// The name of the layer, parameter, buffer or input that `value` is.
static std::string getValueName(Model &model, Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return getLayerName(value.getLoc()).str();
  unsigned i = argument.getArgNumber();
  for (const NetworkInput &input : model.inputs)
    if (input.argument == i)
      return input.name;
  StringRef parameter = model.network.getParameterName(i);
  return (parameter.empty() ? model.network.getBufferName(i) : parameter).str();
}

namespace {
/// The operations that compute what a name of the network stands for.
struct Layer {
  std::string name;
  llvm::SetVector<StringRef> operations, moves;
  std::vector<std::string> operands; ///< of other layers, and parameters
  Value result;

  void add(Model &model, Operation *op) {
    auto cost = dyn_cast<CostOpInterface>(op);
    (cost && cost.getCoreFlops() > 0 ? operations : moves)
        .insert(op->getName().stripDialect());
    for (Value operand : op->getOperands()) {
      std::string operandName = getValueName(model, operand);
      if (!operandName.empty() && operandName != name &&
          !llvm::is_contained(operands, operandName))
        operands.push_back(operandName);
    }
    result = op->getResult(0);
  }

  /// "conv, add": what moves data is left out beside what computes.
  std::string spellOperations() const {
    return llvm::join(operations.empty() ? moves : operations, ", ");
  }

  std::string spellOperands() const {
    std::vector<std::string> names;
    for (const std::string &operand : operands)
      names.push_back(getIdentifier(operand));
    return llvm::join(names, ", ");
  }
};
} // namespace

static std::vector<Layer> getLayers(Model &model) {
  std::vector<Layer> layers;
  Block &body = model.network.getBody().front();
  for (Operation &op : body.without_terminator()) {
    StringRef name = getLayerName(op.getLoc());
    if (layers.empty() || layers.back().name != name)
      layers.push_back({name.str(), {}, {}, {}, {}});
    layers.back().add(model, &op);
  }
  return layers;
}

static void addNetwork(std::vector<std::string> &lines, Model &model) {
  lines.push_back("The network, for one example: values, their shapes, what "
                  "computes them, of what.");
  Rows rows;
  for (const NetworkInput &input : model.inputs)
    rows.push_back({getIdentifier(input.name),
                    spellShape(model.network.getArgument(input.argument)),
                    "input", ""});
  for (const Layer &layer : getLayers(model))
    rows.push_back({getIdentifier(layer.name), spellShape(layer.result),
                    layer.spellOperations(), layer.spellOperands()});
  addTable(lines, rows);
}

//===----------------------------------------------------------------------===//
// Sites
//===----------------------------------------------------------------------===//

/// What the name of an order means; g is a gradient, z a feature, c a
/// cotangent.
static StringRef defineOrder(StringRef order) {
  return llvm::StringSwitch<StringRef>(order)
      .Case("outside-in", "the gradient g = Σ c z of each side, then g1 g2")
      .Case("left-to-right",
            "the gradient g = Σ c z of one side, then g z, then c")
      .Case("inside-out", "the Gram z1 z2, then times c1, then times c2")
      .Case("two-grams", "the Grams z1 z2 and c1 c2, then their product")
      .Default("");
}

static std::string formatFlops(double flops) {
  return flops > 0 ? formatCount(flops) : "-";
}

static void addSites(std::vector<std::string> &lines,
                     const PlannedKernel &planned) {
  const ProblemSize &size = planned.size;
  bool isOneSide = size.symmetric &&
                   planned.functions.factors1 == planned.functions.factors2;
  double examples = static_cast<double>(size.n1 + (isOneSide ? 0 : size.n2));
  double pairs = static_cast<double>(size.n1) * size.n2 * size.getPairShare();
  lines.push_back(
      "The sites, one for each use of a parameter: what it adds to theta, in "
      "which order it is computed, and the FLOP for one example, in its "
      "factors, and for one pair of examples, in the tile. A multiply-add is "
      "two FLOP. Letters are axes: n and m examples, o and p outputs; those "
      "that are not behind the arrow are summed.");
  Rows rows = {{"parameter", "contraction", "order", "example", "pair"}};
  llvm::SetVector<StringRef> orders;
  for (const SiteReport &site : planned.sites) {
    const OrderReport &chosen = site.chosen;
    if (!chosen.name.empty())
      orders.insert(chosen.name);
    rows.push_back({getIdentifier(site.name), site.spec,
                    chosen.name.empty() ? "-" : chosen.name,
                    formatFlops(chosen.sideFlops / examples),
                    formatFlops(chosen.pairFlops / pairs)});
  }
  addTable(lines, rows);
  if (orders.empty())
    return;
  lines.push_back(
      "A feature z is what the parameter is multiplied by, a cotangent c is "
      "∂f_o/∂y of the value y that the parameter goes into; a Gram has the "
      "products of every example x1 with every example x2. Orders:");
  Rows words;
  for (StringRef order : orders)
    words.push_back({order.str(), defineOrder(order).str()});
  addTable(lines, words);
}

std::vector<std::string> mlir::ntk::describePlan(Model &model,
                                                 const ModelOptions &options,
                                                 const FittedKernel &fitted) {
  const PlannedKernel &planned = fitted.planned;
  const ProblemSize &size = planned.size;
  StringRef examples = options.wholeBatch ? " whole batches" : " examples";
  std::string fileName =
      ::ntk::rt::printableName(llvm::sys::path::filename(options.model).str());
  std::vector<std::string> lines = {
      "Written from " + fileName + " by method " + planned.method +
          ", planned for " + std::to_string(size.n1) + examples.str() +
          " x1 and " +
          (size.symmetric ? "x2 = x1"
                          : std::to_string(size.n2) + examples.str() + " x2") +
          ": " + formatCount(planned.cost.getTotal().flops) +
          "FLOP. Other numbers run too.",
      ""};
  addNetwork(lines, model);
  addSites(lines, planned);
  return lines;
}

//===----------------------------------------------------------------------===//
// Memory and formula
//===----------------------------------------------------------------------===//

std::vector<std::string>
mlir::ntk::describeWorkspace(const FittedKernel &fitted, int64_t elementBytes) {
  const ProblemSize &size = fitted.planned.size;
  auto spellBytes = [&](int64_t n2, bool symmetric) {
    ::ntk::rt::TileProblem problem = fitted.problem;
    problem.examples1 = size.n1;
    problem.examples2 = n2;
    problem.symmetric = symmetric;
    MemoryUse use = getMemoryUse(fitted.sizes, problem, elementBytes, 0);
    return formatBytes(use.workspace + use.arena);
  };
  std::string n1 = std::to_string(size.n1), n2 = std::to_string(size.n2);
  return {"n1 = " + n1 + ", x2 = NULL: " + spellBytes(size.n1, true),
          "n1 = " + n1 + ", n2 = " + n2 +
              " of another set: " + spellBytes(size.n2, false)};
}

std::string mlir::ntk::describeElement(const KernelShape &shape,
                                       int64_t outputs) {
  const OutputPairs pairs = shape.request;
  std::string diagonal = "Σ_w ∂f_o(x1_i)/∂w ∂f_o(x2_j)/∂w";
  if (pairs.shared)
    return pairs.kept
               ? "[i][j][o] = " + diagonal
               : "[i][j] = " +
                     (shape.dividesTraces ? "1/" + std::to_string(outputs) + " "
                                          : std::string()) +
                     "Σ_o " + diagonal;
  StringRef both = "Σ_w ∂f_o(x1_i)/∂w ∂f_p(x2_j)/∂w";
  return ((pairs.kept ? "[i][j][o][p] = " : "[i][j] = Σ_op ") + both).str();
}
