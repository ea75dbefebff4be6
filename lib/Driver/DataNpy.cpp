// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NumPy's .npy format, versions 1 to 3 (NEP 1): a magic number, the length of
// the header, the header, which is a Python dictionary as text,
//
//   {'descr': '<f4', 'fortran_order': False, 'shape': (8, 3, 16, 16), }
//
// and the elements.

#include "DataDetail.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace mlir::ntk;
using namespace mlir::ntk::detail;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

static constexpr StringRef magic("\x93NUMPY", 6);

namespace {
/// The kinds as NumPy writes them, without the byte order.
struct KindCode {
  ElementKind kind;
  StringRef code;
};
constexpr KindCode kindCodes[] = {
    {ElementKind::Bool, "b1"},    {ElementKind::Int8, "i1"},
    {ElementKind::UInt8, "u1"},   {ElementKind::Int16, "i2"},
    {ElementKind::UInt16, "u2"},  {ElementKind::Int32, "i4"},
    {ElementKind::UInt32, "u4"},  {ElementKind::Int64, "i8"},
    {ElementKind::UInt64, "u8"},  {ElementKind::Float16, "f2"},
    {ElementKind::Float32, "f4"}, {ElementKind::Float64, "f8"}};

/// What a header says of the elements behind it.
struct Header {
  ElementKind kind;
  bool swapped = false;
  bool fortranOrder = false;
  llvm::SmallVector<int64_t> shape;
};

/// Reads the dictionary of a header. Its three keys come in any order; no other
/// key may be there.
class HeaderParser {
public:
  HeaderParser(StringRef text, StringRef where) : rest(text), where(where) {}

  Expected<Header> parse() {
    bool hasKind = false, hasOrder = false, hasShape = false;
    if (!take("{"))
      return fail("'{'");
    while (!take("}")) {
      StringRef key;
      if (!takeString(key) || !take(":"))
        return fail("a key and ':'");
      bool *has = key == "descr"           ? &hasKind
                  : key == "fortran_order" ? &hasOrder
                  : key == "shape"         ? &hasShape
                                           : nullptr;
      if (!has || *has)
        return dataError(where, "unexpected key '" + key +
                                    "' in the header of the .npy file");
      *has = true;
      Error error = key == "descr"           ? parseKind()
                    : key == "fortran_order" ? parseOrder()
                                             : parseShape();
      if (error)
        return std::move(error);
      if (!take(",") && !rest.starts_with("}"))
        return fail("',' or '}'");
    }
    if (!hasKind || !hasOrder || !hasShape)
      return fail("the keys 'descr', 'fortran_order' and 'shape'");
    if (!rest.empty())
      return fail("the end of the header");
    return std::move(header);
  }

private:
  Error fail(const llvm::Twine &expected) {
    std::string found;
    llvm::raw_string_ostream stream(found);
    llvm::printEscapedString(rest.take_front(20), stream);
    return dataError(where, "expected " + expected +
                                " in the header of the .npy file, but got '" +
                                found + "'");
  }

  bool take(StringRef token) {
    bool found = rest.consume_front(token);
    rest = rest.ltrim();
    return found;
  }

  bool takeString(StringRef &text) {
    StringRef quote = rest.take_front(1);
    if (quote != "'" && quote != "\"")
      return false;
    size_t end = rest.find(quote, 1);
    if (end == StringRef::npos)
      return false;
    text = rest.slice(1, end);
    rest = rest.drop_front(end + 1).ltrim();
    return true;
  }

  Error parseKind() {
    StringRef descr;
    if (!takeString(descr))
      return dataError(where, "expected an array of numbers, but got one of "
                              "records");
    char order = descr.empty() ? ' ' : descr.front();
    StringRef code =
        StringRef("<>=|").contains(order) ? descr.drop_front() : descr;
    const auto *entry = llvm::find_if(
        kindCodes, [&](const KindCode &entry) { return entry.code == code; });
    if (entry == std::end(kindCodes))
      return dataError(where, "expected floating-point, integer or boolean "
                              "elements, but got NumPy type '" +
                                  llvm::Twine(descr) + "'");
    header.kind = entry->kind;
    header.swapped = order == '>' && byteWidth(entry->kind) > 1;
    return Error::success();
  }

  Error parseOrder() {
    header.fortranOrder = take("True");
    if (!header.fortranOrder && !take("False"))
      return fail("True or False");
    return Error::success();
  }

  Error parseShape() {
    if (!take("("))
      return fail("'('");
    while (!take(")")) {
      int64_t extent;
      StringRef before = rest;
      if (rest.consumeInteger(10, extent) || extent < 0) {
        rest = before;
        return fail("a shape of extents from 0 to 2^63-1");
      }
      take("L"); // As Python 2 wrote it.
      header.shape.push_back(extent);
      if (!take(",") && !rest.starts_with(")"))
        return fail("',' or ')'");
    }
    return Error::success();
  }

  StringRef rest, where;
  Header header;
};
} // namespace

/// Reverses the bytes of each element.
static void swapBytes(llvm::MutableArrayRef<char> bytes, int64_t width) {
  for (size_t i = 0; i < bytes.size(); i += width)
    std::reverse(&bytes[i], &bytes[i] + width);
}

/// Copies elements in Fortran order, the first index fastest, to row-major
/// order: walks the result with an odometer over its indices.
static void copyFromFortran(ArrayRef<char> from, llvm::MutableArrayRef<char> to,
                            ArrayRef<int64_t> shape, int64_t width) {
  int64_t rank = shape.size();
  llvm::SmallVector<int64_t> stride(rank), index(rank, 0);
  int64_t step = width;
  for (int64_t axis = 0; axis < rank; ++axis) {
    stride[axis] = step;
    step *= shape[axis];
  }
  const char *source = from.data();
  for (size_t at = 0; at < to.size(); at += width) {
    std::memcpy(&to[at], source, width);
    for (int64_t axis = rank - 1; axis >= 0; --axis) {
      source += stride[axis];
      if (++index[axis] < shape[axis])
        break;
      source -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

/// Cuts magic, version and the header's length off `bytes`, then the header,
/// which is returned; the elements remain.
static Expected<StringRef> takeHeader(StringRef &bytes, StringRef where) {
  if (!bytes.consume_front(magic))
    return dataError(where, "not an .npy file");
  auto truncated = [&] {
    return dataError(where, "truncated in the header of the .npy file");
  };
  if (bytes.size() < 2)
    return truncated();
  int major = static_cast<unsigned char>(bytes[0]);
  bytes = bytes.drop_front(2);
  if (major < 1 || major > 3)
    return dataError(where, "expected .npy format version 1, 2 or 3, but got " +
                                llvm::Twine(major));
  size_t lengthBytes = major == 1 ? 2 : 4;
  if (bytes.size() < lengthBytes)
    return truncated();
  size_t length = major == 1 ? llvm::support::endian::read16le(bytes.data())
                             : llvm::support::endian::read32le(bytes.data());
  bytes = bytes.drop_front(lengthBytes);
  if (bytes.size() < length)
    return truncated();
  StringRef text = bytes.take_front(length);
  bytes = bytes.drop_front(length);
  return text.trim();
}

Expected<Array> detail::parseNpy(std::shared_ptr<llvm::MemoryBuffer> file,
                                 StringRef where) {
  StringRef bytes = file->getBuffer();
  Expected<StringRef> text = takeHeader(bytes, where);
  if (!text)
    return text.takeError();
  Expected<Header> header = HeaderParser(*text, where).parse();
  if (!header)
    return header.takeError();
  ArrayRef<int64_t> shape = header->shape;
  std::optional<int64_t> size = byteSizeOf(header->kind, shape);
  if (!size || static_cast<uint64_t>(*size) > bytes.size()) {
    return dataError(
        where, "truncated: " + describe(header->kind, shape) + " needs " +
                   (size ? llvm::Twine(*size) : llvm::Twine("more than 2^63")) +
                   " bytes, but " + llvm::Twine(bytes.size()) + " are there");
  }
  ArrayRef<char> data(bytes.data(), *size);
  // Row-major already if at most one extent is not 1.
  bool permuted = header->fortranOrder &&
                  llvm::count_if(shape, [](int64_t n) { return n != 1; }) > 1;
  if (!header->swapped && !permuted)
    return viewOrCopy(header->kind, shape, data, std::move(file));

  llvm::MutableArrayRef<char> copy;
  Expected<Array> array = Array::allocate(header->kind, shape, copy);
  if (!array)
    return dataError(where, llvm::toString(array.takeError()));
  int64_t width = byteWidth(header->kind);
  if (permuted)
    copyFromFortran(data, copy, shape, width);
  else
    llvm::copy(data, copy.begin());
  if (header->swapped)
    swapBytes(copy, width);
  return array;
}

Expected<Array> mlir::ntk::readNpy(StringRef path) {
  auto file = openFile(path);
  if (!file)
    return file.takeError();
  return parseNpy(std::move(*file), path);
}

std::string mlir::ntk::npyHeader(ElementKind kind, ArrayRef<int64_t> shape) {
  const auto *entry = llvm::find_if(
      kindCodes, [&](const KindCode &entry) { return entry.kind == kind; });
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "{'descr': '" << (byteWidth(kind) == 1 ? '|' : '<') << entry->code
         << "', 'fortran_order': False, 'shape': (";
  llvm::interleaveComma(shape, stream);
  stream << (shape.size() == 1 ? ",), }" : "), }");

  // Spaces and a newline fill up to a multiple of 64. Version 1 has two bytes
  // for the length, which a shape of a few thousand extents would not fit.
  bool isLong = text.size() > 65000;
  size_t prefix = magic.size() + 2 + (isLong ? 4 : 2);
  text.append(63 - (prefix + text.size()) % 64, ' ');
  text += '\n';
  std::string result = magic.str();
  result += isLong ? '\2' : '\1';
  result += '\0';
  for (size_t i = 0; i < (isLong ? 4 : 2); ++i)
    result += static_cast<char>(text.size() >> 8 * i);
  return result + text;
}
