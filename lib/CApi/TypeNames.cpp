// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types as MLIR's library names them. MLIR knows many types by the address of a
// variable that every library has a copy of, and that the dynamic linker makes
// one of: unless a library keeps its copies to itself, as this one does so that
// nothing but its own functions can be seen from outside. Then the copies
// register themselves under the name of their type, as the compiler spells it,
// and are one again if both sides spell it alike. GCC and Clang do not always:
//
//   OpTrait::SymbolTable<mlir::TypeID::get<mlir::OpTrait::SymbolTable>()::Empty>
//   OpTrait::SymbolTable<Empty>
//
// So where this is compiled by GCC and MLIR was by Clang (CMakeLists.txt finds
// out), names are given to MLIR as Clang has them. test/CApi/exports.py checks
// that it knows them all.

#include "mlir/Support/TypeID.h"
#include <mutex>
#include <set>
#include <string>

using llvm::StringRef;

/// MLIR's function, and the one that the linker calls in its place.
#define NTK_REGISTER                                                           \
  _ZN4mlir6detail22FallbackTypeIDResolver22registerImplicitTypeIDEN4llvm9StringRefE
#define NTK_JOIN(a, b) a##b
#define NTK_NAME(a, b) NTK_JOIN(a, b)

extern "C" mlir::TypeID NTK_NAME(__real_, NTK_REGISTER)(StringRef name);

/// The name as Clang spells it.
static std::string spell(StringRef name) {
  // A trait is known by its instance for a local type of a function.
  constexpr StringRef begin = "mlir::TypeID::get<", end = ">()::Empty";
  size_t from = name.find(begin), to = name.rfind(end);
  if (from != StringRef::npos && to != StringRef::npos && from < to)
    return name.take_front(from).str() + "Empty" +
           name.drop_front(to + end.size()).str();
  static constexpr std::pair<StringRef, StringRef> names[] = {
      {"APInt", "llvm::APInt"},
      {"APFloat", "llvm::APFloat"},
      {"mlir::detail::DenseArrayAttrImpl<int>",
       "mlir::detail::DenseArrayAttrImpl<int32_t>"},
      {"mlir::detail::DenseArrayAttrImpl<long int>",
       "mlir::detail::DenseArrayAttrImpl<int64_t>"}};
  for (auto [gcc, clang] : names)
    if (name == gcc)
      return clang.str();
  return name.str();
}

extern "C" mlir::TypeID NTK_NAME(__wrap_, NTK_REGISTER)(StringRef name);
extern "C" mlir::TypeID NTK_NAME(__wrap_, NTK_REGISTER)(StringRef name) {
  // MLIR may keep the reference.
  static std::mutex mutex;
  static std::set<std::string> spelled;
  std::lock_guard<std::mutex> lock(mutex);
  return NTK_NAME(__real_, NTK_REGISTER)(*spelled.insert(spell(name)).first);
}
