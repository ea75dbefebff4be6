// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A libFuzzer target over networks in MLIR text, read as ntk-run reads them:
// text becomes a network, whose kernel is derived, planned and lowered, or an
// error of one line. The mutator works on words, see MutateText.h.
//
// Words of the first line, which may be a comment, are options: "trace",
// "structured", "whole-batch".

#include "Harness.h"
#include "MutateText.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::Expected;

static RunOptions readOptions(StringRef text) {
  RunOptions options;
  options.memoryLimit = int64_t(256) << 20;
  for (StringRef word : llvm::split(text.split('\n').first, ' ')) {
    if (llvm::is_contained({"trace", "diagonal", "sum"}, word))
      options.kernel = word.str();
    else if (llvm::is_contained(
                 {"structured", "jacobian-contraction", "ntk-vector-products"},
                 word))
      options.method = word.str();
    else if (word == "whole-batch")
      options.wholeBatch = true;
  }
  return options;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::Folder folder;
  StringRef text(reinterpret_cast<const char *>(data), size);
  RunOptions options = readOptions(text);
  options.model = folder.write("net.mlir", text);
  Expected<Model> model = loadModel(fuzz::getContext(), options, GivenArrays(),
                                    /*needsValues=*/false);
  if (model)
    fuzz::deriveKernel(*model, options);
  else
    fuzz::expectError(options.model, model.takeError());
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  return fuzz::mutateText(data, size, maxSize, seed);
}
