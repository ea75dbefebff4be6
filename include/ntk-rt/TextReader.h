// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A place in a text that is being read: what the headers of .npy and
// .safetensors files, a Python dictionary and a JSON object, have in common.

#ifndef NTK_RT_TEXTREADER_H
#define NTK_RT_TEXTREADER_H

#include "ntk-rt/Printable.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace ntk {
namespace rt {
namespace detail {

/// The text from `at` to `end`. What is taken takes the white space behind it.
struct TextReader {
  const char *at, *end;

  TextReader(const char *text, int64_t size) : at(text), end(text + size) {
    skipSpace();
  }

  bool done() const { return at == end; }

  void skipSpace() {
    while (at < end &&
           (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
      ++at;
  }

  /// Whether the text goes on with `token`.
  bool sees(const char *token) const {
    const size_t size = std::strlen(token);
    return static_cast<size_t>(end - at) >= size &&
           std::memcmp(at, token, size) == 0;
  }

  /// Takes `token` if the text goes on with it.
  bool take(const char *token) {
    if (!sees(token))
      return false;
    at += std::strlen(token);
    skipSpace();
    return true;
  }

  /// Takes a decimal number from 0 to 2^63-1.
  bool takeInteger(int64_t &value) {
    constexpr int64_t most = std::numeric_limits<int64_t>::max();
    const char *next = at;
    value = 0;
    for (; next < end && *next >= '0' && *next <= '9'; ++next) {
      const int digit = *next - '0';
      if (value > (most - digit) / 10)
        return false;
      value = value * 10 + digit;
    }
    if (next == at)
      return false;
    at = next;
    skipSpace();
    return true;
  }

  /// Takes numbers from 0 on, separated by commas, between two brackets. A
  /// comma may stand behind the last if `trailing`.
  bool takeIntegers(const char *open, const char *close, bool trailing,
                    std::vector<int64_t> &values) {
    values.clear();
    if (!take(open))
      return false;
    if (take(close))
      return true;
    do {
      if (trailing && !values.empty() && sees(close))
        break;
      int64_t value;
      if (!takeInteger(value))
        return false;
      values.push_back(value);
    } while (take(","));
    return take(close);
  }

  /// What comes next, to be put into a message.
  std::string excerpt() const {
    const auto size = static_cast<size_t>(end - at);
    return "'" + printable({at, std::min<size_t>(size, 20)}) + "'";
  }
};

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_TEXTREADER_H
