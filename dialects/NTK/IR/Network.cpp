// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The function-like op ntk.network and its terminator: text form, verifiers
// and what passes ask about arguments.

#include "dialects/NTK/IR/NTKOps.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/StringSet.h"
#include <limits>

using namespace mlir;
using namespace mlir::ntk;

ParseResult NetworkOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> arguments,
                      ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag, std::string &) {
    return builder.getFunctionType(arguments, results);
  };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false,
      getFunctionTypeAttrName(result.name), buildType,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void NetworkOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(
      printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
      getArgAttrsAttrName(), getResAttrsAttrName());
}

void NetworkOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                      FunctionType type) {
  state.addAttribute(SymbolTable::getSymbolAttrName(),
                     builder.getStringAttr(name));
  state.addAttribute(getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  Block &body = state.addRegion()->emplaceBlock();
  for (Type argument : type.getInputs())
    body.addArgument(argument, state.location);
}

StringRef NetworkOp::getParameterName(unsigned argument) {
  auto name = getArgAttrOfType<StringAttr>(argument, paramAttrName);
  return name ? name.getValue() : StringRef();
}

StringRef NetworkOp::getBufferName(unsigned argument) {
  auto name = getArgAttrOfType<StringAttr>(argument, bufferAttrName);
  return name ? name.getValue() : StringRef();
}

int64_t NetworkOp::getOutputs() {
  int64_t outputs = 0;
  for (Type type : getResultTypes())
    outputs += cast<RankedTensorType>(type).getNumElements();
  return outputs;
}

ReturnOp NetworkOp::getReturn() {
  return cast<ReturnOp>(getBody().front().getTerminator());
}

/// Names of arguments are strings that say something.
static LogicalResult checkNames(NetworkOp network, unsigned argument) {
  for (StringRef name : {StringRef(paramAttrName), StringRef(bufferAttrName),
                         StringRef("ntk.input")}) {
    Attribute attribute = network.getArgAttr(argument, name);
    auto text = dyn_cast_or_null<StringAttr>(attribute);
    if (attribute && (!text || text.empty()))
      return network.emitOpError("expected a name as '")
             << name << "' of argument " << argument << ", but got "
             << attribute;
  }
  return success();
}

/// Is it a tensor of known sizes that attributes of ops can have, too, and
/// whose elements can be counted?
static bool isCountable(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() && getVolume(tensor.getShape()) &&
         llvm::all_of(tensor.getShape(), [](int64_t size) {
           return size <= std::numeric_limits<int32_t>::max();
         });
}

/// What isCountable asks for.
static constexpr llvm::StringLiteral countable =
    "static shape, with axes below 2^31 and at most 2^63 elements";

/// A graph of this dialect's ops on the values of one example.
static LogicalResult checkBody(NetworkOp network) {
  for (Operation &op : network.getBody().front()) {
    const bool isLast = &op == &network.getBody().front().back();
    if (isLast ? !isa<ReturnOp>(op) : !isa<BatchableOpInterface>(op))
      return op.emitOpError() << "expected "
                              << (isLast ? "ntk.return at the end of a network"
                                         : "an op on values of one example in "
                                           "a network");
    if (isLast)
      break;
    if (!getResultBatch(&op).empty())
      return op.emitOpError("expected values of one example in a network, but "
                            "got batch letters '")
             << getResultBatch(&op) << "'";
    for (Type type : op.getResultTypes())
      if (!isCountable(type))
        return op.emitOpError("expected results of ")
               << countable << ", but got " << type;
  }
  return success();
}

LogicalResult NetworkOp::verify() {
  if (getResultTypes().empty())
    return emitOpError("expected at least one result, but got none");
  for (Type type : getResultTypes())
    if (!isa<FloatType>(getElementTypeOrSelf(type)))
      return emitOpError("expected results of f32 or f64, but got ") << type;
  llvm::StringSet<> names;
  for (auto [i, type] : llvm::enumerate(getArgumentTypes())) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return emitOpError("expected arguments of ranked, static tensor type, "
                         "but argument ")
             << i << " is " << type;
    if (!isCountable(type))
      return emitOpError("expected arguments of ")
             << countable << ", but argument " << i << " is " << type;
    if (failed(checkNames(*this, i)))
      return failure();
    StringRef name = getParameterName(i);
    if (!name.empty() && !tensor.getElementType().isF32() &&
        !tensor.getElementType().isF64())
      return emitOpError("expected parameter '")
             << name << "' of f32 or f64, but got " << type;
    if (name.empty())
      name = getBufferName(i);
    if (!name.empty() && !names.insert(name).second)
      return emitOpError("expected distinct parameter and buffer names, but "
                         "got '")
             << name << "' twice";
  }
  return checkBody(*this);
}

LogicalResult ReturnOp::verify() {
  auto network = cast<NetworkOp>((*this)->getParentOp());
  if (getOperandTypes() != TypeRange(network.getResultTypes()))
    return emitOpError("expected operands of the network's result types ")
           << TypeRange(network.getResultTypes()) << ", but got "
           << getOperandTypes();
  return success();
}
