// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The header of NumPy's .npy format, versions 1 to 3 (NEP 1): a magic number,
// the version, the length of the header in two or four bytes, the header, which
// is a Python dictionary as text,
//
//   {'descr': '<f4', 'fortran_order': False, 'shape': (8, 3, 16, 16), }
//
// and the elements.

#ifndef NTK_RT_NPYHEADER_H
#define NTK_RT_NPYHEADER_H

#include "ntk-rt/Array.h"
#include "ntk-rt/TextReader.h"

#include <algorithm>

namespace ntk {
namespace rt {
namespace detail {

/// What a header says of the elements behind it.
struct NpyHeader {
  ElementType type = ElementType::F32;
  bool swapped = false;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
  int64_t offset = 0; ///< of the elements
  int64_t bytes = 0;  ///< of the elements
};

/// No header, with what precedes it, is longer than this; NumPy itself refuses
/// 10000 bytes and more.
inline constexpr int64_t maxNpyHeader = 1 << 16;

/// Takes a string in either kind of quotes. The strings of a header have no
/// escapes.
inline bool takePythonString(TextReader &text, std::string &value) {
  if (!text.sees("'") && !text.sees("\""))
    return false;
  const char *close = std::find(text.at + 1, text.end, *text.at);
  if (close == text.end)
    return false;
  value.assign(text.at + 1, close);
  text.at = close + 1;
  text.skipSpace();
  return true;
}

/// The type that 'descr' names, as "<f4".
inline bool parseNpyType(const std::string &descr, NpyHeader &header) {
  const bool hasOrder = !descr.empty() && std::strchr("<>=|", descr[0]);
  for (int i = 0; i <= static_cast<int>(ElementType::F64); ++i) {
    const ElementTypeInfo &info = elementTypes[i];
    if (*info.npy &&
        descr.compare(hasOrder, std::string::npos, info.npy) == 0) {
      header.type = static_cast<ElementType>(i);
      header.swapped = descr[0] == '>' && info.width > 1;
      return true;
    }
  }
  return false;
}

/// Reads the dictionary. Its three keys come in any order, once each.
inline bool parseNpyDictionary(TextReader text, const std::string &where,
                               NpyHeader &header, std::string &error) {
  auto expected = [&](const char *what) {
    return fail(error, where + ": expected " + what +
                           " in the header of the .npy file, but got " +
                           text.excerpt());
  };
  bool hasType = false, hasOrder = false, hasShape = false;
  if (!text.take("{"))
    return expected("'{'");
  while (!text.take("}")) {
    std::string key, descr;
    if (!takePythonString(text, key) || !text.take(":"))
      return expected("a key and ':'");
    bool *has = key == "descr"           ? &hasType
                : key == "fortran_order" ? &hasOrder
                : key == "shape"         ? &hasShape
                                         : nullptr;
    if (!has || *has)
      return fail(error, where +
                             ": expected each of the keys 'descr', "
                             "'fortran_order' and 'shape' once in the "
                             "header of the .npy file, but got '" +
                             key + "'");
    *has = true;
    if (has == &hasType) {
      if (!takePythonString(text, descr))
        return expected("one type for all elements");
      if (!parseNpyType(descr, header))
        return fail(error, where +
                               ": expected floats, integers or booleans, "
                               "but got NumPy type '" +
                               descr + "'");
    } else if (has == &hasOrder) {
      header.fortranOrder = text.take("True");
      if (!header.fortranOrder && !text.take("False"))
        return expected("True or False");
    } else if (!text.takeIntegers("(", ")", /*trailing=*/true, header.shape)) {
      return expected("a shape of extents from 0 to 2^63-1");
    } else if (header.shape.size() > maxAxes) {
      return fail(error, where + ": expected at most " +
                             std::to_string(maxAxes) + " axes, but got " +
                             std::to_string(header.shape.size()));
    }
    if (!text.take(",") && !text.sees("}"))
      return expected("',' or '}'");
  }
  if (!hasType || !hasOrder || !hasShape || !text.done())
    return expected("the keys 'descr', 'fortran_order' and 'shape', and "
                    "nothing else,");
  return true;
}

/// The bytes of an .npy file before its elements, as its first 12 say.
inline int64_t npyHeaderSize(const char *bytes) {
  auto byte = [&](int i) {
    return static_cast<int64_t>(static_cast<unsigned char>(bytes[i]));
  };
  return byte(6) > 1
             ? 12 + (byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24)
             : 10 + (byte(8) | byte(9) << 8);
}

/// Reads the header of an .npy file of `total` bytes, of which the first
/// `size`, all or enough for any header, are at `bytes`.
inline bool parseNpyHeader(const char *bytes, int64_t size, int64_t total,
                           const std::string &where, NpyHeader &header,
                           std::string &error) {
  if (size < 6 || std::memcmp(bytes, "\x93NUMPY", 6) != 0)
    return fail(error, where + ": not an .npy file");
  auto byte = [&](int64_t i) {
    return static_cast<int64_t>(static_cast<unsigned char>(bytes[i]));
  };
  if (size >= 8 && (byte(6) < 1 || byte(6) > 3))
    return fail(error,
                where + ": expected .npy format version 1, 2 or 3, but got " +
                    std::to_string(byte(6)));
  const int64_t start = size >= 8 && byte(6) > 1 ? 12 : 10;
  header.offset = size < 12 ? total + 1 : npyHeaderSize(bytes);
  if (header.offset > total)
    return fail(error, where + ": truncated in the header of the .npy file");
  if (header.offset > size)
    return fail(error, where + ": expected a header of at most " +
                           std::to_string(maxNpyHeader) + " bytes, but got " +
                           std::to_string(header.offset));
  if (!parseNpyDictionary(TextReader(bytes + start, header.offset - start),
                          where, header, error))
    return false;
  header.bytes = byteSizeOf(header.type, header.shape);
  const int64_t there = total - header.offset;
  if (header.bytes < 0 || header.bytes > there)
    return fail(error,
                where + ": truncated: " + describe(header.type, header.shape) +
                    " needs " +
                    (header.bytes < 0 ? "more than 2^63"
                                      : std::to_string(header.bytes)) +
                    " bytes, but " + std::to_string(there) + " are there");
  if (header.bytes < there)
    return fail(error, where + ": expected " + std::to_string(header.bytes) +
                           " bytes for " + describe(header.type, header.shape) +
                           ", but it goes on for " +
                           std::to_string(there - header.bytes) + " more");
  return true;
}

/// The header that NumPy would write.
inline std::string npyHeader(ElementType type,
                             const std::vector<int64_t> &shape) {
  std::string text = std::string("{'descr': '") +
                     (infoOf(type).width == 1 ? '|' : '<') + infoOf(type).npy +
                     "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  text += shape.size() == 1 ? ",), }" : "), }";
  // Spaces and a newline fill up to a multiple of 64.
  text.append(63 - (10 + text.size()) % 64, ' ');
  text += '\n';
  const char prefix[] = {'\x93',
                         'N',
                         'U',
                         'M',
                         'P',
                         'Y',
                         1,
                         0,
                         static_cast<char>(text.size() & 255),
                         static_cast<char>(text.size() >> 8)};
  return std::string(prefix, sizeof prefix) + text;
}

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_NPYHEADER_H
