// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Polynomials of the size letters as attributes.

#include "ntk/Lower/Sizes.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::ntk;

/// The key of the term without letters.
static constexpr llvm::StringLiteral constantKey = "1";

DictionaryAttr mlir::ntk::getPolynomialAttr(MLIRContext *context,
                                            const Polynomial &polynomial) {
  Builder builder(context);
  SmallVector<NamedAttribute> terms;
  for (const auto &[letters, coefficient] : polynomial.getTerms())
    terms.push_back(builder.getNamedAttr(
        letters.empty() ? constantKey.str() : letters,
        builder.getI64IntegerAttr(static_cast<int64_t>(coefficient))));
  return builder.getDictionaryAttr(terms);
}

Polynomial mlir::ntk::getPolynomial(DictionaryAttr attr) {
  Polynomial polynomial;
  if (!attr)
    return polynomial;
  for (NamedAttribute term : attr)
    if (auto coefficient = dyn_cast<IntegerAttr>(term.getValue())) {
      StringRef letters = term.getName().getValue();
      polynomial.add(static_cast<double>(coefficient.getInt()),
                     letters == constantKey ? "" : letters);
    }
  return polynomial;
}

DenseMap<char, Value> mlir::ntk::getSizeArguments(func::FuncOp function) {
  DenseMap<char, Value> sizes;
  for (BlockArgument argument : function.getArguments()) {
    auto letter = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                        sizeAttrName);
    if (letter && letter.size() == 1 && argument.getType().isIndex())
      sizes[letter.getValue().front()] = argument;
  }
  return sizes;
}

int64_t mlir::ntk::getElementBytes(Type element) {
  return std::max<int64_t>(8, element.getIntOrFloatBitWidth()) / 8;
}
