// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Examples from .npy and .npz files, checked against the inputs of a network.
// Examples lie along the first axis of every array.

#include "ntk/Driver/Model.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

bool Examples::operator==(const Examples &other) const {
  return count == other.count &&
         llvm::equal(inputs, other.inputs, [](const Array &a, const Array &b) {
           return a.kind == b.kind && a.shape == b.shape &&
                  a.bytes() == b.bytes();
         });
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

//===----------------------------------------------------------------------===//
// One array
//===----------------------------------------------------------------------===//

/// "[n, 3, 32, 32]", or of a whole batch "[8, 3, 32, 32]".
static std::string describeExamples(ArrayRef<int64_t> shape, bool isBatch) {
  SmallVector<std::string> sizes;
  if (!isBatch)
    sizes.push_back("n");
  for (int64_t size : shape)
    sizes.push_back(std::to_string(size));
  return "[" + llvm::join(sizes, ", ") + "]" +
         (isBatch ? ", the whole batch," : "");
}

int64_t mlir::ntk::getIdBound(Model &model, const NetworkInput &input) {
  int64_t bound = 0;
  Value ids = model.network.getArguments()[input.argument];
  for (Operation *user : ids.getUsers()) {
    auto gather = dyn_cast<GatherOp>(user);
    if (!gather || gather.getIndices() != ids)
      continue;
    int64_t size = cast<RankedTensorType>(gather.getInput().getType())
                       .getDimSize(gather.getAxis());
    bound = bound ? std::min(bound, size) : size;
  }
  return bound;
}

/// Ids that a gather reads its table with are within the table.
static Error checkIds(Model &model, const NetworkInput &input,
                      const Array &array, const Twine &where) {
  int64_t bound = getIdBound(model, input);
  if (!bound ||
      (array.kind != ElementKind::Int64 && array.kind != ElementKind::Int32))
    return Error::success();
  for (int64_t i = 0; i < array.size(); ++i) {
    int64_t id = array.kind == ElementKind::Int64 ? array.as<int64_t>()[i]
                                                  : array.as<int32_t>()[i];
    if (id < -bound || id >= bound)
      return createStringError(where + ": expected ids below " + Twine(bound) +
                               ", but got " + Twine(id));
  }
  return Error::success();
}

static Expected<Array> readInput(Model &model, const NetworkInput &input,
                                 const Array &array, const Twine &where,
                                 bool allowNonFinite) {
  ArrayRef<int64_t> wanted = input.type.getShape(), found = array.shape;
  bool isBatch = model.batchSize.has_value();
  if (isBatch ? found != wanted
              : found.empty() || found.drop_front() != wanted) {
    return createStringError(where + ": expected " +
                             describeExamples(wanted, isBatch) +
                             " for input '" + input.name + "', but got " +
                             describe(array.kind, array.shape));
  }
  if (!isBatch && found.front() == 0) {
    return createStringError(where +
                             ": expected at least one example, but "
                             "got " +
                             describe(array.kind, array.shape));
  }
  Expected<Array> result = convertTo(array, input.type.getElementType(), where);
  if (!result)
    return result;
  if (!allowNonFinite && isFloat(result->kind)) {
    NonFiniteCount count = countNonFinite(*result);
    if (count.nans + count.infinities) {
      return createStringError(
          where + ": " + Twine(count.nans) + " NaN and " +
          Twine(count.infinities) +
          " infinite values (--allow-nonfinite computes all the same)");
    }
  }
  if (Error error = checkIds(model, input, *result, where))
    return std::move(error);
  return result;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// The array for `input` among those of a file: by name, or the only one.
static const Array *findArray(ArrayRef<NamedArray> arrays,
                              const NetworkInput &input, size_t inputs) {
  for (const NamedArray &entry : arrays)
    if (entry.name == input.name)
      return &entry.array;
  return inputs == 1 && arrays.size() == 1 ? &arrays.front().array : nullptr;
}

static std::string listNames(const Model &model) {
  std::string text;
  for (const NetworkInput &input : model.inputs)
    text += (text.empty() ? "'" : ", '") + input.name + "'";
  return text;
}

Expected<Examples> mlir::ntk::readExamples(Model &model, StringRef option,
                                           StringRef path,
                                           bool allowNonFinite) {
  Expected<std::vector<NamedArray>> arrays = readArrays(path);
  if (!arrays)
    return createStringError("--" + option + ": " +
                             llvm::toString(arrays.takeError()));
  Examples examples;
  for (const NetworkInput &input : model.inputs) {
    const Array *array = findArray(*arrays, input, model.inputs.size());
    if (!array) {
      return createStringError("--" + option + ": " + path +
                               ": expected an array for each of the inputs " +
                               listNames(model) + ", but found none for '" +
                               input.name + "'");
    }
    std::string where = ("--" + option + ": " + path).str();
    if (arrays->size() > 1)
      where += ": '" + input.name + "'";
    Expected<Array> converted =
        readInput(model, input, *array, where, allowNonFinite);
    if (!converted)
      return converted.takeError();
    int64_t count = model.batchSize ? 1 : converted->shape.front();
    if (!examples.inputs.empty() && count != examples.count)
      return createStringError(where + ": expected " + Twine(examples.count) +
                               " examples as for '" + model.inputs[0].name +
                               "', but got " + Twine(count));
    examples.count = count;
    examples.inputs.push_back(std::move(*converted));
  }
  if (arrays->size() > model.inputs.size()) {
    return createStringError("--" + option + ": " + path + ": expected " +
                             Twine(model.inputs.size()) + " arrays, for " +
                             listNames(model) + ", but found " +
                             Twine(arrays->size()));
  }
  return examples;
}
