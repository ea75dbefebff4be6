// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A call of torch's own graph, as its exporter writes it beside each ONNX node
// that the call became:
//
//   %linear : … call_function[target=torch.ops.aten.linear.default](args =
//       (%input, %p_0_weight, %p_0_bias), kwargs = {})

#ifndef NTK_LIB_IMPORT_ONNX_FXCALL_H
#define NTK_LIB_IMPORT_ONNX_FXCALL_H

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>
#include <vector>

namespace mlir::ntk::onnximport {

struct FxCall {
  /// Name of the value, without "%": `linear`.
  std::string name;
  /// The operator without namespace and overload: `linear`.
  std::string op;
  /// Arguments as they are written: `%input`, `[2, 2]`, `1e-05`.
  std::vector<std::string> args;
  llvm::StringMap<std::string> keywords;
  /// Names of all values among the arguments, in order, without "%".
  std::vector<std::string> references;

  /// The value that argument `i` is, without "%"; empty if it is none.
  llvm::StringRef valueOf(size_t i) const;
};

/// None if the text is not a call.
std::optional<FxCall> parseFxCall(llvm::StringRef text);

/// The operator of the call alone: `linear`; empty if the text is not a call.
llvm::StringRef getFxOperator(llvm::StringRef text);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_FXCALL_H
