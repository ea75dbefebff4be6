// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files beside a model. A model comes from anywhere: what it refers to has to
// lie in its folder, with all links followed. That is the folder of the path
// that was given, or the one where the model itself lies if the path is a link:
// a hub keeps models and data as links to files in one place.

#include "ExternalData.h"
#include "ntk-rt/InputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::createStringError;
using llvm::Expected;
using llvm::StringRef;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// Is the file in the folder, or below it?
static bool isInside(StringRef file, StringRef folder) {
  return folder.ends_with("/")
             ? file.starts_with(folder) // the root
             : file.consume_front(folder) && file.starts_with("/");
}

/// Without links; empty if there is no such file.
static std::string resolve(const llvm::Twine &name) {
  llvm::SmallString<128> real;
  if (fs::real_path(name, real))
    return "";
  return real.str().str();
}

/// The path of a file, without links.
Expected<std::string> ExternalData::locate(StringRef location) const {
  bool escapes = path::is_absolute(location);
  for (StringRef part :
       llvm::make_range(path::begin(location), path::end(location)))
    escapes |= part == "..";
  if (location.empty() || location.contains('\0') || escapes)
    return createStringError(
        "expected external data in the model's folder, but its location is '" +
        location + "'");
  if (model.fromPipe())
    return createStringError("expected a model without external data from a "
                             "pipe, but there is '" +
                             location + "'; save the model to a file");
  StringRef folder = path::parent_path(model.name());
  llvm::SmallString<128> name(folder);
  path::append(name, location);
  llvm::SmallString<128> real;
  if (std::error_code code = fs::real_path(name, real))
    return createStringError("expected external data in '" + name.str() +
                             "', but " + StringRef(code.message()).lower());
  std::string given = resolve(folder.empty() ? "." : folder);
  std::string own = path::parent_path(resolve(model.name())).str();
  if (!isInside(real, given) && !isInside(real, own))
    return createStringError("expected external data in the model's folder, "
                             "but '" +
                             location + "' is a link out of it");
  return real.str().str();
}

Expected<std::shared_ptr<InputFile>> ExternalData::open(StringRef location) {
  std::shared_ptr<InputFile> &file = files[location];
  if (file)
    return file;
  Expected<std::string> name = locate(location);
  if (!name)
    return name.takeError();
  auto opened = std::make_shared<InputFile>();
  std::string error;
  if (!opened->open(*name, error, /*mayBePipe=*/false))
    return createStringError("external data '" + location + "': " + error);
  return file = std::move(opened);
}

Expected<Array> ExternalData::read(StringRef location, uint64_t offset,
                                   ElementKind kind,
                                   llvm::ArrayRef<int64_t> shape) {
  Expected<std::shared_ptr<InputFile>> file = open(location);
  if (!file)
    return file.takeError();
  int64_t size = *byteSizeOf(kind, shape);
  if (!(*file)->has(offset, size))
    return createStringError("expected " + llvm::Twine(size) +
                             " bytes at offset " + llvm::Twine(offset) +
                             " of '" + location + "', which has " +
                             llvm::Twine((*file)->size()));
  if (size > room)
    return createStringError("external data needs at least " +
                             llvm::Twine(size - room) +
                             " bytes more of memory than there is room for "
                             "(--memory-limit)");
  room -= size;
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> array = Array::allocate(kind, shape, bytes);
  if (!array)
    return array;
  std::string error;
  if (!(*file)->read(offset, bytes.data(), size, error))
    return createStringError(error);
  return array;
}

std::vector<std::string> ExternalData::listFiles() const {
  std::vector<std::string> names;
  for (const auto &entry : files)
    if (entry.second)
      names.push_back(entry.second->name());
  return names;
}
