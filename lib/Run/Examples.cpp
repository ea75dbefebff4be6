// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Examples from .npy and .npz files, checked against the inputs of a network.
// Examples lie along the first axis of every array.

#include "ntk/Run/Examples.h"
#include "ntk/Data/GivenValues.h"
#include "ntk/Run/IndexRanges.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

int64_t Examples::getBytes() const {
  int64_t bytes = 0;
  for (const Array &array : inputs)
    bytes += static_cast<int64_t>(array.bytes().size());
  return bytes;
}

bool Examples::operator==(const Examples &other) const {
  return count == other.count &&
         llvm::equal(inputs, other.inputs, [](const Array &a, const Array &b) {
           return a.kind == b.kind && a.shape == b.shape &&
                  a.bytes() == b.bytes();
         });
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

/// The whole array, in the element type of the network.
static Expected<Array> takeElements(const NetworkInput &input,
                                    const Array &array, const Twine &where,
                                    bool allowNonFinite) {
  if (isa<FloatType>(input.type.getElementType()) && !isFloat(array.kind)) {
    return createStringError(where + ": expected floats, but got " +
                             describe(array.kind, array.shape) +
                             "; convert them with x.astype(np.float32) and "
                             "scale them as the network expects them (images "
                             "often to x / 255)");
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
  return result;
}

/// An array of one example's shape: all examples share it.
static bool isShared(Model &model, const NetworkInput &input,
                     const Array &array) {
  return !model.batchSize && ArrayRef(array.shape) == input.type.getShape();
}

static Error checkShape(Model &model, const NetworkInput &input,
                        const Array &array, const Twine &where) {
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
  return Error::success();
}

/// The array once for each example.
static Expected<Array> repeat(const Array &array, int64_t count) {
  SmallVector<int64_t> shape(array.shape);
  shape.insert(shape.begin(), count);
  MutableArrayRef<char> bytes;
  Expected<Array> result = Array::allocate(array.kind, shape, bytes);
  if (result)
    for (int64_t n = 0; n < count; ++n)
      llvm::copy(array.bytes(), bytes.begin() + n * array.bytes().size());
  return result;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// The array of this name, or null.
static const Array *findNamed(ArrayRef<NamedArray> arrays, StringRef name) {
  for (const NamedArray &entry : arrays)
    if (entry.name == name)
      return &entry.array;
  return nullptr;
}

static std::string listNames(const Model &model) {
  std::string text;
  for (const NetworkInput &input : model.inputs)
    text += (text.empty() ? "'" : ", '") + input.name + "'";
  return text;
}

/// "'a', 'b'", of the arrays that are there.
static std::string listNames(ArrayRef<NamedArray> arrays) {
  std::string text;
  for (const NamedArray &entry : arrays)
    text += (text.empty() ? "'" : ", '") + entry.name + "'";
  return text;
}

/// A value that all examples share is one: in --x2 as in --x1.
static Error checkShared(const Model &model, ArrayRef<NamedArray> arrays,
                         const Twine &where) {
  for (const NamedArray &shared : model.shared) {
    const Array *array = findNamed(arrays, shared.name);
    if (!array)
      continue;
    bool isEqual = sizeOf(array->shape) == shared.array.size();
    Expected<Array> value =
        isEqual ? array->load() : Expected<Array>(shared.array);
    if (value)
      value = convertShared(*value, shared.array.kind);
    isEqual &= value && value->bytes() == shared.array.bytes();
    if (!value)
      llvm::consumeError(value.takeError());
    if (!isEqual)
      return createStringError(
          where + ": '" + shared.name +
          "': expected the one value that all examples share, " +
          describe(shared.array.kind, shared.array.shape) +
          ", but got another; give it for each example in --x1, too, along the "
          "first axis");
  }
  return Error::success();
}

/// Arrays that are for no input of the file.
static Error checkNames(const Model &model, ArrayRef<NamedArray> arrays,
                        const Twine &where) {
  if (arrays.size() == 1 && model.inputs.size() == 1)
    return Error::success();
  for (const NamedArray &entry : arrays) {
    bool isKnown = llvm::any_of(model.inputs,
                                [&](const NetworkInput &input) {
                                  return input.name == entry.name;
                                }) ||
                   findNamed(model.shared, entry.name) ||
                   llvm::is_contained(model.unused, entry.name);
    if (!isKnown)
      return createStringError(
          where + ": expected " + Twine(model.inputs.size()) + " arrays, for " +
          listNames(model) + ", but found '" + entry.name + "'");
  }
  return Error::success();
}

/// Inputs that have no array.
static Error checkPresent(const Model &model, ArrayRef<NamedArray> arrays,
                          ArrayRef<NamedArray> shared, const Twine &where) {
  if (arrays.size() == 1 && model.inputs.size() == 1)
    return Error::success();
  for (const NetworkInput &input : model.inputs)
    if (!findNamed(arrays, input.name) && !findNamed(shared, input.name))
      return createStringError(
          where + ": expected an array for each of the inputs " +
          listNames(model) + ", but found none for '" + input.name + "'; " +
          (arrays.empty() ? "there are none"
                          : "there are " + listNames(arrays)));
  return Error::success();
}

/// The value that --input has for an input, in its element type; else an array
/// without elements.
static Expected<Array> takeGiven(const NetworkInput &input,
                                 ArrayRef<NamedArray> shared) {
  const Array *array = findNamed(shared, input.name);
  if (!array)
    return Array(ElementKind::Bool, {0}, {}, nullptr);
  Type element = input.type.getElementType();
  ElementKind kind = isa<FloatType>(element) ? ElementKind::Float64
                     : element.isInteger(1)  ? ElementKind::Bool
                                             : ElementKind::Int64;
  Expected<Array> value = array->load();
  if (value)
    value = convertShared(*value, kind);
  if (!value)
    return createStringError("--input: '" + input.name +
                             "': " + llvm::toString(value.takeError()));
  return value;
}

Expected<Examples>
mlir::ntk::readExamples(Model &model, const ParameterStore &store,
                        ExampleSource source, ArrayRef<NamedArray> arrays,
                        ArrayRef<NamedArray> shared, bool allowNonFinite) {
  std::string file = source.describe();
  Examples examples;
  SmallVector<size_t> repeated;
  if (Error error = checkPresent(model, arrays, shared, file))
    return std::move(error);
  if (Error error = checkNames(model, arrays, file))
    return std::move(error);
  for (const NetworkInput &input : model.inputs) {
    const Array *array = findNamed(arrays, input.name);
    Expected<Array> given = takeGiven(input, shared);
    if (!given)
      return given.takeError();
    if (!array && findNamed(shared, input.name))
      array = &*given;
    if (!array)
      array = &arrays.front().array; // of one input, by any name
    std::string where = file;
    if (arrays.size() > 1)
      where += ": '" + input.name + "'";
    bool isRepeated = model.inputs.size() > 1 && isShared(model, input, *array);
    if (!isRepeated)
      if (Error error = checkShape(model, input, *array, where))
        return std::move(error);
    Expected<Array> loaded = array->load();
    if (!loaded)
      return createStringError(source.option + ": " +
                               llvm::toString(loaded.takeError()));
    Expected<Array> converted =
        takeElements(input, *loaded, where, allowNonFinite);
    if (!converted)
      return converted.takeError();
    if (isRepeated) {
      repeated.push_back(examples.inputs.size());
    } else {
      int64_t count = model.batchSize ? 1 : converted->shape.front();
      if (examples.count && count != examples.count)
        return createStringError(where + ": expected " + Twine(examples.count) +
                                 " examples as for '" + model.inputs[0].name +
                                 "', but got " + Twine(count));
      examples.count = count;
    }
    examples.inputs.push_back(std::move(*converted));
  }
  if (!examples.count)
    return createStringError(file + ": expected examples along the first axis "
                                    "of an array, but all are of one example");
  for (size_t i : repeated) {
    Expected<Array> all = repeat(examples.inputs[i], examples.count);
    if (!all)
      return all.takeError();
    examples.inputs[i] = std::move(*all);
  }
  if (Error error = checkShared(model, arrays, file))
    return std::move(error);
  if (Error error = checkIndices(model, store, examples, source))
    return std::move(error);
  return examples;
}
