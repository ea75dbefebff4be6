// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that are written, so that a name never stands for half of what was to
// be written: what the name stands for is found first, links and all; the bytes
// go to a temporary file beside it, are forced to the disk, and then get the
// name. A device, a pipe or an open descriptor is written as it is.

#ifndef NTK_RT_OUTPUTFILE_H
#define NTK_RT_OUTPUTFILE_H

#include "ntk-rt/InputFile.h"
#include "ntk-rt/Temporary.h"

#include <cstdio>

#include <limits.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

namespace ntk {
namespace rt {
namespace detail {

/// The number of the open descriptor that a path names, as /dev/stdout and
/// /dev/fd/3 do; -1 for others.
inline int descriptorOf(const std::string &path) {
  if (path == "/dev/stdout")
    return STDOUT_FILENO;
  if (path == "/dev/stderr")
    return STDERR_FILENO;
  for (const char *folder : {"/dev/fd/", "/proc/self/fd/"}) {
    const size_t size = std::strlen(folder);
    if (path.compare(0, size, folder) != 0 || path.size() == size ||
        path.size() > size + 6 ||
        path.find_first_not_of("0123456789", size) != std::string::npos)
      continue;
    return std::atoi(path.c_str() + size);
  }
  return -1;
}

/// The folder of a path, with the slash; empty if it names none.
inline std::string folderOf(const std::string &path) {
  return path.substr(0, path.rfind('/') + 1); // npos + 1 is 0
}

/// What a name for an output stands for.
struct OutputPlace {
  std::string target;      ///< the path at the end of all links
  int descriptor = -1;     ///< of a stream that is open, its number
  bool isStream = false;   ///< a device, a pipe or an open descriptor
  bool exists = false;     ///< a regular file is there
  struct stat status = {}; ///< of what is there

  /// Follows links, the last of which may point to what is not there yet.
  bool find(const std::string &name, std::string &error) {
    target = name;
    if (name.find('\0') != std::string::npos)
      return fail(error, name + ": expected a name without NUL");
    for (int links = 0; links < 40; ++links) {
      descriptor = descriptorOf(target);
      if (descriptor >= 0)
        return isStream = true;
      if (lstat(target.c_str(), &status) != 0)
        return isNew(name, error);
      if (S_ISDIR(status.st_mode))
        return fail(error, name + ": is a directory");
      exists = S_ISREG(status.st_mode);
      if (exists)
        return true;
      if (!S_ISLNK(status.st_mode))
        return isDirect(name, error);
      char text[PATH_MAX];
      const ssize_t size = readlink(target.c_str(), text, sizeof text);
      if (size < 0)
        return fail(error, systemError(name));
      const std::string next(text, static_cast<size_t>(size));
      target = next[0] == '/' ? next : folderOf(target) + next;
    }
    return fail(error, systemError(name, ELOOP));
  }

private:
  /// Nothing is there. Links to descriptors of other processes end so, too, but
  /// lead somewhere all the same.
  bool isNew(const std::string &name, std::string &error) {
    const int number = errno;
    if (number == ENOENT && stat(name.c_str(), &status) == 0)
      return isDirect(name, error);
    const std::string folder = folderOf(target);
    struct stat parent;
    if (number == ENOENT && !folder.empty() &&
        stat(folder.c_str(), &parent) != 0)
      return fail(error,
                  name + ": there is no directory '" +
                      folder.substr(0, std::max<size_t>(1, folder.size() - 1)) +
                      "'");
    return number == ENOENT || fail(error, systemError(name, number));
  }

  /// To be written as it is. A disk is not for files' bytes, and a socket
  /// cannot be opened.
  bool isDirect(const std::string &name, std::string &error) {
    isStream = true;
    target = name;
    return (!S_ISSOCK(status.st_mode) && !S_ISBLK(status.st_mode)) ||
           fail(error, name + ": expected a file, but got a " +
                           (S_ISSOCK(status.st_mode) ? "socket" : "disk"));
  }
};

} // namespace detail

/// A file that is being written. Without `commit` nothing of it stays, and a
/// file that was there is as it was.
class OutputFile {
public:
  OutputFile() = default;
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;
  ~OutputFile() { close(); }

  /// To be called once, before the work: fails for what cannot be written, as
  /// far as that is known. No file is there yet afterwards.
  bool open(const std::string &name, std::string &error) {
    path = name;
    if (!place.find(name, error))
      return false;
    if (place.isStream)
      return openStream(error);
    folder = detail::folderOf(place.target);
    if (folder.empty())
      folder = "./";
    // Whether a file can be made there only making one tells.
    detail::Temporary probe;
    const int made = probe.create(folder);
    if (made < 0 || ::close(made) != 0 ||
        (place.exists && access(place.target.c_str(), W_OK) != 0))
      return detail::fail(error, detail::systemError(path));
    return true;
  }

  /// Fails if so many bytes are more than a file may have, or than there is
  /// room for.
  bool reserve(int64_t bytes, std::string &error) const {
    rlimit limit;
    struct statvfs disk;
    if (place.isStream)
      return true;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY &&
        static_cast<uint64_t>(bytes) > limit.rlim_cur)
      return detail::fail(error, detail::systemError(path, EFBIG));
    if (statvfs(folder.c_str(), &disk) == 0 && disk.f_blocks > 0 &&
        static_cast<uint64_t>(bytes) / disk.f_frsize > disk.f_bavail)
      return detail::fail(error, detail::systemError(path, ENOSPC));
    return true;
  }

  bool write(const void *from, int64_t count, std::string &error) {
    if (!begin(error))
      return false;
    const char *next = static_cast<const char *>(from);
    while (count > 0) {
      constexpr int64_t most = 1 << 30; // in one call
      const ssize_t done =
          ::write(descriptor, next, static_cast<size_t>(std::min(count, most)));
      if (done < 0 && errno != EINTR && !(errno == EAGAIN && waitForRoom()))
        return detail::fail(error, detail::systemError(path));
      if (done > 0)
        next += done, count -= done;
    }
    return true;
  }

  /// Forces what was written to the disk; what `commit` is left to do can
  /// hardly fail. Of several files all are finished before the first gets its
  /// name.
  bool finish(std::string &error) {
    if (!begin(error))
      return false;
    const bool synced = place.isStream || fsync(descriptor) == 0 ||
                        errno == EINVAL || errno == ENOTSUP;
    const int number = errno;
    const bool closed = ::close(descriptor) == 0 || errno == EINTR;
    descriptor = -1;
    isFinished = true;
    return (synced && closed) ||
           detail::fail(error,
                        detail::systemError(path, synced ? errno : number));
  }

  /// Gives the file its name.
  bool commit(std::string &error) {
    if (!isFinished && !finish(error))
      return false;
    if (place.isStream)
      return true;
    if (temporary.rename(place.target) != 0)
      return detail::fail(error, detail::systemError(path));
    // The name, too, should be on the disk; where that cannot be, so be it.
    const int directory =
        ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
      fsync(directory);
      ::close(directory);
    }
    return true;
  }

private:
  /// A pipe that nobody reads is waited for no longer than one that nobody
  /// writes.
  bool openStream(std::string &error) {
    if (place.descriptor >= 0) {
      const int flags = fcntl(place.descriptor, F_GETFL);
      descriptor = fcntl(place.descriptor, F_DUPFD_CLOEXEC, 3);
      if (descriptor >= 0 && (flags & O_ACCMODE) != O_RDONLY)
        return true;
      return detail::fail(error, detail::systemError(path, EBADF));
    }
    const PipeLimits limits;
    for (int64_t waited = 0; waited <= limits.opening; waited += 20) {
      descriptor = ::open(place.target.c_str(),
                          O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
      if (descriptor >= 0 || errno != ENXIO)
        break;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (descriptor >= 0)
      return true;
    if (errno == ENXIO && S_ISFIFO(place.status.st_mode))
      return detail::fail(error, path + ": expected a file, but got a pipe "
                                        "that nobody reads");
    return detail::fail(error, detail::systemError(path));
  }

  /// Of a pipe, or of an open descriptor that is not to block.
  bool waitForRoom() const {
    pollfd events{descriptor, POLLOUT, 0};
    return poll(&events, 1, -1) >= 0 || errno == EINTR;
  }

  /// Makes the temporary file, with the rights of the file that it replaces.
  bool begin(std::string &error) {
    if (descriptor >= 0)
      return true;
    descriptor = temporary.create(folder);
    if (descriptor < 0)
      return detail::fail(error, detail::systemError(path));
    if (place.exists)
      fchmod(descriptor, place.status.st_mode & 0777);
    return true;
  }

  void close() {
    if (descriptor >= 0)
      ::close(descriptor);
    descriptor = -1;
  }

  std::string path, folder;
  detail::OutputPlace place;
  detail::Temporary temporary;
  int descriptor = -1;
  bool isFinished = false;
};

} // namespace rt
} // namespace ntk

#endif // NTK_RT_OUTPUTFILE_H
