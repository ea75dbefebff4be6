// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays made from arrays.

#include "Undo/Tensors.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>
#include <numeric>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::Expected;
using llvm::StringRef;

Expected<Array> onnximport::makeIndices(ArrayRef<int64_t> values,
                                        ArrayRef<int64_t> shape) {
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> array = Array::allocate(ElementKind::Int64, shape, bytes);
  if (array && !bytes.empty())
    std::memcpy(bytes.data(), values.data(), bytes.size());
  return array;
}

Expected<Array> onnximport::makeZeros(ElementKind kind,
                                      ArrayRef<int64_t> shape) {
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> array = Array::allocate(kind, shape, bytes);
  if (array && !bytes.empty())
    std::memset(bytes.data(), 0, bytes.size());
  return array;
}

Array onnximport::reshape(Array values, ArrayRef<int64_t> shape) {
  values.shape.assign(shape.begin(), shape.end());
  return values;
}

Expected<Array> onnximport::pick(const Array &values,
                                 ArrayRef<int64_t> positions,
                                 ArrayRef<int64_t> shape) {
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> array = Array::allocate(values.kind, shape, bytes);
  if (!array)
    return array;
  size_t width = byteWidth(values.kind);
  for (auto [i, position] : llvm::enumerate(positions))
    std::memcpy(bytes.data() + i * width,
                values.bytes().data() + position * width, width);
  return array;
}

Expected<Array> onnximport::permute(const Array &values,
                                    ArrayRef<int64_t> permutation) {
  size_t rank = permutation.size();
  llvm::SmallVector<int64_t> shape(rank), steps(rank), strides(rank, 1);
  for (size_t i = rank; i-- > 1;)
    strides[i - 1] = strides[i] * values.shape[i];
  for (size_t i = 0; i < rank; ++i) {
    shape[i] = values.shape[permutation[i]];
    steps[i] = strides[permutation[i]];
  }
  std::vector<int64_t> positions(values.size());
  llvm::SmallVector<int64_t> index(rank, 0);
  int64_t at = 0;
  for (int64_t &position : positions) {
    position = at;
    for (size_t i = rank; i-- > 0;) {
      at += steps[i];
      if (++index[i] < shape[i])
        break;
      at -= steps[i] * shape[i];
      index[i] = 0;
    }
  }
  return pick(values, positions, shape);
}

Expected<Array> onnximport::transpose(const Array &values) {
  return permute(values, {1, 0});
}

Expected<Array> onnximport::negate(const Array &values) {
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> array = Array::allocate(values.kind, values.shape, bytes);
  if (!array)
    return array;
  size_t width = byteWidth(values.kind);
  std::memcpy(bytes.data(), values.bytes().data(), bytes.size());
  // The sign is the highest bit, in the last byte of a little-endian number.
  for (size_t at = width - 1; at < bytes.size(); at += width)
    bytes[at] ^= char(0x80);
  return array;
}

bool onnximport::hasEqualElements(const Array &a, const Array &b) {
  return a.kind == b.kind && a.bytes() == b.bytes();
}

bool onnximport::isEqual(const Array &a, const Array &b) {
  return a.shape == b.shape && hasEqualElements(a, b);
}

/// A sum over elements, so that their order does not count.
static uint64_t hashContent(const Array &values) {
  size_t width = byteWidth(values.kind);
  uint64_t sum = 0;
  for (int64_t i = 0; i < values.size(); ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, values.bytes().data() + i * width, width);
    bits = (bits ^ (bits >> 31)) * 0x9e3779b97f4a7c15;
    sum += (bits ^ (bits >> 32)) * 0xd6e8feb86659fd93;
  }
  return sum;
}

bool onnximport::haveOneContent(const Array &a, const Array &b) {
  return a.kind == b.kind && a.size() == b.size() &&
         hashContent(a) == hashContent(b);
}

bool onnximport::isUniform(const Array &values) {
  ArrayRef<char> bytes = values.bytes();
  size_t width = byteWidth(values.kind);
  for (size_t at = width; at < bytes.size(); at += width)
    if (bytes.slice(at, width) != bytes.take_front(width))
      return false;
  return true;
}

bool onnximport::isZero(const Array &values) {
  return llvm::all_of(values.bytes(), [](char byte) { return byte == 0; });
}

//===----------------------------------------------------------------------===//
// DistinctRows
//===----------------------------------------------------------------------===//

std::vector<int64_t> DistinctRows::number(const Array &values) {
  std::vector<int64_t> result;
  StringRef bytes(values.bytes().data(), values.bytes().size());
  for (; !bytes.empty(); bytes = bytes.drop_front(width)) {
    auto [found, isNew] = numbers.try_emplace(bytes.take_front(width), size());
    if (isNew)
      rows.push_back(found->first());
    result.push_back(found->second);
  }
  return result;
}

std::optional<std::vector<int64_t>>
DistinctRows::look(const Array &values) const {
  std::vector<int64_t> result;
  StringRef bytes(values.bytes().data(), values.bytes().size());
  for (; !bytes.empty(); bytes = bytes.drop_front(width)) {
    auto found = numbers.find(bytes.take_front(width));
    if (found == numbers.end())
      return std::nullopt;
    result.push_back(found->second);
  }
  return result;
}
