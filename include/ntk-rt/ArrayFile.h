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
/// trusted: sizes are checked against each other and the bytes there are before
/// memory is asked for.
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
      return openNpz(error) || forget();
    if (start[8] == '{')
      return detail::readSafetensorsHeader(file, tensors, dataOffset, error) ||
             forget();
    if (std::memcmp(start, "\x80\x02", 2) == 0) // a pickle
      return detail::fail(error, path + torchHint);
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

  /// What the headers say of an array; nothing is unpacked for it.
  bool describe(const std::string &name, ElementType &type,
                std::vector<int64_t> &shape, std::string &error) const {
    const std::string where = describe(name);
    detail::NpyHeader header;
    if (auto tensor = tensors.find(name); tensor != tensors.end()) {
      shape = tensor->second.shape;
      return detail::getSafetensorType(tensor->second, where, type, error);
    }
    auto member = members.find(name);
    if (member == members.end() && !has(name))
      return detail::fail(error, where + ": there is no array of that name");
    if (!(isNpy ? detail::readNpyHeader(file, header, error)
                : readHeader(member->second, where, header, error)))
      return false;
    type = header.type;
    shape = header.shape;
    return true;
  }

  bool read(const std::string &name, Array &array, std::string &error) const {
    const std::string where = describe(name);
    if (isNpy)
      return has(name) ? detail::readNpy(file, array, error)
                       : describe(name, array.type, array.shape, error);
    if (auto tensor = tensors.find(name); tensor != tensors.end())
      return detail::readSafetensor(file, tensor->second, dataOffset, where,
                                    array, error);
    // An entry of another size than its array's is not unpacked.
    Memory content;
    return describe(name, array.type, array.shape, error) &&
           detail::readZipMember(file, members.at(name), where, content,
                                 error) &&
           detail::parseNpy(std::move(content), where, array, error);
  }

private:
  static constexpr const char *torchHint =
      ": expected an .npy, .npz or .safetensors file, but this is one of "
      "torch.save; parameters are saved by safetensors.torch.save_file(model."
      "state_dict(), 'W.safetensors'), examples by np.save('x.npy', "
      "x.numpy())";

  bool forget() {
    members.clear();
    tensors.clear();
    return false;
  }

  bool openNpz(std::string &error) {
    std::map<std::string, detail::ZipMember> found;
    uint64_t end = 0; // of the members
    if (!detail::readZipDirectory(file, end, found, error))
      return false;
    for (const auto &entry : found) {
      const std::string base =
          entry.first.substr(entry.first.rfind('/') + 1); // npos + 1 is 0
      if (base == "data.pkl" || base == "archive_format")
        return detail::fail(error, file.name() + torchHint);
    }
    for (auto &[name, member] : found) {
      const size_t size = name.size() < 4 ? 0 : name.size() - 4;
      if (name.compare(size, std::string::npos, ".npy") != 0)
        return detail::fail(error, file.name() +
                                       ": expected only .npy files in the "
                                       "archive, but found '" +
                                       name + "'");
      const std::string array = name.substr(0, size);
      if (!detail::locateZipMember(file, name, describe(array), end, member,
                                   error))
        return false;
      members.emplace(array, member);
    }
    return detail::areApart(members) ||
           detail::corruptZip(file.name(), "its members overlap", error);
  }

  /// The header of a member, of which no more is unpacked.
  bool readHeader(const detail::ZipMember &member, const std::string &where,
                  detail::NpyHeader &header, std::string &error) const {
    const int64_t all = static_cast<int64_t>(member.size);
    int64_t size = std::min<int64_t>(all, 128); // as NumPy makes most of them
    Memory start;
    if (!detail::readZipPrefix(file, member, where, size, start, error))
      return false;
    const int64_t more = size < 12 ? 0 : detail::npyHeaderSize(start.data());
    if (more > size && more <= std::min(all, detail::maxNpyHeader)) {
      size = more;
      if (!detail::readZipPrefix(file, member, where, size, start, error))
        return false;
    }
    return detail::parseNpyHeader(start.data(), size, all, where, header,
                                  error);
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
