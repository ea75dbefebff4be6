// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NumPy's .npz format: a zip archive of .npy files, stored (np.savez) or
// deflated (np.savez_compressed). libzip reads the archive.

#include "DataDetail.h"
#include "llvm/ADT/ScopeExit.h"
#include <zip.h>

using namespace mlir::ntk;
using namespace mlir::ntk::detail;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

/// Deflate makes data at most 1032 times smaller.
static constexpr uint64_t maxRatio = 1032;

/// The bytes of one member. The size that the archive claims is believed only
/// as far as its compressed bytes can give it.
static Expected<std::shared_ptr<llvm::MemoryBuffer>>
readMember(zip_t *archive, uint64_t index, const zip_stat_t &stat,
           uint64_t archiveSize, StringRef where) {
  bool plausible =
      (stat.valid & ZIP_STAT_SIZE) && (stat.valid & ZIP_STAT_COMP_SIZE) &&
      stat.comp_size <= archiveSize && stat.size / maxRatio <= stat.comp_size;
  if (!plausible)
    return dataError(where, "corrupt: the size it claims is impossible");
  std::shared_ptr<llvm::WritableMemoryBuffer> memory =
      llvm::WritableMemoryBuffer::getNewUninitMemBuffer(stat.size, where,
                                                        llvm::Align(64));
  if (!memory)
    return dataError(where,
                     "no memory for " + llvm::Twine(stat.size) + " bytes");
  zip_file_t *file = zip_fopen_index(archive, index, 0);
  if (!file)
    return dataError(where, zip_strerror(archive));
  auto close = llvm::make_scope_exit([&] { zip_fclose(file); });

  char *next = memory->getBufferStart();
  while (next < memory->getBufferEnd()) {
    zip_int64_t count = zip_fread(file, next, memory->getBufferEnd() - next);
    if (count <= 0)
      return dataError(where, count < 0 ? zip_file_strerror(file)
                                        : "truncated in the archive");
    next += count;
  }
  // Reading on to the end checks the checksum.
  char extra;
  zip_int64_t count = zip_fread(file, &extra, 1);
  if (count < 0)
    return dataError(where, zip_file_strerror(file));
  if (count > 0)
    return dataError(where, "corrupt: longer than the archive says");
  return memory;
}

/// Opens an archive; the error says why it is none.
static Expected<zip_t *> openArchive(const std::string &path) {
  int code = 0;
  if (zip_t *archive = zip_open(path.c_str(), ZIP_RDONLY, &code))
    return archive;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  Error result = dataError(path, zip_error_strerror(&error));
  zip_error_fini(&error);
  return std::move(result);
}

/// Is it an archive that torch.save, torch.jit.save or torch.export.save wrote?
static bool isOfTorch(zip_t *archive) {
  zip_int64_t count = zip_get_num_entries(archive, 0);
  for (zip_int64_t index = 0; index < count; ++index) {
    const char *name = zip_get_name(archive, index, 0);
    StringRef file = name ? StringRef(name).rsplit('/').second : "";
    if (file == "data.pkl" || file == "archive_format")
      return true;
  }
  return false;
}

Expected<std::vector<NamedArray>> mlir::ntk::readNpz(StringRef path) {
  auto file = openFile(path); // For its size and the system's own messages.
  if (!file)
    return file.takeError();
  uint64_t archiveSize = (*file)->getBufferSize();
  file->reset();
  Expected<zip_t *> archive = openArchive(path.str());
  if (!archive)
    return archive.takeError();
  auto discard = llvm::make_scope_exit([&] { zip_discard(*archive); });

  std::vector<NamedArray> arrays;
  zip_int64_t count = zip_get_num_entries(*archive, 0);
  for (zip_int64_t index = 0; index < count; ++index) {
    zip_stat_t stat;
    if (zip_stat_index(*archive, index, 0, &stat) < 0)
      return dataError(path, zip_strerror(*archive));
    StringRef name = (stat.valid & ZIP_STAT_NAME) ? stat.name : "";
    std::string where = (path + ":" + name).str();
    if (!name.consume_back(".npy")) {
      if (isOfTorch(*archive))
        return dataError(path, torchHint);
      return dataError(where, "expected only .npy files in the archive");
    }
    auto bytes = readMember(*archive, index, stat, archiveSize, where);
    if (!bytes)
      return bytes.takeError();
    Expected<Array> array = parseNpy(std::move(*bytes), where);
    if (!array)
      return array.takeError();
    arrays.push_back({name.str(), std::move(*array)});
  }
  return arrays;
}
