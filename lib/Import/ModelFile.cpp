// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a model's file is, and networks from MLIR text.

#include "ModelFile.h"
#include "mlir/Parser/Parser.h"
#include "ntk-rt/InputFile.h"
#include "ntk/Support/Diagnostics.h"
#include "ntk/Support/Nesting.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

/// Bytes of MLIR text, which becomes many times larger in memory. Weights are
/// not in it.
static constexpr int64_t maxTextBytes = int64_t(64) << 20;

Expected<OwningOpRef<ModuleOp>>
mlir::ntk::parseModule(MLIRContext &context, const ModelOptions &options,
                       const InputFile &file) {
  if (Error error = checkSize(file, maxTextBytes))
    return std::move(error);
  Expected<std::unique_ptr<llvm::MemoryBuffer>> text = readWhole(file);
  if (!text)
    return text.takeError();
  StringRef source = (*text)->getBuffer();
  if (source.contains('\0') || source.starts_with("ML\xefR"))
    return createStringError(options.model +
                             ": expected MLIR text, but got other bytes");
  if (Error error = checkNesting(source, maxTextDepth))
    return createStringError(options.model + ": " +
                             llvm::toString(std::move(error)));
  DiagnosticCollector diagnostics(&context);
  context.loadDialect<NTKDialect>();
  auto module = parseSourceString<ModuleOp>(source, ParserConfig(&context),
                                            options.model);
  if (!module)
    return diagnostics.takeError(options.model, "not a module of MLIR");
  return module;
}

Expected<OwningOpRef<ModuleOp>>
mlir::ntk::parseModule(MLIRContext &context, const ModelOptions &options) {
  Expected<std::shared_ptr<InputFile>> file = openInput(options.model);
  if (!file)
    return file.takeError();
  return parseModule(context, options, **file);
}

Expected<bool> mlir::ntk::isOnnx(StringRef path, const InputFile &file) {
  if (path.ends_with(".onnx") || path.ends_with(".mlir"))
    return path.ends_with(".onnx");
  char first = ' ';
  std::string error;
  if (file.size() > 0 && !file.read(0, &first, 1, error))
    return createStringError(error);
  return !llvm::isSpace(first) && !llvm::isPrint(first);
}
