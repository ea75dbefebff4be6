// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Harness.h"
#include "ntk-rt/Printable.h"
#include "ntk/Compile/FittedKernel.h"
#include "ntk/Register/Register.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::Error;
using llvm::Expected;

/// LLVM is not instrumented: what it writes in containers and arenas that our
/// code made inline is unknown to the sanitizer. What is freed is not kept for
/// long, for memory is limited.
extern "C" const char *__asan_default_options() {
  return "detect_container_overflow=0:allow_user_poisoning=0:"
         "quarantine_size_mb=16";
}

fuzz::Folder::Folder() {
  if (llvm::sys::fs::createUniqueDirectory("ntk-fuzz", path))
    llvm::report_fatal_error("expected a folder for the model");
}

fuzz::Folder::~Folder() { llvm::sys::fs::remove_directories(path); }

std::string fuzz::Folder::write(StringRef name, StringRef bytes) {
  llvm::SmallString<128> file(path);
  llvm::sys::path::append(file, name);
  std::error_code problem;
  llvm::raw_fd_ostream stream(file, problem);
  if (problem)
    llvm::report_fatal_error("expected to write the model");
  stream << bytes;
  return file.str().str();
}

MLIRContext &fuzz::getContext() {
  static std::optional<MLIRContext> context;
  static unsigned uses = 0;
  if (uses++ % 512 == 0) {
    DialectRegistry registry;
    registerAllDialects(registry);
    context.reset();
    context.emplace(registry, MLIRContext::Threading::DISABLED);
  }
  return *context;
}

void fuzz::expectError(StringRef path, Error error) {
  std::string text = llvm::toString(std::move(error));
  std::string line = ::ntk::rt::messageLine(text);
  StringRef rest = line;
  if (!rest.consume_front(path) || !rest.consume_front(":") ||
      rest.trim().empty())
    llvm::report_fatal_error(
        Twine("expected an error that begins with the file, but got: ") + text);
}

void fuzz::deriveKernel(Model &model, const RunOptions &options) {
  constexpr int64_t mostOperations = 40;
  if (countOperations(model.network) > mostOperations)
    return;
  Expected<KernelShape> shape = getKernelShape(model, options);
  if (!shape)
    return expectError(options.model, shape.takeError());
  const int64_t n = model.batchSize ? 1 : 3;
  const bool symmetric = options.method == "structured";
  ProblemSize size{n, symmetric ? n : 2, symmetric};
  Expected<FittedKernel> fitted =
      fitKernel(model, options, *shape, size, /*inputBytes=*/0,
                options.getMemoryLimit(),
                options.method == "auto");
  if (!fitted)
    expectError(options.model, fitted.takeError());
}
