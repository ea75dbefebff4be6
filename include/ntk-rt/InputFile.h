// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that are read. What a name stands for is looked at before it is opened:
// a device is never read, a pipe only if somebody writes to it, and up to a
// limit. Bytes are read at their offsets, never mapped: a file that is cut
// short meanwhile is an error, not a signal. Memory of the caller's can stand
// for a file.

#ifndef NTK_RT_INPUTFILE_H
#define NTK_RT_INPUTFILE_H

#include "ntk-rt/FileError.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ntk {
namespace rt {

/// How long a pipe is waited for, in milliseconds, and how much is taken from
/// one.
struct PipeLimits {
  int64_t opening = 1000;  ///< for somebody to write
  int64_t note = 3000;     ///< until it is said what is waited for
  int64_t silence = 15000; ///< for the next byte
  int64_t bytes = int64_t(512) << 20;
};

namespace detail {

/// "a directory", for what is neither a file nor a pipe.
inline const char *nameOfKind(mode_t mode) {
  return S_ISDIR(mode)    ? "a directory"
         : S_ISSOCK(mode) ? "a socket"
                          : "a device";
}

/// Reads a pipe to its end, into memory.
class PipeReader {
public:
  PipeReader(int from, const std::string &path, const PipeLimits &allowed)
      : descriptor(from), name(path), limits(allowed) {}

  /// Sets `content`, of which `size` bytes count.
  bool read(Memory &content, int64_t &size, std::string &error) {
    if (!content.allocate(std::min(firstBytes, limits.bytes + 1), error))
      return fail(error, name + ": " + error);
    for (size = 0;;) {
      if (size == content.size() && !grow(content, error))
        return false;
      const ssize_t count = ::read(descriptor, content.data() + size,
                                   static_cast<size_t>(content.size() - size));
      if (count > 0) {
        size += count;
        waited = 0;
      } else if (count == 0 && (size > 0 || waited >= limits.opening)) {
        return size > 0 ||
               fail(error, name + ": expected a file, but got a pipe that "
                                  "nobody writes to");
      } else if (count < 0 && errno != EAGAIN && errno != EINTR) {
        return fail(error, systemError(name));
      } else if (!wait(count == 0, error)) {
        return false;
      }
    }
  }

private:
  static constexpr int64_t firstBytes = 1 << 16, step = 20;

  /// There is room for one byte more than the limit, by which it is noticed.
  bool grow(Memory &content, std::string &error) {
    const int64_t size = content.size();
    if (size > limits.bytes)
      return fail(error, name + ": expected at most " +
                             std::to_string(limits.bytes) +
                             " bytes through a pipe; save it to a file");
    Memory larger;
    if (!larger.allocate(std::min(2 * size, limits.bytes + 1), error))
      return fail(error, name + ": " + error);
    std::memcpy(larger.data(), content.data(), static_cast<size_t>(size));
    content = std::move(larger);
    return true;
  }

  /// Waits a little for a byte, or for somebody who writes.
  bool wait(bool hasNoWriter, std::string &error) {
    if (waited >= limits.silence)
      return fail(error, name +
                             ": expected bytes through the pipe, but none "
                             "came for " +
                             std::to_string(limits.silence / 1000) + " s");
    if (!isNoted && waited >= limits.note) {
      std::fprintf(stderr, "note: waiting for bytes from %s\n",
                   printable(name).c_str());
      isNoted = true;
    }
    const auto start = std::chrono::steady_clock::now();
    if (hasNoWriter) { // poll would return at once, or never
      std::this_thread::sleep_for(std::chrono::milliseconds(step));
    } else {
      pollfd events{descriptor, POLLIN, 0};
      poll(&events, 1, static_cast<int>(step));
    }
    // At least a millisecond, so that time goes on in any case.
    waited += std::max<int64_t>(
        1, std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now() - start)
               .count());
    return true;
  }

  int descriptor;
  const std::string &name;
  const PipeLimits &limits;
  int64_t waited = 0;
  bool isNoted = false;
};

} // namespace detail

/// A file, open for reading.
class InputFile {
public:
  InputFile() = default;
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;
  ~InputFile() { close(); }

  /// To be called once. A pipe is read to its end; `mayBePipe` says whether one
  /// is taken.
  bool open(const std::string &name, std::string &error, bool mayBePipe = true,
            const PipeLimits &limits = PipeLimits()) {
    path = name;
    // Once by name, as opening a device may do something, and once more as the
    // name may stand for something else by now.
    struct stat status;
    if (name.find('\0') != std::string::npos)
      return detail::fail(error, path + ": expected a name without NUL");
    if (stat(name.c_str(), &status) != 0)
      return detail::fail(error, detail::systemError(path));
    if (!checkKind(status.st_mode, mayBePipe, error))
      return false;
    descriptor = ::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, &status) != 0)
      return detail::fail(error, detail::systemError(path));
    if (!checkKind(status.st_mode, mayBePipe, error))
      return false;
    bytes = static_cast<int64_t>(status.st_size);
    if (S_ISREG(status.st_mode))
      return true;
    detail::PipeReader reader(descriptor, path, limits);
    const bool done = reader.read(content, bytes, error);
    held = content.data();
    close();
    return done;
  }

  /// Instead of `open`: takes bytes of the caller's, which stay there as long
  /// as this is read, under a name for messages.
  void hold(const std::string &name, const void *data, int64_t size) {
    path = name;
    held = static_cast<const char *>(data);
    bytes = size;
  }

  const std::string &name() const { return path; }
  int64_t size() const { return bytes; }
  /// Whether what was opened has no place in a folder.
  bool fromPipe() const { return held; }

  /// Whether the file has `count` bytes at `offset`; neither is trusted.
  bool has(uint64_t offset, uint64_t count) const {
    const uint64_t all = static_cast<uint64_t>(bytes);
    return offset <= all && count <= all - offset;
  }

  /// Reads `count` bytes, which the file has, from `offset` on.
  bool read(int64_t offset, void *to, int64_t count, std::string &error) const {
    char *next = static_cast<char *>(to);
    if (held) {
      std::memcpy(next, held + offset, static_cast<size_t>(count));
      return true;
    }
    while (count > 0) {
      constexpr int64_t most = 1 << 30; // in one call
      const ssize_t got =
          pread(descriptor, next, static_cast<size_t>(std::min(count, most)),
                static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        return detail::fail(error, got < 0 ? detail::systemError(path)
                                           : path + ": shorter than it was");
      next += got, offset += got, count -= got;
    }
    return true;
  }

  /// Reads into memory of its own.
  bool read(int64_t offset, int64_t count, Memory &to,
            std::string &error) const {
    if (!to.allocate(count, error)) {
      error = path + ": " + error;
      return false;
    }
    return read(offset, to.data(), count, error);
  }

private:
  bool checkKind(mode_t mode, bool mayBePipe, std::string &error) const {
    if (S_ISREG(mode) || (S_ISFIFO(mode) && mayBePipe))
      return true;
    return detail::fail(
        error, path + ": expected a file, but got " +
                   (S_ISFIFO(mode) ? "a pipe" : detail::nameOfKind(mode)));
  }

  void close() {
    if (descriptor >= 0)
      ::close(descriptor);
    descriptor = -1;
  }

  std::string path;
  int descriptor = -1;
  int64_t bytes = 0;
  const char *held = nullptr; // if all is in memory
  Memory content;             // of a pipe
};

} // namespace rt
} // namespace ntk

#endif // NTK_RT_INPUTFILE_H
