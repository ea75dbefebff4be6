// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rt.contract as one strided matrix product with loops around it: each letter
// is a loop, and the runtime's own normal form (GemmLoops.h) makes them M, N
// and K:
//
//   "notc, ntk -> nock"   rows o and c, apart in lhs: M = c; N = k, K = t;
//                         loops n and o
//   "noc, mpc -> nomp"    M = no, N = mp, K = c; no loop

#include "dialects/RT/RTOps.h"
#include "dialects/Support/Einsum.h"
#include "dialects/Support/LetterLoops.h"

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

Routine ContractOp::getRoutine() { return Routine::Product; }

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
  SizeProduct count = 2;
  std::string seen;
  for (auto [operand, word] : llvm::enumerate(einsum.operands)) {
    for (auto [axis, letter] : llvm::enumerate(word)) {
      if (!StringRef(seen).contains(letter)) {
        seen += letter;
        count = count * SizeProduct::ofSize(*this, operand, axis);
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

/// Elements from one position of operand `i` along `axis` to the next, in a
/// layout that is not row-major.
static SizeProduct getStrideOfLayout(MemRefType type, unsigned i, size_t axis) {
  auto [strides, offset] = getStridesAndOffset(type);
  if (ShapedType::isDynamic(strides[axis]))
    return SizeProduct::Axis{i, static_cast<int64_t>(axis), true};
  return strides[axis];
}

SmallVector<SizeProduct> ContractOp::getDescription() {
  Einsum einsum = Einsum::get(getSpec());
  StringRef words[] = {einsum.operands[0], einsum.operands[1], einsum.result};
  std::map<char, SizeProduct> sizes;
  for (unsigned i : {2, 1, 0}) // the first that has a letter says its size
    for (auto [axis, letter] : llvm::enumerate(words[i]))
      sizes[letter] = SizeProduct::ofSize(*this, i, axis);
  auto getStride = [&](unsigned i, char letter) {
    auto type = cast<MemRefType>(getOperation()->getOperand(i).getType());
    size_t axis = words[i].find(letter);
    return type.getLayout().isIdentity() || axis == StringRef::npos
               ? getDenseStride(words[i], letter, sizes)
               : getStrideOfLayout(type, i, axis);
  };
  auto loops =
      getLetterLoops(words[0], words[2], sizes, getAccumulate(), getStride);
  loops.normalise();
  const auto &[m, n, k] = std::tie(loops.m, loops.n, loops.k);
  SmallVector<SizeProduct> numbers = {m.size, n.size, k.size, m.a, k.a,
                                      k.b,    n.b,    m.c,    n.c};
  numbers.push_back(getAccumulate());
  numbers.push_back(loops.loops);
  for (const auto &loop : ArrayRef(loops.loop, loops.loops))
    numbers.append({loop.size, loop.a, loop.b, loop.c});
  return numbers;
}
