// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A libFuzzer target over the ONNX importer: bytes are read as a model,
// imported and verified. Whatever the bytes are, the importer ends with a
// network or with an error of one line. Files with an odd number of bytes are
// imported with the whole batch as one example. The mutator works on models,
// see MutateModel.h, for random bytes seldom get past the parser.
//
//   import-fuzzer -rss_limit_mb=2500 -timeout=20 CORPUS seeds

#include "MutateModel.h"
#include "mlir/IR/MLIRContext.h"
#include "ntk/Import/ONNX.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <optional>

using namespace mlir;
using namespace mlir::ntk;

/// LLVM is not instrumented: what it writes in containers and arenas that our
/// code made inline is unknown to the sanitizer.
extern "C" const char *__asan_default_options() {
  return "detect_container_overflow=0:allow_user_poisoning=0";
}

namespace {
/// A folder with the model to import and data that it may refer to; both leave
/// with the process.
class Folder {
public:
  Folder() {
    if (llvm::sys::fs::createUniqueDirectory("ntk-fuzz", path))
      llvm::report_fatal_error("expected a folder for the model");
    write("data.bin", llvm::StringRef("0123456789abcdefghijklmnopqrstuv"));
  }
  ~Folder() { llvm::sys::fs::remove_directories(path); }

  std::string write(StringRef name, StringRef bytes) {
    llvm::SmallString<128> file(path);
    llvm::sys::path::append(file, name);
    std::error_code problem;
    llvm::raw_fd_ostream stream(file, problem);
    if (problem)
      llvm::report_fatal_error("expected to write the model");
    stream << bytes;
    return file.str().str();
  }

private:
  llvm::SmallString<128> path;
};
} // namespace

/// A context keeps every type and attribute that it has seen, so it is renewed
/// now and then.
static MLIRContext &getContext() {
  static std::optional<MLIRContext> context;
  static unsigned uses = 0;
  if (uses++ % 512 == 0)
    context.emplace(MLIRContext::Threading::DISABLED);
  return *context;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static Folder folder;
  std::string path = folder.write(
      "model.onnx", StringRef(reinterpret_cast<const char *>(data), size));
  OnnxImportOptions options;
  options.wholeBatch = size % 2;
  llvm::Expected<OnnxImport> import = importOnnx(path, getContext(), options);
  if (import)
    return 0;
  std::string message = llvm::toString(import.takeError());
  if (message.size() <= path.size() + 2)
    llvm::report_fatal_error("expected an error that says something");
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  return fuzz::mutateModel(data, size, maxSize, seed);
}
