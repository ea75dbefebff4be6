// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A libFuzzer target over ONNX files, read as ntk-run reads them: bytes become
// a network, which is verified, and for some of them its kernel is derived,
// planned and lowered. Whatever the bytes are, it ends with that or with an
// error of one line. The mutator works on models, see MutateModel.h, for random
// bytes seldom get past the parser.
//
// The number that a model has as its version, which the importer does not
// read, says how it is read: see readOptions.

#include "Harness.h"
#include "MutateModel.h"
#include "onnx/onnx.pb.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::Expected;

/// The options that the bits of the version stand for, and whether to derive
/// the kernel.
static std::pair<RunOptions, bool> readOptions(const uint8_t *data,
                                               size_t size) {
  static const char *const kernels[] = {"full", "trace", "diagonal", "sum"};
  static const char *const methods[] = {
      "auto", "structured", "jacobian-contraction", "ntk-vector-products"};
  onnx::ModelProto model;
  uint64_t bits = model.ParseFromArray(data, size) ? model.model_version() : 0;
  RunOptions options;
  options.memoryLimit = int64_t(256) << 20;
  options.wholeBatch = bits & 1;
  options.acceptExport = bits & 2;
  options.kernel = kernels[bits >> 2 & 3];
  options.method = methods[bits >> 4 & 3];
  if (bits & 64)
    options.doublePrecision = true;
  options.allowNonFinite = !(bits & 256);
  return {options, bits & 128};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::Folder folder;
  static const std::string beside =
      folder.write("data.bin", "0123456789abcdefghijklmnopqrstuv");
  auto [options, derive] = readOptions(data, size);
  options.model = folder.write(
      "model.onnx", StringRef(reinterpret_cast<const char *>(data), size));
  Expected<Model> model = loadModel(fuzz::getContext(), options, GivenArrays());
  if (!model)
    fuzz::expectError(options.model, model.takeError());
  else if (derive)
    fuzz::deriveKernel(*model, options);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  return fuzz::mutateModel(data, size, maxSize, seed);
}
