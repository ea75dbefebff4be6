// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Temporary files: of random names, that nobody can know beforehand, and listed
// so that a handler of signals can remove them.

#ifndef NTK_RT_TEMPORARY_H
#define NTK_RT_TEMPORARY_H

#include "ntk-rt/FileError.h"

#include <atomic>
#include <cstdio>

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

namespace ntk {
namespace rt {
namespace detail {

/// A name in memory that is always there, for handlers of signals.
struct ListedName {
  std::atomic<int> state{0}; // free, being written, to be removed
  char name[4096];
};
inline ListedName listedNames[8];

} // namespace detail

/// Removes all temporary files. May be called in a handler of signals.
inline void removeTemporaries() {
  for (detail::ListedName &entry : detail::listedNames)
    if (entry.state.load() == 2)
      unlink(entry.name);
}

namespace detail {

/// A temporary file, which is gone with this unless it was renamed.
class Temporary {
public:
  Temporary() = default;
  Temporary(const Temporary &) = delete;
  Temporary &operator=(const Temporary &) = delete;
  ~Temporary() { remove(); }

  /// Makes a new file in a folder, given with its slash. Returns its
  /// descriptor, or -1 and sets errno.
  int create(const std::string &folder) {
    for (int trial = 0; trial < 100; ++trial) {
      unsigned char random[8];
      if (getentropy(random, sizeof random) != 0)
        return -1;
      path = folder + ".ntk-";
      for (unsigned char byte : random)
        for (int digit : {byte >> 4, byte & 15})
          path += "0123456789abcdef"[digit];
      path += ".tmp";
      list();
      const int descriptor =
          open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor >= 0)
        return descriptor;
      const int number = errno;
      forget();
      errno = number;
      if (errno != EEXIST)
        return -1;
    }
    return -1;
  }

  /// Gives the file another name, in place of a file that has it. Returns 0, or
  /// -1 and sets errno.
  int rename(const std::string &target) {
    if (std::rename(path.c_str(), target.c_str()) != 0)
      return -1;
    forget();
    return 0;
  }

private:
  void remove() {
    if (!path.empty())
      unlink(path.c_str());
    forget();
  }

  /// Puts the name on the list, if it has room.
  void list() {
    for (ListedName &entry : listedNames) {
      int unused = 0;
      if (path.size() >= sizeof entry.name ||
          !entry.state.compare_exchange_strong(unused, 1))
        continue;
      std::memcpy(entry.name, path.c_str(), path.size() + 1);
      entry.state = 2;
      listed = &entry;
      return;
    }
  }

  void forget() {
    if (listed)
      listed->state = 0;
    listed = nullptr;
    path.clear();
  }

  std::string path;
  ListedName *listed = nullptr;
};

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_TEMPORARY_H
