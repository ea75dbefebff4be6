// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two files of a kernel in C++ or CUDA, piece by piece.

#ifndef NTK_LIB_TARGET_CPPSOURCE_H
#define NTK_LIB_TARGET_CPPSOURCE_H

#include "SourceKernel.h"
#include "Template.h"

namespace mlir::ntk {

/// The comment that begins the code: what is computed, of which network, by
/// which plan, in how much memory; the words of `functions`, the text behind
/// it.
void printCodeTitle(const SourceKernel &kernel, StringRef functions,
                    raw_ostream &os);

/// That of the header: what is computed, in how much memory.
void printHeaderTitle(const SourceKernel &kernel, raw_ostream &os);

/// The header: parameters, inputs, declarations.
void printHeader(const SourceKernel &kernel, raw_ostream &os);

/// What the header declares, in terms of the static functions.
LogicalResult printInterface(const SourceKernel &kernel, raw_ostream &os);

/// Parameters that are inside, or a function that reads them from a file.
LogicalResult printParameterValues(const SourceKernel &kernel,
                                   TemplateValues &values, raw_ostream &os);

/// The main function; `values` are those of the interface.
void printMain(const SourceKernel &kernel, TemplateValues &values,
               raw_ostream &os);

/// "const float *x1", or "const mlp_inputs *x1" for several inputs.
std::string spellInputs(const SourceKernel &kernel, StringRef name);

/// ", cublasHandle_t blas" and the like: what a device's libraries need.
std::string spellHandles(const SourceKernel &kernel);

} // namespace mlir::ntk

#endif // NTK_LIB_TARGET_CPPSOURCE_H
