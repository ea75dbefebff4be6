// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names from files in text for people. A name may hold anything: newlines, what
// moves a terminal's cursor, what turns the direction of writing, bytes that
// are no text. In a message or a table such characters are escapes, "\n",
// "\x1b", "\u202e", and what is very long lacks its middle.

#ifndef NTK_RT_PRINTABLE_H
#define NTK_RT_PRINTABLE_H

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace ntk {
namespace rt {

/// Bytes that a word of a message, and a whole message, may have.
inline constexpr size_t longestWord = 200, longestMessage = 1000;

/// A character of UTF-8 text, or a byte that begins none.
struct Character {
  uint32_t code = 0;
  size_t bytes = 1;
  bool isValid = false;
};

/// The first character of `text`, which is not empty.
inline Character firstCharacter(std::string_view text) {
  auto byte = [&](size_t i) -> uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const uint32_t first = byte(0);
  if (first < 0x80)
    return {first, 1, true};
  const size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const uint32_t least[] = {0x80, 0x800, 0x10000};
  if (first < 0xc0 || first >= 0xf8)
    return {first, 1, false};
  uint32_t code = first & (0xffu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80)
      return {first, 1, false};
    code = code << 6 | (byte(i) & 0x3f);
  }
  const bool isSurrogate = code >= 0xd800 && code < 0xe000;
  if (code < least[bytes - 2] || code > 0x10ffff || isSurrogate)
    return {first, 1, false};
  return {code, bytes, true};
}

/// Does the character show, and leave all around it in its place? Controls,
/// line ends, and formats without a width do not.
inline bool isPrintable(const Character &c) {
  constexpr uint32_t hidden[][2] = {
      {0x0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},     {0x600, 0x605},
      {0x61c, 0x61c},     {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},
      {0x2060, 0x206f},   {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xfffe, 0xffff},
      {0xe0000, 0xe0fff}, {0x10fffe, ~0u}};
  if (!c.isValid)
    return false;
  for (const auto &range : hidden)
    if (c.code >= range[0] && c.code <= range[1])
      return false;
  return true;
}

/// "\n", "\x1b", "\u202e".
inline std::string escapeCharacter(const Character &c) {
  switch (c.isValid ? c.code : ~0u) {
  case '\n':
    return "\\n";
  case '\t':
    return "\\t";
  case '\r':
    return "\\r";
  }
  char text[12];
  std::snprintf(text, sizeof text,
                !c.isValid || c.code < 0x80 ? "\\x%02x"
                : c.code < 0x10000          ? "\\u%04x"
                                            : "\\U%08x",
                static_cast<unsigned>(c.code));
  return text;
}

/// The text in one line, with escapes for what does not show.
inline std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const Character c = firstCharacter(text);
    if (isPrintable(c))
      result += text.substr(0, c.bytes);
    else
      result += escapeCharacter(c);
    text.remove_prefix(c.bytes);
  }
  return result;
}

/// Printable text without its middle, so that at most about `most` bytes are
/// left: the first two thirds and the end.
inline std::string shorten(std::string_view text, size_t most) {
  if (text.size() <= most)
    return std::string(text);
  size_t head = most * 2 / 3, tail = text.size() - (most - head - 3);
  auto isInside = [&](size_t i) {
    return i < text.size() &&
           (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
  };
  while (isInside(head))
    --head;
  while (isInside(tail))
    ++tail;
  return std::string(text.substr(0, head)) + "…" +
         std::string(text.substr(tail));
}

/// A name in a table: printable, and not too long.
inline std::string printableName(std::string_view name) {
  return shorten(printable(name), longestWord);
}

/// A message as one line: printable, long words and a long line cut.
inline std::string messageLine(std::string_view message) {
  std::string result;
  while (true) {
    const size_t end = message.find(' ');
    result += printableName(message.substr(0, end));
    if (end == std::string_view::npos)
      return shorten(result, longestMessage);
    result += ' ';
    message.remove_prefix(end + 1);
  }
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_PRINTABLE_H
