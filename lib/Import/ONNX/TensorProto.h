// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of the protobuf message TensorProto: inside the message, raw or one by
// one, or in a file beside the model.

#ifndef NTK_LIB_IMPORT_ONNX_TENSORPROTO_H
#define NTK_LIB_IMPORT_ONNX_TENSORPROTO_H

#include "Model.h"

namespace onnx {
class TensorProto;
}

namespace mlir::ntk::onnximport {

/// Reads tensors of one model; each external file is mapped once.
class TensorReader {
public:
  explicit TensorReader(llvm::StringRef folder) : folder(folder) {}
  llvm::Expected<NamedTensor> read(const ::onnx::TensorProto &proto);

private:
  llvm::Expected<Array> readExternal(const ::onnx::TensorProto &proto,
                                     ElementKind kind,
                                     llvm::ArrayRef<int64_t> shape);
  llvm::Expected<std::shared_ptr<llvm::MemoryBuffer>>
  map(llvm::StringRef location);

  std::string folder;
  llvm::StringMap<std::shared_ptr<llvm::MemoryBuffer>> files;
};

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_TENSORPROTO_H
