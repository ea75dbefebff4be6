// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the arrays of the command line tell about inputs. Examples lie along the
// first axis of an array, in place of the batch axis; an array without that
// axis is shared by all of them; and sizes that the file leaves open are the
// array's.

#include "GraphInputs.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::createStringError;
using llvm::Error;

/// "'length'", or without a name "open".
static std::string describeAxis(const Dimension &dimension) {
  return dimension.symbol.empty() ? "open" : "'" + dimension.symbol + "'";
}

//===----------------------------------------------------------------------===//
// Arrays against shapes
//===----------------------------------------------------------------------===//

/// Are these the sizes of the input without its batch axis?
static bool fits(const Reading &input, AxisOrNone batchAxis,
                 ArrayRef<int64_t> found) {
  size_t next = 0;
  for (auto [axis, dimension] : llvm::enumerate(input.shape())) {
    if (batchAxis == static_cast<int64_t>(axis))
      continue;
    if (next == found.size() ||
        (dimension.size && *dimension.size != found[next]))
      return false;
    ++next;
  }
  return next == found.size();
}

bool InputReader::fitsExamples(const Reading &input,
                               AxisOrNone batchAxis) const {
  ArrayRef<int64_t> found = input.array->shape;
  return !input.isGiven && !found.empty() &&
         (!numExamples || found.front() == *numExamples) &&
         fits(input, batchAxis, found.drop_front());
}

/// Values that all examples share lack the batch axis, or have size one there
/// if they are given as such.
bool InputReader::fitsShared(const Reading &input, AxisOrNone batchAxis) const {
  ArrayRef<int64_t> found = input.array->shape;
  if (fits(input, batchAxis, found))
    return true;
  if (!input.isGiven || !batchAxis ||
      found.size() != static_cast<size_t>(input.rank()) ||
      found[*batchAxis] != 1)
    return false;
  SmallVector<int64_t> rest(found);
  rest.erase(rest.begin() + *batchAxis);
  return fits(input, batchAxis, rest);
}

/// Takes the first reading that the array fits.
bool InputReader::match(Reading &input) const {
  for (AxisOrNone batchAxis : input.candidates) {
    bool isShared = !fitsExamples(input, batchAxis);
    if (isShared && !fitsShared(input, batchAxis))
      continue;
    input.batchAxis = batchAxis;
    input.isShared = isShared;
    return true;
  }
  // A value that is said to be shared, of other sizes than the batch's.
  const Dimension *batch =
      input.batchAxis ? &input.shape()[*input.batchAxis] : nullptr;
  bool isOther = !batch || batch->size ||
                 !(isAnonymous(batch->symbol) || isSurelyBatch(batch->symbol));
  if (!input.isGiven || !isOther || !fits(input, {}, input.array->shape))
    return false;
  input.batchAxis = std::nullopt;
  input.isShared = true;
  return true;
}

Error InputReader::matchArrays() {
  for (Reading &input : inputs) {
    if (options.wholeBatch) {
      input.isShared = input.isGiven;
      if (!input.isGiven || fits(input, std::nullopt, input.array->shape))
        continue;
    } else if (!input.array || match(input) || !input.isGiven) {
      continue;
    }
    return createStringError("--input '" + input.info.name +
                             "': expected a value that all examples share, " +
                             describeShape(input, /*isShared=*/true) +
                             ", but got " +
                             describe(input.array->kind, input.array->shape));
  }
  if (options.wholeBatch ||
      llvm::any_of(inputs, [](const Reading &r) { return !r.isShared; }))
    return Error::success();
  // Somebody has examples: arrays without them lack an axis.
  if (llvm::all_of(inputs, [](const Reading &r) { return r.isGiven; }) &&
      !inputs.empty())
    return createStringError("--input: expected an input that has examples, "
                             "but all are given");
  for (Reading &input : inputs) {
    if (!input.isGiven) {
      input.isShared = false;
      input.batchAxis = input.candidates.front();
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Open sizes
//===----------------------------------------------------------------------===//

bool InputReader::isBatchSymbol(StringRef symbol) const {
  return !isAnonymous(symbol) &&
         llvm::any_of(inputs, [&](const Reading &input) {
           return input.batchAxis && !input.shape()[*input.batchAxis].size &&
                  input.shape()[*input.batchAxis].symbol == symbol;
         });
}

/// An axis has this size, and so have all axes of its symbol.
Error InputReader::bind(Reading &input, int64_t axis, int64_t size,
                        const Twine &origin) {
  Dimension &dimension = input.info.shape[axis];
  dimension.size = size;
  if (isAnonymous(dimension.symbol))
    return Error::success();
  auto [known, isNew] =
      sizes.try_emplace(dimension.symbol, KnownSize{size, origin.str()});
  if (isNew || known->second.size == size)
    return Error::success();
  return inputError(input, "axis " + Twine(axis) + " is '" + dimension.symbol +
                               "', which is " + Twine(known->second.size) +
                               " by " + known->second.origin + ", but got " +
                               Twine(size));
}

/// Takes open sizes over from the array.
Error InputReader::bindArray(Reading &input) {
  ArrayRef<int64_t> found = input.array->shape;
  bool hasOpen = false;
  for (auto [axis, dimension] : llvm::enumerate(input.shape()))
    hasOpen |= !dimension.size && input.batchAxis != static_cast<int64_t>(axis);
  if (!hasOpen)
    return Error::success();
  bool isWhole =
      options.wholeBatch || found.size() == static_cast<size_t>(input.rank());
  if (!input.isShared && !options.wholeBatch)
    isWhole = false;
  size_t expected = input.rank();
  if (!options.wholeBatch && !input.isShared && !input.batchAxis)
    ++expected;
  if (input.isShared && !isWhole && input.batchAxis)
    --expected;
  if (found.size() != expected) {
    if (options.wholeBatch)
      return inputError(input, "expected an array of rank " + Twine(expected) +
                                   ", the whole batch, but got rank " +
                                   Twine(found.size()));
    return inputError(
        input, "expected an array " + describeShape(input, input.isShared) +
                   ", but got " + describe(input.array->kind, found));
  }
  // Examples lie along the first axis.
  size_t next = !isWhole && !input.isShared ? 1 : 0;
  for (int64_t axis = 0; axis < input.rank(); ++axis) {
    if (input.batchAxis == axis) {
      next += isWhole;
      continue;
    }
    int64_t size = found[next++];
    if (!input.shape()[axis].size)
      if (Error error =
              bind(input, axis, size, "input '" + input.info.name + "'"))
        return error;
  }
  return Error::success();
}

/// Each given size is that of an open axis beside the batch.
Error InputReader::checkGivenSizes() const {
  for (const auto &[name, size] : options.sizes) {
    bool isKnown = false;
    std::string list;
    for (const Reading &input : inputs) {
      for (auto [axis, dimension] : llvm::enumerate(input.shape())) {
        if (dimension.size || input.batchAxis == static_cast<int64_t>(axis))
          continue;
        std::string place = input.info.name + "." + std::to_string(axis);
        bool hasName = !isAnonymous(dimension.symbol);
        isKnown |= place == name || (hasName && dimension.symbol == name);
        list += (list.empty() ? "'" : ", '") +
                (hasName ? dimension.symbol : place) + "'";
      }
    }
    if (!isKnown)
      return createStringError(
          "--size '" + name +
          "': expected the name of an axis beside the batch whose size is "
          "open, " +
          (list.empty() ? "but there is none" : "of " + list));
  }
  return Error::success();
}

Error InputReader::bindSizes() {
  if (Error error = checkGivenSizes())
    return error;
  for (const auto &[name, size] : options.sizes) {
    for (Reading &input : inputs) {
      for (int64_t axis = 0; axis < input.rank(); ++axis) {
        const Dimension &dimension = input.shape()[axis];
        if (dimension.size || input.batchAxis == axis ||
            (dimension.symbol != name &&
             input.info.name + "." + std::to_string(axis) != name))
          continue;
        if (Error error = bind(input, axis, size, "--size"))
          return error;
      }
    }
  }
  for (Reading &input : inputs)
    if (input.array)
      if (Error error = bindArray(input))
        return error;
  return Error::success();
}

/// The size of an open axis, by its symbol.
Error InputReader::fill(Reading &input, int64_t axis) {
  Dimension &dimension = input.info.shape[axis];
  auto known = sizes.find(dimension.symbol);
  if (!isAnonymous(dimension.symbol) && known != sizes.end()) {
    dimension.size = known->second.size;
    return Error::success();
  }
  std::string message = ("expected fixed sizes beside the batch, but axis " +
                         Twine(axis) + " is " + describeAxis(dimension))
                            .str();
  if (isBatchSymbol(dimension.symbol))
    return inputError(input, message + ", the size of the batch");
  if (!options.examples.empty())
    return inputError(input, message + "; an array in --x1 tells it");
  std::string name = dimension.symbol;
  if (isAnonymous(name))
    name = input.info.name + "." + std::to_string(axis);
  return inputError(input, message + "; --size " + name + "=N tells it");
}

/// Sizes of a whole batch that nothing tells are those of the batch axis.
Error InputReader::fillSizes() {
  for (Reading &input : inputs) {
    if (options.wholeBatch) {
      AxisOrNone axis = input.candidates.front();
      if (axis && options.batchSize && !input.shape()[*axis].size)
        if (Error error = bind(input, *axis, *options.batchSize, "--n1"))
          return error;
    }
  }
  for (Reading &input : inputs)
    for (int64_t axis = 0; axis < input.rank(); ++axis)
      if (!input.shape()[axis].size && input.batchAxis != axis)
        if (Error error = fill(input, axis))
          return error;
  return Error::success();
}
