// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which values a kernel may be cut at. Below its last cut a segment costs so
// many backward passes as the cut has elements; each cut costs two products
// with its Jacobians. On the tree of post-dominators the best set of cuts of a
// whole network follows from those of what is before each value, for each
// number of passes that may arrive there. Work is estimated here, by what the
// forward ops do; exact prices are found on what is proposed.

#include "ProposeCuts.h"
#include "ntk/Analysis/Dependence.h"
#include "ntk/Analysis/PostDominators.h"
#include "ntk/Kernel/Cuts.h"
#include "ntk/Kernel/Expand.h"
#include <map>

using namespace mlir;
using namespace mlir::ntk;

/// A cut is proposed only if it takes away at least a tenth of the passes.
static constexpr double mostOfWidth = 0.9;

namespace {

/// Where a parameter enters: y = θ·x at some pixels or tokens.
struct SiteEstimate {
  double flops, results, numbers; ///< of the op; elements of y; of θ
};

/// The outputs, or a value that may be a cut, and what lies between it and
/// those before it.
struct Segment {
  Operation *op; ///< null: the outputs
  double width;  ///< elements
  double flops = 0;
  std::vector<SiteEstimate> sites = {};
  std::vector<unsigned> before = {}; ///< the next ones towards the inputs
};

/// The cheapest choice of cuts in some part of a network.
struct Choice {
  double flops = 0;
  std::vector<Operation *> cuts = {};
};

class CutProposer {
public:
  CutProposer(KernelOp kernel, NetworkOp network, const ProblemSize &size);
  std::vector<Operation *> run() { return solve(0, 0).cuts; }

private:
  void addSegments(const PostDominators &ways, const DenseSet<Value> &active);
  void addSites(const PostDominators &ways, ArrayRef<Value> parameters);
  double getSegmentFlops(const Segment &segment, unsigned seed) const;
  double getCutFlops(double width, unsigned seed) const;
  const Choice &solve(unsigned segment, unsigned seed);
  Choice choose(unsigned segment, unsigned seed);

  /// The rows of a kernel, for each column, whose passes start at `seed`.
  double getColumns(unsigned seed) const {
    return seed == 0 && !isFull ? 1 : segments[seed].width;
  }

  NetworkOp network;
  double examples, pairs;
  bool isFull; ///< o and p are two letters
  std::vector<Segment> segments;
  /// The segment that a value is in.
  DenseMap<Value, unsigned> segmentOf;
  std::map<std::pair<unsigned, unsigned>, Choice> solved;
};

} // namespace

static double getCount(Value value) {
  return static_cast<double>(
      cast<RankedTensorType>(value.getType()).getNumElements());
}

static double getForwardFlops(Operation *op) {
  auto cost = dyn_cast<CostOpInterface>(op);
  return cost ? static_cast<double>(cost.getCoreFlops()) : 0;
}

CutProposer::CutProposer(KernelOp kernel, NetworkOp network,
                         const ProblemSize &size)
    : network(network),
      examples(static_cast<double>(size.n1 + (size.symmetric ? 0 : size.n2))),
      pairs(static_cast<double>(size.n1) * static_cast<double>(size.n2) *
            size.getPairShare()),
      isFull(kernel.getOutputs().isFull()) {
  Block &body = network.getBody().front();
  SmallVector<Operation *> ops;
  for (Operation &op : body.without_terminator())
    ops.push_back(&op);
  PostDominators ways(ops, network.getReturn().getOperands());
  SmallVector<Value> parameters;
  for (BlockArgument argument : body.getArguments())
    if (isRequested(kernel, network, argument.getArgNumber()))
      parameters.push_back(argument);
  auto outputs = static_cast<double>(
      kernel.getDecisions().blockO.value_or(network.getOutputs()));
  segments.push_back({nullptr, outputs});
  addSegments(ways, getActiveDependents(body, parameters));
  addSites(ways, parameters);
}

/// From the outputs on, a value begins a segment if it has fewer elements than
/// all that are behind it.
void CutProposer::addSegments(const PostDominators &ways,
                              const DenseSet<Value> &active) {
  for (Operation &op : llvm::reverse(network.getBody().front())) {
    if (op.getNumResults() != 1 || !active.contains(op.getResult(0)) ||
        !ways.reachesResults(op.getResult(0)))
      continue;
    Value value = op.getResult(0);
    unsigned number = segmentOf.lookup(ways.getNext(value));
    double width = getCount(value);
    if (width > 0 && width <= mostOfWidth * segments[number].width) {
      segments[number].before.push_back(segments.size());
      number = segments.size();
      segments.push_back({&op, width});
    }
    segmentOf[value] = number;
    segments[number].flops += getForwardFlops(&op);
  }
}

void CutProposer::addSites(const PostDominators &ways,
                           ArrayRef<Value> parameters) {
  for (Value parameter : parameters) {
    SmallVector<Value> uses;
    for (Operation *user : parameter.getUsers())
      if (user->getNumResults() == 1)
        uses.push_back(user->getResult(0));
    Segment &segment = segments[segmentOf.lookup(ways.getCommon(uses))];
    for (Value use : uses)
      segment.sites.push_back({getForwardFlops(use.getDefiningOp()),
                               getCount(use), getCount(parameter)});
  }
}

/// Backward passes, and for each site the cheaper of its gradients and their
/// Gram, or the Grams of features and cotangents.
double CutProposer::getSegmentFlops(const Segment &segment,
                                    unsigned seed) const {
  double rows = segments[seed].width, columns = getColumns(seed);
  double flops = examples * rows * segment.flops;
  for (const SiteEstimate &site : segment.sites) {
    double gradients = examples * rows * site.flops +
                       2 * pairs * rows * columns * site.numbers;
    double positions = std::max(1.0, site.flops / (2 * site.numbers));
    double across = positions > 1 ? rows * positions : 0;
    double grams = 2 * pairs * (rows * columns + across) * site.results;
    flops += std::min(gradients, grams);
  }
  return flops;
}

/// J Θ_b Jᵀ.
double CutProposer::getCutFlops(double width, unsigned seed) const {
  double rows = segments[seed].width;
  return 2 * pairs * (rows * width * width + rows * getColumns(seed) * width);
}

const Choice &CutProposer::solve(unsigned segment, unsigned seed) {
  auto key = std::pair(segment, seed);
  auto found = solved.find(key);
  if (found == solved.end())
    found = solved.emplace(key, choose(segment, seed)).first;
  return found->second;
}

/// For `segment` and all before it, if the passes of `seed` arrive there.
Choice CutProposer::choose(unsigned segment, unsigned seed) {
  auto add = [&](Choice choice, unsigned from) {
    choice.flops += getSegmentFlops(segments[segment], from);
    for (unsigned before : segments[segment].before) {
      const Choice &part = solve(before, from);
      choice.flops += part.flops;
      llvm::append_range(choice.cuts, part.cuts);
    }
    return choice;
  };
  Choice uncut = add({}, seed);
  if (segment == seed)
    return uncut;
  Choice cut =
      add({getCutFlops(segments[segment].width, seed), {segments[segment].op}},
          segment);
  return cut.flops < uncut.flops ? cut : uncut;
}

std::vector<std::string> mlir::ntk::proposeCuts(KernelOp kernel,
                                                NetworkOp network,
                                                const ProblemSize &size) {
  std::vector<Operation *> cuts = CutProposer(kernel, network, size).run();
  llvm::sort(cuts,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  std::vector<std::string> names;
  for (Operation *op : cuts)
    names.push_back(getValueName(op));
  return names;
}
