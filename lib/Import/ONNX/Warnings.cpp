// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What exporters do to parameters and how it shows in the file: merged, folded
// and removed parameters, broken ties, gathers computed in advance. None of it
// changes the network's outputs, all of it its kernel.

#include "Parameters.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringExtras.h"

#include <cstring>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

/// The advice at the end of each warning.
static constexpr llvm::StringLiteral advice =
    "; export with torch.onnx.export(model.eval(), …, optimize=False) to keep "
    "every parameter as it is";

/// (b) Weights that the older exporter folded batch normalisation into.
static void findFoldedConvolutions(const Model &model,
                                   std::vector<std::string> &warnings) {
  std::vector<std::string> folded;
  for (const NamedTensor &tensor : model.initializers)
    if (StringRef(tensor.name).starts_with("onnx::Conv_") &&
        isFloat(tensor.values.kind))
      folded.push_back(tensor.name);
  if (!folded.empty())
    warnings.push_back(
        "batch normalisation is folded into the convolution weights " +
        quoteNames(folded) + advice.str());
}

/// The bits of element `i`, scattered over 64 bits.
static uint64_t hashElement(const Array &values, int64_t i) {
  size_t width = byteWidth(values.kind);
  uint64_t bits = 0;
  std::memcpy(&bits, values.bytes().data() + i * width, width);
  bits *= 0x9e3779b97f4a7c15;
  return (bits ^ (bits >> 32)) * 0xd6e8feb86659fd93;
}

/// A hash that does not depend on the order of elements.
static uint64_t hashElements(const Array &values) {
  uint64_t sum = static_cast<uint64_t>(values.size());
  for (int64_t i = 0; i < values.size(); ++i)
    sum += hashElement(values, i);
  return sum;
}

/// Are the matrices equal, or one the transpose of the other?
static bool isCopy(const Array &a, const Array &b) {
  if (a.kind != b.kind || a.size() != b.size())
    return false;
  if (a.shape == b.shape && a.bytes() == b.bytes())
    return true;
  if (a.shape.size() != 2 || b.shape.size() != 2 || a.shape[0] != b.shape[1])
    return false;
  size_t width = byteWidth(a.kind);
  for (int64_t i = 0; i < a.shape[0]; ++i) {
    for (int64_t j = 0; j < a.shape[1]; ++j)
      if (a.bytes().slice((i * a.shape[1] + j) * width, width) !=
          b.bytes().slice((j * b.shape[1] + i) * width, width))
        return false;
  }
  return true;
}

/// (c) One parameter stored twice, or layers that began as copies of each
/// other. Vectors of one value, as norms have them before training, are equal
/// by chance.
static void findBrokenTies(const Model &model,
                           const llvm::StringSet<> &trainable,
                           std::vector<std::string> &warnings) {
  llvm::DenseMap<uint64_t, const NamedTensor *> seen;
  std::vector<std::string> pairs;
  for (const NamedTensor &tensor : model.initializers) {
    if (!trainable.contains(tensor.name) || tensor.values.shape.size() < 2)
      continue;
    uint64_t hash = hashElements(tensor.values) >> 1;
    auto [it, isNew] = seen.try_emplace(hash, &tensor);
    if (!isNew && isCopy(it->second->values, tensor.values))
      pairs.push_back(it->second->name + "' and '" + tensor.name);
  }
  if (!pairs.empty()) {
    warnings.push_back("parameters " + quoteNames(pairs) +
                       " hold the same numbers: fine for layers that began "
                       "as copies; one parameter of the model must be one "
                       "initializer, and the exporter broke that tie" +
                       advice.str());
  }
}

/// (d) Values that repeat: a table read at constant positions in advance.
static void findFoldedGathers(const Model &model,
                              const llvm::StringSet<> &trainable,
                              std::vector<std::string> &warnings) {
  for (const NamedTensor &tensor : model.initializers) {
    const Array &values = tensor.values;
    if (!trainable.contains(tensor.name) || values.size() < 64 ||
        values.shape.size() < 2)
      continue;
    // Large tables are looked at in places: what repeats, repeats there too.
    constexpr int64_t most = 1 << 16;
    int64_t step = (values.size() + most - 1) / most, looks = 0;
    llvm::DenseSet<uint64_t> distinct;
    for (int64_t i = 0; i < values.size(); i += step, ++looks)
      distinct.insert(hashElement(values, i) >> 1);
    if (distinct.size() > 1 &&
        static_cast<int64_t>(distinct.size()) * 2 <= looks) {
      warnings.push_back("parameter '" + tensor.name +
                         "' repeats its values: it may be a table that the "
                         "exporter read in advance" +
                         advice.str());
    }
  }
}

std::vector<std::string>
onnximport::findWarnings(const Model &model,
                         const llvm::StringSet<> &trainable) {
  std::vector<std::string> warnings;
  if (!model.signature.empty())
    return warnings;
  findFoldedConvolutions(model, warnings);
  findBrokenTies(model, trainable, warnings);
  findFoldedGathers(model, trainable, warnings);
  return warnings;
}
