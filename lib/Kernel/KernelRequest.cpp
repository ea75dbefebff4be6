// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Signatures of factor and tile functions.

#include "KernelRequest.h"
#include "dialects/NTK/IR/Names.h"
#include "ntk/Analysis/Dependence.h"
#include "ntk/Derive/Forward.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

std::string KernelRequest::getTileLetters() {
  return pairs.isFull() ? "nomp" : pairs.kept ? "nom" : "nm";
}

void KernelRequest::identifyOutputs(Einsum &einsum) {
  if (!pairs.shared)
    return;
  if (StringRef(einsum.result).contains('o'))
    llvm::erase(einsum.result, 'p');
  einsum.rename('p', 'o');
  if (!pairs.kept)
    llvm::erase(einsum.result, 'o');
}

Value KernelRequest::createSeed(OpBuilder &builder, Value firstOutput) {
  Location loc = NameLoc::get(builder.getStringAttr("outputs.cotangent"));
  if (!hasOutputLetter())
    return createSplat(builder, loc, RankedTensorType::get(outputs, real), 1);
  return createOp<IdentityOp>(builder, loc, builder.getI64IntegerAttr(outputs),
                              builder.getI64IntegerAttr(block),
                              TypeAttr::get(real), firstOutput);
}

Value KernelRequest::createZeroTile(OpBuilder &builder, Value n, Value m) {
  return createZeroKernel(builder, NameLoc::get(builder.getStringAttr("theta")),
                          getTileLetters(), block, real, n, m);
}

Value mlir::ntk::createZeroKernel(OpBuilder &builder, Location loc,
                                  StringRef letters, int64_t size, Type real,
                                  Value n, Value m) {
  auto shape = llvm::map_to_vector(letters, [&](char letter) {
    return letter == 'n' || letter == 'm' ? ShapedType::kDynamic : size;
  });
  return createOp<ZerosOp>(builder, loc, ValueRange{n, m},
                           builder.getDenseI64ArrayAttr(shape),
                           TypeAttr::get(real));
}

Value mlir::ntk::addToKernel(OpBuilder &builder, Location loc,
                             StringRef letters, ValueRange operands,
                             const Einsum &einsum, Value sum) {
  bool complete = einsum.result == letters;
  Value part =
      createOp<ContractOp>(builder, complete ? loc : nameInside(loc, "theta"),
                           operands, complete ? sum : Value(),
                           builder.getStringAttr(einsum.str()), PlanAttr());
  if (complete)
    return part;
  StringRef batch[] = {letters, einsum.result};
  return builder.create<AddOp>(loc, sum, part, builder.getStrArrayAttr(batch));
}

Value KernelRequest::normalize(OpBuilder &builder, Value tile) {
  FloatAttr scale = kernel.getScaleAttr();
  if (!scale)
    return tile;
  std::string letters = getTileLetters();
  return builder.create<ScaleOp>(tile.getLoc(), tile, scale,
                                 builder.getStrArrayAttr(StringRef(letters)));
}

bool mlir::ntk::isRequested(KernelOp kernel, NetworkOp network, unsigned i) {
  StringRef name = network.getParameterName(i);
  if (name.empty())
    return false;
  if (!kernel.getWrt())
    return true;
  return llvm::is_contained(kernel.getWrt()->getAsValueRange<StringAttr>(),
                            name);
}

Prototype::Prototype(KernelRequest &request) {
  NetworkOp network = request.network;
  SmallVector<Value> inputs;
  for (BlockArgument argument : network.getArguments()) {
    Value here = block.addArgument(argument.getType(), argument.getLoc());
    if (network.isInput(argument.getArgNumber()))
      inputs.push_back(here);
  }
  SmallVector<Value> arguments(block.getArguments());
  seed = block.addArgument(RankedTensorType::get(request.outputs, request.real),
                           network.getLoc());
  OpBuilder builder(network->getContext());
  builder.setInsertionPointToEnd(&block);
  forward = cloneForward(builder, network, arguments);
  dropEmpty(builder, forward);
  for (unsigned place : request.cuts)
    cuts.push_back(forward.ops[place]->getResult(0));
  perExample = getDependents(block, inputs);
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

Value KernelFunction::addArgument(Type type, Location loc,
                                  ArrayRef<NamedAttribute> attributes) {
  argumentAttributes.push_back(builder.getDictionaryAttr(attributes));
  return function.getBody().front().addArgument(type, loc);
}

static KernelFunction createFunction(KernelRequest &request,
                                     const Twine &suffix, StringRef role) {
  OpBuilder builder(request.kernel->getContext());
  builder.setInsertionPointAfter(request.kernel);
  std::string name = (request.kernel.getSymName() + suffix).str();
  auto function = builder.create<func::FuncOp>(request.kernel.getLoc(), name,
                                               builder.getFunctionType({}, {}));
  function->setAttr(kernelAttrName,
                    FlatSymbolRefAttr::get(request.kernel.getSymNameAttr()));
  function->setAttr(roleAttrName, builder.getStringAttr(role));
  function.addEntryBlock();
  builder.setInsertionPointToStart(&function.getBody().front());
  return KernelFunction{function, builder, {}, {}, {}, {}, {}};
}

static void addSize(KernelFunction &f, Value &size, StringRef letter) {
  Builder &b = f.builder;
  size = f.addArgument(b.getIndexType(), NameLoc::get(b.getStringAttr(letter)),
                       b.getNamedAttr(sizeAttrName, b.getStringAttr(letter)));
}

/// Parameters and buffers, with the attributes they have on the network.
static void addParameters(KernelFunction &f, KernelRequest &request) {
  NetworkOp network = request.network;
  f.networkArguments.resize(network.getNumArguments());
  for (BlockArgument argument : network.getArguments()) {
    unsigned i = argument.getArgNumber();
    if (network.isInput(i))
      continue;
    auto name = network.getParameterName(i).empty()
                    ? f.builder.getNamedAttr(
                          bufferAttrName,
                          f.builder.getStringAttr(network.getBufferName(i)))
                    : f.builder.getNamedAttr(
                          paramAttrName,
                          f.builder.getStringAttr(network.getParameterName(i)));
    f.networkArguments[i] =
        f.addArgument(argument.getType(), argument.getLoc(), name);
  }
}

/// An input's name: its ntk.input attribute or its position.
static StringAttr getInputName(NetworkOp network, unsigned i) {
  if (auto name = network.getArgAttrOfType<StringAttr>(i, inputAttrName))
    return name;
  return StringAttr::get(network.getContext(), "x" + Twine(i));
}

KernelFunction KernelFunction::createFactors(KernelRequest &request, int side) {
  KernelFunction f =
      createFunction(request, "_factors" + Twine(side), "factors");
  OpBuilder &b = f.builder;
  f.function->setAttr(sidesAttrName, b.getDenseI64ArrayAttr(side));
  SmallVector<std::pair<unsigned, Value>> inputs;
  NetworkOp network = request.network;
  for (BlockArgument argument : network.getArguments()) {
    unsigned i = argument.getArgNumber();
    if (!network.isInput(i))
      continue;
    auto core = cast<RankedTensorType>(argument.getType());
    SmallVector<int64_t> shape = {ShapedType::kDynamic};
    llvm::append_range(shape, core.getShape());
    NamedAttribute attributes[] = {
        b.getNamedAttr(batchArgAttrName, b.getStringAttr("n")),
        b.getNamedAttr(inputAttrName, getInputName(network, i))};
    inputs.push_back(
        {i, f.addArgument(RankedTensorType::get(shape, core.getElementType()),
                          argument.getLoc(), attributes)});
  }
  addSize(f, f.n, "n");
  if (request.isBlocked()) {
    f.firstOutput = f.addArgument(
        b.getIndexType(), NameLoc::get(b.getStringAttr("first_output")),
        b.getNamedAttr(firstOutputAttrName, b.getUnitAttr()));
  }
  addParameters(f, request);
  for (auto [i, value] : inputs)
    f.networkArguments[i] = value;
  return f;
}

KernelFunction KernelFunction::createTile(KernelRequest &request) {
  KernelFunction f = createFunction(request, "_tile", "tile");
  addSize(f, f.n, "n");
  addSize(f, f.m, "m");
  addParameters(f, request);
  return f;
}

BatchedValue KernelFunction::addFactor(KernelRequest &request, int side,
                                       unsigned index, Type type,
                                       StringRef letters, Location loc) {
  std::string here = side == 2 ? moveToSide(letters, 2) : letters.str();
  NamedAttribute attributes[] = {
      builder.getNamedAttr(batchArgAttrName, builder.getStringAttr(here)),
      builder.getNamedAttr(factorAttrName, builder.getI64IntegerAttr(index)),
      builder.getNamedAttr(sideAttrName, builder.getI64IntegerAttr(side))};
  return {addArgument(type, loc, attributes), here};
}

void KernelFunction::finish(ValueRange results) {
  builder.create<func::ReturnOp>(function.getLoc(), results);
  TypeRange arguments = function.getBody().getArgumentTypes();
  function.setFunctionType(
      builder.getFunctionType(arguments, results.getTypes()));
  function.setAllArgAttrs(argumentAttributes);
}

KernelFunctions mlir::ntk::findKernelFunctions(ModuleOp module,
                                               StringRef kernel) {
  KernelFunctions found;
  for (auto function : module.getOps<func::FuncOp>()) {
    auto of = function->getAttrOfType<FlatSymbolRefAttr>(kernelAttrName);
    if (!of || of.getValue() != kernel)
      continue;
    if (auto sides =
            function->getAttrOfType<DenseI64ArrayAttr>(sidesAttrName)) {
      if (llvm::is_contained(sides.asArrayRef(), 1))
        found.factors1 = function;
      if (llvm::is_contained(sides.asArrayRef(), 2))
        found.factors2 = function;
    } else {
      found.tile = function;
    }
  }
  return found;
}
