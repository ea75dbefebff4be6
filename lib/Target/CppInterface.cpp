// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the header of a kernel declares, in terms of its static functions: a
// class that the tile driver calls, and functions of C around it.

#include "CppSource.h"
#include "FunctionPrinter.h"
#include "Template.h"
#include "ntk/Lower/Sizes.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// A tensor at `data`; its dynamic axes have `sizes`.
static std::string spellTensor(Type element, bool isConst,
                               ArrayRef<int64_t> shape, StringRef data,
                               StringRef sizes) {
  std::string text = "Tensor<" + std::string(isConst ? "const " : "") +
                     spellType(element).str();
  for (int64_t extent : shape)
    text += ", " + (ShapedType::isDynamic(extent) ? std::string("dyn")
                                                  : std::to_string(extent));
  return text + ">(" + data.str() + ", " + sizes.str() + ")";
}

/// The inputs as arguments of a factor function, from example `first` on.
static std::string spellInputArguments(const SourceKernel &kernel) {
  std::string text;
  for (const SourceInput &input : kernel.inputs) {
    std::string data = "x";
    if (kernel.inputs.size() > 1)
      data += "->" + input.field;
    int64_t size = 1;
    for (int64_t extent : input.type.getShape().drop_front())
      size *= extent;
    data =
        spellSum({data}, spellProduct({"first"}, {std::to_string(size)})).text;
    text += spellTensor(input.type.getElementType(), true,
                        input.type.getShape(), data, "n") +
            ",\n            ";
  }
  return text;
}

/// "params, scratch, ", as far as the function takes them. In front of its
/// scratch is that of cuDNN.
static std::string spellBlockArguments(const SourceKernel &kernel,
                                       func::FuncOp function) {
  std::string text;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    if (isOmitted(function, i))
      continue;
    if (function.getArgAttr(i, paramBytesAttrName))
      text += "params, ";
    else if (function.getArgAttr(i, arenaAttrName))
      text += kernel.usesCudnn ? "scratch + rt::CudnnDevice::scratchBytes, "
                               : "scratch, ";
  }
  return text;
}

static std::string spellFactorCall(const SourceKernel &kernel,
                                   func::FuncOp function, StringRef name) {
  bool isCuda = kernel.request.language == Language::Cuda;
  return name.str() + (isCuda ? "(*device, " : "(") +
         spellInputArguments(kernel) + "n, " +
         (kernel.hasFirstOutput ? "firstOutput, " : "") +
         spellBlockArguments(kernel, function) + "static_cast<char *>(out));";
}

/// Bytes of scratch memory that a function needs.
static std::string spellScratchBytes(func::FuncOp function, StringRef name,
                                     StringRef sizes) {
  if (!hasScratch(function))
    return "0";
  return getScratchStruct(name) + "{" + sizes.str() + "}.end";
}

/// The output axes, with groups and places where there are several.
static std::string spellLayout(const ::ntk::rt::Layout &layout) {
  auto spell = [](bool value) { return value ? "true" : "false"; };
  std::string text = std::to_string(layout.outputs) + ", {/*shared=*/" +
                     spell(layout.pairs.shared) + ", /*kept=*/" +
                     spell(layout.pairs.kept) + "}";
  if (layout.rank == 0)
    return text;
  text += ", /*groups=*/" + std::to_string(layout.groups) + ", /*summed=*/" +
          std::to_string(layout.summed) +
          ",\n           /*axes: size, strides in theta*/ " +
          std::to_string(layout.rank) + ", {";
  for (int i = 0; i < layout.rank; ++i)
    text += (i ? ", {" : "{") + std::to_string(layout.axes[i].size) + ", " +
            std::to_string(layout.axes[i].stride1) + ", " +
            std::to_string(layout.axes[i].stride2) + "}";
  return text + "}";
}

/// What is only there if there is a device.
static void setDeviceValues(const SourceKernel &kernel,
                            TemplateValues &values) {
  if (kernel.request.language != Language::Cuda) {
    for (StringRef name : {"deviceMember", "deviceArgument", "deviceValue",
                           "openDevice", "handle", "handleIsNull", "errors",
                           "errorCases", "writer", "libraryBytes"})
      values[name] = "";
    values["started"] = "success";
    return;
  }
  std::string type = kernel.usesCudnn ? "rt::CudnnDevice" : "rt::Device";
  std::string tf32 = kernel.request.tf32 ? "/*tf32=*/true" : "/*tf32=*/false";
  values["libraryBytes"] =
      kernel.usesCudnn ? "rt::CudnnDevice::scratchBytes +\n           " : "";
  values["deviceMember"] = "  " + type + " *device;\n";
  values["deviceArgument"] = "*device, ";
  values["deviceValue"] = ", &device";
  values["openDevice"] =
      "  " + type + " device(blas, " +
      (kernel.usesCudnn ? "dnn, " + tf32 + ", scratch" : tf32) + ");\n";
  values["handle"] = spellHandles(kernel);
  values["handleIsNull"] = kernel.usesCudnn ? " || !blas || !dnn" : " || !blas";
  values["errors"] = ", deviceFailed";
  values["errorCases"] = "  case deviceFailed:\n"
                         "    return \"the device could not do its work\";\n";
  values["started"] = "(device.ok() ? success : deviceFailed)";
  values["writer"] =
      "  void write(const rt::Layout &layout,\n"
      "             const rt::detail::TilePlace &place, int64_t examples2,\n"
      "             " +
      kernel.real + " scale, const " + kernel.real + " *tile, " + kernel.real +
      " *theta) const {\n"
      "    rt::writeTile(*device, layout, place, examples2, scale, tile, "
      "theta);\n  }\n";
}

static TemplateValues getValues(const SourceKernel &kernel) {
  KernelFunctions f = kernel.functions;
  const ::ntk::rt::Blocks &blocks = kernel.request.blocks;
  TemplateValues values;
  values["network"] = kernel.prefix;
  values["theta"] = kernel.function;
  values["real"] = kernel.real;
  setDeviceValues(kernel, values);
  values["x"] = spellInputs(kernel, "x");
  values["x1"] = spellInputs(kernel, "x1");
  values["x2"] = spellInputs(kernel, "x2");
  values["factorBytes"] = kernel.sharedFactors
                              ? "Factors{n}.end"
                              : "side == 1 ? Factors1{n}.end : Factors2{n}.end";
  StringRef name1 = kernel.sharedFactors ? "computeFactors" : "computeFactors1";
  StringRef name2 = kernel.sharedFactors ? "computeFactors" : "computeFactors2";
  values["scratch1"] = spellScratchBytes(f.factors1, name1, "n");
  values["scratch2"] = spellScratchBytes(f.factors2, name2, "m");
  values["scratchTile"] = spellScratchBytes(f.tile, "computeTile", "n, m");
  values["tileBlocks"] = spellBlockArguments(kernel, f.tile);
  values["factorCall"] = kernel.sharedFactors
                             ? spellFactorCall(kernel, f.factors1, name1)
                             : "if (side == 1)\n      " +
                                   spellFactorCall(kernel, f.factors1, name1) +
                                   "\n    else\n      " +
                                   spellFactorCall(kernel, f.factors2, name2);
  values["side"] = kernel.sharedFactors ? "/*side*/" : "side";
  values["firstOutput"] =
      kernel.hasFirstOutput ? "firstOutput" : "/*firstOutput*/";
  values["tile"] = spellTensor(kernel.tileType.getElementType(), false,
                               kernel.tileType.getShape(), "out", "n, m");
  values["shared"] = kernel.sharedFactors ? "true" : "false";
  values["layout"] = spellLayout(kernel.request.layout);
  // Of a trace in groups: a division that is exact for powers of two only.
  double scale = kernel.request.scale;
  values["scale"] = scale == 1 ? "1" : "1.0 / " + spellReal(1 / scale);
  values["blocks"] = std::to_string(blocks.examples1) + ", " +
                     std::to_string(blocks.examples2) + ", " +
                     std::to_string(blocks.outputs) + ", " +
                     (blocks.cacheFactors1 ? "true" : "false") + ", " +
                     (blocks.cacheFactors2 ? "true" : "false");
  return values;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static constexpr StringLiteral kernelClass = R"(
namespace {
/// What the tile driver calls.
struct Calls {
  const $network_params *params;
  $x1, *x2;
  char *scratch;
$deviceMember
  static int64_t factorBytes(int $side, int64_t n) {
    return $factorBytes;
  }
  static int64_t scratchBytes(int64_t n, int64_t m) {
    return ${libraryBytes}std::max<int64_t>({$scratch1, $scratch2,
                              $scratchTile});
  }
  void factors(int side, int64_t first, int64_t n, int64_t $firstOutput,
               void *out) const {
    $x = side == 1 ? x1 : x2;
    $factorCall
  }
  void tile(const void *factors1, int64_t n, const void *factors2, int64_t m,
            $real *out) const {
    computeTile(${deviceArgument}static_cast<const char *>(factors1),
                static_cast<const char *>(factors2), n, m,
                $tileBlocks$tile);
  }
$writer};
} // namespace

/// The loop over tiles, in the blocks that were planned.
static rt::TileProblem getProblem(int64_t n1, int64_t n2, bool symmetric) {
  return {n1, n2, symmetric, /*sharedFactors=*/$shared,
          {$layout},
          /*blocks of examples and outputs, factors kept?*/
          {$blocks}, /*scale=*/$scale};
}

/// The scratch of a run comes first in its workspace.
static int64_t getScratchBytes(const rt::TileProblem &problem) {
  const int64_t bytes = Calls::scratchBytes(
      std::min(problem.blocks.examples1, problem.examples1),
      std::min(problem.symmetric ? problem.blocks.examples1
                                 : problem.blocks.examples2,
               problem.examples2));
  return (bytes + 63) / 64 * 64;
}
)";

static constexpr StringLiteral interface = R"(
int64_t $theta_workspace_bytes(int64_t n1, int64_t n2) {
  if (n1 < 0 || n2 < 0)
    return 0;
  int64_t most = 0;
  for (bool symmetric : {false, true}) {
    const rt::TileProblem problem =
        getProblem(n1, symmetric ? n1 : n2, symmetric);
    most = std::max(most, getScratchBytes(problem) +
                              rt::tileWorkspaceBytes<$real>(Calls(), problem));
  }
  return most;
}

namespace {
/// The errors there are.
enum Error {
  success, nullPointer, negativeCount, misaligned, unknownSide, invalid$errors
};
} // namespace

static bool isAligned(const void *pointer) {
  return reinterpret_cast<uintptr_t>(pointer) % 64 == 0;
}

int $theta(const $network_params *params, $x1, int64_t n1,
    $x2, int64_t n2, $real *theta, void *workspace$handle) {
  if (!x2)
    n2 = n1;
  if (n1 < 0 || n2 < 0)
    return negativeCount;
  if (n1 == 0 || n2 == 0)
    return success;
  if (!params || !x1 || !theta || !workspace$handleIsNull)
    return nullPointer;
  if (!isAligned(params) || !isAligned(workspace))
    return misaligned;
  const rt::TileProblem problem = getProblem(n1, n2, !x2);
  char *scratch = static_cast<char *>(workspace);
$openDevice  const Calls calls = {params, x1, x2 ? x2 : x1, scratch$deviceValue};
  const rt::TileStatus status = rt::computeTiles(
      calls, problem, theta, scratch + getScratchBytes(problem));
  return status == rt::TileStatus::Done ? $started : invalid;
}

const char *$theta_error(int error) {
  switch (error) {
  case success:
    return "no error";
  case nullPointer:
    return "expected parameters, examples, memory for the result and scratch "
           "memory, but got a null pointer";
  case negativeCount:
    return "expected a number of examples, but got a negative one";
  case misaligned:
    return "expected parameters, factors and scratch memory aligned to 64 "
           "bytes";
  case unknownSide:
    return "expected side 1 or 2";
$errorCases  default:
    return "expected blocks that fit the kernel";
  }
}

int64_t $theta_factor_bytes(int side, int64_t n) {
  return Calls::factorBytes(side, n);
}

int64_t $theta_scratch_bytes(int64_t n, int64_t m) {
  return Calls::scratchBytes(n, m);
}

int $theta_factors(int side, const $network_params *params,
    $x, int64_t n, int64_t first_output, void *factors, void *scratch$handle) {
  if (side != 1 && side != 2)
    return unknownSide;
  if (n < 0)
    return negativeCount;
  if (!params || !x || !factors || !scratch$handleIsNull)
    return nullPointer;
  if (!isAligned(params) || !isAligned(factors) || !isAligned(scratch))
    return misaligned;
$openDevice  const Calls calls = {params, x, x, static_cast<char *>(scratch)$deviceValue};
  calls.factors(side, 0, n, first_output, factors);
  return $started;
}

int $theta_tile(const $network_params *params, const void *factors1,
    int64_t n, const void *factors2, int64_t m, $real *tile, void *scratch$handle) {
  if (n < 0 || m < 0)
    return negativeCount;
  if (!params || !factors1 || !factors2 || !tile || !scratch$handleIsNull)
    return nullPointer;
  if (!isAligned(params) || !isAligned(factors1) || !isAligned(factors2) ||
      !isAligned(scratch))
    return misaligned;
$openDevice  const Calls calls = {params, nullptr, nullptr,
                       static_cast<char *>(scratch)$deviceValue};
  calls.tile(factors1, n, factors2, m, tile);
  return $started;
}
)";

LogicalResult mlir::ntk::printInterface(const SourceKernel &kernel,
                                        raw_ostream &os) {
  TemplateValues values = getValues(kernel);
  values["parameterCount"] = std::to_string(kernel.parameters.size());
  fillTemplate(kernelClass, values, os);
  fillTemplate(interface, values, os);
  if (failed(printParameterValues(kernel, values, os)))
    return failure();
  if (kernel.request.withMain)
    printMain(kernel, values, os);
  return success();
}
