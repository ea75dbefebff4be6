// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The steps of a function, and the scalars between them.

#include "FunctionPrinter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "ntk/Lower/Sizes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::ntk;

raw_ostream &FunctionPrinter::line() { return os.indent(2 * indent); }

LogicalResult FunctionPrinter::print(func::FuncOp function, StringRef name,
                                     StringRef comment, raw_ostream &out) {
  if (failed(declareArguments(function)))
    return failure();
  for (Operation &op : function.front().without_terminator())
    if (failed(printStep(&op)))
      return failure();
  os << "}\n";
  std::string body = declarePlaces(function, name) + text;
  printPlaces(function, name, out);
  out << kernels << "\n/// " << comment << "\n"
      << spellSignature(function, name, body) << body;
  return success();
}

LogicalResult FunctionPrinter::printStep(Operation *op) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](memref::ViewOp o) { return printView(o); })
      .Case<memref::ExpandShapeOp, memref::CollapseShapeOp>(
          [&](auto o) { return printReshape(o, o.getSrc()); })
      .Case([&](memref::CastOp o) { return printReshape(o, o.getSource()); })
      .Case([&](memref::SubViewOp o) { return printSubview(o); })
      .Case([&](memref::GetGlobalOp o) { return printGlobal(o); })
      .Case([&](linalg::FillOp o) { return printFill(o); })
      .Case([&](linalg::LinalgOp o) { return printLoops(o); })
      .Case([&](scf::ForOp o) {
        printComment(o, describeStep(o));
        return language.hasKernels ? printForKernel(o) : printFor(o);
      })
      .Case([&](rt::RuntimeCallOpInterface o) { return printCall(o); })
      .Case([&](rt::ClockOp o) { return printClock(o); })
      .Default([&](Operation *o) { return printScalar(o); });
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

Expression FunctionPrinter::getScalar(Value value) {
  auto it = scalars.find(value);
  assert(it != scalars.end() && "a scalar that was not printed");
  return it->second;
}

FailureOr<Expression> FunctionPrinter::evaluate(Operation *op) {
  if (auto dim = dyn_cast<memref::DimOp>(op))
    if (std::optional<int64_t> axis = getConstantIntValue(dim.getIndex()))
      return getExtent(dim.getSource(), *axis);
  SmallVector<Expression> operands;
  for (Value operand : op->getOperands())
    if (!isa<MemRefType>(operand.getType()))
      operands.push_back(getScalar(operand));
  if (auto load = dyn_cast<memref::LoadOp>(op)) {
    printDeclaration(load.getMemRef());
    return Expression{spellElement(load.getMemRef(), operands)};
  }
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    AffineMap map = apply.getAffineMap();
    return spellAffine(map.getResult(0),
                       ArrayRef(operands).take_front(map.getNumDims()),
                       ArrayRef(operands).drop_front(map.getNumDims()));
  }
  if (op->getNumResults() == 1 &&
      !spellType(op->getResult(0).getType()).empty())
    if (std::optional<Expression> value = spellScalar(op, operands))
      return *value;
  return op->emitError("this operation cannot be written as C++");
}

/// Is `value` of `op` short enough to stand where it is used? What is stored
/// has a line of its own.
static bool isShort(Operation *op, const Expression &value) {
  Operation *user = *op->user_begin();
  bool isStored = isa<memref::StoreOp>(user) ||
                  (isa<linalg::YieldOp>(user) && user->getNumOperands() == 1);
  return isStored || value.text.size() <= 56;
}

/// A name or a number: as good as a variable.
static bool isAtom(const Expression &value) {
  return StringRef(value.text).find_first_of(" (") == StringRef::npos;
}

LogicalResult FunctionPrinter::printScalar(Operation *op) {
  FailureOr<Expression> value = evaluate(op);
  if (failed(value))
    return failure();
  Value result = op->getResult(0);
  bool isTop = isa<func::FuncOp>(op->getParentOp());
  bool isAfterStores =
      isa<memref::LoadOp>(op) && isa<scf::ForOp>(op->getParentOp());
  bool inlined = isAtom(*value) || isTop ||
                 (result.hasOneUse() && isShort(op, *value) && !isAfterStores);
  if (!inlined) {
    StringRef location = getLocationName(op->getLoc());
    // A part of what a site adds has no name but its parameter's.
    bool isParameter = llvm::any_of(
        kernel.parameters, [&](const auto &p) { return p.name == location; });
    std::string name = names.add(isParameter        ? "part"
                                 : location.empty() ? "value"
                                                    : mangle(location));
    line() << "const " << spellType(result.getType()) << " " << name << " = "
           << value->text << ";\n";
    value = Expression{name};
  }
  scalars[result] = *value;
  return success();
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

std::string FunctionPrinter::spellElement(Value memref,
                                          ArrayRef<Expression> at) {
  return spellElement(buffers.find(memref)->second.name, at);
}

std::string FunctionPrinter::spellElement(StringRef name,
                                          ArrayRef<Expression> at) {
  std::string text = (name + "(").str();
  for (auto [i, index] : llvm::enumerate(at))
    text += (i ? ", " : "") + index.text;
  return text + ")";
}

void FunctionPrinter::printStore(StringRef target, StringRef value) {
  constexpr size_t longest = 96;
  bool fits = 2 * indent + target.size() + value.size() <= longest;
  line() << target << " =";
  if (!fits)
    (os << "\n").indent(2 * indent + 4);
  else
    os << " ";
  os << value << ";\n";
}

std::string mlir::ntk::spellShape(ArrayRef<Expression> extents) {
  std::string text = "[";
  for (auto [i, extent] : llvm::enumerate(extents))
    text += (i ? ", " : "") + extent.text;
  return text + "]";
}
