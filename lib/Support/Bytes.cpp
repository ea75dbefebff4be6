// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How much memory there is, and how much of it was used.

#include "ntk/Support/Bytes.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <limits>
#include <sys/resource.h>

using llvm::StringRef;

/// The text of a small file of the kernel's, empty if there is none.
static std::string readText(StringRef path) {
  auto file = llvm::MemoryBuffer::getFileAsStream(path);
  return file ? (*file)->getBuffer().trim().str() : std::string();
}

/// The number in a file, nothing if it is not one ("max").
static std::optional<int64_t> readNumber(StringRef path) {
  int64_t value;
  if (StringRef(readText(path)).getAsInteger(10, value))
    return std::nullopt;
  return value;
}

/// MemAvailable of /proc/meminfo.
static int64_t getAvailableBytes() {
  StringRef text;
  std::string all = readText("/proc/meminfo");
  text = StringRef(all).split("MemAvailable:").second.split('\n').first;
  int64_t kibibytes;
  if (text.trim().split(' ').first.getAsInteger(10, kibibytes))
    return int64_t(1) << 30;
  return kibibytes * 1024;
}

/// What the control group leaves, version 2 then 1.
static int64_t getControlGroupBytes() {
  static constexpr std::pair<const char *, const char *> files[] = {
      {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
      {"/sys/fs/cgroup/memory/memory.limit_in_bytes",
       "/sys/fs/cgroup/memory/memory.usage_in_bytes"}};
  for (auto [limit, used] : files)
    if (std::optional<int64_t> most = readNumber(limit))
      return std::max<int64_t>(*most - readNumber(used).value_or(0), 0);
  return std::numeric_limits<int64_t>::max();
}

int64_t mlir::ntk::getDefaultMemoryLimit() {
  return std::min(getAvailableBytes(), getControlGroupBytes()) / 10 * 8;
}

int64_t mlir::ntk::getPeakResidentBytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

//===----------------------------------------------------------------------===//
// In words
//===----------------------------------------------------------------------===//

std::optional<int64_t> mlir::ntk::parseByteSize(StringRef text) {
  size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  double number;
  if (text.take_front(end).getAsDouble(number))
    return std::nullopt;
  static constexpr std::pair<StringRef, double> units[] = {
      {"", 1},         {"B", 1},       {"KB", 1e3},     {"MB", 1e6},
      {"GB", 1e9},     {"TB", 1e12},   {"K", 0x1p10},   {"M", 0x1p20},
      {"G", 0x1p30},   {"T", 0x1p40},  {"KiB", 0x1p10}, {"MiB", 0x1p20},
      {"GiB", 0x1p30}, {"TiB", 0x1p40}};
  for (auto [unit, factor] : units) {
    if (text.drop_front(end).trim().equals_insensitive(unit)) {
      double bytes = number * factor;
      if (bytes < 1 || bytes > 0x1p62)
        return std::nullopt;
      return static_cast<int64_t>(bytes);
    }
  }
  return std::nullopt;
}

std::string mlir::ntk::formatBytes(double bytes) {
  static constexpr const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  for (; bytes >= 1024 && unit < 4; ++unit)
    bytes /= 1024;
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::format(unit && bytes < 100 ? "%.1f" : "%.0f", bytes) << ' '
      << units[unit];
  return text;
}
