// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mangling.

#include "Identifiers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::ntk;

/// Words that mean something in C, C++ or CUDA, or in the text around.
static constexpr StringLiteral reserved[] = {
    "alignas",   "alignof",  "and",      "asm",       "auto",       "bool",
    "break",     "case",     "catch",    "char",      "class",      "const",
    "constexpr", "continue", "default",  "delete",    "do",         "double",
    "else",      "enum",     "explicit", "export",    "extern",     "false",
    "float",     "for",      "friend",   "goto",      "if",         "inline",
    "int",       "long",     "mutable",  "namespace", "new",        "not",
    "nullptr",   "operator", "or",       "private",   "protected",  "public",
    "register",  "restrict", "return",   "short",     "signed",     "sizeof",
    "static",    "struct",   "switch",   "template",  "this",       "throw",
    "true",      "try",      "typedef",  "typeid",    "typename",   "union",
    "unsigned",  "using",    "virtual",  "void",      "volatile",   "while",
    "xor",       "main",     "std",      "errno",     "NULL",       "INFINITY",
    "NAN",       "exp",      "log",      "sqrt",      "erf",        "tanh",
    "sin",       "cos",      "begin",    "end",       "dyn",        "Tensor",
    "Strided",   "Shape",    "contract", "patches",   "convolution"};

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
  while (!result.empty() && result.back() == '_')
    result.pop_back();
  if (result.empty())
    return "value";
  if (llvm::isDigit(result.front()))
    result = "layer" + result;
  if (llvm::is_contained(reserved, result))
    result += "_value";
  return result;
}

std::string Identifiers::add(StringRef wanted) {
  std::string name = wanted.str();
  for (int number = 2; has(name); ++number)
    name = (wanted + "_" + Twine(number)).str();
  taken.insert(name);
  return name;
}
