// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Hashes as numbers, and numbers as dual tensors and as arrays.

#include "Values.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::Expected;

std::string mlir::ntk::random::getArgumentName(NetworkOp network,
                                               unsigned argument) {
  if (StringRef name = network.getParameterName(argument); !name.empty())
    return name.str();
  if (StringRef name = network.getBufferName(argument); !name.empty())
    return name.str();
  if (auto name = network.getArgAttrOfType<StringAttr>(argument, "ntk.input"))
    return name.str();
  return ("x" + Twine(argument)).str();
}

static double toNumber(Attribute attribute) {
  if (auto real = dyn_cast<FloatAttr>(attribute))
    return real.getValueAsDouble();
  if (auto integer = dyn_cast<IntegerAttr>(attribute))
    return static_cast<double>(integer.getInt());
  return 0;
}

/// A number from [0, 1).
static double getUniform(uint64_t key, int64_t position) {
  uint64_t words[] = {key, static_cast<uint64_t>(position)};
  uint64_t bits = llvm::xxh3_64bits(
      ArrayRef(reinterpret_cast<const uint8_t *>(words), sizeof(words)));
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

DualTensor mlir::ntk::random::drawArgument(NetworkOp network, unsigned argument,
                                           int64_t example, uint64_t seed) {
  auto type = cast<RankedTensorType>(network.getArgumentTypes()[argument]);
  bool isReal = isa<FloatType>(type.getElementType());
  double low = isReal ? -1 : 0, high = isReal ? 1 : 2;
  auto range = network.getArgAttrOfType<ArrayAttr>(argument, rangeAttrName);
  if (range && range.size() == 2) {
    low = toNumber(range[0]);
    high = toNumber(range[1]);
  }
  std::string key =
      getArgumentName(network, argument) + "/" + std::to_string(seed);
  if (network.isInput(argument))
    key += "/" + std::to_string(example);
  uint64_t hash = llvm::xxh3_64bits(key);
  DualTensor tensor(type.getShape());
  for (int64_t i = 0; i < tensor.size(); ++i) {
    double value = low + (high - low) * getUniform(hash, i);
    tensor[i] = isReal ? static_cast<float>(value) : std::floor(value);
  }
  return tensor;
}

Arguments mlir::ntk::random::drawArguments(NetworkOp network, int64_t example,
                                           uint64_t seed) {
  Arguments arguments;
  for (unsigned i = 0; i < network.getNumArguments(); ++i)
    arguments.push_back(drawArgument(network, i, example, seed));
  return arguments;
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

static ElementKind getKind(Type element) {
  if (element.isF64())
    return ElementKind::Float64;
  if (element.isF32())
    return ElementKind::Float32;
  if (element.isInteger(1))
    return ElementKind::Bool;
  return element.isInteger(32) ? ElementKind::Int32 : ElementKind::Int64;
}

template <typename T>
static void writeAs(const DualTensor &tensor, char *bytes) {
  auto *to = reinterpret_cast<T *>(bytes);
  for (const Dual &element : tensor.elements)
    *to++ = static_cast<T>(element.value);
}

static void write(const DualTensor &tensor, ElementKind kind, char *bytes) {
  switch (kind) {
  case ElementKind::Float64:
    return writeAs<double>(tensor, bytes);
  case ElementKind::Float32:
    return writeAs<float>(tensor, bytes);
  case ElementKind::Bool:
    return writeAs<uint8_t>(tensor, bytes);
  case ElementKind::Int32:
    return writeAs<int32_t>(tensor, bytes);
  default:
    return writeAs<int64_t>(tensor, bytes);
  }
}

Expected<Examples> mlir::ntk::random::drawExamples(NetworkOp network,
                                                   int64_t first, int64_t count,
                                                   uint64_t seed) {
  Examples examples;
  examples.count = count;
  for (unsigned i = 0; i < network.getNumArguments(); ++i) {
    if (!network.isInput(i))
      continue;
    auto type = cast<RankedTensorType>(network.getArgumentTypes()[i]);
    ElementKind kind = getKind(type.getElementType());
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin(), count);
    MutableArrayRef<char> bytes;
    Expected<Array> array = Array::allocate(kind, shape, bytes);
    if (!array)
      return array.takeError();
    int64_t step = type.getNumElements() * byteWidth(kind);
    for (int64_t n = 0; n < count; ++n)
      write(drawArgument(network, i, first + n, seed), kind,
            bytes.data() + n * step);
    examples.inputs.push_back(std::move(*array));
  }
  return examples;
}

Expected<ParameterStore> mlir::ntk::random::drawParameters(NetworkOp network,
                                                           uint64_t seed) {
  ParameterStore store;
  for (unsigned i = 0; i < network.getNumArguments(); ++i) {
    if (network.isInput(i))
      continue;
    auto type = cast<RankedTensorType>(network.getArgumentTypes()[i]);
    ElementKind kind = getKind(type.getElementType());
    MutableArrayRef<char> bytes;
    Expected<Array> array = Array::allocate(kind, type.getShape(), bytes);
    if (!array)
      return array.takeError();
    write(drawArgument(network, i, 0, seed), kind, bytes.data());
    store.add(getArgumentName(network, i), std::move(*array),
              !network.getParameterName(i).empty());
  }
  return store;
}
