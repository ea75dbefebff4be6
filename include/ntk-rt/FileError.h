// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The system's own words on a file, behind its name.

#ifndef NTK_RT_FILEERROR_H
#define NTK_RT_FILEERROR_H

#include "ntk-rt/Array.h"

#include <cerrno>
#include <system_error>

namespace ntk {
namespace rt {
namespace detail {

/// "PATH: no such file or directory"
inline std::string systemError(const std::string &path, int number = errno) {
  std::string text = std::error_code(number, std::generic_category()).message();
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return path + ": " + text;
}

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_FILEERROR_H
