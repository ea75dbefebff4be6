// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "OtherFiles.h"

using namespace mlir::ntk;
using llvm::StringLiteral;
using llvm::StringRef;

StringRef onnximport::recogniseOtherFile(StringRef start) {
  constexpr std::pair<StringLiteral, StringLiteral> kinds[] = {
      {"PK\x03\x04", "an archive, as torch.save writes; export the model with "
                     "torch.onnx.export, see --help"},
      {"version https://git-lfs",
       "a pointer of Git LFS; `git lfs pull` fetches the file itself"},
      {"\x1f\x8b", "compressed with gzip; unpack it"},
      {"\x89HDF",
       "an HDF5 file, as Keras writes; convert the model with tf2onnx"},
      {"<!DOCTYPE", "a web page; download the file itself"},
      {"<html", "a web page; download the file itself"},
  };
  for (const auto &[magic, kind] : kinds)
    if (start.starts_with_insensitive(magic))
      return kind;
  return {};
}
