// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A mutator of ONNX models for libFuzzer: it changes fields of the message and
// keeps it a message, so that what is tested is the importer and not protobuf.

#ifndef NTK_TEST_FUZZ_MUTATEMODEL_H
#define NTK_TEST_FUZZ_MUTATEMODEL_H

#include <cstddef>
#include <cstdint>

namespace mlir::ntk::fuzz {

/// Changes the model in `data` in a few places: operators (of the importer's
/// registry), inputs of nodes, attributes (also those that other models had),
/// sizes, types and values of tensors, operator sets, functions, inner graphs,
/// notes of exporters and the version, by which the model is read. Seldom, and
/// if it is no model, the bytes themselves. Returns the new size, at most
/// `maxSize`.
size_t mutateModel(uint8_t *data, size_t size, size_t maxSize, unsigned seed);

} // namespace mlir::ntk::fuzz

#endif // NTK_TEST_FUZZ_MUTATEMODEL_H
