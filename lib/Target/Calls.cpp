// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of rt as calls of the runtime's headers: each op says which.

#include "FunctionPrinter.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::ntk;

LogicalResult FunctionPrinter::printCall(rt::RuntimeCallOpInterface op) {
  SmallVector<StringRef> names;
  for (Value operand : op->getOperands())
    names.push_back(buffers[operand].name);
  Value out = cast<DestinationStyleOpInterface>(op.getOperation())
                  .getDpsInitOperand(0)
                  ->get();
  std::string destination = chooseDestination(op, out);
  for (auto [name, operand] : llvm::zip_equal(names, op->getOperands()))
    if (operand == out)
      name = destination;
  printComment(op,
               op.getEquation(names) + "; " + spellShape(buffers[out].extents));
  printDestination(out, destination);
  rt::SourceCall call = op.getSourceCall();
  std::string start = "rt::" + call.function + "(";
  std::string first = (language.argument + call.first).str();
  StringRef comma = call.first.empty() ? "" : ",";
  std::string operands = llvm::join(names, ", ");
  constexpr size_t longest = 96;
  bool fits = call.first.empty() ||
              start.size() + first.size() + operands.size() <= longest;
  line() << start << first << comma;
  if (!comma.empty() && fits)
    os << " ";
  if (!fits)
    (os << "\n").indent(2 * indent + start.size());
  os << operands;
  if (!call.last.empty()) {
    os << ",\n";
    os.indent(2 * indent + start.size()) << call.last;
  }
  os << ");\n";
  setDestination(op, out, destination);
  return success();
}

LogicalResult FunctionPrinter::printClock(rt::ClockOp op) {
  line() << "rt::clock(";
  if (std::optional<uint64_t> step = op.getStep())
    os << *step;
  os << ");\n";
  return success();
}
