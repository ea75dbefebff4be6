// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How much memory there is, and how much of it was used.

#include "ntk/Driver/Blocks.h"
#include "ntk/Driver/Options.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"
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

int64_t mlir::ntk::getMemoryLimit(const RunOptions &options) {
  return options.memoryLimit.value_or(getDefaultMemoryLimit());
}

int64_t mlir::ntk::getPeakResidentBytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}
