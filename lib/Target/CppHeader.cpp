// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The header of a kernel, in C.

#include "CppSource.h"
#include "Expressions.h"
#include "ntk/Lower/Sizes.h"
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

/// "[8][3][32][32]".
static std::string spellExtents(ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t extent : shape)
    text += "[" +
            (ShapedType::isDynamic(extent) ? "n" : std::to_string(extent)) +
            "]";
  return text;
}

/// The polynomial that an argument of `function` has as attribute `name`.
static std::string spellBytes(func::FuncOp function, StringRef name) {
  std::string text;
  llvm::raw_string_ostream os(text);
  getPolynomial(findArgAttr<DictionaryAttr>(function, name)).print(os);
  return text;
}

void mlir::ntk::printTitle(const SourceKernel &kernel, raw_ostream &os) {
  const SourceRequest &request = kernel.request;
  StringRef examples = request.wholeBatch ? "whole batches" : "examples";
  std::string shape = "[n1][n2]";
  for (int64_t extent : request.outputShape)
    shape += "[" + std::to_string(extent) + "]";
  os << "// " << kernel.function
     << ": the neural tangent kernel of the network " << kernel.prefix
     << ", exactly:\n//\n"
     << "//   theta" << (request.element.empty() ? shape : request.element)
     << "\n//\n"
     << "// theta" << shape << " of n1 " << examples << " x1 and n2 "
     << examples << " x2, any\n// numbers of them; w are the entries of the "
     << "parameters below.\n//\n";
  if (request.outputShape.size() > 2)
    os << "// Output axes follow the examples in their order, those of both "
          "sides twice,\n// one behind the other.\n//\n";
  for (const std::string &line : request.plan)
    os << "//" << (line.empty() ? "" : " ") << line << "\n";
  os << "// It is computed in tiles: factors of each side, then a tile for "
        "each block of\n// pairs, "
     << request.blocks.examples1 << " x " << request.blocks.examples2 << " "
     << examples;
  if (kernel.hasFirstOutput)
    os << " and " << request.blocks.outputs << " outputs";
  os << ". Bytes for n examples of x1 and m of x2:\n//\n"
     << "//   parameters        " << kernel.parameterBytes << "\n"
     << "//   factors of a side "
     << spellBytes(kernel.functions.factors1, factorBytesAttrName)
     << "\n//   scratch, factors  "
     << spellBytes(kernel.functions.factors1, arenaBytesAttrName)
     << "\n//   scratch, tile     "
     << spellBytes(kernel.functions.tile, arenaBytesAttrName)
     << (kernel.usesCudnn
             ? "\n//   scratch, cuDNN    rt::CudnnDevice::scratchBytes more"
             : "")
     << "\n//\n// The workspace holds the larger scratch, the factors (of "
     << (request.blocks.cacheFactors1 ? "all" : "a block of") << " x1, of "
     << (request.blocks.cacheFactors2 ? "all" : "a block of") << " x2)\n"
     << "// and a tile; " << kernel.function
     << "_workspace_bytes says how much that is.\n//\n"
     << "// Names are the network's: relu is what the layer of that name "
        "computes, and\n"
     << "// relu_cotangent is ∂f_o/∂relu, with o as the axis behind that of "
        "the examples.\n"
     << "// Axes: n and m examples, o and p outputs. Each step begins with a "
        "comment: what\n// is computed; the shape; the floating-point "
        "operations.\n";
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
      os << " /* " << parameter.name << " */";
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
       << input.name << spellExtents(input.type.getShape()) << " */\n\n";
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
  if (kernel.usesCudnn)
    return " theta exactly symmetric. All arrays are\n"
           " * in memory of the device, params and workspace aligned to 64 "
           "bytes. The work is\n"
           " * started on the stream of blas, that of dnn too, and not waited "
           "for; cuDNN's\n"
           " * own memory is a part of the workspace. Calls with different "
           "workspaces and\n"
           " * handles may run at once. Returns 0, or an error. */\n";
  if (kernel.request.language == Language::Cuda)
    return " theta exactly symmetric. All arrays are\n"
           " * in memory of the device, params and workspace aligned to 64 "
           "bytes. The work is\n"
           " * started on the stream of blas and not waited for. Calls with "
           "different\n"
           " * workspaces and handles may run at once. Returns 0, or an error. "
           "*/\n";
  return " theta exactly symmetric. params and\n * workspace are aligned to 64 "
         "bytes. Calls with different workspaces may run at\n * once. Returns "
         "0, or an error. */\n";
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
     << "/* The two steps, for a loop over tiles of one's own: factors of n "
        "examples of\n * side 1 (x1) or 2 (x2)"
     << (kernel.sharedFactors ? ", which are the same," : "")
     << (kernel.hasFirstOutput ? " and of a block of outputs," : "")
     << " and the\n * tile of two such blocks, [n]"
     << spellExtents(kernel.tileType.getShape().drop_front())
     << " with the second n that of side 2. */\n"
     << "int64_t " << f << "_factor_bytes(int side, int64_t n);\n"
     << "int64_t " << f << "_scratch_bytes(int64_t n, int64_t m);\n"
     << "int " << f << "_factors(int side, " << params << ",\n    "
     << spellInputs(kernel, "x") << ", int64_t n, int64_t first_output,\n    "
     << "void *factors, void *scratch" << handle << ");\n"
     << "int " << f << "_tile(" << params << ",\n    "
     << "const void *factors1, int64_t n, const void *factors2, int64_t m,\n   "
        " "
     << kernel.real << " *tile, void *scratch" << handle << ");\n\n";
  if (kernel.request.embeddedValues)
    os << "/* The parameters the network came with. */\n"
       << "const " << kernel.prefix << "_params *" << kernel.prefix
       << "_embedded_params(void);\n\n";
  else if (!kernel.parameters.empty())
    os << "/* Reads parameters from an .npz or .safetensors file, by name. "
          "Returns 0, or 1\n * and what was wrong in message, of so many "
          "bytes. "
          "*/\n"
       << "int " << kernel.prefix << "_load_params(" << kernel.prefix
       << "_params *params, const char *path,\n    char *message, int64_t "
          "message_bytes);\n\n";
}

void mlir::ntk::printHeader(const SourceKernel &kernel, raw_ostream &os) {
  std::string guard = StringRef(kernel.prefix).upper() + "_H";
  std::string title;
  llvm::raw_string_ostream titleStream(title);
  printTitle(kernel, titleStream);
  os << "/*\n";
  for (StringRef line : llvm::split(StringRef(title).trim(), '\n'))
    os << " *" << line.drop_front(2) << "\n";
  os << " */\n\n#ifndef " << guard << "\n#define " << guard
     << "\n\n#include <stdint.h>\n"
     << (kernel.request.language == Language::Cuda ? "#include <cublas_v2.h>\n"
                                                   : "")
     << (kernel.usesCudnn ? "#include <cudnn.h>\n\n" : "\n");
  printParameters(kernel, os);
  printInputs(kernel, os);
  printDeclarations(kernel, os);
  os << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
}
