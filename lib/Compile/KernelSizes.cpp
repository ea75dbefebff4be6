// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes of a kernel program, and the memory of a run that follows from them.

#include "ntk/Compile/KernelSizes.h"
#include "ntk-rt/Pages.h"
#include "ntk/Import/Model.h"
#include "ntk/Lower/Sizes.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Expected;

/// More bytes than any machine has; sums of a few of them do not overflow.
static constexpr int64_t mostBytes = int64_t(1) << 58;

static int64_t toBytes(double bytes) {
  return bytes < mostBytes ? static_cast<int64_t>(bytes) : mostBytes;
}

/// The whole number a polynomial has at n and m.
static int64_t evaluate(const Polynomial &polynomial, int64_t n, int64_t m) {
  return toBytes(
      polynomial.evaluate([&](char letter) { return letter == 'm' ? m : n; }));
}

int64_t KernelSizes::getArenaBytes(int64_t n, int64_t m) const {
  return std::max({evaluate(factorArena[0], n, n),
                   evaluate(factorArena[1], m, m), evaluate(tileArena, n, m)});
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

Expected<KernelSizes> mlir::ntk::readKernelSizes(KernelFunctions functions) {
  KernelSizes sizes;
  func::FuncOp factors[] = {functions.factors1, functions.factors2};
  for (int side = 0; side < 2; ++side) {
    sizes.factorBytes[side] = getPolynomial(
        findArgAttr<DictionaryAttr>(factors[side], factorBytesAttrName));
    sizes.factorArena[side] = getPolynomial(
        findArgAttr<DictionaryAttr>(factors[side], arenaBytesAttrName));
  }
  sizes.tileArena = getPolynomial(
      findArgAttr<DictionaryAttr>(functions.tile, arenaBytesAttrName));
  sizes.sharedFactors = functions.factors1 == functions.factors2;
  auto bytes = findArgAttr<IntegerAttr>(functions.tile, paramBytesAttrName);
  auto offsets =
      findArgAttr<DictionaryAttr>(functions.tile, paramOffsetsAttrName);
  if (!bytes || !offsets)
    return createStringError("expected a lowered kernel, but its tile has no "
                             "parameter block");
  sizes.parameterBytes = bytes.getInt();
  for (NamedAttribute entry : offsets)
    sizes.parameterOffsets.emplace_back(
        entry.getName().str(), cast<IntegerAttr>(entry.getValue()).getInt());
  return sizes;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

namespace {
/// Enough of a kernel for the tile driver to say what it needs.
struct SizesOnly {
  const KernelSizes &sizes;
  int64_t factorBytes(int side, int64_t n) const {
    return evaluate(sizes.factorBytes[side - 1], n, n);
  }
};
} // namespace

/// Factors and tile, as the tile driver lays them out; its own arithmetic is
/// asked only where it cannot overflow.
static int64_t getWorkspaceBytes(const KernelSizes &sizes,
                                 const ::ntk::rt::TileProblem &problem,
                                 int64_t elementBytes) {
  double tile = static_cast<double>(problem.blocks.examples1) *
                problem.blocks.examples2 * problem.blocks.outputs *
                problem.blocks.outputs * elementBytes;
  SizesOnly kernel{sizes};
  if (toBytes(tile) == mostBytes ||
      kernel.factorBytes(1, problem.examples1) == mostBytes ||
      kernel.factorBytes(2, problem.examples2) == mostBytes)
    return mostBytes;
  return elementBytes == 8
             ? ::ntk::rt::tileWorkspaceBytes<double>(kernel, problem)
             : ::ntk::rt::tileWorkspaceBytes<float>(kernel, problem);
}

MemoryUse mlir::ntk::getMemoryUse(const KernelSizes &sizes,
                                  const ::ntk::rt::TileProblem &problem,
                                  int64_t elementBytes, int64_t inputs) {
  MemoryUse use;
  use.parameters = sizes.parameterBytes;
  use.inputs = inputs;
  use.kernel =
      toBytes(static_cast<double>(problem.examples1) * problem.examples2 *
              problem.layout.pairSize() * elementBytes);
  use.workspace = getWorkspaceBytes(sizes, problem, elementBytes);
  int64_t n = std::min(problem.blocks.examples1, problem.examples1);
  int64_t m = problem.symmetric
                  ? n
                  : std::min(problem.blocks.examples2, problem.examples2);
  use.arena = sizes.getArenaBytes(n, m);
  return use;
}

AlignedBytes::AlignedBytes(int64_t bytes)
    : data(static_cast<char *>(::ntk::rt::allocatePages(bytes))),
      size(data ? bytes : 0) {}

AlignedBytes::~AlignedBytes() { free(data); }

bool AlignedBytes::reserve(int64_t bytes) {
  if (!data || bytes > size) {
    *this = AlignedBytes(); // what is there goes first
    *this = AlignedBytes(bytes);
  }
  return data != nullptr;
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

/// The element type that the network has for a parameter or buffer.
static Type getElementType(NetworkOp network, StringRef name) {
  for (unsigned i = 0; i < network.getNumArguments(); ++i)
    if (network.getParameterName(i) == name || network.getBufferName(i) == name)
      return getElementTypeOrSelf(network.getArgumentTypes()[i]);
  return {};
}

Expected<AlignedBytes> mlir::ntk::packParameters(const KernelSizes &sizes,
                                                 const ParameterStore &store,
                                                 NetworkOp network) {
  AlignedBytes block(sizes.parameterBytes);
  if (!block.data)
    return createStringError("expected " + formatBytes(sizes.parameterBytes) +
                             " of memory for parameters, but there is not as "
                             "much");
  for (const auto &[name, offset] : sizes.parameterOffsets) {
    const StoredTensor *tensor = store.find(name);
    if (!tensor)
      return createStringError("'" + name +
                               "': expected a value, but there is "
                               "none");
    Expected<Array> values = convertTo(
        tensor->values, getElementType(network, name), "'" + name + "'");
    if (!values)
      return values.takeError();
    llvm::copy(values->bytes(), block.data + offset);
  }
  return block;
}
