// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where factors lie in their block, and values in scratch memory: structs of
// byte offsets with a member for each, and their sizes at the end.

#include "FunctionPrinter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "ntk/Lower/Sizes.h"

using namespace mlir;
using namespace mlir::ntk;

/// The offset of a view in the size letters of its function, or nothing.
static std::optional<Polynomial> getOffset(Value shift) {
  if (auto argument = dyn_cast<BlockArgument>(shift)) {
    auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    auto letter = function ? function.getArgAttrOfType<StringAttr>(
                                 argument.getArgNumber(), sizeAttrName)
                           : StringAttr();
    if (!letter)
      return std::nullopt;
    return Polynomial(1, letter.getValue());
  }
  if (std::optional<int64_t> number = getConstantIntValue(shift))
    return Polynomial(static_cast<double>(*number));
  Operation *op = shift.getDefiningOp();
  if (!isa_and_nonnull<arith::AddIOp, arith::MulIOp>(op))
    return std::nullopt;
  std::optional<Polynomial> a = getOffset(op->getOperand(0)),
                            b = getOffset(op->getOperand(1));
  if (!a || !b)
    return std::nullopt;
  if (isa<arith::AddIOp>(op))
    return *a += *b;
  Polynomial product;
  for (const auto &[x, u] : a->getTerms())
    for (const auto &[y, v] : b->getTerms())
      product.add(u * v, x + y);
  return product;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// "FactorsScratch" of computeFactors.
std::string mlir::ntk::getScratchStruct(StringRef function) {
  function.consume_front("compute");
  return (function + "Scratch").str();
}

std::string mlir::ntk::getFactorsStruct(const SourceKernel &kernel, int side) {
  return kernel.sharedFactors ? "Factors" : "Factors" + std::to_string(side);
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

std::string FunctionPrinter::placeInScratch(memref::ViewOp view,
                                            StringRef name) {
  std::optional<Polynomial> offset = getOffset(view.getByteShift());
  places.push_back({offset ? spellPolynomial(*offset).text
                           : getScalar(view.getByteShift()).text,
                    name.str()});
  return buffers[scratch].name + " + scratchAt." + name.str();
}

FailureOr<std::string> FunctionPrinter::placeFactor(memref::ViewOp view,
                                                    std::string &name) {
  auto block = dyn_cast<BlockArgument>(view.getSource());
  auto function = view->getParentOfType<func::FuncOp>();
  auto offsets = block ? function.getArgAttrOfType<ArrayAttr>(
                             block.getArgNumber(), factorOffsetsAttrName)
                       : ArrayAttr();
  std::optional<Polynomial> offset = getOffset(view.getByteShift());
  if (!offsets || !offset)
    return view.emitError("expected the place of a factor");
  size_t number = 0;
  while (number < offsets.size() &&
         getPolynomial(cast<DictionaryAttr>(offsets[number])).getTerms() !=
             offset->getTerms())
    ++number;
  if (number == offsets.size())
    return view.emitError("expected the place of a factor");
  const std::string &blockName = buffers[block].name;
  if (isTile) {
    int side = block == factors[0] ? 0 : 1;
    const std::string &factor = file.factors[side][number];
    name = names.add(factor + (side ? "_x2" : "_x1"));
    return blockName + " + " + blockName + "At." + factor;
  }
  // A factor that is an input is a copy of it.
  std::string value = mangle(getLocationName(view.getLoc()));
  bool isInput = llvm::any_of(
      kernel.inputs, [&](const auto &input) { return input.field == value; });
  name = isInput ? names.add(value + "_copy") : chooseName(view);
  std::vector<std::string> &ofSide =
      file.factors[kernel.functions.factors1 == function ? 0 : 1];
  ofSide.resize(offsets.size());
  ofSide[number] = name;
  if (kernel.sharedFactors)
    file.factors[1] = ofSide;
  return blockName + " + " + blockName + "At." + name;
}

//===----------------------------------------------------------------------===//
// Structs
//===----------------------------------------------------------------------===//

/// The bytes that an argument of `function` has as `attribute`.
static Polynomial getBytes(func::FuncOp function, StringRef attribute) {
  return getPolynomial(findArgAttr<DictionaryAttr>(function, attribute));
}

bool mlir::ntk::hasScratch(func::FuncOp function) {
  return !getBytes(function, arenaBytesAttrName).getTerms().empty();
}

static void printStruct(StringRef name, StringRef sizes,
                        ArrayRef<Variable> members, const Polynomial &bytes,
                        raw_ostream &out) {
  out << "struct " << name << " {\n  int64_t " << sizes << ";\n";
  for (const auto &[offset, member] : members)
    out << "  int64_t " << member << " = " << offset << ";\n";
  out << "  int64_t end = " << spellPolynomial(bytes).text
      << ";\n};\n} // namespace\n";
}

void FunctionPrinter::printPlaces(func::FuncOp function, StringRef name,
                                  raw_ostream &out) {
  StringRef sizes = isTile ? "n, m" : "n";
  if (!isTile) {
    int side = kernel.functions.factors1 == function ? 1 : 2;
    SmallVector<Variable> members;
    auto offsets = findArgAttr<ArrayAttr>(function, factorOffsetsAttrName);
    for (auto [factor, offset] : llvm::zip(file.factors[side - 1], offsets))
      members.push_back(
          {spellPolynomial(getPolynomial(cast<DictionaryAttr>(offset))).text,
           factor});
    out << "\nnamespace {\n/// Where the factors of n examples"
        << (kernel.sharedFactors ? ""
            : side == 1          ? " x1"
                                 : " x2")
        << " lie in their block, in bytes, and its end.\n";
    printStruct(getFactorsStruct(kernel, side), sizes, members,
                getBytes(function, factorBytesAttrName), out);
  }
  if (!hasScratch(function))
    return;
  out << "\nnamespace {\n/// Where " << name
      << " has its values in scratch memory, in bytes, and its\n"
      << "/// end. Values that are not needed at the same time share places.\n";
  printStruct(getScratchStruct(name), sizes, places,
              getBytes(function, arenaBytesAttrName), out);
}

std::string FunctionPrinter::declarePlaces(func::FuncOp function,
                                           StringRef name) const {
  std::string declarations;
  auto add = [&](Value block, const std::string &type, StringRef sizes) {
    if (!block)
      return;
    std::string variable = buffers.find(block)->second.name + "At";
    if (StringRef(text).contains(variable + "."))
      declarations +=
          "  const " + type + " " + variable + " = {" + sizes.str() + "};\n";
  };
  for (int side : {1, 2}) {
    bool isOther = !isTile && kernel.functions.factors1 != function;
    add(factors[side - 1], getFactorsStruct(kernel, isOther ? 2 : side),
        isTile && side == 2 ? "m" : "n");
  }
  add(scratch, getScratchStruct(name), isTile ? "n, m" : "n");
  return declarations;
}
