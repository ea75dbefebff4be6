// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors by their values. Of equal numbers only shape, place and count tell.

#include "Undo/GivenTensors.h"
#include "ParameterUses.h"
#include "Undo/ByValue.h"
#include "Undo/Tensors.h"
#include <array>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Expected;
using llvm::StringRef;

/// A part of a longer parameter of the module, as of packed biases before
/// training, the next that no other tensor has.
Expected<bool> GivenTensors::findUniformPart(const std::string &tensor,
                                             StringRef path) {
  const Array values = *model.find(tensor);
  auto isLonger = [&](const std::string &name) {
    const Array &given = findings.given[name];
    size_t width = byteWidth(values.kind);
    return splitPath(name).first == path && given.kind == values.kind &&
           isUniform(given) && values.size() > 0 &&
           given.size() >= used.lookup(name) + values.size() &&
           given.bytes().take_front(width) == values.bytes().take_front(width);
  };
  auto found = llvm::find_if(findings.givenOrder, isLonger);
  if (found == findings.givenOrder.end() ||
      (model.isKnown(*found) && !used.count(*found)))
    return false;
  auto nodes = makePart(model, *found, used[*found], values.shape, tensor);
  if (!nodes)
    return nodes.takeError();
  if (!model.find(*found))
    model.addTensor(*found, findings.given[*found]);
  used[*found] += values.size();
  model.computeTensor(tensor, std::move(*nodes));
  ++findings.restored;
  findings.doubts.push_back("'" + tensor + "' is taken as a part of '" +
                            *found + "', all equal, that no other tensor has");
  return true;
}

/// Of equal numbers, as of a norm before training, only the place tells: the
/// one parameter of the module that has them, the weight as a factor.
Expected<bool> GivenTensors::findUniform(const std::string &tensor,
                                         StringRef path) {
  const Array values = *model.find(tensor);
  StringRef type = model.node(model.readers(tensor).front().node).type;
  StringRef role = type == "Add" ? "bias" : "weight";
  std::vector<std::string> found, named;
  for (const std::string &name : findings.givenOrder) {
    auto [module, own] = splitPath(name);
    if (module != path || model.isKnown(name) ||
        !haveOneContent(findings.given[name], values))
      continue;
    found.push_back(name);
    if (own == role)
      named.push_back(name);
  }
  if (named.size() == 1)
    found = named;
  if (found.empty())
    return findUniformPart(tensor, path);
  if (found.size() != 1)
    return false;
  Expected<Node> node = makeReshape(model, found.front(), values.shape, tensor);
  if (!node)
    return node.takeError();
  model.addTensor(found.front(), findings.given[found.front()]);
  model.computeTensor(tensor, {std::move(*node)});
  ++findings.restored;
  return true;
}

/// Are a few elements of `values` in `source`? A look at all costs more.
static bool mayHold(const Array &source, const Array &values) {
  size_t width = byteWidth(values.kind), size = values.size();
  StringRef from(source.bytes().data(), source.bytes().size());
  StringRef in(values.bytes().data(), values.bytes().size());
  return llvm::all_of(std::array{size_t(0), size / 2, size - 1}, [&](size_t i) {
    StringRef element = in.substr(i * width, width);
    for (size_t at = 0; at < from.size(); at += width)
      if (from.substr(at, width) == element)
        return true;
    return false;
  });
}

/// May the tensor be a move of this parameter of --params? A larger one, of
/// which it is a part, only if it is of the tensor's module.
bool GivenTensors::mayBe(StringRef name, const Array &values,
                         StringRef path) const {
  const Array &given = findings.given.find(name)->second;
  return name.starts_with(path) && given.kind == values.kind &&
         given.size() > 1 && (!model.isKnown(name) || cut.contains(name)) &&
         (given.size() <= values.size() || !path.empty()) &&
         mayHold(given, values);
}

/// The parameter of --params in the tensor's module, or anywhere, that the
/// tensor is a move of: the values tell.
Expected<bool> GivenTensors::find(const std::string &tensor, StringRef path) {
  const Array values = *model.find(tensor);
  if (isUniform(values))
    return findUniform(tensor, path);
  std::vector<StringRef> places{path};
  if (!path.empty())
    places.push_back("");
  for (StringRef place : places) {
    for (const std::string &name : findings.givenOrder) {
      if (!mayBe(name, values, place))
        continue;
      const Array given = findings.given[name];
      auto nodes = findMove(model, name, given, values, tensor);
      if (!nodes)
        return nodes.takeError();
      if (!*nodes)
        continue;
      if (!model.find(name))
        model.addTensor(name, given);
      // Other parts of it may come.
      if (given.size() > values.size())
        cut.insert(name);
      model.computeTensor(tensor, std::move(**nodes));
      ++findings.restored;
      return true;
    }
  }
  return false;
}
