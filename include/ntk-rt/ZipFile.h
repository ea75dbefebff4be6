// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Zip archives, as far as NumPy's .npz files are ones: members stored or
// deflated, also with the 64-bit sizes of zip64. The directory at the end of
// the archive says what is in it; each member has a header of its own before
// its bytes. (PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3.)

#ifndef NTK_RT_ZIPFILE_H
#define NTK_RT_ZIPFILE_H

#include "ntk-rt/Inflate.h"
#include "ntk-rt/InputFile.h"

#include <algorithm>
#include <map>
#include <memory>
#include <new>

namespace ntk {
namespace rt {
namespace detail {

/// A member as the directory describes it; none of it is to be trusted.
struct ZipMember {
  uint64_t method, flags, checksum;
  uint64_t packed, size; ///< bytes in the archive, and unpacked
  uint64_t offset;       ///< of its header
  int64_t begin = 0;     ///< of its bytes, once it is located
};

/// A number of `bytes` bytes, the lowest first.
inline uint64_t littleEndian(const char *from, int bytes) {
  uint64_t value = 0;
  for (int i = bytes; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(from[i]);
  return value;
}

/// The CRC-32 that archives have of each member; `before` is that of what comes
/// before.
inline uint32_t checksumOf(const char *bytes, int64_t size,
                           uint32_t before = 0) {
  uint32_t table[256];
  for (uint32_t i = 0; i < 256; ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit)
      table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0u);
  }
  uint32_t sum = ~before;
  for (int64_t i = 0; i < size; ++i)
    sum = sum >> 8 ^ table[(sum ^ static_cast<unsigned char>(bytes[i])) & 255];
  return ~sum;
}

/// Where the directory is: `size` bytes from `offset` on.
struct ZipDirectory {
  uint64_t offset = 0, size = 0, count = 0;
};

/// No directory is longer than this.
inline constexpr uint64_t maxZipDirectory = 100000000;

inline bool corruptZip(const std::string &where, const char *what,
                       std::string &error) {
  return fail(error, where + ": corrupt .npz archive: " + what);
}

/// Finds the end record, which only a comment of the length that it says
/// follows, and the zip64 record, to which a locator before the end record
/// points.
inline bool findZipDirectory(const InputFile &file, ZipDirectory &directory,
                             std::string &error) {
  constexpr int64_t endSize = 22, locatorSize = 20, end64Size = 56;
  const int64_t size =
      std::min<int64_t>(file.size(), locatorSize + endSize + 65535);
  Memory tail;
  if (!file.read(file.size() - size, size, tail, error))
    return false;
  int64_t at = size - endSize;
  auto isEnd = [&](const char *from) {
    return std::memcmp(from, "PK\5\6", 4) == 0 &&
           littleEndian(from + 20, 2) ==
               static_cast<uint64_t>(size - endSize - at);
  };
  while (at >= 0 && !isEnd(tail.data() + at))
    --at;
  if (at < 0)
    return corruptZip(file.name(), "no directory at its end", error);
  const char *record = tail.data() + at;
  directory.count = littleEndian(record + 10, 2);
  directory.size = littleEndian(record + 12, 4);
  directory.offset = littleEndian(record + 16, 4);
  if (at >= locatorSize &&
      std::memcmp(record - locatorSize, "PK\6\7", 4) == 0) {
    const uint64_t offset = littleEndian(record - locatorSize + 8, 8);
    char record64[end64Size];
    if (!file.has(offset, end64Size))
      return corruptZip(file.name(), "no zip64 record where it says", error);
    if (!file.read(static_cast<int64_t>(offset), record64, end64Size, error))
      return false;
    if (std::memcmp(record64, "PK\6\6", 4) != 0)
      return corruptZip(file.name(), "no zip64 record where it says", error);
    directory.count = littleEndian(record64 + 32, 8);
    directory.size = littleEndian(record64 + 40, 8);
    directory.offset = littleEndian(record64 + 48, 8);
  }
  if (!file.has(directory.offset, directory.size))
    return corruptZip(file.name(), "the directory is beyond its end", error);
  if (directory.count > maxArrays)
    return fail(error, file.name() + ": expected at most " +
                           std::to_string(maxArrays) +
                           " arrays in the .npz archive, but got " +
                           std::to_string(directory.count));
  if (directory.size > maxZipDirectory)
    return fail(error, file.name() + ": expected a directory of at most " +
                           std::to_string(maxZipDirectory) +
                           " bytes in the .npz archive, but got " +
                           std::to_string(directory.size));
  return true;
}

/// Replaces sizes and offset that 32 bits cannot say by those of the zip64
/// field among the extra fields. False if they are not there.
inline bool readZip64Field(const char *extra, uint64_t size,
                           ZipMember &member) {
  while (size >= 4) {
    const uint64_t id = littleEndian(extra, 2);
    uint64_t fieldSize = littleEndian(extra + 2, 2);
    extra += 4, size -= 4;
    if (fieldSize > size)
      return false;
    size -= fieldSize;
    const char *field = extra;
    extra += fieldSize;
    if (id != 1)
      continue;
    for (uint64_t *value : {&member.size, &member.packed, &member.offset})
      if (*value == 0xffffffff && fieldSize >= 8) {
        *value = littleEndian(field, 8);
        field += 8, fieldSize -= 8;
      }
  }
  return true;
}

/// Reads the directory: members by name, and where it begins itself.
inline bool readZipDirectory(const InputFile &file, uint64_t &begin,
                             std::map<std::string, ZipMember> &members,
                             std::string &error) {
  constexpr uint64_t headerSize = 46;
  ZipDirectory directory;
  Memory bytes;
  if (!findZipDirectory(file, directory, error) ||
      !file.read(static_cast<int64_t>(directory.offset),
                 static_cast<int64_t>(directory.size), bytes, error))
    return false;
  begin = directory.offset;
  const char *at = bytes.data();
  for (uint64_t left = directory.size; left > 0;) {
    if (left < headerSize || std::memcmp(at, "PK\1\2", 4) != 0)
      return corruptZip(file.name(), "its directory is none", error);
    const uint64_t name = littleEndian(at + 28, 2),
                   extra = littleEndian(at + 30, 2),
                   comment = littleEndian(at + 32, 2),
                   all = headerSize + name + extra + comment;
    if (left < all)
      return corruptZip(file.name(), "its directory is truncated", error);
    ZipMember member{littleEndian(at + 10, 2), littleEndian(at + 8, 2),
                     littleEndian(at + 16, 4), littleEndian(at + 20, 4),
                     littleEndian(at + 24, 4), littleEndian(at + 42, 4)};
    if (!readZip64Field(at + headerSize + name, extra, member))
      return corruptZip(file.name(), "its directory is truncated", error);
    const std::string text(at + headerSize, name);
    if (!members.emplace(text, member).second)
      return fail(error,
                  file.name() + ": two members have the name '" + text + "'");
    at += all, left -= all;
  }
  return members.size() == directory.count ||
         corruptZip(file.name(),
                    "its directory has another number of members "
                    "than it says",
                    error);
}

/// Whether the header before a member's bytes says what the directory does. A
/// member that was written without knowing its size has none there.
inline bool isSameMember(const char *header, const char *nameAndExtra,
                         const std::string &name, const ZipMember &member) {
  ZipMember here{littleEndian(header + 8, 2),  littleEndian(header + 6, 2),
                 littleEndian(header + 14, 4), littleEndian(header + 18, 4),
                 littleEndian(header + 22, 4), 0};
  const uint64_t nameSize = littleEndian(header + 26, 2);
  if (nameSize != name.size() ||
      std::memcmp(nameAndExtra, name.data(), nameSize) != 0 ||
      here.method != member.method ||
      !readZip64Field(nameAndExtra + nameSize, littleEndian(header + 28, 2),
                      here))
    return false;
  return (here.flags & 8) ||
         (here.packed == member.packed && here.size == member.size &&
          here.checksum == member.checksum);
}

/// Finds a member's bytes, which lie behind its header and before `limit`.
inline bool locateZipMember(const InputFile &file, const std::string &name,
                            const std::string &where, uint64_t limit,
                            ZipMember &member, std::string &error) {
  constexpr uint64_t headerSize = 30, stored = 0, deflated = 8;
  constexpr uint64_t maxRatio = 1032; // of deflate
  char header[headerSize];
  Memory rest; // name and extra fields
  if (!file.has(member.offset, headerSize))
    return corruptZip(where, "its offset is beyond the end", error);
  const int64_t offset = static_cast<int64_t>(member.offset);
  if (!file.read(offset, header, headerSize, error))
    return false;
  if (std::memcmp(header, "PK\3\4", 4) != 0)
    return corruptZip(where, "there is nothing at its offset", error);
  const uint64_t size =
      littleEndian(header + 26, 2) + littleEndian(header + 28, 2);
  const uint64_t begin = member.offset + headerSize + size;
  if (begin > limit || member.packed > limit - begin)
    return corruptZip(where, "it is truncated", error);
  if (!file.read(offset + static_cast<int64_t>(headerSize),
                 static_cast<int64_t>(size), rest, error))
    return false;
  if (!isSameMember(header, rest.data(), name, member))
    return corruptZip(where, "its two headers contradict each other", error);
  if ((member.flags & 1) ||
      (member.method != stored && member.method != deflated))
    return fail(error, where +
                           ": expected a member stored or deflated, but "
                           "got " +
                           (member.flags & 1
                                ? "an encrypted one"
                                : "method " + std::to_string(member.method)));
  if (member.method == stored ? member.size != member.packed
                              : member.size / maxRatio > member.packed)
    return corruptZip(where, "the size it claims is impossible", error);
  member.begin = static_cast<int64_t>(begin);
  return true;
}

/// Whether each byte is at most one member's.
inline bool areApart(const std::map<std::string, ZipMember> &members) {
  std::vector<std::pair<uint64_t, uint64_t>> places;
  for (const auto &entry : members)
    places.emplace_back(entry.second.offset,
                        static_cast<uint64_t>(entry.second.begin) +
                            entry.second.packed);
  std::sort(places.begin(), places.end());
  for (size_t i = 1; i < places.size(); ++i)
    if (places[i].first < places[i - 1].second)
      return false;
  return true;
}

/// Unpacks the beginning of deflated bytes, or all of them.
inline bool inflate(Memory &packed, char *to, int64_t size, bool all) {
  auto bytes = [](char *p) { return reinterpret_cast<unsigned char *>(p); };
  std::unique_ptr<Inflate> stream(new (std::nothrow) Inflate(
      bytes(packed.data()), packed.size(), bytes(to), size));
  return stream && (all ? stream->run() : stream->fill());
}

/// The first `size` bytes of a member, which has so many. No more is read for
/// them than is usual.
inline bool readZipPrefix(const InputFile &file, const ZipMember &member,
                          const std::string &where, int64_t size, Memory &to,
                          std::string &error) {
  constexpr int64_t usual = 1 << 17;
  if (member.method == 0)
    return file.read(member.begin, size, to, error);
  Memory packed;
  const int64_t count =
      std::min(static_cast<int64_t>(member.packed), size + usual);
  if (!to.allocate(size, error))
    return fail(error, where + ": " + error);
  return file.read(member.begin, count, packed, error) &&
         (inflate(packed, to.data(), size, /*all=*/false) ||
          corruptZip(where, "its deflated bytes are none", error));
}

/// The bytes of a member, unpacked and checked.
inline bool readZipMember(const InputFile &file, const ZipMember &member,
                          const std::string &where, Memory &content,
                          std::string &error) {
  Memory packed;
  const int64_t size = static_cast<int64_t>(member.size);
  if (!file.read(member.begin, static_cast<int64_t>(member.packed), packed,
                 error))
    return false;
  if (member.method == 0) {
    content = std::move(packed);
  } else {
    if (!content.allocate(size, error))
      return fail(error, where + ": " + error);
    if (!inflate(packed, content.data(), size, /*all=*/true))
      return corruptZip(where, "its deflated bytes are none", error);
  }
  return checksumOf(content.data(), size) == member.checksum ||
         corruptZip(where, "its checksum is wrong", error);
}

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_ZIPFILE_H
