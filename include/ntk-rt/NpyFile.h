// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NumPy's .npy files. Big-endian and Fortran-ordered arrays are converted; the
// code is for little-endian machines.

#ifndef NTK_RT_NPYFILE_H
#define NTK_RT_NPYFILE_H

#include "ntk-rt/InputFile.h"
#include "ntk-rt/NpyHeader.h"
#include "ntk-rt/OutputFile.h"

namespace ntk {
namespace rt {
namespace detail {

/// Copies elements in Fortran order, the first index fastest, to row-major
/// order: walks the result with an odometer over its indices.
inline void copyFromFortran(const char *from, const Array &to, char *result) {
  const size_t rank = to.shape.size();
  const int64_t width = infoOf(to.type).width, size = to.size();
  std::vector<int64_t> stride(rank), index(rank, 0);
  int64_t step = 1;
  for (size_t axis = 0; axis < rank; ++axis) {
    stride[axis] = step;
    step *= to.shape[axis];
  }
  int64_t source = 0;
  for (int64_t at = 0; at < size; ++at) {
    std::memcpy(result + at * width, from + source * width,
                static_cast<size_t>(width));
    for (size_t axis = rank; axis-- > 0;) {
      source += stride[axis];
      if (++index[axis] < to.shape[axis])
        break;
      source -= stride[axis] * to.shape[axis];
      index[axis] = 0;
    }
  }
}

/// The array that a header describes, of its elements' bytes.
inline bool makeNpyArray(const NpyHeader &header, Memory elements,
                         const std::string &where, Array &array,
                         std::string &error) {
  array.type = header.type;
  array.shape = header.shape;
  array.bytes = std::move(elements);
  const int64_t width = infoOf(header.type).width;
  if (header.swapped)
    for (int64_t i = 0; i < header.bytes; i += width)
      std::reverse(array.bytes.data() + i, array.bytes.data() + i + width);
  // Row-major already if at most one extent is not 1.
  const auto ones = std::count(header.shape.begin(), header.shape.end(), 1);
  if (!header.fortranOrder || header.bytes == 0 ||
      header.shape.size() <= static_cast<size_t>(ones) + 1)
    return true;
  Memory copy;
  if (!copy.allocate(header.bytes, error))
    return fail(error, where + ": " + error);
  copyFromFortran(array.bytes.data(), array, copy.data());
  array.bytes = std::move(copy);
  return true;
}

/// An .npy file that is in memory.
inline bool parseNpy(Memory content, const std::string &where, Array &array,
                     std::string &error) {
  NpyHeader header;
  if (!parseNpyHeader(content.data(), content.size(), content.size(), where,
                      header, error))
    return false;
  content.keep(header.offset, header.bytes);
  return makeNpyArray(header, std::move(content), where, array, error);
}

/// The header of an .npy file that is open.
inline bool readNpyHeader(const InputFile &file, NpyHeader &header,
                          std::string &error) {
  Memory start;
  const int64_t size = std::min(file.size(), maxNpyHeader);
  return file.read(0, size, start, error) &&
         parseNpyHeader(start.data(), size, file.size(), file.name(), header,
                        error);
}

/// An .npy file that is open; only what it needs is read.
inline bool readNpy(const InputFile &file, Array &array, std::string &error) {
  Memory elements;
  NpyHeader header;
  return readNpyHeader(file, header, error) &&
         file.read(header.offset, header.bytes, elements, error) &&
         makeNpyArray(header, std::move(elements), file.name(), array, error);
}

} // namespace detail

/// Reads an .npy file.
inline bool readNpy(const std::string &path, Array &array, std::string &error) {
  InputFile file;
  return file.open(path, error) && detail::readNpy(file, array, error);
}

/// The bytes of a file with such an array.
inline int64_t npyFileSize(ElementType type,
                           const std::vector<int64_t> &shape) {
  return static_cast<int64_t>(detail::npyHeader(type, shape).size()) +
         byteSizeOf(type, shape);
}

/// Writes an array to a file that is open.
inline bool writeNpy(OutputFile &file, ElementType type,
                     const std::vector<int64_t> &shape, const void *elements,
                     std::string &error) {
  const std::string header = detail::npyHeader(type, shape);
  return file.write(header.data(), static_cast<int64_t>(header.size()),
                    error) &&
         file.write(elements, byteSizeOf(type, shape), error);
}

/// Writes elements of any type but BF16, which NumPy does not have.
inline bool writeNpy(const std::string &path, ElementType type,
                     const std::vector<int64_t> &shape, const void *elements,
                     std::string &error) {
  const int64_t bytes = byteSizeOf(type, shape);
  if (type == ElementType::BF16 || bytes < 0 || shape.size() > maxAxes)
    return detail::fail(error,
                        path + ": NumPy has no array " + describe(type, shape));
  OutputFile file;
  return file.open(path, error) &&
         writeNpy(file, type, shape, elements, error) && file.commit(error);
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_NPYFILE_H
