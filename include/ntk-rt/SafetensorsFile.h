// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The .safetensors format: eight bytes with the length of the header, the
// header, which is JSON,
//
//   {"fc1.weight": {"dtype": "F32", "shape": [512, 784],
//                   "data_offsets": [0, 1605632]}, "__metadata__": {...}}
//
// and the tensors' bytes, little-endian and row-major. The reader knows the
// JSON that such a header can be, and no more: nothing nests deeper than this.

#ifndef NTK_RT_SAFETENSORSFILE_H
#define NTK_RT_SAFETENSORSFILE_H

#include "ntk-rt/InputFile.h"
#include "ntk-rt/TextReader.h"

#include <algorithm>
#include <map>

namespace ntk {
namespace rt {
namespace detail {

/// A tensor as the header describes it; none of it is to be trusted.
struct Safetensor {
  std::string dtype;
  std::vector<int64_t> shape, offsets;
};

/// The format's own limit of a header's length.
inline constexpr uint64_t maxSafetensorsHeader = 100000000;

/// Takes four hexadecimal digits.
inline bool takeHex(TextReader &text, uint32_t &value) {
  value = 0;
  for (int i = 0; i < 4; ++i, ++text.at) {
    const char c = text.at < text.end ? *text.at : ' ';
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0)
      return false;
    value = value << 4 | static_cast<uint32_t>(digit);
  }
  return true;
}

inline void appendUtf8(std::string &to, uint32_t code) {
  auto append = [&](uint32_t byte) { to += static_cast<char>(byte); };
  if (code < 0x80)
    return append(code);
  if (code < 0x800) {
    append(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      append(0xe0 | code >> 12);
    } else {
      append(0xf0 | code >> 18);
      append(0x80 | (code >> 12 & 63));
    }
    append(0x80 | (code >> 6 & 63));
  }
  append(0x80 | (code & 63));
}

/// Takes what follows a backslash in a string.
inline bool takeEscape(TextReader &text, std::string &value) {
  static constexpr char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  if (text.at == text.end)
    return false;
  const char c = *text.at++;
  if (c != 'u') {
    const char *name = c ? std::strchr(names, c) : nullptr;
    if (name)
      value += meanings[name - names];
    return name != nullptr;
  }
  uint32_t code, low;
  if (!takeHex(text, code))
    return false;
  if (code >= 0xd800 && code < 0xe000) { // the first of a pair
    if (code >= 0xdc00 || !text.sees("\\u"))
      return false;
    text.at += 2;
    if (!takeHex(text, low) || low < 0xdc00 || low >= 0xe000)
      return false;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  appendUtf8(value, code);
  return true;
}

inline bool takeJsonString(TextReader &text, std::string &value) {
  value.clear();
  if (!text.sees("\""))
    return false;
  for (++text.at; text.at < text.end;) {
    const char c = *text.at++;
    if (c == '"') {
      text.skipSpace();
      return true;
    }
    if (static_cast<unsigned char>(c) < ' ')
      return false;
    if (c != '\\')
      value += c;
    else if (!takeEscape(text, value))
      return false;
  }
  return false;
}

/// Takes a JSON object, `takeValue(key)` its values.
template <typename TakeValue>
bool takeJsonObject(TextReader &text, TakeValue takeValue) {
  if (!text.take("{"))
    return false;
  if (text.take("}"))
    return true;
  do {
    std::string key;
    if (!takeJsonString(text, key) || !text.take(":") || !takeValue(key))
      return false;
  } while (text.take(","));
  return text.take("}");
}

/// Takes the three entries of a tensor, in any order, once each.
inline bool takeSafetensor(TextReader &text, Safetensor &tensor) {
  bool hasType = false, hasShape = false, hasOffsets = false;
  auto once = [](bool &has) { return !std::exchange(has, true); };
  return takeJsonObject(
             text,
             [&](const std::string &key) {
               if (key == "dtype")
                 return once(hasType) && takeJsonString(text, tensor.dtype);
               if (key == "shape")
                 return once(hasShape) &&
                        text.takeIntegers("[", "]", false, tensor.shape);
               return key == "data_offsets" && once(hasOffsets) &&
                      text.takeIntegers("[", "]", false, tensor.offsets);
             }) &&
         hasType && hasShape && hasOffsets && tensor.offsets.size() == 2;
}

/// The type that a header names; false if it is none of ours.
inline bool findSafetensorType(const std::string &dtype, ElementType &type) {
  for (int i = 0; i <= static_cast<int>(ElementType::F64); ++i) {
    type = static_cast<ElementType>(i);
    if (dtype == infoOf(type).safetensors)
      return true;
  }
  return false;
}

/// Tensors have the bytes of the file, each byte one tensor, and sizes that
/// their shapes have.
inline bool checkSafetensors(const std::string &path,
                             const std::map<std::string, Safetensor> &tensors,
                             int64_t there, std::string &error) {
  using Entry = std::pair<const std::string, Safetensor>;
  std::vector<const Entry *> ordered;
  for (const Entry &entry : tensors) {
    const Safetensor &tensor = entry.second;
    const std::string where = path + ":" + entry.first;
    const int64_t begin = tensor.offsets[0], end = tensor.offsets[1];
    if (begin > end || end > there)
      return fail(error, where + ": truncated: its bytes are " +
                             std::to_string(begin) + " to " +
                             std::to_string(end) + " of " +
                             std::to_string(there));
    if (tensor.shape.size() > maxAxes)
      return fail(error, where + ": expected at most " +
                             std::to_string(maxAxes) + " axes, but got " +
                             std::to_string(tensor.shape.size()));
    ElementType type;
    if (findSafetensorType(tensor.dtype, type) &&
        byteSizeOf(type, tensor.shape) != end - begin)
      return fail(error, where + ": " + describe(type, tensor.shape) +
                             " does not have " + std::to_string(end - begin) +
                             " bytes");
    ordered.push_back(&entry);
  }
  std::sort(ordered.begin(), ordered.end(), [](const Entry *a, const Entry *b) {
    return a->second.offsets < b->second.offsets;
  });
  int64_t last = 0;
  for (const Entry *entry : ordered) {
    const int64_t begin = entry->second.offsets[0];
    if (begin != last)
      return fail(error, path + ":" + entry->first +
                             ": expected its bytes behind those of the "
                             "others, from " +
                             std::to_string(last) + " on, but they are from " +
                             std::to_string(begin) + " on");
    last = entry->second.offsets[1];
  }
  return last == there ||
         fail(error, path + ": expected " + std::to_string(last) +
                         " bytes for the tensors, but got " +
                         std::to_string(there));
}

/// Takes the header: tensors by name. Sets `wrong` if it is understood but not
/// to be.
inline bool takeSafetensors(TextReader &text,
                            std::map<std::string, Safetensor> &tensors,
                            std::string &wrong) {
  bool hasMetadata = false;
  auto refuse = [&](const std::string &message) {
    wrong = message;
    return false;
  };
  return takeJsonObject(text, [&](const std::string &key) {
    if (key == "__metadata__" && !std::exchange(hasMetadata, true))
      return takeJsonObject(text, [&](const std::string &) {
        std::string value;
        return takeJsonString(text, value);
      });
    auto [entry, isNew] = tensors.try_emplace(key);
    if (!isNew || key == "__metadata__")
      return refuse("two tensors have the name '" + key + "'");
    if (tensors.size() > maxArrays)
      return refuse("expected at most " + std::to_string(maxArrays) +
                    " tensors");
    return takeSafetensor(text, entry->second);
  });
}

/// Reads the header, and where the tensors' bytes begin.
inline bool readSafetensorsHeader(const InputFile &file,
                                  std::map<std::string, Safetensor> &tensors,
                                  int64_t &dataOffset, std::string &error) {
  uint64_t length = 0;
  Memory bytes;
  if (!file.has(0, 8))
    return fail(error, file.name() + ": truncated");
  if (!file.read(0, &length, 8, error))
    return false;
  if (length > maxSafetensorsHeader && file.has(8, length))
    return fail(error, file.name() +
                           ": expected a .safetensors header of at most " +
                           std::to_string(maxSafetensorsHeader) +
                           " bytes, but got " + std::to_string(length));
  if (!file.has(8, length))
    return fail(error, file.name() + ": truncated in the .safetensors header");
  const int64_t size = static_cast<int64_t>(length);
  if (!file.read(8, size, bytes, error))
    return false;
  dataOffset = 8 + size;
  TextReader text(bytes.data(), size);
  std::string wrong;
  const bool isTaken = takeSafetensors(text, tensors, wrong) && text.done();
  if (!wrong.empty())
    return fail(error, file.name() + ": " + wrong);
  if (!isTaken)
    return fail(error, file.name() + ": corrupt .safetensors header at " +
                           text.excerpt());
  return checkSafetensors(file.name(), tensors, file.size() - dataOffset,
                          error);
}

/// The type of a tensor that is asked for.
inline bool getSafetensorType(const Safetensor &tensor,
                              const std::string &where, ElementType &type,
                              std::string &error) {
  return findSafetensorType(tensor.dtype, type) ||
         fail(error, where +
                         ": expected floats, integers or booleans, but got "
                         "dtype '" +
                         tensor.dtype + "'");
}

/// Reads a tensor. `dataOffset` is where the tensors' bytes begin.
inline bool readSafetensor(const InputFile &file, const Safetensor &tensor,
                           int64_t dataOffset, const std::string &where,
                           Array &array, std::string &error) {
  if (!getSafetensorType(tensor, where, array.type, error))
    return false;
  array.shape = tensor.shape;
  const int64_t begin = tensor.offsets[0], end = tensor.offsets[1];
  return file.read(dataOffset + begin, end - begin, array.bytes, error);
}

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_SAFETENSORSFILE_H
