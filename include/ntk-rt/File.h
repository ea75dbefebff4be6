// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files: read at any offset, and written so that a name never stands for half
// of what was to be written. Errors begin with the file's name.

#ifndef NTK_RT_FILE_H
#define NTK_RT_FILE_H

#include "ntk-rt/Array.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <stdio.h>
#include <unistd.h>

namespace ntk {
namespace rt {
namespace detail {

/// "PATH: no such file or directory"
inline std::string systemError(const std::string &path,
                               const std::error_code &code) {
  std::string text = code.message();
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return path + ": " + text;
}
inline std::string systemError(const std::string &path) {
  return systemError(path, std::error_code(errno, std::generic_category()));
}

} // namespace detail

/// A regular file, open for reading.
class InputFile {
public:
  InputFile() = default;
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;
  ~InputFile() {
    if (file)
      std::fclose(file);
  }

  /// To be called once.
  bool open(const std::string &name, std::string &error) {
    path = name;
    std::error_code code;
    const std::filesystem::file_status status =
        std::filesystem::status(name, code);
    if (!std::filesystem::exists(status))
      return detail::fail(error, detail::systemError(path, code));
    if (!std::filesystem::is_regular_file(status))
      return detail::fail(error, path + ": expected a regular file, but got " +
                                     (std::filesystem::is_directory(status)
                                          ? "a directory"
                                          : "a device or pipe"));
    file = std::fopen(path.c_str(), "rb");
    if (!file || fseeko(file, 0, SEEK_END) != 0)
      return detail::fail(error, detail::systemError(path));
    bytes = static_cast<int64_t>(ftello(file));
    return bytes >= 0 || detail::fail(error, detail::systemError(path));
  }

  const std::string &name() const { return path; }
  int64_t size() const { return bytes; }

  /// Whether the file has `count` bytes at `offset`; neither is trusted.
  bool has(uint64_t offset, uint64_t count) const {
    const uint64_t all = static_cast<uint64_t>(bytes);
    return offset <= all && count <= all - offset;
  }

  /// Reads `count` bytes, which the file has, from `offset` on.
  bool read(int64_t offset, void *to, int64_t count, std::string &error) {
    if (fseeko(file, static_cast<off_t>(offset), SEEK_SET) != 0)
      return detail::fail(error, detail::systemError(path));
    const size_t size = static_cast<size_t>(count);
    if (std::fread(to, 1, size, file) == size)
      return true;
    return detail::fail(error, std::ferror(file)
                                   ? detail::systemError(path)
                                   : path + ": shorter than it was");
  }

  /// Reads into memory of its own.
  bool read(int64_t offset, int64_t count, Memory &to, std::string &error) {
    if (!to.allocate(count, error)) {
      error = path + ": " + error;
      return false;
    }
    return read(offset, to.data(), count, error);
  }

private:
  std::string path;
  std::FILE *file = nullptr;
  int64_t bytes = 0;
};

/// A file that is being written: under a temporary name in the same folder,
/// which `commit` renames. Without it nothing stays. A link keeps pointing to
/// its file, which is replaced; a device is written directly.
class OutputFile {
public:
  OutputFile() = default;
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;
  ~OutputFile() {
    if (file)
      std::fclose(file);
    if (!temporary.empty())
      std::remove(temporary.c_str());
  }

  /// To be called once.
  bool open(const std::string &name, std::string &error) {
    namespace fs = std::filesystem;
    path = target = name;
    std::error_code code;
    const fs::file_status status = fs::status(name, code);
    if (fs::is_directory(status))
      return detail::fail(error, path + ": is a directory");
    const bool isDevice = fs::exists(status) && !fs::is_regular_file(status);
    if (fs::is_regular_file(status))
      target = fs::canonical(name, code).string();
    if (!isDevice)
      temporary = target + "." + std::to_string(getpid()) + ".tmp";
    file = std::fopen((isDevice ? target : temporary).c_str(), "wb");
    if (file)
      return true;
    error = detail::systemError(path);
    temporary.clear();
    return false;
  }

  bool write(const void *from, int64_t count, std::string &error) {
    const size_t size = static_cast<size_t>(count);
    return size == 0 || std::fwrite(from, 1, size, file) == size ||
           detail::fail(error, detail::systemError(path));
  }

  /// Gives the file its name. Fails if it could not be written to the end.
  bool commit(std::string &error) {
    const int closed = std::fclose(file);
    file = nullptr;
    if (closed != 0 || (!temporary.empty() &&
                        std::rename(temporary.c_str(), target.c_str()) != 0))
      return detail::fail(error, detail::systemError(path));
    temporary.clear();
    return true;
  }

private:
  std::string path, target, temporary;
  std::FILE *file = nullptr;
};

} // namespace rt
} // namespace ntk

#endif // NTK_RT_FILE_H
