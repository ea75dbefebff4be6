// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Examples to run a network on.

#ifndef NTK_RUN_EXAMPLES_H
#define NTK_RUN_EXAMPLES_H

#include "ntk/Import/Model.h"

namespace mlir::ntk {

/// Examples for all inputs of a network, in the element types it computes in.
struct Examples {
  std::vector<Array> inputs; ///< [n, shape of the input], one for each
  int64_t count = 0;         ///< n

  /// Bytes of all of them.
  int64_t getBytes() const;
  bool operator==(const Examples &other) const;
};

/// Where examples are from, for messages: the option or argument, as "--x1",
/// and the file, if there is one.
struct ExampleSource {
  llvm::StringRef option, path;

  /// "--x1: images.npy".
  std::string describe() const {
    return (path.empty() ? option : option + ": " + path).str();
  }
};

/// Checks the arrays of `--x1` or `--x2` against the network: names, ranks,
/// sizes, element types, ids within their tables, and that values are finite
/// unless that is allowed. A whole batch is one example. An array of one
/// example's shape, or a value of `--input`, is repeated for all. `store` has
/// the values of the network's buffers, with which ids may be computed.
llvm::Expected<Examples> readExamples(Model &model, const ParameterStore &store,
                                      ExampleSource source,
                                      ArrayRef<NamedArray> arrays,
                                      ArrayRef<NamedArray> shared,
                                      bool allowNonFinite);

} // namespace mlir::ntk

#endif // NTK_RUN_EXAMPLES_H
