// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names and sizes of a kernel, from its functions at Level 3.

#include "SourceKernel.h"
#include "Identifiers.h"
#include "dialects/RT/RTOps.h"
#include "ntk/Lower/Sizes.h"

using namespace mlir;
using namespace mlir::ntk;

std::string mlir::ntk::getIdentifier(StringRef name) { return mangle(name); }

bool mlir::ntk::isOmitted(func::FuncOp function, unsigned argument) {
  return (function.getArgAttr(argument, paramBytesAttrName) ||
          function.getArgAttr(argument, arenaAttrName)) &&
         function.getArgument(argument).use_empty();
}

static void addParameters(SourceKernel &kernel, DictionaryAttr offsets,
                          DictionaryAttr types) {
  for (NamedAttribute entry : offsets) {
    kernel.parameters.push_back(
        {entry.getName().str(), "",
         cast<RankedTensorType>(
             cast<TypeAttr>(types.get(entry.getName())).getValue()),
         cast<IntegerAttr>(entry.getValue()).getInt()});
  }
  llvm::sort(kernel.parameters,
             [](const auto &a, const auto &b) { return a.offset < b.offset; });
  Identifiers fields;
  for (SourceParameter &parameter : kernel.parameters)
    parameter.field = fields.add(mangle(parameter.name));
}

static void addInputs(SourceKernel &kernel, func::FuncOp factors) {
  Identifiers fields;
  for (unsigned i = 0; i < factors.getNumArguments(); ++i) {
    auto attr = factors.getArgAttrOfType<StringAttr>(i, inputAttrName);
    if (!attr)
      continue;
    size_t number = kernel.inputs.size();
    std::string name = number < kernel.request.inputs.size()
                           ? kernel.request.inputs[number].first
                           : attr.str();
    kernel.inputs.push_back({name, fields.add(mangle(name)),
                             cast<MemRefType>(factors.getArgumentTypes()[i])});
  }
}

/// Does any step of the functions convolve?
static bool hasConvolutions(KernelFunctions functions) {
  for (func::FuncOp function :
       {functions.factors1, functions.factors2, functions.tile}) {
    WalkResult result = function->walk([](Operation *op) {
      return isa<rt::ConvOp, rt::ConvBackwardDataOp>(op)
                 ? WalkResult::interrupt()
                 : WalkResult::advance();
    });
    if (result.wasInterrupted())
      return true;
  }
  return false;
}

FailureOr<SourceKernel> SourceKernel::get(const SourceRequest &request) {
  SourceKernel kernel(request);
  func::FuncOp tile = request.functions.tile;
  auto offsets = findArgAttr<DictionaryAttr>(tile, paramOffsetsAttrName);
  auto bytes = findArgAttr<IntegerAttr>(tile, paramBytesAttrName);
  if (!offsets || !bytes)
    return tile.emitOpError("expected a lowered kernel, but there is no block "
                            "of parameters");
  auto types = findArgAttr<DictionaryAttr>(tile, paramTypesAttrName);
  if (!types)
    return tile.emitOpError("expected ")
           << paramTypesAttrName << " beside the offsets of parameters";
  addParameters(kernel, offsets, types);
  kernel.parameterBytes = bytes.getInt();
  addInputs(kernel, request.functions.factors1);
  kernel.prefix = request.network;
  kernel.function = request.network + "_" + mangle(request.kernel);
  kernel.sharedFactors =
      request.functions.factors1 == request.functions.factors2;
  kernel.hasFirstOutput = static_cast<bool>(
      findArgAttr<Attribute>(request.functions.factors1, firstOutputAttrName));
  kernel.usesCudnn = request.language == Language::Cuda &&
                     request.backend == "cudnn" &&
                     hasConvolutions(request.functions);
  kernel.tileType = cast<MemRefType>(tile.getArgumentTypes().back());
  kernel.real = kernel.tileType.getElementType().isF64() ? "double" : "float";
  return kernel;
}
