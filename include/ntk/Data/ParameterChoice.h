// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which tensors of a model are parameters, which are left as they are, and why:
// one list that is made once and read by all who speak of it, the note that
// says what was taken, --parameters, --wrt and --frozen, --params, warnings.

#ifndef NTK_DATA_PARAMETERCHOICE_H
#define NTK_DATA_PARAMETERCHOICE_H

#include "ntk/Data/Arrays.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::ntk {

/// A tensor of floating-point numbers of the model, and what becomes of it.
struct ParameterChoice {
  /// What the tensor is to the model that it comes from. Parameters and buffers
  /// are its state, which a file of parameters brings; a constant is not.
  enum class Role { Parameter, Buffer, Constant };

  std::string name;
  ElementKind kind = ElementKind::Float32;
  llvm::SmallVector<int64_t> shape;
  Role role = Role::Constant;
  bool taken = false;   ///< differentiated by
  bool used = true;     ///< the outputs depend on it
  bool renamed = false; ///< an exporter gave it a name that the model has not
  std::string why;      ///< "weight of Conv"
  /// What the model does not tell, where the choice is a guess; else empty.
  std::string doubt;

  int64_t size() const { return *sizeOf(shape); }
};

/// Takes exactly what a glob of `wrt` matches, or, where each of them begins
/// with "+", that too; then leaves what a glob of `frozen` matches. What they
/// decide is no doubt any more. Each glob has to match a name.
llvm::Error applyGlobs(llvm::MutableArrayRef<ParameterChoice> choices,
                       llvm::ArrayRef<std::string> wrt,
                       llvm::ArrayRef<std::string> frozen);

/// "took 2 parameters (15 numbers): 'w', 'b'; left 1 tensor (3 numbers): 'm'",
/// with names where they are few. Tensors that no output depends on are not
/// counted.
std::string summarize(llvm::ArrayRef<ParameterChoice> choices);

/// What is in doubt, a line for each reason, with the option that decides.
struct Doubts {
  std::vector<std::string> warnings;
  /// About single numbers that were taken for constants, as most are.
  std::vector<std::string> notes;
};
Doubts describeDoubts(llvm::ArrayRef<ParameterChoice> choices);

/// A table with a line for each tensor: taken or left, name, shape, why.
void printChoices(llvm::ArrayRef<ParameterChoice> choices,
                  llvm::raw_ostream &os);

/// "near are 'a', 'b', 'c'": the names most like one that does not exist.
std::string suggestNames(llvm::StringRef wanted,
                         llvm::ArrayRef<llvm::StringRef> names);

/// "'a', 'b' and 3 more".
std::string quoteNames(llvm::ArrayRef<std::string> names, size_t most = 3);

} // namespace mlir::ntk

#endif // NTK_DATA_PARAMETERCHOICE_H
