// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of the network as names in C: parameters "0.weight", values of ONNX
// "/layer1/Relu_output_0", inputs. Every name is unique where it is declared.

#ifndef NTK_LIB_TARGET_IDENTIFIERS_H
#define NTK_LIB_TARGET_IDENTIFIERS_H

#include "dialects/NTK/IR/Names.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include <string>
#include <vector>

namespace mlir::ntk {

/// `name` as an identifier: "fc1.weight" is fc1_weight, "0.weight"
/// layer0_weight, "/1/Relu_output_0" layer1_Relu. Never empty, never a word
/// that C or C++ reserves.
std::string mangle(StringRef name);

/// The identifiers of one scope.
class Identifiers {
public:
  Identifiers() = default;
  /// A scope inside another: names of both differ.
  explicit Identifiers(const Identifiers *outer) : outer(outer) {}

  /// `wanted`, or with the first number behind it that makes it unique.
  std::string add(StringRef wanted);

  /// What has been added from now on may be taken back.
  size_t mark() const { return added.size(); }
  /// Takes back what has been added since a mark.
  void release(size_t mark);

private:
  bool has(StringRef name) const {
    return taken.contains(name) || (outer && outer->has(name));
  }

  struct Addition {
    std::string name, wanted;
    unsigned number; ///< the last number of `wanted` before
  };

  const Identifiers *outer = nullptr;
  llvm::StringSet<> taken;
  llvm::StringMap<unsigned> numbers; ///< the last behind each wish
  std::vector<Addition> added;
};

} // namespace mlir::ntk

#endif // NTK_LIB_TARGET_IDENTIFIERS_H
