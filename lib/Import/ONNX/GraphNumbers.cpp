// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers of values of the network that depend on no input and no trainable
// parameter: constants, buffers of the file, and what ops compute from them,
// each op evaluated as the reference interpreter does it. Operators whose
// shape or work depends on numbers, such as the boxes of RoiAlign, ask for
// them.

#include "GraphBuilder.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

namespace {
/// Evaluates values and what they are computed from, each once.
class NumberFinder {
public:
  explicit NumberFinder(const ParameterStore &store) : store(store) {}

  /// Null where the value depends on what is not known, or is large.
  const DualTensor *find(Value value);

private:
  bool evaluate(Value value, DualTensor &result);
  bool readBuffer(Value argument, DualTensor &result);

  /// All elements that are evaluated for one value.
  static constexpr int64_t maxElements = 1 << 18;

  const ParameterStore &store;
  DenseMap<Value, std::unique_ptr<DualTensor>> results;
  int64_t numElements = 0;
};
} // namespace

bool NumberFinder::readBuffer(Value argument, DualTensor &result) {
  auto name = dyn_cast<NameLoc>(argument.getLoc());
  const StoredTensor *tensor =
      name ? store.find(name.getName().getValue()) : nullptr;
  if (!tensor || tensor->trainable)
    return false;
  GraphValue known = makeKnown(tensor->values);
  for (auto [to, number] : llvm::zip_equal(result.elements, *known.numbers))
    to = Dual(known.isFloat() ? number.real
                              : static_cast<double>(number.integer));
  return true;
}

bool NumberFinder::evaluate(Value value, DualTensor &result) {
  if (isa<BlockArgument>(value))
    return readBuffer(value, result);
  Operation *op = value.getDefiningOp();
  SmallVector<const DualTensor *> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(find(operand));
    if (!operands.back())
      return false;
  }
  cast<EvaluableOpInterface>(op).evaluate(operands, result);
  return true;
}

const DualTensor *NumberFinder::find(Value value) {
  auto [it, isNew] = results.try_emplace(value, nullptr);
  if (!isNew)
    return it->second.get();
  auto type = cast<RankedTensorType>(value.getType());
  numElements += type.getNumElements();
  if (numElements > maxElements)
    return nullptr;
  auto result = std::make_unique<DualTensor>(type.getShape());
  if (!evaluate(value, *result))
    return nullptr;
  return (results[value] = std::move(result)).get();
}

GraphValue GraphBuilder::decide(const GraphValue &x) {
  if (x.isKnown() || !x.core || x.hasPlaces() || isActive(x.core))
    return x;
  NumberFinder finder(store);
  const DualTensor *found = finder.find(x.core);
  if (!found)
    return x;
  std::vector<Number> numbers(found->size());
  for (auto [number, dual] : llvm::zip_equal(numbers, found->elements)) {
    if (x.isFloat())
      number.real = dual.value;
    else
      number.integer = static_cast<int64_t>(dual.value);
  }
  return makeKnownLike(x, x.kind, std::move(numbers));
}
