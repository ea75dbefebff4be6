// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mangling.

#include "Identifiers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::ntk;

/// Words that mean something in C, C++ or CUDA, macros of headers, and what the
/// text around uses.
static constexpr StringLiteral reserved =
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch "
    "char char8_t char16_t char32_t class co_await co_return co_yield compl "
    "concept const const_cast consteval constexpr constinit continue "
    "decltype default delete do double dynamic_cast else enum explicit "
    "export extern false float for friend goto if inline int long mutable "
    "namespace new noexcept not not_eq nullptr operator or or_eq private "
    "protected public register reinterpret_cast requires restrict return "
    "short signed sizeof static static_assert static_cast struct switch "
    "template this thread_local throw true try typedef typeid typename "
    "typeof union unsigned using virtual void volatile wchar_t while xor "
    "xor_eq alloca assert errno i386 linux main offsetof stderr stdin "
    "stdout unix std int8_t int16_t int32_t int64_t uint8_t uint16_t "
    "uint32_t uint64_t intptr_t uintptr_t ptrdiff_t size_t begin cos dyn "
    "end erf exp log sin sqrt tanh blockDim blockIdx gridDim threadIdx "
    "warpSize Shape Strided Tensor contract convolution patches";

/// Names of at least so many capitals and underscores, and no other letters,
/// are what headers call their macros.
static bool isLikeMacro(StringRef name) {
  constexpr int64_t fewest = 3;
  return llvm::none_of(name, llvm::isLower) && llvm::count_if(name, [](char c) {
                                                 return !llvm::isDigit(c);
                                               }) >= fewest;
}

/// Identifiers are no longer: what is different behind that is numbered.
static constexpr size_t longestIdentifier = 100;

/// Without what exporters add to a value's name: "/1/Relu_output_0".
static StringRef stripOutputNumber(StringRef name) {
  size_t at = name.rfind("_output_");
  bool isNumber = at != StringRef::npos && at > 0 &&
                  llvm::all_of(name.drop_front(at + 8), llvm::isDigit);
  return isNumber ? name.take_front(at) : name;
}

std::string mlir::ntk::mangle(StringRef name) {
  std::string result;
  for (char c : stripOutputNumber(name)) {
    if (llvm::isAlnum(c))
      result += c;
    else if (!result.empty() && result.back() != '_')
      result += '_';
  }
  result.resize(std::min(result.size(), longestIdentifier));
  while (!result.empty() && result.back() == '_')
    result.pop_back();
  if (result.empty())
    return "value";
  if (llvm::isDigit(result.front()))
    result = "layer" + result;
  if (llvm::is_contained(llvm::split(reserved, ' '), result) ||
      isLikeMacro(result))
    result += "_value";
  return result;
}

std::string Identifiers::add(StringRef wanted) {
  unsigned &last = numbers[wanted], before = last;
  std::string name = wanted.str();
  if (last > 0 || has(name)) {
    last = std::max(last, 1u);
    do
      name = (wanted + "_" + Twine(++last)).str();
    while (has(name));
  }
  taken.insert(name);
  added.push_back({name, wanted.str(), before});
  return name;
}

void Identifiers::release(size_t mark) {
  while (added.size() > mark) {
    taken.erase(added.back().name);
    numbers[added.back().wanted] = added.back().number;
    added.pop_back();
  }
}
