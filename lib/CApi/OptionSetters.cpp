// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options one by one, and the arrays that callers bring.

#include "Objects.h"

using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

static Expected<NamedArray> takeArray(const ntk_array &array, StringRef where) {
  std::string name = array.name ? array.name : "";
  std::string place = where.str();
  if (!name.empty())
    place += ": '" + name + "'";
  if (array.dtype < NTK_BOOL || array.dtype > NTK_FLOAT64)
    return createStringError(place + ": expected an ntk_dtype, but got " +
                             Twine(static_cast<int>(array.dtype)));
  if (array.rank < 0 || array.rank > NTK_MAX_RANK ||
      (array.rank && !array.shape))
    return createStringError(place + ": expected an array of 0 to " +
                             Twine(NTK_MAX_RANK) + " axes, but got " +
                             Twine(array.rank));
  llvm::ArrayRef<int64_t> shape(array.shape, array.rank);
  auto kind = static_cast<ElementKind>(array.dtype);
  std::optional<int64_t> bytes = byteSizeOf(kind, shape);
  if (!bytes)
    return createStringError(place +
                             ": expected sizes that fit memory, but got " +
                             describe(kind, shape));
  auto address = reinterpret_cast<uintptr_t>(array.data);
  if (*bytes && (!array.data || address % byteWidth(kind)))
    return createStringError(place + ": expected data aligned to its elements, "
                                     "but got an address that is not");
  return NamedArray{name, Array(kind, shape,
                                {static_cast<const char *>(array.data),
                                 static_cast<size_t>(*bytes)},
                                nullptr)};
}

Expected<std::vector<NamedArray>>
mlir::ntk::takeArrays(const ntk_array *arrays, int64_t count, StringRef where) {
  std::vector<NamedArray> result;
  for (int64_t i = 0; i < count; ++i) {
    Expected<NamedArray> array = takeArray(arrays[i], where);
    if (!array)
      return array.takeError();
    result.push_back(std::move(*array));
  }
  return result;
}

Expected<Array> mlir::ntk::copyArray(const Array &array) {
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> copy = Array::allocate(array.kind, array.shape, bytes);
  if (copy)
    llvm::copy(array.bytes(), bytes.begin());
  return copy;
}

Error mlir::ntk::copyArrays(std::vector<NamedArray> &arrays) {
  for (NamedArray &entry : arrays) {
    Expected<Array> copy = copyArray(entry.array);
    if (!copy)
      return copy.takeError();
    entry.array = std::move(*copy);
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

ntk_options *ntk_options_create() { return new ntk_options(); }
void ntk_options_destroy(ntk_options *options) { delete options; }

/// A batch is whole, or whole and of a known size.
static Error setWholeBatch(RunOptions &options, StringRef value) {
  int64_t size;
  if (value.getAsInteger(10, size))
    return setOption(Tool::Library, options, "whole-batch", value);
  if (Error error = setOption(Tool::Library, options, "n1", value))
    return error;
  return setOption(Tool::Library, options, "whole-batch", "true");
}

ntk_status ntk_options_set(ntk_options *options, const char *name,
                           const char *value) {
  std::string option = name;
  std::replace(option.begin(), option.end(), '_', '-');
  if (option == "sizes")
    option = "size";
  return keepError(
      option == "whole-batch"
          ? setWholeBatch(options->options, value)
          : setOption(Tool::Library, options->options, option, value));
}

ntk_status ntk_options_set_input(ntk_options *options, const ntk_array *value) {
  Expected<std::vector<NamedArray>> arrays = takeArrays(value, 1, "inputs");
  if (!arrays)
    return keepError(arrays.takeError());
  if (arrays->front().name.empty())
    return keepError(
        createStringError("inputs: expected the name of an input"));
  if (Error error = copyArrays(*arrays))
    return keepError(std::move(error));
  options->shared.push_back(std::move(arrays->front()));
  return NTK_OK;
}

ntk_status ntk_options_set_parameters(ntk_options *options,
                                      const ntk_array *arrays, int64_t count,
                                      int partial) {
  Expected<std::vector<NamedArray>> values =
      takeArrays(arrays, count, "params");
  if (!values)
    return keepError(values.takeError());
  if (Error error = copyArrays(*values))
    return keepError(std::move(error));
  options->options.params = "params"; // where messages begin
  options->options.values = std::move(*values);
  options->options.partialParameters = partial != 0;
  return NTK_OK;
}
