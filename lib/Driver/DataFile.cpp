// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files of arrays as files: opening them, telling them apart, and writing so
// that a name never stands for half an array.

#include "DataDetail.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir::ntk;
using namespace mlir::ntk::detail;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

Expected<std::shared_ptr<llvm::MemoryBuffer>> detail::openFile(StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (std::error_code code = file.getError())
    return dataError(path, StringRef(code.message()).lower());
  return std::shared_ptr<llvm::MemoryBuffer>(std::move(*file));
}

Expected<std::vector<NamedArray>> mlir::ntk::readArrays(StringRef path) {
  Expected<std::shared_ptr<llvm::MemoryBuffer>> file = openFile(path);
  if (!file)
    return file.takeError();
  StringRef bytes = (*file)->getBuffer();
  if (bytes.starts_with("\x93NUMPY")) {
    Expected<Array> array = parseNpy(std::move(*file), path);
    if (!array)
      return array.takeError();
    return std::vector<NamedArray>{{"", std::move(*array)}};
  }
  if (bytes.starts_with("PK"))
    return readNpz(path);
  if (bytes.size() > 8 && bytes[8] == '{')
    return readSafetensors(path);
  if (bytes.starts_with("\x80\x02")) // a pickle, which torch.save once wrote
    return dataError(path, torchHint);
  return dataError(path, "not an .npy, .npz or .safetensors file");
}

/// Writes to a file, which is made or taken as it is.
static std::error_code writeFile(StringRef path,
                                 llvm::sys::fs::CreationDisposition disposition,
                                 llvm::ArrayRef<StringRef> parts) {
  int descriptor;
  if (std::error_code code =
          llvm::sys::fs::openFileForWrite(path, descriptor, disposition))
    return code;
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/false,
                              /*unbuffered=*/true);
  for (StringRef part : parts)
    stream << part;
  std::error_code code = stream.error();
  stream.clear_error();
  std::error_code closing =
      llvm::sys::Process::SafelyCloseFileDescriptor(descriptor);
  return code ? code : closing;
}

Error mlir::ntk::writeWhole(StringRef path, llvm::ArrayRef<StringRef> parts) {
  auto failed = [&](std::error_code code) {
    return dataError(path, StringRef(code.message()).lower());
  };
  llvm::sys::fs::file_status status;
  bool exists = !llvm::sys::fs::status(path, status);
  if (exists && llvm::sys::fs::is_directory(status))
    return failed(std::make_error_code(std::errc::is_a_directory));
  if (exists && !llvm::sys::fs::is_regular_file(status)) {
    std::error_code code =
        writeFile(path, llvm::sys::fs::CD_OpenExisting, parts);
    return code ? failed(code) : Error::success();
  }
  // A link keeps pointing to its file, which is replaced.
  llvm::SmallString<128> target(path);
  if (exists)
    if (std::error_code code = llvm::sys::fs::real_path(path, target))
      return failed(code);
  std::string temporary =
      (target + "." + llvm::Twine(llvm::sys::Process::getProcessId()) + ".tmp")
          .str();
  llvm::sys::RemoveFileOnSignal(temporary);
  llvm::FileRemover remover(temporary);
  std::error_code code =
      writeFile(temporary, llvm::sys::fs::CD_CreateAlways, parts);
  if (!code)
    code = llvm::sys::fs::rename(temporary, target);
  if (code)
    return failed(code);
  remover.releaseFile();
  llvm::sys::DontRemoveFileOnSignal(temporary);
  return Error::success();
}

Error mlir::ntk::writeNpy(StringRef path, const Array &array) {
  if (array.kind == ElementKind::BFloat16)
    return dataError(path, "NumPy has no bfloat16");
  std::string header = npyHeader(array.kind, array.shape);
  return writeWhole(
      path, {header, StringRef(array.bytes().data(), array.bytes().size())});
}

Error mlir::ntk::checkOutput(StringRef option, StringRef path) {
  std::string where = (option + ": " + path).str();
  StringRef folder = llvm::sys::path::parent_path(path);
  if (folder.empty())
    folder = ".";
  if (llvm::sys::fs::is_directory(path))
    return llvm::createStringError(where + " is a directory");
  if (!llvm::sys::fs::is_directory(folder))
    return dataError(where, "there is no directory '" + folder + "'");
  if (std::error_code code =
          llvm::sys::fs::access(folder, llvm::sys::fs::AccessMode::Write))
    return dataError(where, StringRef(code.message()).lower());
  return Error::success();
}
