// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors' bytes in files beside the model.

#ifndef NTK_LIB_IMPORT_ONNX_EXTERNALDATA_H
#define NTK_LIB_IMPORT_ONNX_EXTERNALDATA_H

#include "Model.h"

namespace mlir::ntk::onnximport {

/// The files that one model refers to; each is opened once.
class ExternalData {
public:
  /// No more than `memoryLimit` bytes are read altogether.
  ExternalData(const InputFile &model, int64_t memoryLimit)
      : model(model), room(memoryLimit) {}

  /// The array whose bytes are at `offset` of the file at `location`.
  llvm::Expected<Array> read(llvm::StringRef location, uint64_t offset,
                             ElementKind kind, llvm::ArrayRef<int64_t> shape);

  /// The paths of all files, without links.
  std::vector<std::string> listFiles() const;

private:
  llvm::Expected<std::string> locate(llvm::StringRef location) const;
  llvm::Expected<std::shared_ptr<InputFile>> open(llvm::StringRef location);

  const InputFile &model;
  int64_t room;
  llvm::StringMap<std::shared_ptr<InputFile>> files; ///< by location
};

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_EXTERNALDATA_H
