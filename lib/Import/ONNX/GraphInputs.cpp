// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inputs of a graph: which are needed, where their batch axis may be, and
// what becomes of them.

#include "GraphInputs.h"
#include "ntk/Data/GivenValues.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::createStringError;
using llvm::Error;

bool onnximport::isAnonymous(StringRef symbol) {
  return symbol.empty() || symbol == "?" || symbol == "None" || symbol == "-1";
}

static bool isCalledBatch(StringRef symbol) {
  return symbol.equals_insensitive("n") || symbol.contains_insensitive("batch");
}

Error onnximport::inputError(const Reading &input, const Twine &message) {
  return createStringError("input '" + input.info.name + "': " + message);
}

std::string onnximport::describeShape(const Reading &input, bool isShared) {
  std::string text;
  auto add = [&](const Twine &size) {
    text += ((text.empty() ? "" : ", ") + size).str();
  };
  if (!isShared)
    add("n");
  for (auto [axis, dimension] : llvm::enumerate(input.shape())) {
    if (input.batchAxis == static_cast<int64_t>(axis))
      continue;
    if (dimension.size)
      add(Twine(*dimension.size));
    else
      add(dimension.symbol.empty() ? "?" : dimension.symbol);
  }
  return "[" + text + "]";
}

//===----------------------------------------------------------------------===//
// Inputs and arrays
//===----------------------------------------------------------------------===//

/// The inputs that are read; all of them if the outputs are constant.
Error InputReader::collect(ArrayRef<size_t> liveNodes) {
  llvm::StringSet<> read, names;
  for (const ValueInfo &output : model.outputs)
    read.insert(output.name);
  for (size_t position : liveNodes)
    forEachRead(model.nodes[position],
                [&](const std::string &name) { read.insert(name); });
  bool isConstant = llvm::none_of(model.inputs, [&](const ValueInfo &info) {
    return read.contains(info.name);
  });
  for (const ValueInfo &info : model.inputs) {
    names.insert(info.name);
    if (!isConstant && !read.contains(info.name)) {
      result.unused.push_back(info.name);
      continue;
    }
    if (!info.kind || !info.hasShape)
      return createStringError("input '" + info.name +
                               "': expected a tensor of numbers with a shape");
    Reading input;
    input.info = info;
    inputs.push_back(std::move(input));
  }
  llvm::StringSet<> given;
  for (const NamedArray &value : options.shared) {
    if (!given.insert(value.name).second)
      return createStringError("--input '" + value.name +
                               "': expected one value, but got two");
    if (names.contains(value.name))
      continue;
    std::string list;
    for (const ValueInfo &info : model.inputs)
      list += (list.empty() ? "'" : ", '") + info.name + "'";
    return createStringError("--input '" + value.name +
                             "': expected the name of an input, of " + list);
  }
  return Error::success();
}

/// The array of a name, or null.
static const Array *find(ArrayRef<NamedArray> arrays, StringRef name) {
  for (const NamedArray &entry : arrays)
    if (entry.name == name)
      return &entry.array;
  return nullptr;
}

Error InputReader::findArrays() {
  size_t numOthers = 0;
  for (Reading &input : inputs) {
    input.array = find(options.shared, input.info.name);
    input.isGiven = input.array;
    numOthers += !input.isGiven;
  }
  for (Reading &input : inputs) {
    const Array *array = find(options.examples, input.info.name);
    if (input.isGiven && array && options.examples.size() > 1)
      return inputError(input, "expected its value once, but it is given by "
                               "--input and in --x1");
    if (input.isGiven)
      continue;
    if (!array && numOthers == 1 && options.examples.size() == 1)
      array = &options.examples.front().array;
    input.array = array;
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The batch axis
//===----------------------------------------------------------------------===//

void InputReader::findOutputSymbols() {
  for (const ValueInfo &output : model.outputs)
    if (!output.shape.empty() && !output.shape.front().size &&
        !isAnonymous(output.shape.front().symbol))
      outputBatch.insert(output.shape.front().symbol);
}

bool InputReader::isSurelyBatch(StringRef symbol) const {
  return isCalledBatch(symbol) || outputBatch.contains(symbol);
}

/// The likeliest batch axis among these: one that is called so, one that is the
/// first axis of an output, or the first.
AxisOrNone InputReader::chooseAxis(const Reading &input,
                                   ArrayRef<int64_t> axes) const {
  for (int64_t axis : axes)
    if (isCalledBatch(input.shape()[axis].symbol))
      return axis;
  for (int64_t axis : axes)
    if (outputBatch.contains(input.shape()[axis].symbol))
      return axis;
  return axes.empty() ? AxisOrNone() : axes.front();
}

/// Of several open axes one is the batch; the symbols of the others are sizes
/// beside it in all inputs.
void InputReader::findSymbolsBesideBatch() {
  for (const Reading &input : inputs) {
    SmallVector<int64_t> open;
    for (auto [axis, dimension] : llvm::enumerate(input.shape()))
      if (!dimension.size)
        open.push_back(axis);
    AxisOrNone batchAxis = chooseAxis(input, open);
    for (int64_t axis : open) {
      StringRef symbol = input.shape()[axis].symbol;
      if (axis != batchAxis && !isAnonymous(symbol) && !isCalledBatch(symbol))
        besideBatch.insert(symbol);
    }
  }
}

/// The batch axis by the file alone: an open one.
AxisOrNone InputReader::findBatchAxis(const Reading &input) const {
  SmallVector<int64_t> open;
  for (auto [axis, dimension] : llvm::enumerate(input.shape()))
    if (!dimension.size && !besideBatch.contains(dimension.symbol))
      open.push_back(axis);
  return chooseAxis(input, open);
}

/// The examples in the arrays of inputs whose batch axis is plain.
void InputReader::countExamples() {
  for (const Reading &input : inputs) {
    if (input.array && !input.isGiven && input.candidates.size() == 1 &&
        input.candidates.front() &&
        input.array->shape.size() == static_cast<size_t>(input.rank())) {
      numExamples = input.array->shape.front();
      return;
    }
  }
}

void InputReader::findBatchAxes() {
  findOutputSymbols();
  findSymbolsBesideBatch();
  bool isOpen = false, isSure = false;
  for (const Reading &input : inputs) {
    AxisOrNone open = findBatchAxis(input);
    isOpen |= open.has_value();
    isSure |= open && isSurelyBatch(input.shape()[*open].symbol);
  }
  SmallVector<Reading *> undecided;
  for (Reading &input : inputs) {
    AxisOrNone open = findBatchAxis(input);
    bool isOneFirst = input.rank() > 0 && input.shape().front().size == 1;
    if (input.rank() == 0)
      input.candidates = {std::nullopt};
    else if (open && *open != 0 && isOneFirst &&
             !isCalledBatch(input.shape()[*open].symbol))
      input.candidates = {open, 0};
    else if (open && isSure && !isSurelyBatch(input.shape()[*open].symbol))
      // Another size, if its array has not as many rows as there are examples.
      input.candidates = {open, std::nullopt};
    else if (open)
      input.candidates = {open};
    else if (!isOpen)
      input.candidates = {0};
    else if (isOneFirst)
      undecided.push_back(&input);
    else
      input.candidates = {std::nullopt};
  }
  countExamples();
  // A first axis of size one beside open batches: rows of examples in the
  // arrays, or a value that all share.
  for (Reading *input : undecided)
    if (input->array && numExamples && *numExamples > 1)
      input->candidates = {std::nullopt, 0};
    else
      input->candidates = {0, std::nullopt};
  // A whole batch is one example.
  for (Reading &input : inputs)
    if (!options.wholeBatch)
      input.batchAxis = input.candidates.front();
}

//===----------------------------------------------------------------------===//
// Interfaces
//===----------------------------------------------------------------------===//

/// The sizes of one example, and the batch size if it is fixed.
Error InputReader::checkSizes(const Reading &input, OnnxInterface &interface) {
  for (auto [axis, dimension] : llvm::enumerate(input.shape())) {
    if (dimension.size && *dimension.size < 1)
      return inputError(input, "expected sizes from 1 on, but axis " +
                                   Twine(axis) + " has " +
                                   Twine(*dimension.size));
    if (static_cast<int64_t>(axis) != input.batchAxis) {
      interface.shape.push_back(*dimension.size);
      continue;
    }
    if (input.isShared || !dimension.size)
      continue;
    if (result.batchSize && *dimension.size != *result.batchSize)
      return inputError(
          input, "expected the batch size " + Twine(*result.batchSize) +
                     " of other inputs, but got " + Twine(*dimension.size) +
                     "; --input says what all examples share");
    result.batchSize = *dimension.size;
  }
  if (!sizeOf(interface.shape))
    return inputError(input, "expected sizes that fit memory");
  return Error::success();
}

llvm::Expected<std::vector<GraphInput>> InputReader::finish() {
  std::vector<GraphInput> finished;
  for (const Reading &input : inputs) {
    GraphInput next{{input.info.name, *input.info.kind, {}, input.batchAxis},
                    std::nullopt};
    if (Error error = checkSizes(input, next.interface))
      return std::move(error);
    if (options.wholeBatch && !result.wholeBatchSize && !input.isShared)
      if (AxisOrNone axis = input.candidates.front())
        result.wholeBatchSize = input.shape()[*axis].size;
    if (input.isShared) {
      llvm::Expected<Array> value = input.array->load();
      if (value)
        value = convertShared(*value, *input.info.kind);
      if (!value)
        return inputError(input, llvm::toString(value.takeError()));
      if (value->size() != *sizeOf(next.interface.shape))
        return inputError(input,
                          "expected a value that all examples share, " +
                              describeShape(input, true) + ", but got " +
                              describe(input.array->kind, input.array->shape));
      value->shape.assign(next.interface.shape.begin(),
                          next.interface.shape.end());
      result.shared.push_back({input.info.name, *value});
      next.shared = std::move(*value);
    }
    finished.push_back(std::move(next));
  }
  return finished;
}

llvm::Expected<std::vector<GraphInput>>
onnximport::readInputs(const Model &model, ArrayRef<size_t> liveNodes,
                       const OnnxImportOptions &options, OnnxImport &result) {
  InputReader reader(model, options, result);
  if (Error error = reader.collect(liveNodes))
    return std::move(error);
  if (Error error = reader.findArrays())
    return std::move(error);
  reader.findBatchAxes();
  if (Error error = reader.matchArrays())
    return std::move(error);
  if (Error error = reader.bindSizes())
    return std::move(error);
  if (Error error = reader.fillSizes())
    return std::move(error);
  return reader.finish();
}
