// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The header of a kernel, in C.

#include "CppSource.h"
#include "Escape.h"
#include "Expressions.h"
#include "Text.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::ntk;

std::string mlir::ntk::spellInputs(const SourceKernel &kernel, StringRef name) {
  std::string type = kernel.prefix + "_inputs";
  if (kernel.inputs.size() == 1)
    type = spellType(kernel.inputs[0].type.getElementType()).str();
  return "const " + type + " *" + name.str();
}

std::string mlir::ntk::spellHandles(const SourceKernel &kernel) {
  if (kernel.request.language != Language::Cuda)
    return "";
  return kernel.usesCudnn ? ", cublasHandle_t blas, cudnnHandle_t dnn"
                          : ", cublasHandle_t blas";
}

/// "[n][10][m][10]": the first size that is not known is n, the second m.
static std::string spellExtents(ArrayRef<int64_t> shape) {
  std::string text, letter = "n";
  for (int64_t extent : shape) {
    bool isDynamic = ShapedType::isDynamic(extent);
    text += "[" + (isDynamic ? letter : std::to_string(extent)) + "]";
    if (isDynamic)
      letter = "m";
  }
  return text;
}

static void printParameters(const SourceKernel &kernel, raw_ostream &os) {
  std::string aligned = StringRef(kernel.prefix).upper() + "_ALIGNED";
  os << "#ifdef __cplusplus\n#define " << aligned << " alignas(64)\n"
     << "extern \"C\" {\n"
     << "#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L\n"
     << "#define " << aligned << " _Alignas(64)\n"
     << "#else\n#define " << aligned << " __attribute__((aligned(64)))\n"
     << "#endif\n\n/* Parameters and buffers, row-major. */\ntypedef struct "
        "{\n";
  for (const SourceParameter &parameter : kernel.parameters) {
    ArrayRef<int64_t> shape = parameter.type.getShape();
    os << "  " << aligned << " " << spellType(parameter.type.getElementType())
       << " " << parameter.field
       << (shape.empty() ? "[1]" : spellExtents(shape)) << ";";
    if (parameter.field != parameter.name)
      os << " /* " << escapeCommentName(parameter.name) << " */";
    os << "\n";
  }
  if (kernel.parameters.empty())
    os << "  char unused;\n";
  os << "} " << kernel.prefix << "_params;\n\n";
}

static void printInputs(const SourceKernel &kernel, raw_ostream &os) {
  if (kernel.inputs.size() == 1) {
    const SourceInput &input = kernel.inputs[0];
    os << "/* Examples: " << spellType(input.type.getElementType()) << " "
       << escapeCommentName(input.name) << spellExtents(input.type.getShape())
       << " */\n\n";
    return;
  }
  os << "/* Examples, one array for each input. */\ntypedef struct {\n";
  for (const SourceInput &input : kernel.inputs)
    os << "  const " << spellType(input.type.getElementType()) << " *"
       << input.field << "; /* " << spellExtents(input.type.getShape())
       << " */\n";
  os << "} " << kernel.prefix << "_inputs;\n\n";
}

/// What the function does with its arguments.
static StringRef describeArguments(const SourceKernel &kernel) {
  if (kernel.usesCudnn) {
    return " theta exactly symmetric. All arrays are\n"
           " * in memory of the device, params and workspace aligned to 64 "
           "bytes. The work is\n"
           " * started on the stream of blas, that of dnn too, and not waited "
           "for; cuDNN's\n"
           " * own memory is a part of the workspace. Calls with different "
           "workspaces and\n"
           " * handles may run at once. Returns 0, or an error. */\n";
  }
  if (kernel.request.language == Language::Cuda) {
    return " theta exactly symmetric. All arrays are\n"
           " * in memory of the device, params and workspace aligned to 64 "
           "bytes. The work is\n"
           " * started on the stream of blas and not waited for. Calls with "
           "different\n"
           " * workspaces and handles may run at once. Returns 0, or an error. "
           "*/\n";
  }
  return " theta exactly symmetric. params and\n * workspace are aligned to 64 "
         "bytes. Calls with different workspaces may run at\n * once. Returns "
         "0, or an error. */\n";
}

/// What the functions of one block and of one tile do.
static std::string describeSteps(const SourceKernel &kernel) {
  return std::string("The two steps, for a loop over tiles of one's own: "
                     "factors of n examples of side 1 (x1) or 2 (x2)") +
         (kernel.sharedFactors ? ", which are the same," : "") +
         (kernel.hasFirstOutput
              ? " and of a block of outputs from first_output on,"
              : "") +
         " and the tile of n and m examples of sides 1 and 2, " +
         spellExtents(kernel.tileType.getShape()) +
         ". Factors and scratch are aligned to 64 bytes" +
         (kernel.hasFirstOutput ? "" : "; first_output is not looked at") +
         ". They return 0, or an error.";
}

static void printDeclarations(const SourceKernel &kernel, raw_ostream &os) {
  std::string handle = spellHandles(kernel);
  const std::string &f = kernel.function;
  std::string params = "const " + kernel.prefix + "_params *params";
  os << "/* Bytes of workspace that " << f
     << " needs for n1 and n2 examples. */\n"
     << "int64_t " << f << "_workspace_bytes(int64_t n1, int64_t n2);\n\n"
     << "/* theta of n1 examples x1 and n2 examples x2; x2 = NULL stands for "
        "x1 (n2\n * is not looked at then), and makes"
     << describeArguments(kernel) << "int " << f << "(" << params << ",\n    "
     << spellInputs(kernel, "x1") << ", int64_t n1, "
     << spellInputs(kernel, "x2") << ", int64_t n2,\n    " << kernel.real
     << " *theta, void *workspace" << handle << ");\n\n"
     << "/* What an error of these functions says. */\n"
     << "const char *" << f << "_error(int error);\n\n"
     << "/*\n";
  printWrapped(describeSteps(kernel), " * ", 79, os);
  os << " */\n"
     << "int64_t " << f << "_factor_bytes(int side, int64_t n);\n"
     << "int64_t " << f << "_scratch_bytes(int64_t n, int64_t m);\n"
     << "int " << f << "_factors(int side, " << params << ",\n    "
     << spellInputs(kernel, "x") << ", int64_t n, int64_t first_output,\n    "
     << "void *factors, void *scratch" << handle << ");\n"
     << "int " << f << "_tile(" << params << ",\n    "
     << "const void *factors1, int64_t n, const void *factors2, int64_t m,\n   "
        " "
     << kernel.real << " *tile, void *scratch" << handle << ");\n\n";
  if (kernel.request.embeddedValues) {
    os << "/* The parameters the network came with. */\n"
       << "const " << kernel.prefix << "_params *" << kernel.prefix
       << "_embedded_params(void);\n\n";
  } else if (!kernel.parameters.empty()) {
    os << "/* Reads parameters from an .npz or .safetensors file, by name. "
          "Returns 0, or 1\n * and what was wrong in message, of so many "
          "bytes. "
          "*/\n"
       << "int " << kernel.prefix << "_load_params(" << kernel.prefix
       << "_params *params, const char *path,\n    char *message, int64_t "
          "message_bytes);\n\n";
  }
}

void mlir::ntk::printHeader(const SourceKernel &kernel, raw_ostream &os) {
  std::string guard = StringRef(kernel.prefix).upper() + "_H";
  printHeaderTitle(kernel, os);
  os << "\n#ifndef " << guard << "\n#define " << guard
     << "\n\n#include <stdint.h>\n"
     << (kernel.request.language == Language::Cuda ? "#include <cublas_v2.h>\n"
                                                   : "")
     << (kernel.usesCudnn ? "#include <cudnn.h>\n\n" : "\n");
  printParameters(kernel, os);
  printInputs(kernel, os);
  printDeclarations(kernel, os);
  os << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
}
