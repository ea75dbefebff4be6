// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tied parameter has a line in the signature for each of its names, and calls
// have the last of them:
//
//   p_embed_weight: PARAMETER target='embed.weight'
//   p_head_weight: PARAMETER target='head.weight'
//   %embedding = embedding(%p_head_weight, %x)       in module 'embed'
//
// The module of the call shows that `embed.weight` is `head.weight`.

#include "Undo/SecondNames.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

/// The innermost module around the call; behind the modules stands its own
/// name.
static std::string moduleOf(const ExportedModel &model,
                            const CallNodes &nodes) {
  std::vector<std::string> scopes = model.scopesOf(nodes.nodes.front());
  if (!scopes.empty() && scopes.back() == nodes.call.name)
    scopes.pop_back();
  return scopes.empty() ? "" : scopes.back();
}

SecondNames::SecondNames(const ExportedModel &model) {
  for (auto [i, name] : llvm::enumerate(model.getParameters()))
    places[name] = i;
  for (const CallNodes &nodes : model.getCalls()) {
    std::string module = moduleOf(model, nodes);
    if (module.empty())
      continue;
    called.insert(module);
    for (const std::string &value : nodes.call.references) {
      StringRef name = model.parameterOf(value);
      std::string own = module + "." + name.rsplit('.').second.str();
      auto place = places.find(own);
      if (own != name && place != places.end() && !model.named.contains(own) &&
          place->second < places.lookup(name))
        firsts[own] = name.str();
    }
  }
}

std::string SecondNames::mayBeOf(StringRef parameter) const {
  auto [module, own] = parameter.rsplit('.');
  if (called.contains(module))
    return "";
  for (const auto &entry : firsts) {
    StringRef first = entry.second;
    if (first.rsplit('.').second == own &&
        places.lookup(parameter) < places.lookup(first))
      return first.str();
  }
  return "";
}
