// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finding sites: from a parameter along the values that depend on parameters
// alone to the ops that use them.

#include "Composition.h"
#include "dialects/NTK/IR/OpHelpers.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {

/// Follows the uses of one parameter.
class SiteFinder {
public:
  SiteFinder(OpBuilder &builder, const Forward &forward,
             const DenseSet<Value> &perExample)
      : builder(builder), forward(forward), perExample(perExample),
        ops(forward.ops.begin(), forward.ops.end()) {}

  /// The sites behind `value`, whose structure in θ is `view`, or the value
  /// itself if one of its uses has no structure.
  SiteList find(Value value, const JacobianStructure &view) {
    if (perExample.contains(value) || followed == mostFollowed)
      return {{value, view}};
    ++followed;
    return findBehindAll(value, view).value_or(SiteList{{value, view}});
  }

  /// Were there more paths than are followed? Those that part and join again
  /// double in number each time.
  bool hasGivenUp() const { return followed == mostFollowed; }

private:
  static constexpr unsigned mostFollowed = 256;

  std::optional<SiteList> findBehindAll(Value value,
                                        const JacobianStructure &view) {
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

  std::optional<SiteList> findBehind(OpOperand &use,
                                     const JacobianStructure &view) {
    Operation *op = use.getOwner();
    auto rule = dyn_cast<DifferentiableOpInterface>(op);
    if (!rule || !rule.isDifferentiableIn(use.getOperandNumber()))
      return SiteList(); // constant under differentiation
    auto structured = dyn_cast<JacobianStructureOpInterface>(op);
    if (!structured)
      return std::nullopt;
    std::optional<JacobianStructure> structure =
        structured.getJacobianStructure(builder, use.getOperandNumber());
    if (structure)
      structure = compose(builder, *structure, view);
    if (!structure || countIndices(*structure) > mostIndices)
      return std::nullopt;
    if (structure->scale == 0)
      return SiteList();
    return find(op->getResult(0), *structure);
  }

  OpBuilder &builder;
  const Forward &forward;
  const DenseSet<Value> &perExample;
  DenseSet<Operation *> ops;
  unsigned followed = 0; ///< values of parameters alone, on every path
};

} // namespace

/// Splits the axes that the sites give θ until they are the same.
static LogicalResult alignAxes(OpBuilder &builder, SiteList &sites) {
  if (sites.empty())
    return success();
  SmallVector<ArrayRef<int64_t>> shapes;
  for (const Site &site : sites)
    shapes.push_back(site.structure.operand.shape);
  std::optional<SmallVector<int64_t>> common = getCommonShape(shapes);
  if (!common)
    return failure();
  for (Site &site : sites)
    if (failed(splitAxes(builder, site.structure, site.structure.operand,
                         *common)))
      return failure();
  return success();
}

Site mlir::ntk::getExplicitSite(Value parameter) {
  return {parameter, getElementwiseStructure(getShape(parameter))};
}

SiteList mlir::ntk::findSites(OpBuilder &builder, const Forward &forward,
                              Value parameter,
                              const DenseSet<Value> &perExample) {
  SiteFinder finder(builder, forward, perExample);
  Site whole = getExplicitSite(parameter);
  SiteList sites = finder.find(parameter, whole.structure);
  bool isPlain = !finder.hasGivenUp() && succeeded(alignAxes(builder, sites));
  for (const Site &site : sites)
    isPlain &= countIndices(site.structure) <= mostIndices;
  return isPlain ? sites : SiteList{whole};
}
