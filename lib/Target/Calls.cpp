// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of rt as calls of the runtime's headers.

#include "FunctionPrinter.h"
#include "dialects/NTK/IR/Einsum.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

/// "gradient[n,o,c,k] = Σ_t cotangent[n,o,t,c] patches[n,t,k]".
static std::string spellEquation(const Einsum &einsum, StringRef out,
                                 StringRef lhs, StringRef rhs,
                                 bool accumulate) {
  auto index = [](StringRef name, StringRef word) {
    std::string text = name.str() + "[";
    for (auto [i, letter] : llvm::enumerate(word))
      text += (i ? "," : "") + std::string(1, letter);
    return text + "]";
  };
  std::string summed;
  for (char letter : einsum.operands[0])
    if (einsum.result.find(letter) == std::string::npos)
      summed += letter;
  return index(out, einsum.result) + (accumulate ? " += " : " = ") +
         (summed.empty() ? "" : "Σ_" + summed + " ") +
         index(lhs, einsum.operands[0]) + " " + index(rhs, einsum.operands[1]);
}

/// The product of `numbers` and `extents`, numbers first: "1536 * n * m".
static std::string spellCount(int64_t number, ArrayRef<Expression> extents) {
  std::string names;
  for (const Expression &extent : extents) {
    int64_t size;
    if (StringRef(extent.text).getAsInteger(10, size))
      names += " * " + extent.in(Precedence::Unary);
    else
      number *= size;
  }
  return std::to_string(number) + names;
}

LogicalResult FunctionPrinter::printContract(rt::ContractOp op) {
  Einsum einsum = Einsum::get(op.getSpec());
  const Buffer &lhs = buffers[op.getLhs()], &rhs = buffers[op.getRhs()],
               &out = buffers[op.getOut()];
  // FLOPs: two for each value of all indices.
  SmallVector<Expression> extents;
  std::string seen;
  for (auto [word, buffer] :
       {std::pair(&einsum.operands[0], &lhs), {&einsum.operands[1], &rhs}})
    for (auto [letter, extent] : llvm::zip_equal(*word, buffer->extents))
      if (seen.find(letter) == std::string::npos) {
        seen += letter;
        extents.push_back(extent);
      }
  printComment(op, spellEquation(einsum, out.name, lhs.name, rhs.name,
                                 op.getAccumulate()) +
                       "; " + spellCount(2, extents) + " FLOP");
  line() << (op.getAccumulate() ? "rt::contractInto" : "rt::contract") << "("
         << language.argument << "\"" << op.getSpec() << "\", " << lhs.name
         << ", " << rhs.name << ", " << out.name << ");\n";
  return success();
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// "{2, 2}".
static std::string spellList(ArrayRef<int64_t> numbers) {
  std::string text = "{";
  for (auto [i, number] : llvm::enumerate(numbers))
    text += (i ? ", " : "") + std::to_string(number);
  return text + "}";
}

/// A Window of the runtime; `padding` is [low0, high0, low1, …].
static std::string spellWindow(ArrayRef<int64_t> kernel,
                               ArrayRef<int64_t> strides,
                               ArrayRef<int64_t> padding,
                               ArrayRef<int64_t> dilations, int64_t groups) {
  SmallVector<int64_t> low, high;
  for (size_t i = 0; i < padding.size(); i += 2) {
    low.push_back(padding[i]);
    high.push_back(padding[i + 1]);
  }
  return "rt::Window<" + std::to_string(kernel.size()) + ">{" +
         spellList(kernel) + ", " + spellList(strides) + ", " + spellList(low) +
         ", " + spellList(high) + ", " + spellList(dilations) + ", " +
         std::to_string(groups) + "}";
}

template <typename OpT>
LogicalResult FunctionPrinter::printConvolution(OpT op, StringRef callee,
                                                Value input, Value weight) {
  ArrayRef<int64_t> kernel = cast<MemRefType>(weight.getType()).getShape();
  const Buffer &out = buffers[op.getOut()];
  // Two for each tap of each pixel of the convolved image, padding included.
  bool isBackward = isa<rt::ConvBackwardDataOp>(op.getOperation());
  const Buffer &convolved = isBackward ? buffers[input] : out;
  int64_t taps = 2;
  for (int64_t extent : kernel.drop_front())
    taps *= extent;
  printComment(op, out.name + spellShape(out.extents) + "; " +
                       spellCount(taps, convolved.extents) + " FLOP at most");
  line() << "rt::" << callee << "(" << language.argument << buffers[input].name
         << ", " << buffers[weight].name << ", " << out.name << ",\n";
  os.indent(2 * indent + callee.size() + 5)
      << spellWindow(kernel.drop_front(2), op.getStrides(), op.getPadding(),
                     op.getDilations(), op.getGroups())
      << ");\n";
  return success();
}

template LogicalResult FunctionPrinter::printConvolution(rt::ConvOp, StringRef,
                                                         Value, Value);
template LogicalResult FunctionPrinter::printConvolution(rt::ConvBackwardDataOp,
                                                         StringRef, Value,
                                                         Value);

LogicalResult FunctionPrinter::printPatches(rt::PatchesOp op) {
  const Buffer &out = buffers[op.getOut()];
  printComment(op, out.name + spellShape(out.extents));
  line() << "rt::patches(" << language.argument << buffers[op.getInput()].name
         << ", " << out.name << ",\n";
  os.indent(2 * indent + 12)
      << spellWindow(op.getKernelSize(), op.getStrides(), op.getPadding(),
                     op.getDilations(), op.getGroups())
      << ");\n";
  return success();
}
