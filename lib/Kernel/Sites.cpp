// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finding sites: from a parameter along its views to the ops that use it.

#include "ntk/Kernel/Sites.h"
#include "dialects/NTK/IR/Einsum.h"

using namespace mlir;
using namespace mlir::ntk;

static ArrayRef<int64_t> getShape(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// Drops dimensions of size one.
static void dropUnits(std::string &letters, SmallVector<int64_t> &shape) {
  std::string keptLetters;
  SmallVector<int64_t> keptShape;
  for (auto [letter, size] : llvm::zip_equal(letters, shape)) {
    if (size != 1) {
      keptLetters += letter;
      keptShape.push_back(size);
    }
  }
  letters = keptLetters;
  shape = keptShape;
}

static JacobianStructure getIdentityStructure(ArrayRef<int64_t> shape) {
  JacobianStructure structure;
  structure.resultShape = structure.operandShape = llvm::to_vector(shape);
  std::string used = canonicalOrder.str();
  for (size_t i = 0; i < shape.size(); ++i) {
    structure.resultIndices += getFreeLetter(used);
    used += structure.resultIndices.back();
  }
  structure.operandIndices = structure.resultIndices;
  return structure;
}

static std::string getAllLetters(const JacobianStructure &structure) {
  std::string all = structure.resultIndices + structure.operandIndices;
  for (StringRef letters : structure.featureIndices)
    all += letters;
  return all;
}

/// J[y, θ] = Σ_v use[y, v] view[v, θ], for a view without features. Fails if
/// the two take v apart differently. A view that only reshapes θ may be taken
/// apart in any way.
static std::optional<JacobianStructure> compose(JacobianStructure use,
                                                const JacobianStructure &view) {
  if (view.resultIndices == view.operandIndices)
    return use;
  std::string have = use.operandIndices, want = view.resultIndices;
  SmallVector<int64_t> haveShape = use.operandShape,
                       wantShape = view.resultShape;
  dropUnits(have, haveShape);
  dropUnits(want, wantShape);
  if (haveShape != wantShape)
    return std::nullopt;
  std::string used = getAllLetters(use) + canonicalOrder.str();
  std::string letters;
  for (char letter : view.operandIndices) {
    size_t position = want.find(letter);
    if (position != std::string::npos)
      letters += have[position];
    else // of size one, or summed over by the view
      letters += getFreeLetter(used + letters);
  }
  use.operandIndices = letters;
  use.operandShape = view.operandShape;
  return use;
}

namespace {

/// Follows the uses of one parameter.
class SiteFinder {
public:
  SiteFinder(OpBuilder &builder, const Forward &forward,
             const DenseSet<Value> &perExample)
      : builder(builder), forward(forward), perExample(perExample),
        ops(forward.ops.begin(), forward.ops.end()) {}

  /// The sites behind all uses of `value`, whose Jacobian in θ is `view`;
  /// nothing if one of the uses has no structure.
  std::optional<SiteList> find(Value value, const JacobianStructure &view) {
    if (llvm::is_contained(forward.results, value))
      return std::nullopt;
    SiteList sites;
    for (OpOperand &use : value.getUses()) {
      if (!ops.contains(use.getOwner()))
        continue; // built here, not a part of the network
      std::optional<SiteList> found = findBehind(use, view);
      if (!found)
        return std::nullopt;
      llvm::append_range(sites, *found);
    }
    return sites;
  }

  static Site getSite(Value result, const JacobianStructure &structure) {
    Site site;
    site.result = result;
    site.resultIndices = structure.resultIndices;
    site.resultShape = structure.resultShape;
    for (auto [feature, letters] :
         llvm::zip_equal(structure.features, structure.featureIndices))
      site.features.push_back({feature, letters});
    site.parameterIndices = structure.operandIndices;
    site.parameterShape = structure.operandShape;
    dropUnits(site.parameterIndices, site.parameterShape);
    return site;
  }

private:
  std::optional<SiteList> findBehind(OpOperand &use,
                                     const JacobianStructure &view) {
    Operation *op = use.getOwner();
    Value result = op->getResult(0);
    auto rule = dyn_cast<DifferentiableOpInterface>(op);
    if (!rule || !rule.isDifferentiableIn(use.getOperandNumber()))
      return SiteList(); // constant under differentiation
    auto structured = dyn_cast<JacobianStructureOpInterface>(op);
    if (!structured)
      return std::nullopt;
    std::optional<JacobianStructure> structure =
        structured.getJacobianStructure(builder, use.getOperandNumber());
    if (structure)
      structure = compose(*structure, view);
    if (!structure)
      return std::nullopt;
    if (structure->features.empty() && !perExample.contains(result))
      if (std::optional<SiteList> further = find(result, *structure))
        return further;
    return SiteList{getSite(result, *structure)};
  }

  OpBuilder &builder;
  const Forward &forward;
  const DenseSet<Value> &perExample;
  DenseSet<Operation *> ops;
};

} // namespace

Site mlir::ntk::getExplicitSite(Value parameter) {
  return SiteFinder::getSite(parameter,
                             getIdentityStructure(getShape(parameter)));
}

SiteList mlir::ntk::findSites(OpBuilder &builder, const Forward &forward,
                              Value parameter,
                              const DenseSet<Value> &perExample) {
  SiteFinder finder(builder, forward, perExample);
  std::optional<SiteList> sites =
      finder.find(parameter, getIdentityStructure(getShape(parameter)));
  if (!sites)
    return {getExplicitSite(parameter)};
  for (const Site &site : *sites)
    if (site.parameterShape != sites->front().parameterShape)
      return {getExplicitSite(parameter)};
  return *sites;
}
