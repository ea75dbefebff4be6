// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Polynomials of the runtime sizes. Static sizes are numbers, so what is left
// are the batch letters whose sizes are known at run time only, n and m: work,
// bytes and arena offsets are sums of terms such as 1024·n + 512·nm.

#ifndef NTK_DIALECTS_NTK_INTERFACES_POLYNOMIAL_H
#define NTK_DIALECTS_NTK_INTERFACES_POLYNOMIAL_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <map>
#include <string>

namespace mlir::ntk {

/// Σ coefficient · monomial; a monomial is a sorted string of size letters.
/// Coefficients are doubles: FLOP counts exceed 64 bits before they lose
/// precision that matters.
class Polynomial {
public:
  Polynomial() = default;
  Polynomial(double constant) { add(constant, ""); }
  Polynomial(double coefficient, llvm::StringRef letters) {
    add(coefficient, letters);
  }

  /// Adds coefficient · letters.
  void add(double coefficient, llvm::StringRef letters) {
    if (coefficient == 0)
      return;
    std::string monomial = letters.str();
    std::sort(monomial.begin(), monomial.end());
    terms[monomial] += coefficient;
  }

  Polynomial &operator+=(const Polynomial &other) {
    for (const auto &[monomial, coefficient] : other.terms)
      add(coefficient, monomial);
    return *this;
  }

  friend Polynomial operator*(const Polynomial &p, double factor) {
    Polynomial result;
    for (const auto &[monomial, coefficient] : p.terms)
      result.add(factor * coefficient, monomial);
    return result;
  }

  /// The value where each letter has the size `size(letter)`.
  template <typename F> double evaluate(F &&size) const {
    double sum = 0;
    for (const auto &[monomial, coefficient] : terms) {
      double product = coefficient;
      for (char letter : monomial)
        product *= static_cast<double>(size(letter));
      sum += product;
    }
    return sum;
  }

  const std::map<std::string, double> &getTerms() const { return terms; }

  /// Prints as "1024·n + 64", "0" if there are no terms.
  void print(llvm::raw_ostream &os) const;

private:
  std::map<std::string, double> terms;
};

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_INTERFACES_POLYNOMIAL_H
