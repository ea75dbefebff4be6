// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values for the parameters and buffers of a model that is read: its own, or
// others by the same names.

#include "StateFile.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

StringRef mlir::ntk::getStoredName(NetworkOp network, unsigned argument) {
  StringRef name = network.getParameterName(argument);
  return name.empty() ? network.getBufferName(argument) : name;
}

/// Is the array one for the argument, in kind and shape?
static bool fits(const Array &array, RankedTensorType type) {
  return ArrayRef<int64_t>(array.shape) == type.getShape() &&
         isFloat(array.kind) == isa<FloatType>(type.getElementType());
}

Expected<ParameterStore> mlir::ntk::replaceValues(const Model &model,
                                                  ArrayRef<NamedArray> arrays) {
  llvm::StringMap<const Array *> byName;
  for (const NamedArray &entry : arrays)
    byName[entry.name] = &entry.array;
  ParameterStore store;
  NetworkOp network = model.network;
  for (unsigned i = 0; i < network.getNumArguments(); ++i) {
    StringRef name = getStoredName(network, i);
    if (name.empty())
      continue;
    bool trainable = !network.getParameterName(i).empty();
    const Array *given = byName.lookup(name);
    auto type = cast<RankedTensorType>(network.getArgumentTypes()[i]);
    if (given && fits(*given, type)) {
      Expected<Array> array = given->load();
      if (!array)
        return array.takeError();
      store.add(name, std::move(*array), trainable);
    } else if (const StoredTensor *old = model.store.find(name)) {
      store.add(name, old->values, trainable);
    }
  }
  return store;
}

std::string mlir::ntk::findMissing(const Model &model,
                                   const ParameterStore &store) {
  NetworkOp network = model.network;
  for (unsigned i = 0; i < network.getNumArguments(); ++i) {
    StringRef name = getStoredName(network, i);
    if (!name.empty() && !store.find(name))
      return (Twine(network.getParameterName(i).empty() ? "buffer"
                                                        : "parameter") +
              " '" + name + "'")
          .str();
  }
  return "";
}

Error mlir::ntk::checkComplete(const Model &model, const ParameterStore &store,
                               StringRef where) {
  std::string missing = findMissing(model, store);
  return missing.empty()
             ? Error::success()
             : createStringError(where + ": expected " + missing +
                                 ", but there is none of that name");
}

Expected<ParameterStore> mlir::ntk::takeValues(const Model &model,
                                               ArrayRef<NamedArray> arrays,
                                               StringRef where, bool isPartial,
                                               bool allowNonFinite) {
  std::vector<std::string> notes; // not said again for each run
  if (Error error = checkState(model, arrays, where, isPartial, notes))
    return std::move(error);
  Expected<ParameterStore> store = replaceValues(model, arrays);
  if (!store)
    return store;
  if (Error error = checkComplete(model, *store, where))
    return std::move(error);
  if (!allowNonFinite)
    if (Error error = checkFinite(*store))
      return createStringError(where + ": " + llvm::toString(std::move(error)));
  return store;
}
