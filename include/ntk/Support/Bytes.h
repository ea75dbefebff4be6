// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bytes of memory: how many there are, and in words.

#ifndef NTK_SUPPORT_BYTES_H
#define NTK_SUPPORT_BYTES_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace mlir::ntk {

/// Bytes that may be used by default: 80 % of what the machine has available,
/// or of what is left in the control group if that is less.
int64_t getDefaultMemoryLimit();

/// Bytes that a run may use, and whether somebody said so.
struct MemoryLimit {
  int64_t bytes;
  bool isGiven;
};

/// The most memory this process has had resident so far, in bytes.
int64_t getPeakResidentBytes();

/// "4GiB", "512MiB", "1.5G", "1000000": bytes; KB, MB, GB, TB are powers of
/// 1000, all other suffixes powers of 1024. Nothing if it is not a size.
std::optional<int64_t> parseByteSize(llvm::StringRef text);

/// The number of bytes for a person: "512 B", "1.5 MiB".
std::string formatBytes(double bytes);

} // namespace mlir::ntk

#endif // NTK_SUPPORT_BYTES_H
