// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The values of a network's parameters and buffers, beside the IR. A network
// names them (`ntk.param = "fc1.weight"`), the store holds the numbers, in the
// element type of the file they come from; whoever runs a kernel converts them.

#ifndef NTK_DATA_PARAMETERSTORE_H
#define NTK_DATA_PARAMETERSTORE_H

#include "ntk/Data/Arrays.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace mlir::ntk {

/// One parameter (trainable) or buffer (frozen).
struct StoredTensor {
  std::string name;
  Array values;
  bool trainable;
};

/// Parameters and buffers by name, in the order in which they were added.
class ParameterStore {
public:
  /// Adds a tensor; returns false if the name is taken.
  bool add(llvm::StringRef name, Array values, bool trainable);
  /// The tensor of this name, or null. Valid until the next `add`.
  const StoredTensor *find(llvm::StringRef name) const;
  llvm::ArrayRef<StoredTensor> tensors() const { return entries; }

private:
  std::vector<StoredTensor> entries;
  llvm::StringMap<size_t> positions;
};

/// An error that counts the values that are not finite and names the tensors
/// that hold them; success if there is none. Buffers may hold infinity, as
/// masks do.
llvm::Error checkFinite(const ParameterStore &store);

} // namespace mlir::ntk

#endif // NTK_DATA_PARAMETERSTORE_H
