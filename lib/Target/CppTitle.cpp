// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The comments at the heads of both files: what is computed, and in how much
// memory; in the code also the network, the plan, and what names mean.

#include "CppSource.h"
#include "Escape.h"
#include "Text.h"
#include "ntk/Lower/Sizes.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::ntk;

/// The polynomial that an argument of `function` has as attribute `name`.
static std::string spellBytes(func::FuncOp function, StringRef name) {
  std::string text;
  llvm::raw_string_ostream os(text);
  getPolynomial(findArgAttr<DictionaryAttr>(function, name)).print(os);
  return text;
}

static StringRef getExampleWord(const SourceKernel &kernel) {
  return kernel.request.wholeBatch ? "whole batches" : "examples";
}

static void printParagraph(const Twine &text, raw_ostream &os) {
  printWrapped(text.str(), "// ", 80, os);
}

static void printFormula(const SourceKernel &kernel, raw_ostream &os) {
  const SourceRequest &request = kernel.request;
  StringRef examples = getExampleWord(kernel);
  std::string shape = "[n1][n2]";
  for (int64_t extent : request.outputShape)
    shape += "[" + std::to_string(extent) + "]";
  os << "// " << kernel.function
     << ": the neural tangent kernel of the network " << kernel.prefix
     << ", exactly:\n//\n"
     << "//   theta" << (request.element.empty() ? shape : request.element)
     << "\n//\n";
  std::string axes;
  if (request.outputShape.size() > 2)
    axes = " Output axes follow the examples in their order, those of both "
           "sides twice, one behind the other.";
  printParagraph("theta" + shape + " of n1 " + examples + " x1 and n2 " +
                     examples +
                     " x2, any numbers of them, equal or not; w are the "
                     "entries of the parameters." +
                     axes,
                 os);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// What is allocated beside the workspace.
static StringRef describeLibraries(const SourceKernel &kernel) {
  if (kernel.usesCudnn)
    return "cuBLAS has memory of its own; cuDNN has scratch of "
           "rt::CudnnDevice::scratchBytes, which is not in the numbers above "
           "but in the workspace.";
  if (kernel.request.language == Language::Cuda)
    return "cuBLAS has memory of its own.";
  return llvm::StringSwitch<StringRef>(kernel.request.backend)
      .Case("onednn", "oneDNN, the BLAS and the runtime's headers allocate "
                      "buffers of their own beside it, a few for each thread, "
                      "as large as what one convolution of a few examples "
                      "reads and writes.")
      .Case("cblas", "The BLAS and the runtime's headers allocate buffers of "
                     "their own beside it, a few for each thread.")
      .Default("The runtime's headers allocate buffers of their own beside it, "
               "a few for each thread.");
}

/// With m for n.
static std::string forSide2(std::string bytes) {
  std::replace(bytes.begin(), bytes.end(), 'n', 'm');
  return bytes;
}

static void printMemory(const SourceKernel &kernel, raw_ostream &os) {
  const SourceRequest &request = kernel.request;
  const ::ntk::rt::Blocks &blocks = request.blocks;
  KernelFunctions f = kernel.functions;
  int64_t tileBytes = kernel.tileType.getElementTypeBitWidth() / 8;
  for (int64_t extent : kernel.tileType.getShape())
    tileBytes *= ShapedType::isDynamic(extent) ? 1 : extent;
  StringRef examples = getExampleWord(kernel);
  std::string block = std::to_string(blocks.examples1) + " x " +
                      std::to_string(blocks.examples2) + " " + examples.str();
  if (kernel.hasFirstOutput)
    block += " and " + std::to_string(blocks.outputs) + " outputs";
  printParagraph(
      "It is computed in tiles: the factors of a block of " + examples +
          " of each side, then from two of them a tile of theta, "
          "for blocks of " +
          block + ". Bytes for n " + examples + " x1 and m x2 in a block:",
      os);
  std::string scratch = spellBytes(f.factors1, arenaBytesAttrName);
  std::string scratch2 = forSide2(spellBytes(f.factors2, arenaBytesAttrName));
  os << "//\n//   factors, x1       "
     << spellBytes(f.factors1, factorBytesAttrName)
     << "\n//   factors, x2       "
     << forSide2(spellBytes(f.factors2, factorBytesAttrName))
     << "\n//   scratch, factors  " << scratch << ", and " << scratch2
     << "\n//   scratch, tile     " << spellBytes(f.tile, arenaBytesAttrName)
     << "\n//   tile              " << tileBytes << "·mn\n//\n";
  auto kept = [](bool all) { return all ? "all" : "a block of"; };
  printParagraph(
      "The workspace holds the largest scratch, a tile, and the factors of " +
          Twine(kept(blocks.cacheFactors1)) + " x1 and of " +
          kept(blocks.cacheFactors2) +
          " x2; x2 = NULL stands for x1 and needs " +
          (kernel.sharedFactors ? "its factors only once:" : "both too:"),
      os);
  os << "//\n";
  for (const std::string &line : request.workspace)
    os << "//   " << line << "\n";
  os << "//   n1, n2: " << kernel.function
     << "_workspace_bytes(n1, n2), enough for both\n//\n";
  printParagraph("The caller has theta and " + Twine(kernel.parameterBytes) +
                     " bytes of parameters. " + describeLibraries(kernel),
                 os);
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// What the last part of a name says that its value is.
static constexpr std::pair<StringLiteral, StringLiteral> nameEnds[] = {
    {"_cotangent", "∂f_o/∂relu: how the outputs change with relu, for each o"},
    {"_cotangent_via_", "the part of a cotangent that comes that way"},
    {"_gradient", "∂f_o/∂w for the entries w of a parameter"},
    {"_tangent", "how a value changes along the gradient of the other side"},
    {"_patches", "what each tap of a convolution reads, for each pixel"},
    {"_gram", "products of a value for x1 with the same for x2, all pairs"},
    {"_product", "a part of the product of a contraction"},
    {"_theta", "what a parameter adds to theta"},
    {"_reshaped", "the same memory in another shape"},
    {"_x1", "a value for the examples x1"},
    {"_x2", "a value for the examples x2"},
};

static void printNames(StringRef functions, raw_ostream &os) {
  printParagraph("Names say of which layer or parameter of the network a "
                 "value is, and what it is:",
                 os);
  os << "//\n"
     << "//   relu                what the layer of that name computes\n"
     << "//   relu_KIND           inside of it, before its last operation, by "
        "the kind of operation\n";
  for (const auto &[ending, meaning] : nameEnds) {
    if (!functions.contains(ending))
      continue;
    std::string name = ("..." + ending).str();
    os << "//   " << name
       << std::string(20 - std::min<size_t>(19, name.size()), ' ') << meaning
       << "\n";
  }
  os << "//\n";
  printParagraph(
      "Equal names are numbered; a value that is said to be in the place of "
      "another overwrites it. The first axes of a value are n or m "
      "examples, then o or p outputs, as far as it depends on them. Each step "
      "begins with a comment: its layer, what is done, the shape, and its "
      "FLOP; a clock for a layer goes around its steps.",
      os);
}

//===----------------------------------------------------------------------===//
// Titles
//===----------------------------------------------------------------------===//

void mlir::ntk::printCodeTitle(const SourceKernel &kernel, StringRef functions,
                               raw_ostream &os) {
  printFormula(kernel, os);
  os << "//\n";
  for (const std::string &text : kernel.request.plan) {
    std::string line = escapeComment(text);
    if (line.empty() || line.front() == ' ')
      os << "//" << (line.empty() ? "" : " ") << line << "\n";
    else
      printParagraph(line, os);
  }
  printMemory(kernel, os);
  os << "//\n";
  printNames(functions, os);
}

void mlir::ntk::printHeaderTitle(const SourceKernel &kernel, raw_ostream &os) {
  std::string title;
  llvm::raw_string_ostream lines(title);
  printFormula(kernel, lines);
  lines << "//\n";
  printMemory(kernel, lines);
  os << "/*\n";
  for (StringRef line : llvm::split(StringRef(title).trim(), '\n'))
    os << " *" << line.drop_front(2) << "\n";
  os << " */\n";
}
