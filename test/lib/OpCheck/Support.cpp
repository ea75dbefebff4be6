// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Points, scratch graphs, comparison.

#include "OpCheck.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::opcheck;

DualTensor Point::evaluate(const std::vector<DualTensor> &at) const {
  SmallVector<const DualTensor *> pointers;
  for (const DualTensor &operand : at)
    pointers.push_back(&operand);
  DualTensor result(
      cast<RankedTensorType>(op->getResult(0).getType()).getShape());
  cast<EvaluableOpInterface>(op).evaluate(pointers, result);
  return result;
}

Matrix Point::getJacobian(unsigned operand) const {
  std::vector<DualTensor> at = operands;
  int64_t columns = at[operand].size();
  Matrix jacobian(
      cast<RankedTensorType>(op->getResult(0).getType()).getNumElements(),
      columns);
  for (int64_t j = 0; j < columns; ++j) {
    at[operand][j].tangent[0] = 1;
    DualTensor y = evaluate(at);
    at[operand][j].tangent[0] = 0;
    for (int64_t i = 0; i < jacobian.rows; ++i)
      jacobian.at(i, j) = y[i].tangent[0];
  }
  return jacobian;
}

DualTensor Point::getRandom(ArrayRef<int64_t> shape) const {
  std::uniform_real_distribution<double> uniform(-1, 1);
  DualTensor tensor(shape);
  for (Dual &element : tensor.elements)
    element = Dual(uniform(random));
  return tensor;
}

Scratch::Scratch(Operation *original) : builder(original->getContext()) {
  builder.setInsertionPointToEnd(&block);
  op = builder.clone(*original);
  for (OpOperand &operand : op->getOpOperands())
    operand.set(addArgument(operand.get().getType()));
}

FailureOr<DualTensor>
Scratch::evaluate(const std::vector<DualTensor> &arguments, Value result) {
  Interpreter interpreter;
  for (auto [value, tensor] : llvm::zip_equal(block.getArguments(), arguments))
    interpreter.bind(value, tensor);
  for (Operation &built : block)
    if (failed(verify(&built)))
      return failure();
  if (failed(interpreter.run(block)))
    return failure();
  return *interpreter.lookup(result);
}

LogicalResult opcheck::expectEqual(Operation *op, const Twine &what,
                                   ArrayRef<double> found,
                                   ArrayRef<double> expected) {
  if (found.size() != expected.size())
    return op->emitOpError() << what << ": expected " << expected.size()
                             << " elements, but got " << found.size();
  double largest = 1e-3;
  for (double e : expected)
    if (std::isfinite(e))
      largest = std::max(largest, std::abs(e));
  for (auto [i, f] : llvm::enumerate(found)) {
    bool isEqual =
        f == expected[i] || std::abs(f - expected[i]) < 1e-9 * largest;
    if (!isEqual && !(std::isnan(f) && std::isnan(expected[i])))
      return op->emitOpError() << what << ": expected " << expected[i]
                               << " at position " << i << ", but got " << f;
  }
  return success();
}

SmallVector<double> opcheck::getValues(const DualTensor &tensor) {
  SmallVector<double> values;
  for (const Dual &element : tensor.elements)
    values.push_back(element.value);
  return values;
}

LogicalResult opcheck::checkFlops(const Point &point) {
  auto cost = dyn_cast<CostOpInterface>(point.op);
  if (!cost)
    return success();
  Dual::flops() = 0;
  point.evaluate(point.operands);
  return expectEqual(point.op, "FLOPs",
                     {static_cast<double>(cost.getCoreFlops())},
                     {static_cast<double>(Dual::flops())});
}
