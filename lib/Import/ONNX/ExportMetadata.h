// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What torch's exporter writes of where nodes and values come from, beside the
// model itself.

#ifndef NTK_LIB_IMPORT_ONNX_EXPORTMETADATA_H
#define NTK_LIB_IMPORT_ONNX_EXPORTMETADATA_H

#include "Model.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::ntk::onnximport {

struct NodeOrigin {
  /// The paths of the modules around the node, and the lines of the model.
  std::string scopes, stackTrace;
};

struct ValueOrigin {
  /// Names of all values that were folded into it, as they are written.
  std::string foldedFrom;
  /// PARAMETER, BUFFER …, as long as the values are those of the model; or
  /// empty.
  std::string kind;
  /// The type, as far as it is written.
  ValueInfo type;
};

struct ExportMetadata {
  /// By the first output of the node.
  llvm::StringMap<NodeOrigin> nodes;
  llvm::StringMap<ValueOrigin> values;
};

/// Reads the file, with its metadata, and with external data, of `memoryLimit`
/// bytes at most, from its folder; `dataFiles` are where those are. Errors do
/// not name the file.
llvm::Expected<Model> readModel(const InputFile &file, int64_t memoryLimit,
                                ExportMetadata &metadata,
                                std::vector<std::string> &dataFiles);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_EXPORTMETADATA_H
