// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The calling convention of Level 3: one block of parameters, one of factors a
// side, one arena, whatever the network. Two hundred memref arguments would
// cost the code generator seconds.

#include "Accumulations.h"
#include "dialects/NTK/IR/NTKOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ntk/Lower/Passes.h"
#include "ntk/Lower/Sizes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_PACKBLOCKSPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

/// Bytes of the static part of a tensor.
static int64_t getStaticBytes(RankedTensorType type) {
  int64_t bytes = getElementBytes(type.getElementType());
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      bytes *= size;
  return bytes;
}

/// Places tensors one after another, each at a multiple of 64 bytes; `letter`
/// stands for dynamic sizes. Returns the offsets and adds up the `bytes`.
static SmallVector<Polynomial> placeParts(ArrayRef<RankedTensorType> types,
                                          char letter, Polynomial &bytes) {
  SmallVector<Polynomial> offsets;
  for (RankedTensorType type : types) {
    offsets.push_back(bytes);
    std::string letters(type.getNumDynamicDims(), letter);
    bytes.add(llvm::alignTo(getStaticBytes(type), blockAlignment), letters);
  }
  return offsets;
}

namespace {
/// Where the parameters and buffers of all functions of a module lie.
struct ParameterBlock {
  struct Slot {
    RankedTensorType type;
    int64_t offset;
  };
  llvm::MapVector<StringAttr, Slot> slots;
  int64_t bytes = 0;

  LogicalResult add(func::FuncOp function, BlockArgument argument,
                    StringAttr name) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.hasStaticShape())
      return function.emitOpError("expected parameter '")
             << name.getValue() << "' of static tensor type, but got "
             << argument.getType();
    auto [it, isNew] = slots.insert({name, {type, bytes}});
    if (!isNew && it->second.type != type)
      return function.emitOpError("expected parameter '")
             << name.getValue() << "' of type " << it->second.type
             << " as in other functions, but got " << type;
    if (isNew)
      bytes += llvm::alignTo(getStaticBytes(type), blockAlignment);
    return success();
  }

  DictionaryAttr getOffsets(Builder builder) const {
    SmallVector<NamedAttribute> offsets;
    for (auto [name, slot] : slots)
      offsets.emplace_back(name, builder.getI64IntegerAttr(slot.offset));
    return builder.getDictionaryAttr(offsets);
  }

  DictionaryAttr getTypes(Builder builder) const {
    SmallVector<NamedAttribute> types;
    for (auto [name, slot] : slots)
      types.emplace_back(name, TypeAttr::get(slot.type));
    return builder.getDictionaryAttr(types);
  }
};
} // namespace

/// The name of a parameter or buffer argument, or null.
static StringAttr getParameterName(func::FuncOp function, unsigned argument) {
  if (auto name =
          function.getArgAttrOfType<StringAttr>(argument, paramAttrName))
    return name;
  return function.getArgAttrOfType<StringAttr>(argument, bufferAttrName);
}

//===----------------------------------------------------------------------===//
// One function
//===----------------------------------------------------------------------===//

namespace {
/// Rewrites the signature of one function; new arguments are appended or put
/// in front, what they replace is erased at the end.
class FunctionPacker {
public:
  FunctionPacker(func::FuncOp function, const ParameterBlock &parameters)
      : function(function), parameters(parameters),
        builder(function.getContext()), loc(function.getLoc()),
        blockType(
            MemRefType::get({ShapedType::kDynamic}, builder.getIntegerType(8))),
        sizes(getSizeArguments(function)) {
    builder.setInsertionPointToStart(&function.getBody().front());
  }

  LogicalResult pack() {
    if (failed(packFactorArguments(1)) || failed(packFactorArguments(2)))
      return failure();
    packInputs();
    packParameters();
    addArgument(function.getNumArguments(), blockType, "arena",
                {builder.getNamedAttr(arenaAttrName, builder.getUnitAttr())});
    if (failed(isTile() ? packTile() : packFactors()))
      return failure();
    eraseReplacedArguments();
    return success();
  }

private:
  bool isTile() {
    auto role = function->getAttrOfType<StringAttr>(roleAttrName);
    return role && role.getValue() == "tile";
  }
  LogicalResult packFactorArguments(int64_t side);
  void packInputs();
  void packParameters();
  LogicalResult packFactors();
  LogicalResult packTile();
  void eraseReplacedArguments();

  Value addArgument(unsigned position, Type type, StringRef name,
                    ArrayRef<NamedAttribute> attributes) {
    function.insertArgument(position, type,
                            builder.getDictionaryAttr(attributes),
                            NameLoc::get(builder.getStringAttr(name), loc));
    return function.getArgument(position);
  }

  void replaceByTensorOf(BlockArgument argument, Value memref) {
    Value tensor = builder.create<bufferization::ToTensorOp>(
        argument.getLoc(), argument.getType(), memref, /*restrict=*/true,
        /*writable=*/false);
    argument.replaceAllUsesWith(tensor);
  }

  /// The tensor of `type` at `offset` in `block`, as a memref.
  Value createView(Location at, Value block, const Polynomial &offset,
                   RankedTensorType type, char letter);
  Value createOffset(const Polynomial &offset);
  ArrayAttr getOffsetsAttr(ArrayRef<Polynomial> offsets);
  SmallVector<NamedAttribute> getFactorAttributes(ArrayRef<Polynomial> offsets,
                                                  const Polynomial &bytes);

  func::FuncOp function;
  const ParameterBlock &parameters;
  OpBuilder builder;
  Location loc;
  MemRefType blockType;
  DenseMap<char, Value> sizes;
  SmallVector<Value> replaced;
};
} // namespace

Value FunctionPacker::createOffset(const Polynomial &offset) {
  Value sum = builder.create<arith::ConstantIndexOp>(loc, 0);
  for (const auto &[letters, coefficient] : offset.getTerms()) {
    Value term = builder.create<arith::ConstantIndexOp>(
        loc, static_cast<int64_t>(coefficient));
    for (char letter : letters)
      term = builder.create<arith::MulIOp>(loc, term, sizes.lookup(letter));
    sum = builder.create<arith::AddIOp>(loc, sum, term);
  }
  return sum;
}

Value FunctionPacker::createView(Location at, Value block,
                                 const Polynomial &offset,
                                 RankedTensorType type, char letter) {
  SmallVector<Value> dynamicSizes(type.getNumDynamicDims(),
                                  sizes.lookup(letter));
  return builder.create<memref::ViewOp>(
      at, MemRefType::get(type.getShape(), type.getElementType()), block,
      createOffset(offset), dynamicSizes);
}

ArrayAttr FunctionPacker::getOffsetsAttr(ArrayRef<Polynomial> offsets) {
  SmallVector<Attribute> attributes;
  for (const Polynomial &offset : offsets)
    attributes.push_back(getPolynomialAttr(builder.getContext(), offset));
  return builder.getArrayAttr(attributes);
}

SmallVector<NamedAttribute>
FunctionPacker::getFactorAttributes(ArrayRef<Polynomial> offsets,
                                    const Polynomial &bytes) {
  return {builder.getNamedAttr(factorOffsetsAttrName, getOffsetsAttr(offsets)),
          builder.getNamedAttr(factorBytesAttrName,
                               getPolynomialAttr(builder.getContext(), bytes))};
}

/// The factors of one side that a tile reads: views into one block.
LogicalResult FunctionPacker::packFactorArguments(int64_t side) {
  std::map<int64_t, BlockArgument> factors;
  for (BlockArgument argument : function.getArguments()) {
    unsigned i = argument.getArgNumber();
    auto factor = function.getArgAttrOfType<IntegerAttr>(i, factorAttrName);
    auto of = function.getArgAttrOfType<IntegerAttr>(i, sideAttrName);
    if (factor && of && of.getInt() == side)
      factors[factor.getInt()] = argument;
  }
  if (factors.empty() && !isTile())
    return success();
  SmallVector<RankedTensorType> types;
  for (auto [number, argument] : factors) {
    if (number != static_cast<int64_t>(types.size()))
      return function.emitOpError("expected factor ")
             << types.size() << " of side " << side << ", but got factor "
             << number;
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      return function.emitOpError("expected factors of tensor type, but got ")
             << argument.getType();
    types.push_back(type);
  }
  char letter = side == 1 ? 'n' : 'm';
  Polynomial bytes;
  SmallVector<Polynomial> offsets = placeParts(types, letter, bytes);
  SmallVector<NamedAttribute> attributes = getFactorAttributes(offsets, bytes);
  attributes.push_back(
      builder.getNamedAttr(sideAttrName, builder.getI64IntegerAttr(side)));
  Value block = addArgument(side - 1, blockType,
                            side == 1 ? "factors1" : "factors2", attributes);
  for (auto [number, argument] : factors) {
    replaceByTensorOf(argument,
                      createView(argument.getLoc(), block, offsets[number],
                                 types[number], letter));
    replaced.push_back(argument);
  }
  return success();
}

/// What is left of tensor arguments but parameters are memrefs of their own.
void FunctionPacker::packInputs() {
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || llvm::is_contained(replaced, argument) ||
        getParameterName(function, argument.getArgNumber()))
      continue;
    auto tensor = builder.create<bufferization::ToTensorOp>(
        argument.getLoc(), type, argument, /*restrict=*/true,
        /*writable=*/false);
    argument.replaceAllUsesExcept(tensor, tensor);
    argument.setType(MemRefType::get(type.getShape(), type.getElementType()));
  }
}

void FunctionPacker::packParameters() {
  unsigned count = function.getNumArguments();
  Value block = addArgument(
      count, blockType, "params",
      {builder.getNamedAttr(paramOffsetsAttrName,
                            parameters.getOffsets(builder)),
       builder.getNamedAttr(paramTypesAttrName, parameters.getTypes(builder)),
       builder.getNamedAttr(paramBytesAttrName,
                            builder.getI64IntegerAttr(parameters.bytes))});
  for (unsigned i = 0; i < count; ++i) {
    StringAttr name = getParameterName(function, i);
    if (!name)
      continue;
    const auto &slot = parameters.slots.find(name)->second;
    BlockArgument argument = function.getArgument(i);
    if (!argument.use_empty())
      replaceByTensorOf(argument, createView(argument.getLoc(), block,
                                             slot.offset, slot.type, 'n'));
    replaced.push_back(argument);
  }
}

/// What `value` is a reshape of: the same elements in the same order, so that
/// it may be written in the place of `value`.
static Value getReshaped(Value value) {
  while (Operation *reshape = value.getDefiningOp()) {
    if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(reshape))
      break;
    Value source = reshape->getOperand(0);
    if (cast<RankedTensorType>(source.getType()).getNumDynamicDims() !=
        cast<RankedTensorType>(value.getType()).getNumDynamicDims())
      break;
    value = source;
  }
  return value;
}

/// The results of a function of one side are the parts of a block.
LogicalResult FunctionPacker::packFactors() {
  auto terminator =
      cast<func::ReturnOp>(function.getBody().front().getTerminator());
  SmallVector<RankedTensorType> types;
  for (Type type : function.getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return function.emitOpError("expected results of tensor type, but got ")
             << type;
    types.push_back(tensor);
  }
  Polynomial bytes;
  SmallVector<Polynomial> offsets = placeParts(types, 'n', bytes);
  Value block = addArgument(function.getNumArguments(), blockType, "factors",
                            getFactorAttributes(offsets, bytes));
  for (auto [result, offset] :
       llvm::zip_equal(terminator.getOperands(), offsets)) {
    Value value = getReshaped(result);
    Value view = createView(value.getLoc(), block, offset,
                            cast<RankedTensorType>(value.getType()), 'n');
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(terminator);
    builder.create<bufferization::MaterializeInDestinationOp>(
        value.getLoc(), /*result=*/Type(), value, view, /*restrict=*/true,
        /*writable=*/true);
  }
  terminator->setOperands({});
  return success();
}

/// The result of a tile is the block of the kernel itself.
LogicalResult FunctionPacker::packTile() {
  auto terminator =
      cast<func::ReturnOp>(function.getBody().front().getTerminator());
  if (terminator.getNumOperands() != 1)
    return function.emitOpError("expected one result of a tile, but got ")
           << terminator.getNumOperands();
  Value value = terminator.getOperand(0);
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return function.emitOpError("expected results of tensor type, but got ")
           << value.getType();
  Value out = addArgument(
      function.getNumArguments(),
      MemRefType::get(type.getShape(), type.getElementType()), "out", {});
  cutAccumulations(builder, value, out);
  builder.setInsertionPoint(terminator);
  builder.create<bufferization::MaterializeInDestinationOp>(
      value.getLoc(), /*result=*/Type(), value, out, /*restrict=*/true,
      /*writable=*/true);
  terminator->setOperands({});
  return success();
}

void FunctionPacker::eraseReplacedArguments() {
  llvm::BitVector erased(function.getNumArguments());
  for (Value argument : replaced)
    erased.set(cast<BlockArgument>(argument).getArgNumber());
  function.eraseArguments(erased);
  SmallVector<Type> types(function.getBody().getArgumentTypes());
  function.setType(builder.getFunctionType(types, {}));
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

static bool isKernelFunction(func::FuncOp function) {
  return !function.isDeclaration() && function->hasAttr(roleAttrName);
}

namespace {
struct PackBlocksPass : mlir::ntk::impl::PackBlocksPassBase<PackBlocksPass> {
  void runOnOperation() override {
    ParameterBlock parameters;
    SmallVector<func::FuncOp> functions;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!isKernelFunction(function))
        continue;
      functions.push_back(function);
      for (BlockArgument argument : function.getArguments())
        if (StringAttr name =
                getParameterName(function, argument.getArgNumber()))
          if (failed(parameters.add(function, argument, name)))
            return signalPassFailure();
    }
    for (func::FuncOp function : functions)
      if (failed(FunctionPacker(function, parameters).pack()))
        return signalPassFailure();
  }
};
} // namespace
