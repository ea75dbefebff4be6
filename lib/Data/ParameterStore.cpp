// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The store of parameters and buffers, and the check that they are finite.

#include "ntk/Data/ParameterStore.h"
#include "llvm/ADT/Twine.h"

using namespace mlir::ntk;

bool ParameterStore::add(llvm::StringRef name, Array values, bool trainable) {
  if (!positions.try_emplace(name, entries.size()).second)
    return false;
  entries.push_back({name.str(), std::move(values), trainable});
  return true;
}

const StoredTensor *ParameterStore::find(llvm::StringRef name) const {
  auto it = positions.find(name);
  return it == positions.end() ? nullptr : &entries[it->second];
}

llvm::Error mlir::ntk::checkFinite(const ParameterStore &store) {
  std::string found;
  for (const StoredTensor &tensor : store.tensors()) {
    NonFiniteCount count = countNonFinite(tensor.values);
    if (!tensor.trainable)
      count.infinities = 0; // as masks hold them
    if (count.nans == 0 && count.infinities == 0)
      continue;
    found += found.empty() ? "'" : ", '";
    found += tensor.name + "' has " + std::to_string(count.nans) + " NaN and " +
             std::to_string(count.infinities) + " Inf";
  }
  if (found.empty())
    return llvm::Error::success();
  return llvm::createStringError("expected finite weights, but " + found);
}
