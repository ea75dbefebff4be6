// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The .safetensors format: eight bytes with the length of the header, the
// header, which is JSON,
//
//   {"fc1.weight": {"dtype": "F32", "shape": [512, 784],
//                   "data_offsets": [0, 1605632]}, "__metadata__": {...}}
//
// and the tensors' bytes, little-endian and row-major.

#include "DataDetail.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"

using namespace mlir::ntk;
using namespace mlir::ntk::detail;
using llvm::ArrayRef;
using llvm::Expected;
using llvm::StringRef;

namespace {
struct KindCode {
  ElementKind kind;
  StringRef code;
};
constexpr KindCode kindCodes[] = {
    {ElementKind::Bool, "BOOL"},     {ElementKind::Int8, "I8"},
    {ElementKind::UInt8, "U8"},      {ElementKind::Int16, "I16"},
    {ElementKind::UInt16, "U16"},    {ElementKind::Int32, "I32"},
    {ElementKind::UInt32, "U32"},    {ElementKind::Int64, "I64"},
    {ElementKind::UInt64, "U64"},    {ElementKind::Float16, "F16"},
    {ElementKind::BFloat16, "BF16"}, {ElementKind::Float32, "F32"},
    {ElementKind::Float64, "F64"}};

/// Nesting that the format needs is three deep. Refusing more than eight keeps
/// the JSON parser, which recurses, from running out of stack.
constexpr int maxDepth = 8;
} // namespace

/// Whether brackets outside of strings nest at most `maxDepth` deep.
static bool isShallow(StringRef json) {
  int depth = 0;
  bool inString = false;
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    if (inString && c == '\\')
      ++i;
    else if (c == '"')
      inString = !inString;
    else if (!inString && (c == '{' || c == '['))
      ++depth;
    else if (!inString && (c == '}' || c == ']'))
      --depth;
    if (depth > maxDepth)
      return false;
  }
  return true;
}

/// Non-negative integers of a JSON array; none if it holds anything else.
static std::optional<llvm::SmallVector<int64_t>>
parseIntegers(const llvm::json::Array *values) {
  if (!values)
    return std::nullopt;
  llvm::SmallVector<int64_t> result;
  for (const llvm::json::Value &value : *values) {
    std::optional<int64_t> integer = value.getAsInteger();
    if (!integer || *integer < 0)
      return std::nullopt;
    result.push_back(*integer);
  }
  return result;
}

/// One tensor from its entry of the header.
static Expected<Array> parseTensor(const llvm::json::Value &entry,
                                   StringRef data, StringRef where,
                                   std::shared_ptr<llvm::MemoryBuffer> file) {
  const llvm::json::Object *object = entry.getAsObject();
  if (!object)
    return dataError(where, "expected a JSON object");
  std::optional<StringRef> dtype = object->getString("dtype");
  auto shape = parseIntegers(object->getArray("shape"));
  auto offsets = parseIntegers(object->getArray("data_offsets"));
  if (!dtype || !shape || !offsets || offsets->size() != 2)
    return dataError(where, "expected dtype, shape and two data_offsets");
  const auto *code = llvm::find_if(
      kindCodes, [&](const KindCode &code) { return code.code == *dtype; });
  if (code == std::end(kindCodes))
    return dataError(where, "unsupported dtype '" + *dtype + "'");
  int64_t begin = (*offsets)[0], end = (*offsets)[1];
  if (begin > end || static_cast<uint64_t>(end) > data.size())
    return dataError(where, "truncated: its bytes are " + llvm::Twine(begin) +
                                " to " + llvm::Twine(end) + " of " +
                                llvm::Twine(data.size()));
  if (byteSizeOf(code->kind, *shape) != end - begin)
    return dataError(where, describe(code->kind, *shape) + " does not have " +
                                llvm::Twine(end - begin) + " bytes");
  return viewOrCopy(code->kind, *shape,
                    ArrayRef<char>(data.data() + begin, end - begin),
                    std::move(file));
}

Expected<std::vector<NamedArray>> mlir::ntk::readSafetensors(StringRef path) {
  Expected<std::shared_ptr<llvm::MemoryBuffer>> file = openFile(path);
  if (!file)
    return file.takeError();
  StringRef bytes = (*file)->getBuffer();
  uint64_t length =
      bytes.size() < 8 ? 0 : llvm::support::endian::read64le(bytes.data());
  if (length < 2 || length > bytes.size() - 8 || bytes[8] != '{')
    return dataError(path, "not a .safetensors file, or truncated");
  StringRef text = bytes.substr(8, length), data = bytes.drop_front(8 + length);
  if (!isShallow(text))
    return dataError(path, "the header of the .safetensors file is nested too "
                           "deeply");
  Expected<llvm::json::Value> header = llvm::json::parse(text);
  if (!header)
    return dataError(path, "corrupt header of the .safetensors file: " +
                               llvm::toString(header.takeError()));
  const llvm::json::Object *entries = header->getAsObject();
  if (!entries)
    return dataError(path, "expected a JSON object as header");

  std::vector<NamedArray> arrays;
  for (const auto &[key, entry] : *entries) {
    if (StringRef(key) == "__metadata__")
      continue;
    std::string where = (path + ":" + StringRef(key)).str();
    Expected<Array> array = parseTensor(entry, data, where, *file);
    if (!array)
      return array.takeError();
    arrays.push_back({StringRef(key).str(), std::move(*array)});
  }
  // The JSON library keeps no order; names break ties between empty tensors.
  llvm::sort(arrays, [](const NamedArray &a, const NamedArray &b) {
    return std::make_pair(a.array.bytes().data(), StringRef(a.name)) <
           std::make_pair(b.array.bytes().data(), StringRef(b.name));
  });
  return arrays;
}
