// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arguments and views of blocks as tensor variables.

#include "FunctionPrinter.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "ntk/Lower/Sizes.h"

using namespace mlir;
using namespace mlir::ntk;

std::string FunctionPrinter::spellTensorType(MemRefType type,
                                             bool isConst) const {
  std::string element =
      (isConst ? "const " : "") + spellType(type.getElementType()).str();
  auto list = [](ArrayRef<int64_t> numbers) {
    std::string text;
    for (int64_t number : numbers)
      text += (text.empty() ? "" : ", ") +
              (ShapedType::isDynamic(number) ? "dyn" : std::to_string(number));
    return text;
  };
  std::string shape = list(type.getShape());
  if (type.getLayout().isIdentity())
    return "Tensor<" + element + (shape.empty() ? "" : ", ") + shape + ">";
  auto [strides, offset] = getStridesAndOffset(type);
  return "Strided<" + element + ", Shape<" + shape + ">, Shape<" +
         list(strides) + ">>";
}

Expression FunctionPrinter::getExtent(Value memref, int64_t axis) {
  return buffers.find(memref)->second.extents[axis];
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

LogicalResult FunctionPrinter::declareArguments(func::FuncOp function) {
  auto role = function->getAttrOfType<StringAttr>(roleAttrName);
  isTile = role && role.getValue() == "tile";
  if (language.hasKernels)
    for (StringRef name : {"device", "at", "count"})
      names.add(name);
  // Sizes first: shapes of other arguments name them.
  DenseMap<char, Expression> sizes;
  for (BlockArgument argument : function.getArguments()) {
    if (auto letter = function.getArgAttrOfType<StringAttr>(
            argument.getArgNumber(), sizeAttrName)) {
      std::string size = names.add(letter.getValue());
      sizes[letter.getValue().front()] = {size};
      scalars[argument] = {size};
    }
  }
  SmallVector<Variable> arguments;
  for (BlockArgument argument : function.getArguments()) {
    unsigned i = argument.getArgNumber();
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (!type) {
      if (!scalars.count(argument))
        scalars[argument] = {names.add("firstOutput")};
      arguments.push_back({"int64_t", scalars[argument].text});
      continue;
    }
    Buffer buffer;
    if (function.getArgAttr(i, paramBytesAttrName)) {
      parameters = argument;
      buffer.name = names.add("params");
      arguments.push_back(
          {"const " + kernel.prefix + "_params *", buffer.name});
      buffers[argument] = buffer;
      continue;
    }
    if (type.getElementType().isInteger(8) && type.getRank() == 1 &&
        type.isDynamicDim(0)) {
      auto side = function.getArgAttrOfType<IntegerAttr>(i, sideAttrName);
      if (function.getArgAttr(i, arenaAttrName))
        scratch = argument;
      else
        factors[side ? side.getInt() - 1 : 0] = argument;
      buffer.isConst = side != nullptr;
      buffer.name = names.add(argument == scratch
                                  ? "scratch"
                                  : mangle(getLocationName(argument.getLoc())));
      arguments.push_back(
          {buffer.isConst ? "const char *" : "char *", buffer.name});
      buffers[argument] = buffer;
      continue;
    }
    // An input [n, …], or the tile [n, …, m, …].
    auto input = function.getArgAttrOfType<StringAttr>(i, inputAttrName);
    buffer.isConst = input != nullptr;
    auto batch = function.getArgAttrOfType<StringAttr>(i, batchArgAttrName);
    std::string letters = batch ? batch.getValue().str() : "nm";
    size_t next = 0;
    for (int64_t extent : type.getShape()) {
      if (!ShapedType::isDynamic(extent))
        buffer.extents.push_back({std::to_string(extent)});
      else if (next < letters.size() && sizes.count(letters[next]))
        buffer.extents.push_back(sizes[letters[next++]]);
      else
        return function.emitOpError("expected a size for each dynamic axis of "
                                    "argument ")
               << i;
    }
    StringRef given = getLocationName(argument.getLoc());
    buffer.name = names.add(
        input ? mangle(given.empty() ? input.getValue() : given) : "theta");
    arguments.push_back({spellTensorType(type, buffer.isConst), buffer.name});
    buffers[argument] = buffer;
  }
  llvm::append_range(variables, arguments);
  return success();
}

std::string FunctionPrinter::spellSignature(func::FuncOp function,
                                            StringRef name,
                                            StringRef body) const {
  std::string text = ("static void " + name + "(").str();
  std::string separator = ",\n" + std::string(text.size(), ' ');
  llvm::StringSet<> used = findIdentifiers(body);
  bool isFirst = true;
  auto add = [&](StringRef type, StringRef argument, bool isUsed) {
    text += (isFirst ? "" : separator) + type.str();
    text += type.ends_with("*") || type.ends_with("&") ? "" : " ";
    text += isUsed ? argument.str() : ("/*" + argument + "*/").str();
    isFirst = false;
  };
  auto [deviceType, device] = language.parameter.split(' ');
  if (device.consume_front("&"))
    add((deviceType + " &").str(), device, used.contains(device));
  for (auto [argument, value] : llvm::zip(variables, function.getArguments()))
    if (!isOmitted(function, value.getArgNumber()))
      add(argument.type, argument.name,
          !value.use_empty() || used.contains(argument.name));
  return text + ") {\n";
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

/// Does anything read or write elements through `memref` or a view of it?
static bool isAccessed(Value memref) {
  return llvm::any_of(memref.getUses(), [](OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<memref::DimOp>(user))
      return false;
    if (isa<ViewLikeOpInterface>(user))
      return isAccessed(user->getResult(0));
    if (auto loops = dyn_cast<linalg::LinalgOp>(user))
      return loops.isDpsInit(&use) ||
             !loops.getMatchingBlockArgument(&use).use_empty();
    return true;
  });
}

std::string FunctionPrinter::chooseName(Value memref) {
  StringRef layer = getLocationName(memref.getLoc());
  return names.add(layer.empty() ? "buffer" : mangle(layer));
}

void FunctionPrinter::declare(Value memref, StringRef name,
                              SmallVector<Expression> extents, bool isConst,
                              StringRef pointer, Value source) {
  auto type = cast<MemRefType>(memref.getType());
  std::string start = "const " + spellTensorType(type, isConst) + " " +
                      name.str() + "(",
              text = pointer.str();
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    if (type.isDynamicDim(axis))
      text += ", " + extents[axis].text;
  constexpr size_t longest = 97;
  text =
      start + (start.size() + text.size() > longest ? "\n      " : "") + text;
  waiting[memref] = {text + ");", source};
  std::string value =
      source ? buffers[source].value : mangle(getLocationName(memref.getLoc()));
  buffers[memref] = {name.str(), std::move(extents), isConst, value};
  variables.push_back({spellTensorType(type, isConst), name.str()});
}

void FunctionPrinter::printDeclaration(Value memref) {
  auto it = waiting.find(memref);
  if (it == waiting.end())
    return;
  auto [text, source] = it->second;
  waiting.erase(it);
  if (source)
    printDeclaration(source);
  line() << text << "\n";
}

/// The block that `memref` is a view of.
static Value getBlock(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  return memref;
}

std::string FunctionPrinter::chooseDestination(Operation *op, Value memref) {
  const Buffer &buffer = buffers[memref];
  StringRef location = getLocationName(op->getLoc());
  std::string written = location.empty() ? "" : mangle(location);
  Value block = getBlock(memref);
  bool isOwn = block == scratch || (!isTile && block == factors[0]);
  if (location.empty() || written == buffer.value || !isOwn)
    return buffer.name;
  if (written == buffer.firstValue)
    return buffer.firstName;
  return names.add(written);
}

void FunctionPrinter::printDestination(Value memref, StringRef name) {
  const Buffer &buffer = buffers[memref];
  if (name == buffer.name || name == buffer.firstName)
    return;
  line() << "const auto " << name << " = " << buffer.name
         << "; // in its place\n";
  for (const Variable &variable : variables) {
    if (variable.name == buffer.name) {
      variables.push_back({variable.type, name.str()});
      break;
    }
  }
}

void FunctionPrinter::setDestination(Operation *op, Value memref,
                                     StringRef name) {
  Buffer &buffer = buffers[memref];
  if (name == buffer.name)
    return;
  if (buffer.firstName.empty()) {
    buffer.firstName = buffer.name;
    buffer.firstValue = buffer.value;
  }
  buffer.name = name.str();
  buffer.value = mangle(getLocationName(op->getLoc()));
}

/// The sizes of `type`, of which the dynamic ones are `dynamic` in order.
static SmallVector<Expression> getExtents(MemRefType type,
                                          ArrayRef<Expression> dynamic) {
  SmallVector<Expression> extents;
  for (int64_t extent : type.getShape()) {
    if (ShapedType::isDynamic(extent)) {
      extents.push_back(dynamic.front());
      dynamic = dynamic.drop_front();
    } else {
      extents.push_back({std::to_string(extent)});
    }
  }
  return extents;
}

LogicalResult FunctionPrinter::printView(memref::ViewOp view) {
  MemRefType type = view.getType();
  SmallVector<Expression> dynamic;
  for (Value size : view.getSizes())
    dynamic.push_back(getScalar(size));
  SmallVector<Expression> extents = getExtents(type, dynamic);
  if (!isAccessed(view)) {
    buffers[view] = {"", extents, false};
    return success();
  }
  Expression shift = getScalar(view.getByteShift());
  if (view.getSource() == parameters) {
    std::optional<int64_t> offset = getConstantIntValue(view.getByteShift());
    for (const SourceParameter &parameter : kernel.parameters) {
      if (parameter.offset == offset) {
        declare(view, names.add(parameter.field), extents, true,
                buffers[parameters].name + "->" + parameter.field);
        return success();
      }
    }
    return view.emitError("expected the place of a parameter");
  }
  std::string name;
  FailureOr<std::string> pointer;
  if (view.getSource() == scratch) {
    name = chooseName(view);
    pointer = placeInScratch(view, name);
  } else {
    pointer = placeFactor(view, name);
    if (failed(pointer))
      return failure();
  }
  declare(view, name, extents, buffers[view.getSource()].isConst, *pointer);
  return success();
}

LogicalResult FunctionPrinter::printReshape(Operation *op, Value source) {
  Value result = op->getResult(0);
  auto type = cast<MemRefType>(result.getType());
  const Buffer buffer = buffers[source];
  // The dynamic sizes of a reshape are those of its source, in order.
  SmallVector<Expression> dynamic;
  auto sourceType = cast<MemRefType>(source.getType());
  for (int64_t axis = 0; axis < sourceType.getRank(); ++axis)
    if (sourceType.isDynamicDim(axis))
      dynamic.push_back(buffer.extents[axis]);
  if (static_cast<int64_t>(dynamic.size()) != type.getNumDynamicDims())
    return op->emitError("this reshape cannot be written as C++");
  SmallVector<Expression> extents = getExtents(type, dynamic);
  if (!isAccessed(result)) {
    buffers[result] = {"", extents, buffer.isConst};
    return success();
  }
  StringRef name = buffer.name;
  name.consume_back("_reshaped");
  declare(result, names.add((name + "_reshaped").str()), extents,
          buffer.isConst, buffer.name + ".data()", source);
  return success();
}

LogicalResult FunctionPrinter::printSubview(memref::SubViewOp subview) {
  const Buffer source = buffers[subview.getSource()];
  auto spell = [&](OpFoldResult value) -> Expression {
    if (std::optional<int64_t> number = getConstantIntValue(value))
      return {std::to_string(*number)};
    return getScalar(cast<Value>(value));
  };
  auto [strides, offset] = getStridesAndOffset(subview.getSourceType());
  Expression shift{"0"};
  for (auto [i, at] : llvm::enumerate(subview.getMixedOffsets())) {
    Expression stride{std::to_string(strides[i])};
    if (ShapedType::isDynamic(strides[i])) {
      stride = {"1"};
      for (const Expression &extent :
           ArrayRef(source.extents).drop_front(i + 1))
        stride = spellProduct(stride, extent);
    }
    shift = spellSum(shift, spellProduct(spell(at), stride));
  }
  SmallVector<Expression> dynamic;
  llvm::SmallBitVector dropped = subview.getDroppedDims();
  for (auto [i, size] : llvm::enumerate(subview.getMixedSizes()))
    if (!dropped.test(i) && !getConstantIntValue(size))
      dynamic.push_back(spell(size));
  MemRefType type = subview.getType();
  auto [resultStrides, resultOffset] = getStridesAndOffset(type);
  if (llvm::any_of(resultStrides, ShapedType::isDynamic) &&
      !type.getLayout().isIdentity())
    return subview.emitError("a part with strides that are not known cannot be "
                             "written as C++");
  SmallVector<Expression> extents = getExtents(type, dynamic);
  if (!isAccessed(subview)) {
    buffers[subview] = {"", extents, source.isConst};
    return success();
  }
  declare(subview, chooseName(subview), extents, source.isConst,
          spellSum({source.name + ".data()"}, shift).text, subview.getSource());
  return success();
}

LogicalResult FunctionPrinter::printGlobal(memref::GetGlobalOp global) {
  SmallVector<Expression> extents = getExtents(global.getType(), {});
  if (!isAccessed(global)) {
    buffers[global] = {"", extents, true};
    return success();
  }
  std::string values = mangle(global.getName()) + "_values";
  declare(global, chooseName(global), extents, true,
          language.hasKernels ? "rt::constantAddress(device, " + values + ")"
                              : values);
  return success();
}
