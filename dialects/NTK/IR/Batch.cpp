// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Batch letters, and the defaults of the interfaces that follow from them: an
// op on many examples has the type, the cost and the derivative of the op on
// one, with leading dimensions in front.

#include "dialects/NTK/Interfaces/Batch.h"
#include "dialects/NTK/IR/NTKOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace mlir::ntk;

StringRef mlir::ntk::getSideLetters(int side) {
  constexpr size_t count = canonicalOrder.size() / 2;
  return canonicalOrder.substr(side == 1 ? 0 : count, count);
}

std::string mlir::ntk::moveToSide(StringRef letters, int side) {
  StringRef from = getSideLetters(3 - side), to = getSideLetters(side);
  std::string moved = letters.str();
  for (char &letter : moved)
    if (size_t i = from.find(letter); i != StringRef::npos)
      letter = to[i];
  return moved;
}

static ArrayAttr getBatchAttr(Operation *op) {
  return op->getAttrOfType<ArrayAttr>(batchAttrName);
}

StringRef mlir::ntk::getOperandBatch(Operation *op, unsigned i) {
  ArrayAttr batch = getBatchAttr(op);
  return batch ? cast<StringAttr>(batch[i]).getValue() : StringRef();
}

std::string mlir::ntk::unionOfBatches(ArrayRef<std::string> batches) {
  std::string letters;
  for (char letter : canonicalOrder)
    if (llvm::any_of(batches, [&](StringRef b) { return b.contains(letter); }))
      letters += letter;
  return letters;
}

std::string mlir::ntk::getResultBatch(Operation *op) {
  // Of thousands of operands most have the same letters.
  llvm::SmallSetVector<Attribute, 4> distinct;
  if (ArrayAttr batch = getBatchAttr(op))
    distinct.insert(batch.begin(), batch.end());
  SmallVector<std::string> batches;
  for (Attribute letters : distinct)
    batches.push_back(cast<StringAttr>(letters).str());
  return unionOfBatches(batches);
}

RankedTensorType mlir::ntk::getCoreType(Type type, StringRef batch) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape().drop_front(batch.size()),
                               tensor.getElementType());
}

RankedTensorType mlir::ntk::getCoreOperandType(Operation *op, unsigned i) {
  return getCoreType(op->getOperand(i).getType(), getOperandBatch(op, i));
}

RankedTensorType mlir::ntk::getCoreResultType(Operation *op) {
  return getCoreType(op->getResult(0).getType(), getResultBatch(op));
}

SmallVector<int64_t> mlir::ntk::getResultBatchSizes(Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return llvm::to_vector(type.getShape().take_front(getResultBatch(op).size()));
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// Sizes by letter; a letter has one size in all operands.
static LogicalResult
collectBatchSizes(ValueRange operands, ArrayRef<std::string> batches,
                  llvm::SmallDenseMap<char, int64_t> &sizes,
                  function_ref<InFlightDiagnostic()> emitError) {
  for (auto [operand, letters] : llvm::zip_equal(operands, batches)) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    int64_t rank = type ? type.getRank() : 0;
    if (rank < static_cast<int64_t>(letters.size()))
      return emitError() << "expected a dimension for each batch letter of \""
                         << letters << "\", but got rank " << rank;
    for (auto [i, letter] : llvm::enumerate(letters)) {
      if (!canonicalOrder.contains(letter))
        return emitError() << "expected batch letters among \""
                           << canonicalOrder << "\", but got \"" << letters
                           << "\"";
      auto [it, isNew] = sizes.try_emplace(letter, type.getDimSize(i));
      if (!isNew && it->second != type.getDimSize(i))
        return emitError() << "expected one size for batch letter '" << letter
                           << "'";
    }
  }
  return success();
}

LogicalResult mlir::ntk::inferBatchedType(MLIRContext *context,
                                          std::optional<Location> location,
                                          StringRef opName, ValueRange operands,
                                          ArrayAttr batch,
                                          CoreTypeFunction inferCore,
                                          SmallVectorImpl<Type> &types) {
  auto emitError = [&]() {
    return ::mlir::emitError(location.value_or(UnknownLoc::get(context)))
           << "'" << opName << "' op ";
  };
  SmallVector<std::string> batches(operands.size());
  if (batch) {
    if (batch.size() != operands.size())
      return emitError() << "expected batch letters for " << operands.size()
                         << " operands, but got " << batch.size();
    for (auto [letters, attr] : llvm::zip_equal(batches, batch))
      letters = cast<StringAttr>(attr).str();
  }
  llvm::SmallDenseMap<char, int64_t> sizes;
  if (failed(collectBatchSizes(operands, batches, sizes, emitError)))
    return failure();

  SmallVector<RankedTensorType> cores;
  for (auto [operand, letters] : llvm::zip_equal(operands, batches)) {
    if (isa<RankedTensorType>(operand.getType()))
      cores.push_back(getCoreType(operand.getType(), letters));
    else // an index, as of ntk.identity
      cores.push_back(RankedTensorType());
  }
  FailureOr<RankedTensorType> core = inferCore(cores, emitError);
  if (failed(core))
    return failure();

  SmallVector<int64_t> shape;
  for (char letter : unionOfBatches(batches))
    shape.push_back(sizes.lookup(letter));
  llvm::append_range(shape, core->getShape());
  types.push_back(RankedTensorType::get(shape, core->getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// Defaults of the interfaces
//===----------------------------------------------------------------------===//

Value mlir::ntk::cloneBatched(OpBuilder &builder, Operation *op,
                              ValueRange operands,
                              ArrayRef<std::string> batch) {
  SmallVector<StringRef> letters(batch.begin(), batch.end());
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(operands);
  state.addAttributes(op->getAttrs());
  if (llvm::any_of(letters, [](StringRef b) { return !b.empty(); }))
    state.addAttribute(batchAttrName, builder.getStrArrayAttr(letters));
  SmallVector<int64_t> shape;
  for (char letter : unionOfBatches(batch)) {
    for (auto [operand, b] : llvm::zip_equal(operands, letters)) {
      if (size_t i = b.find(letter); i != StringRef::npos) {
        shape.push_back(
            cast<RankedTensorType>(operand.getType()).getDimSize(i));
        break;
      }
    }
  }
  auto core = cast<RankedTensorType>(op->getResult(0).getType());
  llvm::append_range(shape, core.getShape());
  state.addTypes(RankedTensorType::get(shape, core.getElementType()));
  return builder.create(state)->getResult(0);
}

/// A clone of `op` with other operands of the same types.
static Value cloneOn(OpBuilder &builder, Operation *op, ValueRange operands) {
  Operation *clone = builder.clone(*op);
  clone->setOperands(operands);
  return clone->getResult(0);
}

Value mlir::ntk::buildLinearJvp(OpBuilder &builder, Operation *op,
                                ValueRange tangents) {
  auto differentiable = cast<DifferentiableOpInterface>(op);
  if (differentiable.getLinearity() == Linearity::Multi) {
    Value sum;
    for (auto [i, tangent] : llvm::enumerate(tangents)) {
      if (!tangent)
        continue;
      SmallVector<Value> operands(op->getOperands());
      operands[i] = tangent;
      Value term = cloneOn(builder, op, operands);
      sum = sum ? createOp<AddOp>(builder, op->getLoc(), sum, term) : term;
    }
    return sum;
  }
  SmallVector<Value> operands(op->getOperands());
  for (auto [i, tangent] : llvm::enumerate(tangents)) {
    if (tangent)
      operands[i] = tangent;
    else if (differentiable.isDifferentiableIn(i))
      operands[i] =
          createSplat(builder, op->getLoc(),
                      cast<RankedTensorType>(operands[i].getType()), 0);
  }
  return cloneOn(builder, op, operands);
}

/// The product of the batch sizes of the result: a number and the letters
/// whose sizes are dynamic.
static Polynomial getBatchVolume(StringRef letters, ArrayRef<int64_t> shape) {
  double volume = 1;
  std::string dynamic;
  for (auto [i, letter] : llvm::enumerate(letters)) {
    if (ShapedType::isDynamic(shape[i]))
      dynamic += letter;
    else
      volume *= static_cast<double>(shape[i]);
  }
  return Polynomial(volume, dynamic);
}

Polynomial mlir::ntk::getBatchedFlops(Operation *op, int64_t coreFlops) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return getBatchVolume(getResultBatch(op), type.getShape()) *
         static_cast<double>(coreFlops);
}

Polynomial mlir::ntk::getOperandAndResultBytes(Operation *op) {
  Polynomial bytes;
  auto addValue = [&](Type type, StringRef letters) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return;
    RankedTensorType core = getCoreType(tensor, letters);
    double width = std::max<unsigned>(8, core.getElementTypeBitWidth()) / 8;
    double elements =
        core.hasStaticShape() ? static_cast<double>(core.getNumElements()) : 1;
    bytes += getBatchVolume(letters, tensor.getShape()) * (width * elements);
  };
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    addValue(operand.getType(), getOperandBatch(op, i));
  addValue(op->getResult(0).getType(), getResultBatch(op));
  return bytes;
}

void Polynomial::print(llvm::raw_ostream &os) const {
  if (terms.empty())
    os << "0";
  bool first = true;
  for (auto it = terms.rbegin(); it != terms.rend(); ++it) {
    if (!first)
      os << " + ";
    first = false;
    os << llvm::format("%.0f", it->second);
    if (!it->first.empty())
      os << "·" << it->first;
  }
}
