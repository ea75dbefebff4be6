// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writing .npz archives: members are stored as they are, as np.savez does, with
// zip64 fields, so that no size is too large. Names are bytes: libraries for
// zip end them at a zero, or refuse what is not UTF-8.

#include "DataDetail.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/JSON.h"

using namespace mlir::ntk;
using namespace mlir::ntk::detail;
using llvm::ArrayRef;
using llvm::Error;
using llvm::StringRef;

namespace {
/// A record of the archive, field by field.
class Record {
public:
  explicit Record(StringRef signature) : bytes(signature) {}

  Record &add(int width, uint64_t value) {
    for (int i = 0; i < width; ++i)
      bytes += static_cast<char>(value >> (8 * i));
    return *this;
  }
  Record &add(StringRef text) {
    bytes += text;
    return *this;
  }
  StringRef get() const { return bytes; }

private:
  std::string bytes;
};

/// What both headers of a member say.
struct Member {
  std::string name, npyHeader;
  StringRef data;
  uint64_t offset = 0;
  uint32_t checksum = 0;

  uint64_t getSize() const { return npyHeader.size() + data.size(); }
};
} // namespace

static constexpr uint64_t inZip64 = 0xffffffff;

/// The fields from the version needed to the lengths; sizes are in the zip64
/// field behind the name.
static void addCommon(Record &record, const Member &member,
                      uint64_t extraBytes) {
  constexpr uint64_t version = 45, isUtf8 = 1 << 11, stored = 0;
  constexpr uint64_t time = 0, firstOf1980 = 0x21;
  record.add(2, version)
      .add(2, llvm::json::isUTF8(member.name) ? isUtf8 : 0)
      .add(2, stored)
      .add(2, time)
      .add(2, firstOf1980)
      .add(4, member.checksum)
      .add(4, inZip64)
      .add(4, inZip64)
      .add(2, member.name.size())
      .add(2, extraBytes);
}

/// The zip64 field: sizes, and in the directory the offset.
static void addZip64(Record &record, const Member &member, bool withOffset) {
  record.add(2, 1).add(2, withOffset ? 24 : 16);
  record.add(8, member.getSize()).add(8, member.getSize());
  if (withOffset)
    record.add(8, member.offset);
}

static Record makeHeader(const Member &member) {
  Record record("PK\3\4");
  addCommon(record, member, /*extraBytes=*/20);
  record.add(member.name);
  addZip64(record, member, /*withOffset=*/false);
  return record;
}

static void addEntry(Record &directory, const Member &member) {
  directory.add("PK\1\2").add(2, 45);
  addCommon(directory, member, /*extraBytes=*/28);
  // Comment, disk, attributes inside and outside.
  directory.add(2, 0).add(2, 0).add(2, 0).add(4, 0).add(4, inZip64);
  directory.add(member.name);
  addZip64(directory, member, /*withOffset=*/true);
}

/// The records that end the archive, behind a directory at `offset`.
static void addEnd(Record &directory, uint64_t count, uint64_t offset) {
  constexpr uint64_t rest64 = 44;
  uint64_t size = directory.get().size(), end = offset + size;
  directory.add("PK\6\6").add(8, rest64).add(2, 45).add(2, 45);
  directory.add(4, 0).add(4, 0).add(8, count).add(8, count);
  directory.add(8, size).add(8, offset);
  directory.add(StringRef("PK\6\7\0\0\0\0", 8)).add(8, end).add(4, 1);
  directory.add("PK\5\6").add(4, 0).add(2, 0xffff).add(2, 0xffff);
  directory.add(4, inZip64).add(4, inZip64).add(2, 0);
}

Error mlir::ntk::writeNpz(StringRef path, ArrayRef<NamedArray> arrays) {
  constexpr size_t longestName = 65535;
  if (arrays.empty())
    return dataError(path, "expected at least one array to write");
  llvm::StringSet<> names;
  std::vector<Member> members;
  std::vector<Record> headers;
  uint64_t offset = 0;
  for (const NamedArray &named : arrays) {
    if (named.array.kind == ElementKind::BFloat16)
      return dataError(path, "NumPy has no bfloat16, the type of '" +
                                 named.name + "'");
    if (!names.insert(named.name).second)
      return dataError(path, "two arrays have the name '" + named.name + "'");
    Member member{named.name + ".npy",
                  npyHeader(named.array.kind, named.array.shape),
                  {named.array.bytes().data(), named.array.bytes().size()},
                  offset};
    if (member.name.size() > longestName)
      return dataError(path, "expected names of at most " +
                                 llvm::Twine(longestName - 4) +
                                 " bytes, but got '" + named.name + "'");
    for (StringRef part : {StringRef(member.npyHeader), member.data})
      member.checksum =
          llvm::crc32(member.checksum, llvm::arrayRefFromStringRef(part));
    headers.push_back(makeHeader(member));
    offset += headers.back().get().size() + member.getSize();
    members.push_back(std::move(member));
  }
  Record directory("");
  for (const Member &member : members)
    addEntry(directory, member);
  addEnd(directory, members.size(), offset);
  std::vector<StringRef> parts;
  for (auto [header, member] : llvm::zip_equal(headers, members))
    parts.insert(parts.end(), {header.get(), member.npyHeader, member.data});
  parts.push_back(directory.get());
  return writeWhole(path, parts);
}
