// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The optimizer loses a parameter in two ways that leave no trace: where equal
// ones were merged, and where a number is the neutral element of its operator,
// as in `x * scale` before training. A state_dict of the very model shows of a
// parameter that neither can have been: it is unused.

#include "Undo/GivenState.h"
#include "Undo/Tensors.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

bool onnximport::isOwnState(const ExportedModel &model,
                            const Findings &findings) {
  bool any = false;
  for (const auto &entry : findings.given) {
    if (!model.isUnchanged(entry.first()))
      continue;
    if (!isEqual(*model.find(entry.first()), entry.second))
      return false;
    any = true;
  }
  return any;
}

bool onnximport::isDistinct(const ExportedModel &model,
                            const Findings &findings, StringRef parameter) {
  auto own = findings.given.find(parameter);
  if (own == findings.given.end() || own->second.size() < 2)
    return false;
  const Array &values = own->second;
  return llvm::none_of(findings.given,
                       [&](const auto &entry) {
                         return entry.first() != parameter &&
                                haveOneContent(entry.second, values);
                       }) &&
         llvm::none_of(model.tensorNames(), [&](StringRef name) {
           return name != parameter &&
                  haveOneContent(*model.find(name), values);
         });
}

bool onnximport::mayBeScalar(const Findings &findings,
                             llvm::ArrayRef<std::string> parameters) {
  return llvm::any_of(parameters, [&](const std::string &name) {
    auto given = findings.given.find(name);
    return given == findings.given.end() || given->second.size() < 2;
  });
}
