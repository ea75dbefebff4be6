// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk.contract: shapes, derivative, batching, cost and structure follow from
// the letters of the einsum string alone. Its lowering is in
// ContractLowering.cpp.

#include "dialects/NTK/IR/OpHelpers.h"
#include "dialects/Support/Einsum.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
ContractOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                          function_ref<InFlightDiagnostic()> emitError) {
  FailureOr<Einsum> einsum = Einsum::parse(adaptor.getSpec(), emitError);
  if (failed(einsum))
    return failure();
  size_t count = adaptor.getFactors().size();
  if (einsum->operands.size() != count)
    return emitError() << "expected " << einsum->operands.size()
                       << " operands for \"" << adaptor.getSpec()
                       << "\", but got " << count;
  llvm::SmallDenseMap<char, int64_t> sizes;
  Type element;
  for (auto [letters, type] :
       llvm::zip_equal(einsum->operands, operands.take_front(count))) {
    if (type.getRank() != static_cast<int64_t>(letters.size()))
      return emitError() << "expected rank " << letters.size() << " for \""
                         << letters << "\", but got " << type;
    for (auto [letter, size] : llvm::zip_equal(letters, type.getShape())) {
      auto [it, isNew] = sizes.try_emplace(letter, size);
      if (!isNew && it->second != size)
        return emitError() << "expected one size for index '" << letter
                           << "', but got " << it->second << " and " << size;
    }
    if (!isa<FloatType>(type.getElementType()))
      continue;
    if (element && element != type.getElementType())
      return emitError() << "expected operands of one type of floats, but got "
                         << element << " and " << type.getElementType();
    element = type.getElementType();
  }
  if (!element)
    return emitError() << "expected an operand of f32 or f64";
  SmallVector<int64_t> shape;
  for (char letter : einsum->result)
    shape.push_back(sizes.lookup(letter));
  auto result = RankedTensorType::get(shape, element);
  if (adaptor.getInit() && adaptor.getInit().getType() != result)
    return emitError() << "expected to add into " << result << ", but got "
                       << adaptor.getInit().getType();
  return result;
}

Value mlir::ntk::createContract(OpBuilder &builder, Location loc,
                                StringRef spec, ValueRange factors) {
  return createOp<ContractOp>(builder, loc, factors, /*init=*/Value(),
                              builder.getStringAttr(spec), PlanAttr());
}

//===----------------------------------------------------------------------===//
// Derivative, batching, structure
//===----------------------------------------------------------------------===//

/// Letters of an operand that stand nowhere else were summed away: the
/// cotangent is repeated along them.
static Value broadcastSummedLetters(OpBuilder &builder, Location loc,
                                    Value value, StringRef have, StringRef want,
                                    RankedTensorType type) {
  if (have == want)
    return value;
  SmallVector<int64_t> dimensions;
  for (auto [i, letter] : llvm::enumerate(want))
    if (have.contains(letter))
      dimensions.push_back(i);
  return createOp<BroadcastOp>(builder, loc, value,
                               builder.getDenseI64ArrayAttr(type.getShape()),
                               builder.getDenseI64ArrayAttr(dimensions));
}

Value ContractOp::buildVjp(OpBuilder &builder, unsigned operand,
                           Value cotangent) {
  if (operand >= getFactors().size()) // the value that was added to
    return cotangent;
  Einsum einsum = Einsum::get(getSpec());
  SmallVector<Value> factors = {cotangent};
  Einsum transposed;
  transposed.operands.push_back(einsum.result);
  std::string elsewhere = einsum.result;
  for (auto [i, factor] : llvm::enumerate(getFactors())) {
    if (i == operand)
      continue;
    factors.push_back(factor);
    transposed.operands.push_back(einsum.operands[i]);
    elsewhere += einsum.operands[i];
  }
  StringRef want = einsum.operands[operand];
  for (char letter : want)
    if (StringRef(elsewhere).contains(letter))
      transposed.result += letter;
  Value result = createContract(builder, getLoc(), transposed.str(), factors);
  return broadcastSummedLetters(
      builder, getLoc(), result, transposed.result, want,
      cast<RankedTensorType>(getFactors()[operand].getType()));
}

/// Linear in each factor, and in the value that is added to.
Value ContractOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  size_t count = getFactors().size();
  Value sum = getInit() ? tangents[count] : Value();
  for (size_t i = 0; i < count; ++i) {
    if (!tangents[i])
      continue;
    SmallVector<Value> factors(getFactors());
    factors[i] = tangents[i];
    sum = createOp<ContractOp>(builder, getLoc(), factors, sum, getSpecAttr(),
                               PlanAttr());
  }
  return sum;
}

/// The plan of a contraction whose letters become those of `renamed`, with
/// batch letters in front of its factors: each step has those of its pair.
static PlanAttr batchPlan(ContractOp op, const Einsum &renamed,
                          ArrayRef<std::string> batch) {
  PlanAttr plan = op.getPlanAttr();
  if (!plan)
    return {};
  llvm::SmallDenseMap<char, char> names;
  Einsum einsum = Einsum::get(op.getSpec());
  for (auto [from, to] : llvm::zip_equal(einsum.operands, renamed.operands))
    for (auto [a, b] : llvm::zip_equal(from, to))
      names[a] = b;
  SmallVector<std::string> letters(batch.take_front(op.getFactors().size()));
  SmallVector<StringAttr> results;
  for (auto [i, word] : llvm::enumerate(plan.getResults())) {
    letters.push_back(unionOfBatches({letters[plan.getOrder()[2 * i]],
                                      letters[plan.getOrder()[2 * i + 1]]}));
    std::string result = letters.back();
    for (char letter : word.getValue())
      result += names.lookup(letter);
    results.push_back(StringAttr::get(op.getContext(), result));
  }
  return PlanAttr::get(op.getContext(), plan.getOrder(), results,
                       /*group=*/std::nullopt);
}

Value ContractOp::buildBatched(OpBuilder &builder, ValueRange operands,
                               ArrayRef<std::string> batch) {
  Einsum einsum = Einsum::get(getSpec());
  einsum.freeLetters(canonicalOrder);
  PlanAttr plan = batchPlan(*this, einsum, batch);
  size_t count = getFactors().size();
  for (size_t i = 0; i < count; ++i)
    einsum.operands[i] = batch[i] + einsum.operands[i];
  std::string letters = unionOfBatches(batch.take_front(count));
  einsum.result = letters + einsum.result;
  bool addsInto = getInit() && batch[count] == letters;
  Value product =
      createOp<ContractOp>(builder, getLoc(), operands.take_front(count),
                           addsInto ? operands[count] : Value(),
                           builder.getStringAttr(einsum.str()), plan);
  if (!getInit() || addsInto)
    return product;
  StringRef both[] = {letters, batch[count]};
  return builder.create<AddOp>(getLoc(), product, operands[count],
                               builder.getStrArrayAttr(both));
}

std::optional<JacobianStructure>
ContractOp::getJacobianStructure(OpBuilder &, unsigned operand) {
  if (operand >= getFactors().size())
    return std::nullopt;
  Einsum einsum = Einsum::get(getSpec());
  einsum.freeLetters(canonicalOrder);
  JacobianStructure structure;
  for (auto [i, factor] : llvm::enumerate(getFactors())) {
    if (i == operand)
      continue;
    structure.features.push_back(factor);
    structure.featureIndices.push_back(einsum.operands[i]);
  }
  structure.result = {einsum.result,
                      llvm::to_vector(getTensorType(getResult()).getShape()),
                      {}};
  structure.operand = {
      einsum.operands[operand],
      llvm::to_vector(getTensorType(getFactors()[operand]).getShape()),
      {}};
  return structure;
}

//===----------------------------------------------------------------------===//
// Cost and reference
//===----------------------------------------------------------------------===//

/// Are products added to something, or are they the result?
static bool addsUp(ContractOp op, const Einsum &einsum) {
  return einsum.getLetters().size() > einsum.result.size() || op.getInit();
}

/// Work of evaluating the sum of products as it stands, one multiply-add for
/// each index tuple of two operands, a sum or a product alone counting one.
Polynomial ContractOp::getFlops() {
  Einsum einsum = Einsum::get(getSpec());
  llvm::SmallDenseMap<char, int64_t> sizes;
  for (auto [letters, factor] : llvm::zip_equal(einsum.operands, getFactors()))
    for (auto [letter, size] : llvm::zip_equal(
             letters, cast<RankedTensorType>(factor.getType()).getShape()))
      sizes[letter] = size;
  double volume = 1;
  std::string dynamic;
  for (auto [letter, size] : sizes) {
    if (ShapedType::isDynamic(size))
      dynamic += letter;
    else
      volume *= static_cast<double>(size);
  }
  bool sums = addsUp(*this, einsum);
  double perTuple = static_cast<double>(getFactors().size() - 1) + sums;
  return Polynomial(perTuple * volume, dynamic);
}

int64_t ContractOp::getCoreFlops() {
  return static_cast<int64_t>(getFlops().evaluate([](char) { return 1; }));
}

void ContractOp::evaluate(ArrayRef<const DualTensor *> operands,
                          DualTensor &result) {
  Einsum einsum = Einsum::get(getSpec());
  std::string letters = einsum.getLetters();
  SmallVector<int64_t> shape(letters.size(), 1);
  for (auto [indices, operand] : llvm::zip(einsum.operands, operands))
    for (auto [letter, size] : llvm::zip_equal(indices, operand->shape))
      shape[letters.find(letter)] = size;
  auto pick = [&](StringRef indices, ArrayRef<int64_t> tuple) {
    SmallVector<int64_t> picked;
    for (char letter : indices)
      picked.push_back(tuple[letters.find(letter)]);
    return picked;
  };
  if (getInit())
    result.elements = operands.back()->elements;
  bool adds = addsUp(*this, einsum);
  forEachIndex(shape, [&](ArrayRef<int64_t> tuple) {
    Dual product = operands[0]->at(pick(einsum.operands[0], tuple));
    for (size_t i = 1; i < einsum.operands.size(); ++i)
      product = product * operands[i]->at(pick(einsum.operands[i], tuple));
    Dual &y = result.at(pick(einsum.result, tuple));
    y = adds ? y + product : product;
  });
}
