// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From attributes of linear models to initializers.

#include "LinearModels.h"
#include "OperatorDomains.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

/// The numbers of an attribute, empty if there is none.
static ArrayRef<double> getFloats(const Node &node, StringRef name) {
  auto found = node.attributes.find(name);
  if (found == node.attributes.end() ||
      found->second.kind != NodeAttribute::Kind::Floats)
    return {};
  return found->second.floats;
}

static size_t countClasses(const Node &node) {
  size_t count = 0;
  for (StringRef name : {"classlabels_ints", "classlabels_strings"}) {
    auto found = node.attributes.find(name);
    if (found != node.attributes.end())
      count = std::max(
          {count, found->second.ints.size(), found->second.strings.size()});
  }
  return count;
}

/// Outputs of a linear model before anything is done to them.
static size_t countRows(const Node &node) {
  if (size_t intercepts = getFloats(node, "intercepts").size())
    return intercepts;
  if (node.type == "LinearClassifier")
    return countClasses(node);
  auto targets = node.attributes.find("targets");
  if (targets == node.attributes.end() || targets->second.ints.size() != 1)
    return 1;
  return std::max<int64_t>(targets->second.ints.front(), 0);
}

/// Is the first half the second with the other sign?
static bool isMirrored(ArrayRef<double> values) {
  size_t half = values.size() / 2;
  for (size_t i = 0; i < half; ++i)
    if (values[i] != -values[half + i])
      return false;
  return true;
}

static Expected<Array> makeArray(ArrayRef<double> values,
                                 ArrayRef<int64_t> shape) {
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> array = Array::allocate(ElementKind::Float32, shape, bytes);
  if (array)
    for (auto [i, value] : llvm::enumerate(values))
      reinterpret_cast<float *>(bytes.data())[i] = static_cast<float>(value);
  return array;
}

namespace {
class WeightHoister {
public:
  explicit WeightHoister(Model &model) : model(model) {
    for (const NamedTensor &tensor : model.initializers)
      names.insert(tensor.name);
    for (const Node &node : model.nodes)
      for (const std::string &output : node.outputs)
        names.insert(output);
  }

  Error hoist(Node &node);

private:
  Error addInitializer(Node &node, StringRef what, ArrayRef<double> values,
                       ArrayRef<int64_t> shape);

  Model &model;
  llvm::StringSet<> names;
};
} // namespace

Error WeightHoister::addInitializer(Node &node, StringRef what,
                                    ArrayRef<double> values,
                                    ArrayRef<int64_t> shape) {
  Expected<Array> array = makeArray(values, shape);
  if (!array)
    return array.takeError();
  std::string base = (node.displayName() + "." + what).str(), name = base;
  for (int copy = 1; !names.insert(name).second; ++copy)
    name = base + "." + std::to_string(copy);
  node.inputs.push_back(name);
  node.attributes.erase(what);
  model.initializers.push_back({name, std::move(*array)});
  return Error::success();
}

Error WeightHoister::hoist(Node &node) {
  // Copies: the attributes leave on the way.
  std::vector<double> coefficients = getFloats(node, "coefficients").vec();
  std::vector<double> intercepts = getFloats(node, "intercepts").vec();
  size_t rows = countRows(node);
  if (rows == 0 || coefficients.empty() || coefficients.size() % rows != 0)
    return llvm::createStringError(
        "node '" + node.displayName() + "' (" + node.qualifiedType() +
        "): expected coefficients for each of " + Twine(rows) +
        " outputs, but got " + Twine(coefficients.size()) + " in all");
  if (node.type == "LinearClassifier" && rows == 2 &&
      isMirrored(coefficients) && isMirrored(intercepts)) {
    coefficients.erase(coefficients.begin(),
                       coefficients.begin() + coefficients.size() / 2);
    intercepts.erase(intercepts.begin(),
                     intercepts.begin() + intercepts.size() / 2);
    rows = 1;
    NodeAttribute mirrored;
    mirrored.kind = NodeAttribute::Kind::Int;
    mirrored.ints = {1};
    node.attributes[mirroredAttribute] = mirrored;
  }
  int64_t features = coefficients.size() / rows;
  if (Error error = addInitializer(node, "coefficients", coefficients,
                                   {static_cast<int64_t>(rows), features}))
    return error;
  if (intercepts.empty())
    return Error::success();
  return addInitializer(node, "intercepts", intercepts,
                        {static_cast<int64_t>(rows)});
}

Error onnximport::hoistWeights(Model &model) {
  WeightHoister hoister(model);
  for (Node &node : model.nodes)
    if (node.domain == machineLearningDomain && node.inputs.size() == 1 &&
        (node.type == "LinearRegressor" || node.type == "LinearClassifier"))
      if (Error error = hoister.hoist(node))
        return error;
  return Error::success();
}
