// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rt.contract as one strided matrix product with loops around it. Letters are
// sorted by the operands they stand in; neighbours whose strides merge are one
// index; the largest index of each kind is M, N or K, the rest are loops:
//
//   "notc, ntk -> nock"   rows o and c, apart in lhs: M = c; N = k, K = t;
//                         loops n and o
//   "noc, mpc -> nomp"    M = no, N = mp, K = c; no loop

#include "dialects/RT/RTOps.h"
#include "dialects/Support/Einsum.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::rt;

void ContractOp::build(OpBuilder &builder, OperationState &state, Value lhs,
                       Value rhs, Value out, StringRef spec, bool accumulate) {
  TypeRange results;
  Type type = out.getType();
  if (isa<RankedTensorType>(type))
    results = TypeRange(type);
  build(builder, state, results, builder.getStringAttr(spec), lhs, rhs, out,
        accumulate ? builder.getUnitAttr() : UnitAttr());
}

std::string ContractOp::getRuntimeFunction() {
  return getTypedName("ntk_rt_gemm", getOut().getType());
}
bool ContractOp::readsDestination() { return getAccumulate(); }
bool ContractOp::needsDenseOperands() { return false; }

//===----------------------------------------------------------------------===//
// For readers
//===----------------------------------------------------------------------===//

SourceCall ContractOp::getSourceCall() {
  return {getAccumulate() ? "contractInto" : "contract",
          ("\"" + getSpec() + "\"").str(), ""};
}

/// "x[n,k]".
static std::string spellOperand(StringRef name, StringRef word) {
  std::string text = (name + "[").str();
  for (auto [i, letter] : llvm::enumerate(word))
    text += (i ? "," : "") + std::string(1, letter);
  return text + "]";
}

std::string ContractOp::getEquation(ArrayRef<StringRef> names) {
  Einsum einsum = Einsum::get(getSpec());
  std::string summed;
  for (char letter : einsum.operands[0])
    if (!StringRef(einsum.result).contains(letter))
      summed += letter;
  return spellOperand(names[2], einsum.result) +
         (getAccumulate() ? " += " : " = ") +
         (summed.empty() ? "" : "Σ_" + summed + " ") +
         spellOperand(names[0], einsum.operands[0]) + " " +
         spellOperand(names[1], einsum.operands[1]);
}

/// A product and a sum for each value of all letters.
SizeProduct ContractOp::countFlops() {
  Einsum einsum = Einsum::get(getSpec());
  SizeProduct count{2, {}};
  std::string seen;
  for (auto [word, operand] :
       {std::pair(StringRef(einsum.operands[0]), getLhs()),
        {StringRef(einsum.operands[1]), getRhs()}}) {
    for (auto [axis, letter] : llvm::enumerate(word)) {
      if (!StringRef(seen).contains(letter)) {
        seen += letter;
        count.axes.emplace_back(operand, axis);
      }
    }
  }
  return count;
}

LogicalResult ContractOp::verify() {
  if (failed(verifyDestination(*this)))
    return failure();
  auto emit = [&]() { return emitOpError(); };
  FailureOr<Einsum> einsum = Einsum::parse(getSpec(), emit);
  if (failed(einsum))
    return failure();
  if (einsum->operands.size() != 2)
    return emitOpError("expected the letters of 2 operands, but got ")
           << einsum->operands.size();
  llvm::SmallDenseMap<char, int64_t> sizes;
  StringRef words[3] = {einsum->operands[0], einsum->operands[1],
                        einsum->result};
  for (auto [word, operand] : llvm::zip_equal(words, getOperands())) {
    auto type = cast<ShapedType>(operand.getType());
    if (type.getRank() != static_cast<int64_t>(word.size()))
      return emitOpError("expected rank ")
             << word.size() << " for \"" << word << "\", but got " << type;
    for (auto [letter, size] : llvm::zip_equal(word, type.getShape())) {
      auto [it, isNew] = sizes.try_emplace(letter, size);
      if (!isNew && it->second != size)
        return emitOpError("expected one size for index '")
               << letter << "', but got " << it->second << " and " << size;
    }
  }
  for (int i : {0, 1}) {
    for (char letter : words[i])
      if (!words[1 - i].contains(letter) && !words[2].contains(letter))
        return emitOpError("expected index '")
               << letter << "' of one operand in the result, or summed before";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Letters to loops
//===----------------------------------------------------------------------===//

namespace {
enum Operand { LHS, RHS, OUT };

/// Neighbouring letters that are one index of the product.
struct Index {
  std::string letters;
  bool isIn[3];

  bool isSum() const { return !isIn[OUT]; }
  bool isRow() const { return isIn[LHS] && isIn[OUT] && !isIn[RHS]; }
  bool isColumn() const { return isIn[RHS] && isIn[OUT] && !isIn[LHS]; }
};

/// Words, types and strides of the three operands of one rt.contract.
class Analysis {
public:
  explicit Analysis(ContractOp contract) : op(contract) {
    Einsum einsum = Einsum::get(contract.getSpec());
    words[LHS] = einsum.operands[0];
    words[RHS] = einsum.operands[1];
    words[OUT] = einsum.result;
    for (int i : {LHS, RHS, OUT})
      types[i] = cast<MemRefType>(op->getOperand(i).getType());
  }

  /// All letters as indices: those of the result first, then the sums. Letters
  /// of size 1 are none.
  SmallVector<Index> getIndices() const {
    SmallVector<Index> indices;
    std::string order = words[OUT];
    for (char letter : words[LHS])
      if (!StringRef(words[OUT]).contains(letter))
        order += letter;
    for (char letter : order) {
      if (getStaticSize(letter) == 1)
        continue;
      if (!indices.empty() && mergesWith(indices.back(), letter))
        indices.back().letters += letter;
      else
        indices.push_back(
            {std::string(1, letter),
             {has(LHS, letter), has(RHS, letter), has(OUT, letter)}});
    }
    return indices;
  }

  /// The number of elements, a dynamic size counting as a block of examples.
  int64_t estimateSize(const Index &index) const {
    constexpr int64_t exampleBlock = 8;
    int64_t product = 1;
    for (char letter : index.letters) {
      int64_t size = getStaticSize(letter);
      product *= ShapedType::isDynamic(size) ? exampleBlock : size;
    }
    return product;
  }

  OpFoldResult getSize(OpBuilder &builder, const Index &index) const {
    OpFoldResult size = builder.getIndexAttr(1);
    for (char letter : index.letters)
      size = multiply(builder, size, getSize(builder, letter));
    return size;
  }

  /// Elements from one value of `index` to the next, 0 if it is not there.
  OpFoldResult getStride(OpBuilder &builder, Operand i, const Index &index) {
    if (!index.isIn[i])
      return builder.getIndexAttr(0);
    size_t axis = words[i].find(index.letters.back());
    if (types[i].getLayout().isIdentity()) {
      OpFoldResult stride = builder.getIndexAttr(1);
      for (char letter : StringRef(words[i]).drop_front(axis + 1))
        stride = multiply(builder, stride, getSize(builder, letter));
      return stride;
    }
    auto [strides, offset] = getStridesAndOffset(types[i]);
    if (!ShapedType::isDynamic(strides[axis]))
      return builder.getIndexAttr(strides[axis]);
    if (!metadata[i])
      metadata[i] = builder.create<memref::ExtractStridedMetadataOp>(
          op->getLoc(), op->getOperand(i));
    return metadata[i].getStrides()[axis];
  }

private:
  bool has(Operand i, char letter) const {
    return StringRef(words[i]).contains(letter);
  }

  int64_t getStaticSize(char letter) const {
    for (int i : {LHS, RHS, OUT})
      if (size_t axis = words[i].find(letter); axis != std::string::npos)
        return types[i].getDimSize(axis);
    return ShapedType::kDynamic;
  }

  OpFoldResult getSize(OpBuilder &builder, char letter) const {
    int64_t size = getStaticSize(letter);
    if (!ShapedType::isDynamic(size))
      return builder.getIndexAttr(size);
    Operand i = has(LHS, letter) ? LHS : RHS;
    return builder.createOrFold<memref::DimOp>(
        op->getLoc(), op->getOperand(i),
        static_cast<int64_t>(words[i].find(letter)));
  }

  OpFoldResult multiply(OpBuilder &builder, OpFoldResult a,
                        OpFoldResult b) const {
    std::optional<int64_t> x = getConstantIntValue(a);
    std::optional<int64_t> y = getConstantIntValue(b);
    if (x && y)
      return builder.getIndexAttr(*x * *y);
    if (x == 1)
      return b;
    if (y == 1)
      return a;
    Location loc = op->getLoc();
    return builder
        .create<arith::MulIOp>(loc,
                               getValueOrCreateConstantIndexOp(builder, loc, a),
                               getValueOrCreateConstantIndexOp(builder, loc, b))
        .getResult();
  }

  /// Does `letter` follow the letters of `index` in every operand, with nothing
  /// but dimensions of size 1 between?
  bool mergesWith(const Index &index, char letter) const {
    for (Operand i : {LHS, RHS, OUT}) {
      if (has(i, letter) != index.isIn[i])
        return false;
      if (!index.isIn[i])
        continue;
      size_t axis = words[i].find(letter);
      size_t before = words[i].find(index.letters.back());
      if (before > axis || !stridesMerge(types[i], before, axis))
        return false;
      for (size_t between = before + 1; between < axis; ++between)
        if (types[i].getDimSize(between) != 1)
          return false;
    }
    return true;
  }

  /// Is the stride of axis `outer` that of `inner` times its size?
  static bool stridesMerge(MemRefType type, size_t outer, size_t inner) {
    if (type.getLayout().isIdentity())
      return true;
    auto [strides, offset] = getStridesAndOffset(type);
    return !ShapedType::isDynamic(strides[outer]) &&
           !ShapedType::isDynamic(strides[inner]) &&
           !type.isDynamicDim(inner) &&
           strides[outer] == strides[inner] * type.getDimSize(inner);
  }

  Operation *op;
  std::string words[3];
  MemRefType types[3];
  memref::ExtractStridedMetadataOp metadata[3];
};
} // namespace

/// Takes the largest index of a kind out of `indices`, or one of size 1.
static Index takeLargest(SmallVectorImpl<Index> &indices,
                         const Analysis &analysis,
                         bool (Index::*isOfKind)() const) {
  Index *largest = nullptr;
  for (Index &index : indices) {
    if ((index.*isOfKind)() &&
        (!largest ||
         analysis.estimateSize(index) > analysis.estimateSize(*largest)))
      largest = &index;
  }
  if (!largest)
    return {"", {false, false, false}};
  Index taken = *largest;
  indices.erase(largest);
  return taken;
}

FailureOr<SmallVector<OpFoldResult>>
ContractOp::buildDescription(OpBuilder &builder) {
  Analysis analysis(*this);
  SmallVector<Index> loops = analysis.getIndices();
  Index m = takeLargest(loops, analysis, &Index::isRow);
  Index n = takeLargest(loops, analysis, &Index::isColumn);
  Index k = takeLargest(loops, analysis, &Index::isSum);
  SmallVector<OpFoldResult> numbers;
  for (const Index &index : {m, n, k})
    numbers.push_back(analysis.getSize(builder, index));
  for (auto [operand, row, column] :
       {std::tuple(LHS, &m, &k), {RHS, &k, &n}, {OUT, &m, &n}}) {
    numbers.push_back(analysis.getStride(builder, operand, *row));
    numbers.push_back(analysis.getStride(builder, operand, *column));
  }
  numbers.push_back(builder.getIndexAttr(getAccumulate()));
  numbers.push_back(builder.getIndexAttr(loops.size()));
  for (const Index &loop : loops) {
    numbers.push_back(analysis.getSize(builder, loop));
    for (Operand operand : {LHS, RHS, OUT})
      numbers.push_back(analysis.getStride(builder, operand, loop));
  }
  return numbers;
}
