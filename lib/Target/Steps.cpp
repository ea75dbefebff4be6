// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The comment that begins a step: its layer, what is done, in words or as an
// equation, the shape, the floating-point operations.

#include "Escape.h"
#include "FunctionPrinter.h"
#include "Text.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "ntk/Lower/Sizes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::ntk;

/// "96·n FLOP", or nothing where they were not counted.
static std::string spellFlops(Operation *op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto flops = op->getAttrOfType<DictionaryAttr>(flopsAttrName)) {
    getPolynomial(flops).print(os);
    os << " FLOP";
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

/// A description with its `names` as identifiers.
static std::string mangleNames(StringRef description) {
  std::string text;
  bool isName = false;
  for (StringRef part : llvm::split(description, '`')) {
    text += isName ? mangle(part) : part.str();
    isName = !isName;
  }
  return text;
}

/// The memref that a scalar of a step's body was read from, or null.
static Value getMemory(Value scalar) {
  if (auto load = scalar.getDefiningOp<memref::LoadOp>())
    return load.getMemRef();
  auto argument = dyn_cast<BlockArgument>(scalar);
  if (!argument)
    return {};
  auto op = dyn_cast<linalg::LinalgOp>(argument.getOwner()->getParentOp());
  return op ? op.getMatchingOpOperand(argument)->get() : Value();
}

/// Does a step write what it reads, element by element?
static bool isCopy(Operation *op) {
  auto loops = dyn_cast<linalg::LinalgOp>(op);
  return loops && llvm::hasSingleElement(*loops.getBlock()) &&
         llvm::all_equal(loops.getIndexingMapsArray());
}

std::string FunctionPrinter::describeStep(Operation *op) {
  if (auto fill = dyn_cast<linalg::FillOp>(op))
    return "filled with " + getScalar(fill.value()).text;
  StringRef layer = getLayerName(op->getLoc());
  std::vector<std::string> words;
  auto add = [&](Operation *inner) {
    std::string what = mangleNames(getDescription(inner->getLoc()));
    if (what.empty())
      return;
    bool isWay = StringRef(what).contains(" through ");
    std::string of = mangle(getLayerName(inner->getLoc()));
    for (Value operand : inner->getOperands()) {
      auto it = buffers.find(getMemory(operand));
      bool isParameter = it != buffers.end() && it->second.isConst;
      if (isParameter && !isWay && !StringRef(what).contains(it->second.name))
        what += " " + it->second.name;
    }
    if (of != mangle(layer) && of != what && !isWay)
      what += " (" + of + ")";
    if (!llvm::is_contained(words, what))
      words.push_back(what);
  };
  op->walk([&](Operation *inner) {
    if (isa_and_nonnull<arith::ArithDialect>(inner->getDialect()) &&
        inner != op)
      add(inner);
  });
  if (words.empty() && isCopy(op))
    return "copy of " + buffers.find(op->getOperand(0))->second.name;
  if (words.empty())
    add(op);
  return llvm::join(words, ", ");
}

//===----------------------------------------------------------------------===//
// Comments
//===----------------------------------------------------------------------===//

void FunctionPrinter::printComment(Operation *op, const Twine &text) {
  StringRef name = getLayerName(op->getLoc());
  std::string layer = name.empty() ? "" : mangle(name);
  std::string comment = text.str(), flops = spellFlops(op);
  if (!flops.empty())
    comment += (comment.empty() ? "" : ", ") + flops;
  // The layer, unless what is computed has its name.
  if (!StringRef(comment).starts_with(layer))
    comment = layer + (comment.empty() ? "" : ": ") + comment;
  if (auto clock = dyn_cast_or_null<rt::ClockOp>(op->getNextNode()))
    if (std::optional<uint64_t> step = clock.getStep())
      comment = "Step " + std::to_string(*step) + ". " + comment;
  os << "\n";
  constexpr size_t width = 100;
  if (!comment.empty())
    printWrapped(escapeComment(comment), std::string(2 * indent, ' ') + "// ",
                 width, os);
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      printDeclaration(operand);
  });
}
