// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file of arrays by name, whichever it is: .npz, .safetensors, or .npy, whose
// only array has no name. Its first bytes tell, not its name.

#ifndef NTK_RT_ARRAYFILE_H
#define NTK_RT_ARRAYFILE_H

#include "ntk-rt/NpyFile.h"
#include "ntk-rt/SafetensorsFile.h"
#include "ntk-rt/ZipFile.h"

namespace ntk {
namespace rt {

/// An open file of arrays, which are read one at a time. Nothing in it is
/// trusted: sizes are checked against the bytes there are before memory is
/// asked for.
class ArrayFile {
public:
  /// To be called once. If it fails, the file has no arrays.
  bool open(const std::string &path, std::string &error) {
    char start[9] = {};
    if (!file.open(path, error) ||
        !file.read(0, start, std::min<int64_t>(file.size(), 9), error))
      return false;
    if (std::memcmp(start, "\x93NUMPY", 6) == 0) {
      isNpy = true;
      return true;
    }
    if (std::memcmp(start, "PK", 2) == 0)
      return openNpz(error);
    if (start[8] == '{')
      return openSafetensors(error);
    return detail::fail(error,
                        path + ": not an .npy, .npz or .safetensors file");
  }

  /// The names of the arrays, sorted; that of an .npy file's is empty.
  std::vector<std::string> names() const {
    std::vector<std::string> result(isNpy ? 1 : 0);
    for (const auto &[name, member] : members)
      result.push_back(name);
    for (const auto &[name, tensor] : tensors)
      result.push_back(name);
    return result;
  }

  bool has(const std::string &name) const {
    return members.count(name) || tensors.count(name) ||
           (isNpy && name.empty());
  }

  /// "PATH:NAME", which begins the errors of an array.
  std::string describe(const std::string &name) const {
    return name.empty() ? file.name() : file.name() + ":" + name;
  }

  bool read(const std::string &name, Array &array, std::string &error) {
    const std::string where = describe(name);
    if (!has(name))
      return detail::fail(error, where + ": there is no array of that name");
    if (isNpy)
      return detail::readNpy(file, array, error);
    if (auto tensor = tensors.find(name); tensor != tensors.end())
      return detail::readSafetensor(file, tensor->second, dataOffset, where,
                                    array, error);
    Memory content;
    return detail::readZipMember(file, members.at(name), where, content,
                                 error) &&
           detail::parseNpy(std::move(content), where, array, error);
  }

private:
  bool openNpz(std::string &error) {
    std::map<std::string, detail::ZipMember> found;
    if (!detail::readZipDirectory(file, found, error))
      return false;
    for (const auto &[name, member] : found) {
      const size_t size = name.size() < 4 ? 0 : name.size() - 4;
      if (name.compare(size, std::string::npos, ".npy") != 0) {
        members.clear();
        return detail::fail(error, file.name() +
                                       ": expected only .npy files in the "
                                       "archive, but found '" +
                                       name + "'");
      }
      members.emplace(name.substr(0, size), member);
    }
    return true;
  }

  bool openSafetensors(std::string &error) {
    const bool good =
        detail::readSafetensorsHeader(file, tensors, dataOffset, error);
    if (!good)
      tensors.clear();
    return good;
  }

  InputFile file;
  bool isNpy = false;
  std::map<std::string, detail::ZipMember> members; // without ".npy"
  std::map<std::string, detail::Safetensor> tensors;
  int64_t dataOffset = 0;
};

} // namespace rt
} // namespace ntk

#endif // NTK_RT_ARRAYFILE_H
