// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The code of a kernel in C++ or CUDA: what it includes, constants, the two
// kinds of functions, and the interface.

#include "CppSource.h"
#include "FunctionPrinter.h"
#include "LanguageSpelling.h"
#include "ntk/Lower/Sizes.h"

using namespace mlir;
using namespace mlir::ntk;

/// The names of the runtime's that `functions` uses.
static void printUsings(StringRef functions, raw_ostream &os) {
  os << "using rt::dyn, rt::Tensor";
  for (StringRef name : {"Shape", "Strided"})
    if (functions.contains((name + "<").str()))
      os << ", rt::" << name;
  os << ";\n\n";
}

static void printIncludes(const SourceKernel &kernel, raw_ostream &os) {
  bool isCuda = kernel.request.language == Language::Cuda;
  os << "\n#include \"" << kernel.request.header << "\"\n\n";
  if (!isCuda)
    os << "#ifndef NTK_RT_BACKEND\n#define NTK_RT_BACKEND "
       << kernel.request.backend << "\n#endif\n";
  os << LanguageSpelling::get(kernel).headers
     << "#include \"ntk-rt/Scalars.h\"\n#include \"ntk-rt/Tiles.h\"\n"
     << (kernel.request.clockedSteps ? "#include \"ntk-rt/Clock.h\"\n" : "")
     << (kernel.request.withMain ? "#include \"ntk-rt/KernelMain.h\"\n" : "")
     << (kernel.request.withMain && isCuda
             ? "#include \"ntk-rt/cuda/Memory.h\"\n"
             : "")
     << (kernel.request.embeddedValues ? ""
                                       : "#include \"ntk-rt/Parameters.h\"\n")
     << "\n#include <cstddef>\n#include <cstdio>\n\n"
     << "namespace rt = ntk::rt;\n";
}

/// The struct is the block that the plan speaks of.
static void printLayoutChecks(const SourceKernel &kernel, raw_ostream &os) {
  if (kernel.parameters.empty())
    return;
  const SourceParameter &last = kernel.parameters.back();
  os << "static_assert(offsetof(" << kernel.prefix << "_params, " << last.field
     << ") == " << last.offset
     << ",\n              \"parameters lie as planned\");\n";
}

/// The elements of a constant, row-major.
static void printValues(DenseElementsAttr values, raw_ostream &os) {
  constexpr int perLine = 8;
  int count = 0;
  for (Attribute value : values.getValues<Attribute>()) {
    os << (count % perLine ? " " : "\n    ") << spellConstant(value).text
       << ",";
    ++count;
  }
}

static LogicalResult printGlobals(ModuleOp module,
                                  const LanguageSpelling &language,
                                  Identifiers &names, raw_ostream &os) {
  for (auto global : module.getOps<memref::GlobalOp>()) {
    auto values = dyn_cast_or_null<DenseElementsAttr>(
        global.getInitialValue().value_or(nullptr));
    if (!values)
      return global.emitError("expected a constant");
    os << "\n"
       << language.constant << spellType(values.getElementType()) << " "
       << names.add(mangle(global.getSymName()) + "_values") << "[] = {";
    printValues(values, os);
    os << "};\n";
  }
  return success();
}

static LogicalResult printFunctions(const SourceKernel &kernel,
                                    FileNames &names, raw_ostream &os) {
  KernelFunctions f = kernel.functions;
  auto print = [&](func::FuncOp function, StringRef name, StringRef what) {
    return FunctionPrinter(kernel, names).print(function, name, what, os);
  };
  if (kernel.sharedFactors) {
    if (failed(print(
            f.factors1, "computeFactors",
            "Factors of n examples, of either side: what the tile needs of "
            "them.")))
      return failure();
  } else if (failed(print(f.factors1, "computeFactors1",
                          "Factors of n examples x1.")) ||
             failed(print(f.factors2, "computeFactors2",
                          "Factors of n examples x2."))) {
    return failure();
  }
  return print(f.tile, "computeTile",
               "The kernel of n examples x1 and m examples x2 from their "
               "factors.");
}

/// Says which parameters have a field of another name.
static void noteMangledNames(const SourceKernel &kernel,
                             std::vector<std::string> &notes) {
  std::string first;
  int64_t count = 0;
  for (const SourceParameter &parameter : kernel.parameters)
    if (parameter.field != parameter.name && count++ == 0)
      first = "'" + parameter.name + "' is written " + parameter.field;
  if (count > 1)
    first += ", and so on for " + std::to_string(count) + " parameters";
  if (count > 0)
    notes.push_back(first);
}

FailureOr<SourceText> mlir::ntk::printSource(const SourceRequest &request) {
  FailureOr<SourceKernel> kernel = SourceKernel::get(request);
  if (failed(kernel))
    return failure();
  SourceText text;
  std::string functions;
  llvm::raw_string_ostream code(text.code), header(text.header),
      functionStream(functions);
  func::FuncOp tile = request.functions.tile;
  FileNames names;
  for (StringRef name :
       {"computeFactors", "computeFactors1", "computeFactors2", "computeTile",
        "Factors", "Factors1", "Factors2", "FactorsScratch", "Factors1Scratch",
        "Factors2Scratch", "TileScratch", "factorsAt", "factors1At",
        "factors2At", "scratchAt", "Calls", "Error", "rt"})
    names.identifiers.add(name);
  if (failed(printGlobals(tile->getParentOfType<ModuleOp>(),
                          LanguageSpelling::get(*kernel), names.identifiers,
                          functionStream)) ||
      failed(printFunctions(*kernel, names, functionStream)))
    return failure();
  printCodeTitle(*kernel, functions, code);
  printIncludes(*kernel, code);
  printUsings(functions, code);
  printLayoutChecks(*kernel, code);
  code << functions;
  if (failed(printInterface(*kernel, code)))
    return failure();
  printHeader(*kernel, header);
  noteMangledNames(*kernel, text.notes);
  return text;
}
