// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Source to source: a kernel program at Level 3 as C++17 or CUDA that a person
// can read and keep. One file of code and one header with a C interface; the
// code includes the headers of ntk-rt and nothing else of this project.

#ifndef NTK_TARGET_SOURCE_H
#define NTK_TARGET_SOURCE_H

#include "mlir/IR/BuiltinOps.h"
#include "ntk-rt/Tiles.h"
#include "ntk/Kernel/Expand.h"
#include <functional>
#include <string>
#include <vector>

namespace mlir::ntk {

/// Writes the values of the parameter or buffer `name` as C initialisers.
using ValuesPrinter =
    std::function<LogicalResult(StringRef name, raw_ostream &os)>;

/// C++17 for the CPU, or CUDA C++ with cuBLAS and cuDNN.
enum class Language { Cpp, Cuda };

/// What is to be written.
struct SourceRequest {
  Language language = Language::Cpp;
  /// The functions, lowered by buildLowerPipeline.
  KernelFunctions functions;
  std::string network; ///< the network's name, a C identifier: "mlp"
  std::string header;  ///< the file's that the code includes: "mlp.h"
  std::string kernel;  ///< the request's: "theta"
  /// Planned for these blocks; any numbers of examples run.
  ::ntk::rt::Layout layout;
  ::ntk::rt::Blocks blocks;
  /// What the values of the tiles are multiplied by.
  double scale = 1;
  /// Are the examples whole batches?
  bool wholeBatch = false;
  /// The axes of the kernel behind [n1, n2].
  std::vector<int64_t> outputShape;
  std::string backend;          ///< onednn, cblas, none; CUDA: cudnn, cublas
  bool tf32 = false;            ///< CUDA: products of rounded floats
  bool withMain = false;        ///< with a command-line main
  int64_t clockedSteps = 0;     ///< C++: so many steps have an rt.clock
  ValuesPrinter embeddedValues; ///< null: parameters come at run time
  /// Names of the inputs, and the bounds of ids (0: none), in their order.
  std::vector<std::pair<std::string, int64_t>> inputs;
  /// What an element of the kernel is, as the header comment says it behind the
  /// kernel's name: "[i][j] = …".
  std::string element = "[i][j]…";
  /// Model, network and plan for the head comment of the code: paragraphs, to
  /// be cut into lines, and lines of tables, which begin with blanks.
  std::vector<std::string> plan;
  /// Lines: what the workspace takes for some numbers of examples.
  std::vector<std::string> workspace;
};

/// Both files of a kernel.
struct SourceText {
  std::string code, header;
  std::vector<std::string> notes; ///< what was renamed
};

/// Fails, with an error on it, if an op cannot be expressed.
FailureOr<SourceText> printSource(const SourceRequest &request);

/// `name` as a C identifier.
std::string getIdentifier(StringRef name);

/// The shortest literal of C that is this number; NaN and infinities too.
std::string spellReal(float value);
std::string spellReal(double value);

} // namespace mlir::ntk

#endif // NTK_TARGET_SOURCE_H
