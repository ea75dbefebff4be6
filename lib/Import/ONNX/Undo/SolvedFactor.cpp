// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Least squares: with the Cholesky factor L of WᵀW, each row x of the factor is
// the solution of L Lᵀ x = Wᵀ y for the row y of the product.

#include "Undo/SolvedFactor.h"
#include <cmath>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::MutableArrayRef;

/// Replaces the lower triangle of a symmetric matrix by its factor; false if a
/// pivot is small beside the largest.
static bool factorise(MutableArrayRef<double> matrix, size_t size) {
  double largest = 0;
  for (size_t i = 0; i < size; ++i)
    largest = std::max(largest, matrix[i * size + i]);
  for (size_t column = 0; column < size; ++column) {
    for (size_t row = column; row < size; ++row) {
      double sum = matrix[row * size + column];
      for (size_t k = 0; k < column; ++k)
        sum -= matrix[row * size + k] * matrix[column * size + k];
      if (row == column && !(sum > 1e-2 * largest))
        return false;
      matrix[row * size + column] =
          row == column ? std::sqrt(sum) : sum / matrix[column * size + column];
    }
  }
  return true;
}

/// Solves L Lᵀ x = b in place.
static void solve(ArrayRef<double> lower, MutableArrayRef<double> x) {
  size_t size = x.size();
  for (size_t i = 0; i < size; ++i) {
    for (size_t k = 0; k < i; ++k)
      x[i] -= lower[i * size + k] * x[k];
    x[i] /= lower[i * size + i];
  }
  for (size_t i = size; i-- > 0;) {
    for (size_t k = i + 1; k < size; ++k)
      x[i] -= lower[k * size + i] * x[k];
    x[i] /= lower[i * size + i];
  }
}

std::optional<Numbers> onnximport::solveFactor(const Numbers &product,
                                               const Numbers &weight) {
  if (weight.shape.size() != 2 || product.shape.empty() ||
      product.shape.back() != weight.shape[0])
    return std::nullopt;
  size_t outputs = weight.shape[0], inputs = weight.shape[1];
  if (inputs == 0 || inputs > 256 || outputs < 2 * inputs)
    return std::nullopt;
  ArrayRef<double> w(weight.values);
  std::vector<double> gram(inputs * inputs, 0);
  for (size_t o = 0; o < outputs; ++o)
    for (size_t i = 0; i < inputs; ++i)
      for (size_t k = 0; k <= i; ++k)
        gram[i * inputs + k] += w[o * inputs + i] * w[o * inputs + k];
  if (!factorise(gram, inputs))
    return std::nullopt;
  Numbers factor{product.shape, {}};
  factor.shape.back() = inputs;
  for (size_t row = 0; row < product.values.size(); row += outputs) {
    std::vector<double> x(inputs, 0);
    for (size_t o = 0; o < outputs; ++o)
      for (size_t i = 0; i < inputs; ++i)
        x[i] += product.values[row + o] * w[o * inputs + i];
    solve(gram, x);
    factor.values.insert(factor.values.end(), x.begin(), x.end());
  }
  return factor;
}
