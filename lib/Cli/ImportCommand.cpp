// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The importer as a translation: `ntk-translate --onnx-to-ntk model.onnx`.

#include "dialects/NTK/IR/NTKOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Verifier.h"
#include "ntk/Cli/Message.h"
#include "ntk/Data/GivenValues.h"
#include "ntk/Import/ONNX.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {
/// The command line of the translation.
struct ImportCommandLine {
  llvm::cl::opt<std::string> model{llvm::cl::Positional, llvm::cl::init("-"),
                                   llvm::cl::desc("<model.onnx>")};
  llvm::cl::opt<std::string> output{"o", llvm::cl::init("-"),
                                    llvm::cl::desc("File for the network"),
                                    llvm::cl::value_desc("net.mlir")};
  llvm::cl::opt<bool> toNetwork{
      "onnx-to-ntk", llvm::cl::desc("Read an ONNX file as an ntk.network")};
  llvm::cl::list<std::string> wrt{
      "wrt", llvm::cl::CommaSeparated,
      llvm::cl::desc(
          "Trainable parameters: names or globs, with a + in front besides "
          "those taken without the option"),
      llvm::cl::value_desc("glob,...")};
  llvm::cl::list<std::string> frozen{
      "frozen", llvm::cl::CommaSeparated,
      llvm::cl::desc("Parameters to freeze: names or globs"),
      llvm::cl::value_desc("glob,...")};
  llvm::cl::list<std::string> outputs{
      "outputs", llvm::cl::CommaSeparated,
      llvm::cl::desc("Outputs to keep: names or globs"),
      llvm::cl::value_desc("glob,...")};
  llvm::cl::list<std::string> inputs{
      "input",
      llvm::cl::desc("The value of an input that all examples share: a number, "
                     "true, false, a list as [1, 2], or an .npy file"),
      llvm::cl::value_desc("name=value")};
  llvm::cl::list<std::string> sizes{
      "size", llvm::cl::CommaSeparated,
      llvm::cl::desc(
          "A size beside the batch that the file leaves open, by the "
          "name of the axis or as INPUT.AXIS"),
      llvm::cl::value_desc("name=n,...")};
  llvm::cl::opt<std::string> dtype{
      "dtype", llvm::cl::init("f32"),
      llvm::cl::desc("Element type of the network: f32 or f64")};
  llvm::cl::opt<bool> wholeBatch{
      "whole-batch",
      llvm::cl::desc("Take the whole batch, of a fixed size, as one example")};
  llvm::cl::opt<bool> acceptExport{
      "accept-export",
      llvm::cl::desc("Take a file whose exporter lost parameters as it is")};
};
} // namespace

/// Takes over what reads a value of its own; prints what does not fit.
static LogicalResult readValues(const ImportCommandLine &arguments,
                                OnnxImportOptions &options) {
  auto fail = [](StringRef option, llvm::Error error) {
    printMessage("error",
                 "--" + option + ": " + llvm::toString(std::move(error)));
    return failure();
  };
  for (const std::string &text : arguments.inputs) {
    llvm::Expected<NamedArray> value = parseGivenValue(text);
    if (!value)
      return fail("input", value.takeError());
    options.shared.push_back(std::move(*value));
  }
  for (const std::string &text : arguments.sizes) {
    auto size = parseGivenSize(text);
    if (!size)
      return fail("size", size.takeError());
    options.sizes.push_back(std::move(*size));
  }
  return success();
}

/// The options as the importer takes them.
static FailureOr<OnnxImportOptions>
getOptions(const ImportCommandLine &arguments) {
  if (arguments.dtype != "f32" && arguments.dtype != "f64") {
    printMessage("error", "--dtype: expected f32 or f64, but got '" +
                              arguments.dtype + "'");
    return failure();
  }
  OnnxImportOptions options;
  options.doublePrecision = arguments.dtype == "f64";
  options.wrt.assign(arguments.wrt.begin(), arguments.wrt.end());
  options.frozen.assign(arguments.frozen.begin(), arguments.frozen.end());
  options.outputs.assign(arguments.outputs.begin(), arguments.outputs.end());
  options.wholeBatch = arguments.wholeBatch;
  options.acceptExport = arguments.acceptExport;
  if (failed(readValues(arguments, options)))
    return failure();
  return options;
}

/// Says what was taken, and prints the module.
static std::string print(OnnxImport &import, StringRef path) {
  for (const std::string &warning : import.warnings)
    printMessage("warning", path + ": " + warning);
  for (const std::string &note : import.notes)
    printMessage(path, note);
  std::string text;
  llvm::raw_string_ostream stream(text);
  import.module->print(stream);
  stream << "\n";
  return text;
}

/// Imports the file and writes what it becomes.
static llvm::Error translate(const ImportCommandLine &arguments,
                             const OnnxImportOptions &options) {
  std::string path = arguments.model, target = arguments.output;
  if (path == "-")
    path = "/dev/stdin";
  if (target == "-")
    target = "/dev/stdout";
  Output output;
  if (llvm::Error error = output.open("-o", target))
    return error;
  if (!isStream(target) && llvm::sys::fs::equivalent(path, target))
    return llvm::createStringError("-o: '" + target +
                                   "' is an input, and would be overwritten");
  MLIRContext context(MLIRContext::Threading::DISABLED);
  llvm::Expected<OnnxImport> import = importOnnx(path, context, options);
  if (!import)
    return import.takeError();
  if (failed(verify(*import->module)))
    return llvm::createStringError(path + ": the network is not valid");
  if (llvm::Error error = output.write({print(*import, path)}))
    return error;
  return output.commit();
}

int mlir::ntk::translateOnnx(int argc, char **argv) {
  ImportCommandLine arguments;
  registerAsmPrinterCLOptions();
  llvm::cl::ParseCommandLineOptions(argc, argv, "ntk-translate\n");
  if (!arguments.toNetwork) {
    llvm::errs() << "error: expected --onnx-to-ntk, --ntk-to-cpp or "
                    "--ntk-to-cuda, see --help\n";
    return 1;
  }
  FailureOr<OnnxImportOptions> options = getOptions(arguments);
  if (failed(options))
    return 1;
  llvm::Error error = translate(arguments, *options);
  return error ? printError(std::move(error)) : 0;
}
