// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Networks on dual numbers: a block of directions at a time, the tangents of
// the chosen arguments are unit vectors, and those of the outputs are columns
// of the Jacobian.

#include "ntk/Reference/ReferenceKernel.h"

using namespace mlir;
using namespace mlir::ntk;

FailureOr<std::vector<Dual>>
mlir::ntk::evaluateNetwork(NetworkOp network, const Arguments &arguments) {
  Interpreter interpreter;
  for (auto [value, tensor] :
       llvm::zip_equal(network.getArguments(), arguments))
    interpreter.bind(value, tensor);
  if (failed(interpreter.run(network.getBody().front())))
    return failure();
  std::vector<Dual> outputs;
  for (Value result : network.getReturn().getOperands())
    llvm::append_range(outputs, interpreter.lookup(result)->elements);
  return outputs;
}

namespace {
/// Numbers the elements of some arguments and gives them unit tangents.
class Directions {
public:
  Directions(const Arguments &arguments, ArrayRef<unsigned> wrt) : wrt(wrt) {
    for (unsigned i : wrt)
      sizes.push_back(arguments[i].size());
  }

  int64_t getCount() const {
    int64_t count = 0;
    for (int64_t size : sizes)
      count += size;
    return count;
  }

  /// Sets the tangents of elements first, first + 1, … to unit vectors, or back
  /// to zero.
  void set(Arguments &arguments, int64_t first, double value) const {
    for (int k = 0; k < Dual::directions; ++k) {
      int64_t position = first + k;
      for (auto [i, size] : llvm::zip_equal(wrt, sizes)) {
        if (position < size) {
          arguments[i][position].tangent[k] = value;
          break;
        }
        position -= size;
      }
    }
  }

private:
  ArrayRef<unsigned> wrt;
  SmallVector<int64_t> sizes;
};
} // namespace

FailureOr<std::vector<double>>
mlir::ntk::evaluateJacobian(NetworkOp network, const Arguments &arguments,
                            ArrayRef<unsigned> wrt) {
  Arguments seeded = arguments;
  Directions directions(arguments, wrt);
  int64_t columns = directions.getCount();
  std::vector<double> jacobian(network.getOutputs() * columns);
  for (int64_t first = 0; first < columns; first += Dual::directions) {
    directions.set(seeded, first, 1);
    FailureOr<std::vector<Dual>> outputs = evaluateNetwork(network, seeded);
    directions.set(seeded, first, 0);
    if (failed(outputs))
      return failure();
    int64_t width = std::min<int64_t>(Dual::directions, columns - first);
    for (auto [row, output] : llvm::enumerate(*outputs))
      std::copy_n(output.tangent.begin(), width,
                  jacobian.begin() + row * columns + first);
  }
  return jacobian;
}

/// The outputs of each example; `arguments` have the tangents of one block.
static FailureOr<std::vector<std::vector<Dual>>>
evaluateExamples(NetworkOp network, Arguments &arguments,
                 ArrayRef<Arguments> examples) {
  std::vector<std::vector<Dual>> results;
  for (const Arguments &example : examples) {
    size_t next = 0;
    for (unsigned i = 0; i < network.getNumArguments(); ++i)
      if (network.isInput(i))
        arguments[i] = example[next++];
    FailureOr<std::vector<Dual>> outputs = evaluateNetwork(network, arguments);
    if (failed(outputs))
      return failure();
    results.push_back(std::move(*outputs));
  }
  return results;
}

static double dot(const Dual &a, const Dual &b) {
  double sum = 0;
  for (int k = 0; k < Dual::directions; ++k)
    sum += a.tangent[k] * b.tangent[k];
  return sum;
}

FailureOr<std::vector<double>>
mlir::ntk::referenceKernel(NetworkOp network, const Arguments &arguments,
                           ArrayRef<Arguments> examples1,
                           ArrayRef<Arguments> examples2,
                           ArrayRef<unsigned> wrt) {
  Arguments seeded = arguments;
  Directions directions(arguments, wrt);
  int64_t columns = directions.getCount(), outputs = network.getOutputs();
  bool isSymmetric = examples2.empty();
  size_t rows2 = isSymmetric ? examples1.size() : examples2.size();
  std::vector<double> kernel(examples1.size() * rows2 * outputs * outputs);
  for (int64_t first = 0; first < columns; first += Dual::directions) {
    directions.set(seeded, first, 1);
    auto f1 = evaluateExamples(network, seeded, examples1);
    auto f2 = isSymmetric ? f1 : evaluateExamples(network, seeded, examples2);
    directions.set(seeded, first, 0);
    if (failed(f1) || failed(f2))
      return failure();
    auto theta = kernel.begin();
    for (const std::vector<Dual> &row1 : *f1)
      for (const std::vector<Dual> &row2 : *f2)
        for (const Dual &o : row1)
          for (const Dual &p : row2)
            *theta++ += dot(o, p);
  }
  return kernel;
}
