// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of the protobuf message TensorProto: inside the message, raw or one by
// one, or in a file beside the model.

#ifndef NTK_LIB_IMPORT_ONNX_TENSORPROTO_H
#define NTK_LIB_IMPORT_ONNX_TENSORPROTO_H

#include "ExternalData.h"

namespace onnx {
class TensorProto;
}

namespace mlir::ntk::onnximport {

/// Reads tensors of one model.
class TensorReader {
public:
  explicit TensorReader(ExternalData &data) : data(data) {}
  llvm::Expected<NamedTensor> read(const ::onnx::TensorProto &proto);

private:
  llvm::Expected<Array> readExternal(const ::onnx::TensorProto &proto,
                                     ElementKind kind,
                                     llvm::ArrayRef<int64_t> shape);

  ExternalData &data;
};

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_TENSORPROTO_H
