// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small formulas of torch's operators: what they give for some numbers, and the
// nodes that compute the same.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_FORMULA_H
#define NTK_LIB_IMPORT_ONNX_UNDO_FORMULA_H

#include "Undo/ExportedModel.h"

namespace mlir::ntk::onnximport {

struct Numbers {
  llvm::SmallVector<int64_t> shape;
  std::vector<double> values;
};

llvm::Expected<Numbers> toNumbers(const Array &values);
/// Rounded to the nearest of the kind.
llvm::Expected<Array> toArray(const Numbers &numbers, ElementKind kind);

/// A value of a formula under a name of the graph.
struct NamedShape {
  std::string name;
  llvm::SmallVector<int64_t> shape;
};

/// An operator of torch. What its name leaves open, as the axes of a norm, is a
/// choice among some that are numbered from 0.
struct FormulaRule {
  llvm::StringRef op;
  unsigned numOperands;
  /// The result, or none where shapes do not fit or there is no such choice.
  std::optional<Numbers> (*evaluate)(llvm::ArrayRef<const Numbers *> operands,
                                     unsigned choice);
  /// Adds nodes that make a value called `result`.
  llvm::Error (*emit)(ExportedModel &model, llvm::ArrayRef<NamedShape> operands,
                      unsigned choice, llvm::StringRef result,
                      std::vector<Node> &nodes);
  /// Does each element depend on those at its place alone?
  bool isElementwise = false;
  bool isReduction = false;
  /// Of a function of one variable without settings: itself, its inverse, which
  /// gives NaN for what it cannot give, and its derivative; else null.
  double (*function)(double) = nullptr;
  double (*inverse)(double) = nullptr;
  double (*slope)(double) = nullptr;
};

/// The rules of an operator, of which some have several forms; none if it is
/// not known.
std::vector<const FormulaRule *> getFormulaRules(llvm::StringRef op);

/// A rule applied to inputs of the formula or to results of earlier steps,
/// which are numbered together.
struct FormulaStep {
  const FormulaRule *rule;
  llvm::SmallVector<unsigned> operands;
  unsigned choice;
};

/// The inputs and the results of all steps; empty if shapes do not fit.
std::vector<Numbers> evaluateSteps(llvm::ArrayRef<FormulaStep> steps,
                                   std::vector<Numbers> inputs);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_FORMULA_H
