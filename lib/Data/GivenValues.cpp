// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values and sizes from the command line. Lists are written as in JSON.

#include "ntk/Data/GivenValues.h"
#include "ntk/Support/Nesting.h"
#include "llvm/Support/JSON.h"

using namespace mlir::ntk;
using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Numbers and lists
//===----------------------------------------------------------------------===//

namespace {
/// The numbers of a list of lists, all of one length at each depth.
struct Numbers {
  llvm::SmallVector<int64_t> shape;
  std::vector<double> reals;
  std::vector<int64_t> integers;
  bool isFloat = false, isBool = true;

  bool add(const llvm::json::Value &value, size_t depth);
};
} // namespace

/// False if this is no number or a list of another length than before.
bool Numbers::add(const llvm::json::Value &value, size_t depth) {
  if (const llvm::json::Array *list = value.getAsArray()) {
    int64_t size = list->size();
    bool isFirst = reals.empty() && shape.size() == depth;
    if (isFirst)
      shape.push_back(size);
    else if (depth >= shape.size() || shape[depth] != size)
      return false;
    return llvm::all_of(*list, [&](const llvm::json::Value &element) {
      return add(element, depth + 1);
    });
  }
  if (shape.size() != depth)
    return false;
  std::optional<bool> boolean = value.getAsBoolean();
  std::optional<int64_t> integer = value.getAsInteger();
  std::optional<double> real = value.getAsNumber();
  if (!boolean && !real)
    return false;
  isBool &= boolean.has_value();
  isFloat |= !boolean && !integer;
  integers.push_back(boolean ? *boolean : integer.value_or(0));
  reals.push_back(boolean ? *boolean : *real);
  return true;
}

template <typename T, typename From>
static Expected<Array> makeArray(ElementKind kind, ArrayRef<int64_t> shape,
                                 const std::vector<From> &values) {
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> array = Array::allocate(kind, shape, bytes);
  if (array)
    for (auto [i, value] : llvm::enumerate(values))
      reinterpret_cast<T *>(bytes.data())[i] = static_cast<T>(value);
  return array;
}

/// Lists in each other, as many as an array has axes.
static constexpr int maxListDepth = 64;

static Expected<Array> parseNumbers(StringRef text) {
  if (Error error = checkNesting(text, maxListDepth))
    return std::move(error);
  Expected<llvm::json::Value> value = llvm::json::parse(text);
  Numbers numbers;
  if (!value || !numbers.add(*value, 0) || numbers.reals.empty()) {
    if (!value)
      llvm::consumeError(value.takeError());
    return createStringError(
        "expected a number, true, false, a list as [1, 2] or the name of an "
        ".npy file, but got '" +
        text + "'");
  }
  if (numbers.isBool)
    return makeArray<bool>(ElementKind::Bool, numbers.shape, numbers.integers);
  if (numbers.isFloat)
    return makeArray<double>(ElementKind::Float64, numbers.shape,
                             numbers.reals);
  return makeArray<int64_t>(ElementKind::Int64, numbers.shape,
                            numbers.integers);
}

//===----------------------------------------------------------------------===//
// The command line
//===----------------------------------------------------------------------===//

Expected<NamedArray> mlir::ntk::parseGivenValue(StringRef text,
                                                int64_t memoryLimit) {
  auto [name, value] = text.split('=');
  if (name.empty() || value.empty())
    return createStringError("expected NAME=VALUE, but got '" + text + "'");
  Expected<Array> array = value.ends_with(".npy") ? readNpy(value, memoryLimit)
                                                  : parseNumbers(value);
  if (!array)
    return createStringError("'" + name +
                             "': " + llvm::toString(array.takeError()));
  return NamedArray{name.str(), std::move(*array)};
}

Expected<std::pair<std::string, int64_t>>
mlir::ntk::parseGivenSize(StringRef text) {
  auto [name, value] = text.rsplit('=');
  constexpr int64_t most = int64_t(1) << 31;
  int64_t size;
  if (name.empty() || value.getAsInteger(10, size) || size < 1 || size > most)
    return createStringError("expected NAME=N, a size from 1 to " +
                             Twine(most) + ", but got '" + text + "'");
  return std::make_pair(name.str(), size);
}

Expected<Array> mlir::ntk::convertShared(const Array &array, ElementKind kind) {
  if (isFloat(kind)) {
    if (isFloat(array.kind))
      return convertFloat(array, ElementKind::Float64);
    Expected<Array> integer = convertToInt64(array);
    if (!integer)
      return integer;
    return makeArray<double>(ElementKind::Float64, array.shape,
                             integer->as<int64_t>().vec());
  }
  Expected<Array> integers = convertToInt64(array);
  if (!integers || kind != ElementKind::Bool)
    return integers;
  if (array.kind == ElementKind::Bool)
    return array;
  for (int64_t value : integers->as<int64_t>())
    if (value != 0 && value != 1)
      return createStringError("expected booleans, but got " +
                               describe(array.kind, array.shape));
  return makeArray<bool>(kind, array.shape, integers->as<int64_t>().vec());
}
