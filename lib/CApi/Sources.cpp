// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels as source.

#include "Objects.h"
#include "ntk/Cli/Session.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

/// The model once more: writing source gives its values other names.
static Model copyModel(const Model &model) {
  Model copy;
  copy.path = model.path;
  copy.module = cast<ModuleOp>(model.module.get()->clone());
  copy.network = *copy.module->getOps<NetworkOp>().begin();
  copy.inputs = model.inputs;
  copy.store = model.store;
  copy.wrt = model.wrt;
  copy.schedule = model.schedule;
  copy.scheduleLoc = model.scheduleLoc;
  copy.batchSize = model.batchSize;
  return copy;
}

/// Names and libraries, as the command line takes them.
static Error setSource(RunOptions &options, StringRef path, StringRef backend) {
  if (!path.ends_with(".cpp"))
    return createStringError("path: expected a file NET.cpp, but got '" + path +
                             "'");
  if (!llvm::is_contained({"onednn", "cblas", "none"}, backend))
    return createStringError(
        "kernels: expected onednn, cblas or none, but got '" + backend + "'");
  options.output = path.str();
  options.kernels = backend.str();
  return Error::success();
}

ntk_status ntk_kernel_write_source(ntk_kernel *kernel, const char *path,
                                   int64_t n1, int64_t n2,
                                   const char *backend) {
  return kernel->use([&]() -> Error {
    Expected<ProblemSize> size = takeSize(*kernel, n1, n2);
    if (!size)
      return size.takeError();
    RunOptions options = kernel->options;
    if (Error error = setSource(options, path, backend ? backend : "onednn"))
      return error;
    options.n1 = size->n1;
    options.n2 = size->n2;
    Model model = copyModel(kernel->compiled->getModel());
    std::vector<std::string> notes; // of what the caller has asked for
    return writeSource(model, options, notes);
  });
}
