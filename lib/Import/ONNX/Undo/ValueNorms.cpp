// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Of a norm that was folded without a trace nothing but the product is left:
//
//   W' = W γ / √(σ² + ε)      b' = (b − μ) γ / √(σ² + ε) + β
//
// With a state_dict at hand, the weight is the one of the convolution's module,
// or of its shape, and the norm the one with which the equations hold. Before
// training they hold with every norm of as many channels. One that has a node
// of its own was not folded; of the others it is the one that is nearest by
// name: in the same module, then of the same number as `bn2` behind `conv2`,
// then the next behind the weight. ε is one of those that are in use, whichever
// fits best.

#include "Undo/ValueNorms.h"
#include "Undo/BatchNorm.h"
#include "Undo/GivenTensors.h"
#include "Undo/OlderExporter.h"
#include "Undo/Tensors.h"
#include "Undo/ZeroBias.h"
#include <cmath>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

using Numbers = std::vector<double>;

namespace {

/// A weight with its bias, and the norm behind it.
struct Candidate {
  std::string weight, bias, norm;
  double epsilon = 0, error = 0;
};

class ValueUnfolder {
public:
  ValueUnfolder(ExportedModel &model, Findings &findings)
      : model(model), findings(findings), given(model, findings) {}
  Error run();

private:
  Error unfold(size_t node);
  std::optional<Candidate> findBest(size_t node);
  bool hasNode(StringRef norm) const;
  void sortByNearness(std::vector<std::string> &norms, StringRef weight) const;
  double compare(size_t node, Candidate &candidate);
  double misfit(size_t node, const Candidate &candidate, double epsilon);
  Error restore(size_t node, const Candidate &candidate);
  Numbers read(StringRef given, int64_t count, double missing) const;
  bool has(StringRef name, llvm::ArrayRef<int64_t> shape) const;

  ExportedModel &model;
  Findings &findings;
  GivenTensors given;
  llvm::StringSet<> used;
  Numbers product, shift;
  int64_t channels = 0;
};

} // namespace

static Numbers toNumbers(const Array &values) {
  Expected<Array> wide = convertFloat(values, ElementKind::Float64);
  if (!wide) {
    consumeError(wide.takeError());
    return {};
  }
  auto elements = wide->as<double>();
  return Numbers(elements.begin(), elements.end());
}

bool ValueUnfolder::has(StringRef name, llvm::ArrayRef<int64_t> shape) const {
  auto found = findings.given.find(name);
  return found != findings.given.end() && isFloat(found->second.kind) &&
         llvm::ArrayRef<int64_t>(found->second.shape) == shape;
}

Numbers ValueUnfolder::read(StringRef given, int64_t count,
                            double missing) const {
  auto found = findings.given.find(given);
  return found == findings.given.end() ? Numbers(count, missing)
                                       : toNumbers(found->second);
}

/// The channel of the output that element `i` of the weight belongs to.
static int64_t channelOf(const Node &node, const Array &weight,
                         int64_t channels, int64_t i) {
  int64_t perRow = weight.size() / weight.shape[0];
  if (node.type == "Conv")
    return i / perRow;
  int64_t perColumn = perRow / weight.shape[1];
  int64_t groups = channels / weight.shape[1];
  int64_t group = i / perRow / (weight.shape[0] / groups);
  return group * weight.shape[1] + i % perRow / perColumn;
}

/// How far the equations are from holding, relative to the largest number.
double ValueUnfolder::misfit(size_t node, const Candidate &candidate,
                             double epsilon) {
  const Array &folded = *model.find(model.node(node).inputs[1]);
  Numbers weight = read(candidate.weight, product.size(), 0);
  Numbers bias = read(candidate.bias, channels, 0);
  Numbers gamma = read(candidate.norm + ".weight", channels, 1);
  Numbers beta = read(candidate.norm + ".bias", channels, 0);
  Numbers mean = read(candidate.norm + ".running_mean", channels, 0);
  Numbers variance = read(candidate.norm + ".running_var", channels, 1);
  double error = 0, largest = 1e-30;
  for (int64_t c = 0; c < channels; ++c) {
    gamma[c] /= std::sqrt(variance[c] + epsilon);
    double expected = (bias[c] - mean[c]) * gamma[c] + beta[c];
    error = std::max(error, std::abs(shift[c] - expected));
    largest = std::max({largest, std::abs(expected), std::abs(gamma[c])});
  }
  if (error > 1e-4 * largest)
    return error / largest;
  for (size_t i = 0; i < product.size(); ++i) {
    int64_t c = channelOf(model.node(node), folded, channels, i);
    double expected = weight[i] * gamma[c];
    error = std::max(error, std::abs(product[i] - expected));
    if (error > 1e-4 * largest)
      break;
  }
  return error / largest;
}

/// The best of the epsilons; a misfit above 1e-5 is none.
double ValueUnfolder::compare(size_t node, Candidate &candidate) {
  candidate.error = 1;
  for (double epsilon : {1e-5, 1e-3, 1e-6, 1e-4, 1e-2, 1e-8, 1e-12}) {
    double error = misfit(node, candidate, epsilon);
    if (error < candidate.error) {
      candidate.error = error;
      candidate.epsilon = epsilon;
    }
    // Another norm is not a matter of epsilon.
    if (error > 0.1)
      break;
  }
  return candidate.error;
}

bool ValueUnfolder::hasNode(StringRef norm) const {
  return llvm::any_of(
      model.readers((norm + ".running_var").str()), [&](Slot slot) {
        return model.node(slot.node).type == "BatchNormalization";
      });
}

/// The number of modules that both are in.
static size_t countShared(StringRef left, StringRef right) {
  size_t count = 0;
  while (left.contains('.') && right.contains('.')) {
    auto [leftModule, leftRest] = left.split('.');
    auto [rightModule, rightRest] = right.split('.');
    if (leftModule != rightModule)
      break;
    ++count;
    left = leftRest;
    right = rightRest;
  }
  return count;
}

/// What is behind the letters of a module's last name: 2 of "layer1.0.conv2".
static StringRef numberOf(StringRef module) {
  StringRef last = module.substr(module.rfind('.') + 1);
  StringRef stem = last.rtrim("0123456789");
  return stem.empty() ? StringRef() : last.drop_front(stem.size());
}

void ValueUnfolder::sortByNearness(std::vector<std::string> &norms,
                                   StringRef weight) const {
  StringRef module = weight;
  module.consume_back(".weight");
  auto place = [&](StringRef name) {
    return llvm::find(findings.givenOrder, name) - findings.givenOrder.begin();
  };
  auto distance = [&](const std::string &norm) {
    return std::make_tuple(hasNode(norm), -int(countShared(norm, module)),
                           numberOf(norm) != numberOf(module),
                           place(norm + ".running_var") < place(weight));
  };
  std::vector<std::pair<decltype(distance("")), std::string>> ranked;
  for (std::string &norm : norms)
    ranked.emplace_back(distance(norm), std::move(norm));
  llvm::stable_sort(ranked, llvm::less_first());
  for (auto [norm, entry] : llvm::zip_equal(norms, ranked))
    norm = std::move(entry.second);
}

std::optional<Candidate> ValueUnfolder::findBest(size_t node) {
  const Array &folded = *model.find(model.node(node).inputs[1]);
  std::string own = modulePath(model.node(node).name) + ".weight";
  std::vector<std::string> weights, norms;
  for (const std::string &name : findings.givenOrder) {
    if (has(name, folded.shape) && !used.contains(name) &&
        (name == own || !findings.given.count(own)))
      weights.push_back(name);
    StringRef stem = name;
    if (stem.consume_back(".running_var") && has(name, channels) &&
        !used.contains(stem))
      norms.push_back(stem.str());
  }
  for (const std::string &weight : weights) {
    StringRef stem = weight;
    stem.consume_back("weight");
    std::string bias = (stem + "bias").str();
    sortByNearness(norms, weight);
    for (const std::string &norm : norms) {
      Candidate candidate{weight, has(bias, channels) ? bias : "", norm};
      if (compare(node, candidate) < 1e-5)
        return candidate;
    }
  }
  return std::nullopt;
}

Error ValueUnfolder::restore(size_t node, const Candidate &candidate) {
  used.insert(candidate.weight);
  used.insert(candidate.norm);
  std::vector<std::string> names{
      candidate.norm + ".weight", candidate.norm + ".bias",
      candidate.norm + ".running_mean", candidate.norm + ".running_var"};
  for (std::string &name : names) {
    if (!findings.given.count(name)) {
      bool isScale = StringRef(name).ends_with("weight");
      name = model.makeName(isScale ? candidate.norm + ".ones"
                                    : candidate.norm + ".zeros");
      if (Error error = addUniform(model, name, channels, isScale))
        return error;
    } else if (!model.find(name)) {
      model.addTensor(name, findings.given[name]);
    }
  }
  for (const std::string &name : {candidate.weight, candidate.bias})
    if (!name.empty() && !model.find(name))
      model.addTensor(name, findings.given[name]);
  model.setInput({node, 1}, candidate.weight);
  if (candidate.bias.empty())
    model.dropInputs(node, 2);
  else
    model.setInput({node, 2}, candidate.bias);
  std::string result = model.node(node).outputs[0];
  std::string before = model.makeName(result + ".product");
  model.setOutput(node, 0, before);
  model.insertBehind(
      node, makeBatchNorm(model, before, names, result, candidate.epsilon));
  findings.restored += 2;
  return Error::success();
}

Error ValueUnfolder::unfold(size_t node) {
  const Node &fused = model.node(node);
  std::string weight = fused.inputs[1];
  std::string path = modulePath(fused.name);
  std::optional<int64_t> count = countChannels(model, fused);
  if (count && !findings.given.empty()) {
    channels = *count;
    product = toNumbers(*model.find(weight));
    bool hasShift = fused.inputs.size() > 2 && model.find(fused.inputs[2]);
    shift = hasShift ? toNumbers(*model.find(fused.inputs[2]))
                     : Numbers(channels, 0);
    if (shift.size() == size_t(channels))
      if (std::optional<Candidate> best = findBest(node))
        return restore(node, *best);
    // Or it was only moved, as for a functional call.
    if (Expected<bool> done = given.find(weight, path); !done || *done)
      return done.takeError();
  }
  findings.losses.push_back(
      {"batch norm or another computation is folded into",
       "'" + weight + "'" + (path.empty() ? "" : " of '" + path + "'"),
       {},
       /*isDecidable=*/true});
  return Error::success();
}

Error ValueUnfolder::run() {
  for (size_t i = 0; i < model.numNodes(); ++i) {
    const Node &node = model.node(i);
    bool isFolded = (node.type == "Conv" || node.type == "ConvTranspose") &&
                    node.domain.empty() && node.inputs.size() > 1 &&
                    StringRef(node.inputs[1]).starts_with("onnx::") &&
                    model.isFloatTensor(node.inputs[1]);
    if (isFolded)
      if (Error error = unfold(i))
        return error;
  }
  return Error::success();
}

Error onnximport::unfoldNormsByValue(ExportedModel &model, Findings &findings) {
  return ValueUnfolder(model, findings).run();
}
