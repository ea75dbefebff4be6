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
  printComment(op,
               op.getEquation(names) + "; " + spellShape(buffers[out].extents));
  rt::SourceCall call = op.getSourceCall();
  std::string start = "rt::" + call.function + "(";
  line() << start << language.argument << call.first
         << (call.first.empty() ? "" : ", ") << llvm::join(names, ", ");
  if (!call.last.empty()) {
    os << ",\n";
    os.indent(2 * indent + start.size()) << call.last;
  }
  os << ");\n";
  return success();
}
