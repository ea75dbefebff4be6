// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The request `ntk.kernel`: its operands in text, and what has to fit in it.

#include "dialects/NTK/IR/Assembly.h"
#include "dialects/NTK/IR/NTKOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

ParseResult mlir::ntk::parseKernelOperands(OpAsmParser &parser,
                                           ArrayAttr &operands) {
  SmallVector<Attribute> values;
  auto parseOperand = [&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    StringRef word;
    std::optional<KernelOperand> operand;
    if (succeeded(parser.parseOptionalKeyword(&word)))
      operand = symbolizeKernelOperand(word);
    if (!operand)
      return parser.emitError(loc, "expected J1 or J2");
    values.push_back(KernelOperandAttr::get(parser.getContext(), *operand));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseOperand))
    return failure();
  operands = parser.getBuilder().getArrayAttr(values);
  return success();
}

void mlir::ntk::printKernelOperands(OpAsmPrinter &printer, Operation *,
                                    ArrayAttr operands) {
  printer << '(';
  llvm::interleaveComma(operands.getAsRange<KernelOperandAttr>(), printer,
                        [&](KernelOperandAttr operand) {
                          printer << stringifyKernelOperand(operand.getValue());
                        });
  printer << ')';
}

//===----------------------------------------------------------------------===//
// Verifier
//===----------------------------------------------------------------------===//

/// With x1 = x2 both sides have the same blocks of the same examples.
static LogicalResult checkSymmetric(KernelOp kernel) {
  Schedule schedule = kernel.getDecisions();
  auto check = [&](std::optional<int64_t> a, std::optional<int64_t> b,
                   StringRef what) -> LogicalResult {
    if (!a || !b || *a == *b)
      return success();
    return kernel.emitOpError("expected ")
           << what << " of both sides to be the same where x1 = x2, but got "
           << *a << " and " << *b;
  };
  if (failed(check(schedule.n1, schedule.n2, "the examples")))
    return failure();
  return check(schedule.blockN, schedule.blockM, "the blocks");
}

/// FLOPs of methods, by their names.
static LogicalResult checkCosts(KernelOp kernel) {
  if (std::optional<DictionaryAttr> costs = kernel.getCosts()) {
    for (NamedAttribute entry : *costs) {
      if (!symbolizeKernelMethod(entry.getName()))
        return kernel.emitOpError("expected methods in 'costs', but got '")
               << entry.getName().getValue() << "'";
      auto flops = dyn_cast<IntegerAttr>(entry.getValue());
      if (!flops || !flops.getType().isInteger(64) || flops.getInt() < 0)
        return kernel.emitOpError("expected a number of FLOPs for '")
               << entry.getName().getValue() << "', but got "
               << entry.getValue();
    }
  }
  return success();
}

/// An einsum over both Jacobians, of the outputs as one axis.
static LogicalResult checkSpec(KernelOp kernel) {
  FailureOr<KernelSpec> spec =
      KernelSpec::parse(kernel.getSpec(), [&] { return kernel.emitOpError(); });
  if (failed(spec))
    return failure();
  if (spec->axes.size() != 1)
    return kernel.emitOpError("expected one letter for all outputs, but got ")
           << spec->axes.size();
  auto operands = kernel.getJacobians().getAsRange<KernelOperandAttr>();
  auto values = llvm::map_to_vector(
      operands, [](KernelOperandAttr operand) { return operand.getValue(); });
  if (values != ArrayRef({KernelOperand::J1, KernelOperand::J2}))
    return kernel.emitOpError("expected the Jacobians (J1, J2) as operands");
  if (kernel.getScale() && !kernel.getScaleAttr().getValue().isFinite())
    return kernel.emitOpError("expected a finite 'scale'");
  return success();
}

LogicalResult KernelOp::verify() {
  if (failed(checkSpec(*this)))
    return failure();
  if (getWrt()) {
    llvm::StringSet<> names;
    for (StringRef name : getWrt()->getAsValueRange<StringAttr>())
      if (name.empty() || !names.insert(name).second)
        return emitOpError("expected names of parameters in 'wrt', each once, "
                           "but got '")
               << name << "'";
  }
  if (failed(checkCosts(*this)))
    return failure();
  if (getSymmetric() && failed(checkSymmetric(*this)))
    return failure();
  if (getOutputs().isSum() && getDecisions().blockO)
    return emitOpError("expected no block of outputs for a kernel of their "
                       "sum, but got ")
           << *getDecisions().blockO;
  return success();
}

OutputPairs KernelOp::getOutputs() {
  return KernelSpec::get(getSpec()).axes.front();
}

Schedule KernelOp::getDecisions() {
  ScheduleAttr schedule = getScheduleAttr();
  return schedule ? schedule.getValue() : Schedule();
}

void KernelOp::setDecisions(const Schedule &schedule) {
  setScheduleAttr(ScheduleAttr::get(getContext(), schedule));
}
