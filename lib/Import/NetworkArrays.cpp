// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays that are given for a network, in the types it computes in.

#include "ntk/Data/GivenValues.h"
#include "ntk/Import/Model.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Expected<GivenArrays> mlir::ntk::readGivenArrays(const ModelOptions &options) {
  GivenArrays given;
  for (const std::string &text : options.inputs) {
    Expected<NamedArray> value =
        parseGivenValue(text, options.getMemoryLimit().bytes);
    if (!value)
      return createStringError("--input: " + llvm::toString(value.takeError()));
    given.shared.push_back(std::move(*value));
  }
  if (options.x1.empty())
    return given;
  Expected<std::vector<NamedArray>> arrays =
      readArrays(options.x1, options.getMemoryLimit().bytes);
  if (!arrays)
    return createStringError("--x1: " + llvm::toString(arrays.takeError()));
  given.x1 = std::move(*arrays);
  return given;
}

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

/// Int64 as another integer type, refusing what does not fit.
template <typename T>
static Expected<Array> narrow(const Array &array, ElementKind kind,
                              const Twine &where) {
  MutableArrayRef<char> bytes;
  Expected<Array> result = Array::allocate(kind, array.shape, bytes);
  if (!result)
    return result;
  T *target = reinterpret_cast<T *>(bytes.data());
  for (int64_t value : array.as<int64_t>()) {
    if (value < std::numeric_limits<T>::min() ||
        value > std::numeric_limits<T>::max())
      return createStringError(where + ": " + Twine(value) +
                               " does not fit the network's integers");
    *target++ = static_cast<T>(value);
  }
  return result;
}

Expected<Array> mlir::ntk::convertTo(const Array &array, Type element,
                                     const Twine &where) {
  bool wantsFloat = isa<FloatType>(element);
  if (wantsFloat != isFloat(array.kind))
    return createStringError(where + ": expected " +
                             (wantsFloat ? "floats" : "integers") +
                             ", but got " + describe(array.kind, array.shape));
  if (wantsFloat)
    return convertFloat(array, element.isF64() ? ElementKind::Float64
                                               : ElementKind::Float32);
  unsigned width = element.getIntOrFloatBitWidth();
  if (width == 1 && array.kind == ElementKind::Bool)
    return array;
  Expected<Array> wide = convertToInt64(array);
  if (!wide || width == 64)
    return wide;
  if (width == 32)
    return narrow<int32_t>(*wide, ElementKind::Int32, where);
  if (width == 1)
    return narrow<bool>(*wide, ElementKind::Bool, where);
  return createStringError(where + ": the network takes integers of " +
                           Twine(width) + " bits, which no file has");
}
