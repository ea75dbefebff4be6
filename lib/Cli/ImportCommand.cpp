// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk-translate --onnx-to-ntk: an ONNX file as text.

#include "mlir/IR/Verifier.h"
#include "ntk/Cli/Message.h"
#include "ntk/Cli/Options.h"
#include "ntk/Cli/Session.h"
#include "ntk/Import/ONNX.h"
#include "ntk/Register/Register.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

/// Says what was taken, and prints the module.
static std::string print(OnnxImport &import, const RunOptions &options) {
  for (const std::string &warning : import.warnings)
    printMessage("warning", options.model + ": " + warning);
  if (!options.quiet)
    for (const std::string &note : import.notes)
      printMessage(options.model, note);
  std::string text;
  llvm::raw_string_ostream stream(text);
  import.module->print(stream);
  stream << "\n";
  return text;
}

/// Imports the file and writes what it becomes.
static Error import(RunOptions options) {
  if (options.model.empty() || options.model == "-")
    options.model = "/dev/stdin";
  if (options.output.empty() || options.output == "-")
    options.output = "/dev/stdout";
  Expected<GivenArrays> given = readGivenArrays(options);
  if (!given)
    return given.takeError();
  Output output;
  if (Error error = output.open("-o", options.output))
    return error;
  MLIRContext context(MLIRContext::Threading::DISABLED);
  Expected<OnnxImport> import =
      importOnnx(options.model, context, getImportOptions(options, *given));
  if (!import)
    return import.takeError();
  if (failed(verify(*import->module)))
    return createStringError(options.model + ": the network is not valid");
  if (Error error = checkInputs(options, import->dataFiles))
    return error;
  if (Error error = output.write({print(*import, options)}))
    return error;
  return output.commit();
}

int mlir::ntk::importNetwork(ArrayRef<const char *> arguments) {
  if (llvm::is_contained(arguments, StringRef("--version"))) {
    printVersion("ntk-translate", llvm::outs());
    return 0;
  }
  Expected<RunOptions> options = parseOptions(Tool::Import, arguments);
  if (options && options->help) {
    printHelp(Tool::Import, llvm::outs());
    return 0;
  }
  Error error = options ? import(std::move(*options)) : options.takeError();
  return error ? printError(std::move(error)) : 0;
}
