// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrix products: each becomes one ntk.contract with the weight as it is in
// the file, transposed in the letters. Sums over the batch axis are refused.

#include "Operators.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Letters of leading axes (tokens, heads) in the order in which they are used.
static constexpr StringLiteral leadingLetters = "tshwuvxyzabdefgijlq";

/// y = α A B + β C, A and B transposed as attributes say.
static LogicalResult importGemm(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &a = node.input(0), &b = node.input(1);
  if (a.rank() != 2 || b.rank() != 2)
    return node.emitError() << "expected operands of rank 2, but got ranks "
                            << a.rank() << " and " << b.rank();
  std::string left = node.getInteger("transA", 0) ? "kt" : "tk";
  std::string right = node.getInteger("transB", 0) ? "ck" : "kc";
  Result y = graph.einsum({a, b}, {left, right}, "tc");
  y = graph.scale(y, node.getReal("alpha", 1.0));
  double beta = node.getReal("beta", 1.0);
  if (failed(y) || !node.hasInput(2) || beta == 0)
    return node.setResult(y);
  return node.setResult(
      addUnlessZero(graph, *y, graph.scale(node.input(2), beta)));
}

Result onnximport::addUnlessZero(GraphBuilder &graph, Result x, Result bias) {
  if (failed(x) || failed(bias))
    return failure();
  std::optional<Number> splat = bias->splat();
  if (splat && splat->real == 0) {
    FailureOr<Frame> frame = graph.unify({*x, *bias});
    if (succeeded(frame) && frame->shape == x->shape)
      return x;
  }
  return graph.binary<AddOp>(x, bias);
}

/// y[…, t, c] = Σ_k A[…, t, k] B[…, k, c] with leading axes broadcast; operands
/// of rank 1 have no t or no c.
static LogicalResult importMatMul(NodeImporter &node) {
  const GraphValue &a = node.input(0), &b = node.input(1);
  if (a.rank() == 0 || b.rank() == 0)
    return node.emitError() << "expected operands of rank 1 or more, but got "
                               "ranks "
                            << a.rank() << " and " << b.rank();
  int64_t leadingA = std::max<int64_t>(a.rank() - 2, 0);
  int64_t leadingB = std::max<int64_t>(b.rank() - 2, 0);
  int64_t leading = std::max(leadingA, leadingB);
  if (leading >= static_cast<int64_t>(leadingLetters.size()))
    return node.emitError()
           << "expected fewer axes, but got " << std::max(a.rank(), b.rank());
  // The axis before the last is called t where A is a matrix.
  std::string batch = leadingLetters.substr(1, leading).str();
  std::string left =
      batch.substr(leading - leadingA) + (a.rank() > 1 ? "tk" : "k");
  std::string right =
      batch.substr(leading - leadingB) + (b.rank() > 1 ? "kc" : "k");
  std::string result =
      batch + (a.rank() > 1 ? "t" : "") + (b.rank() > 1 ? "c" : "");
  return node.setResult(node.graph.einsum({a, b}, {left, right}, result));
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

/// Replaces "..." in a word by the last of the given letters.
static bool expandEllipsis(std::string &word, StringRef letters) {
  size_t at = word.find("...");
  if (at == std::string::npos)
    return true;
  word.replace(at, 3, letters.str());
  return word.find('.') == std::string::npos;
}

/// Letters that stand in exactly one word, in alphabetical order: the result of
/// an equation without "->".
static std::string implicitResult(ArrayRef<std::string> words) {
  std::string all = llvm::join(words, "");
  llvm::sort(all);
  std::string result;
  for (char letter : all)
    if (letter != '.' && llvm::count(all, letter) == 1)
      result += letter;
  return (StringRef(all).contains('.') ? "..." : "") + result;
}

/// The entries of x whose positions along two axes of one size are equal; the
/// second axis leaves.
static Result takeDiagonal(GraphBuilder &graph, const GraphValue &x,
                           int64_t first, int64_t second) {
  int64_t size = x.shape[first];
  if (size != x.shape[second])
    return graph.emitError() << "expected equal sizes for equal letters, but "
                                "got "
                             << size << " and " << x.shape[second];
  for (int64_t axis : {first, second})
    if (failed(graph.refuseBatch(x, axis, "take a diagonal")))
      return failure();
  SmallVector<int64_t> order, back, shape;
  for (int64_t axis = 0; axis < x.rank(); ++axis)
    if (axis != first && axis != second)
      order.push_back(axis);
  int64_t rest = order.size();
  order.append({first, second});
  Result moved = graph.transpose(x, order);
  if (failed(moved))
    return failure();
  shape.assign(moved->shape.begin(), moved->shape.end() - 2);
  shape.push_back(size * size);
  Result diagonal = graph.slice(graph.reshape(moved, shape, moved->batch), rest,
                                0, size, size + 1);
  for (int64_t axis = 0; axis < rest; ++axis)
    back.push_back(axis);
  back.insert(back.begin() + first, rest);
  return graph.transpose(diagonal, back);
}

/// Replaces axes of one letter by their diagonal.
static LogicalResult takeDiagonals(GraphBuilder &graph,
                                   MutableArrayRef<GraphValue> values,
                                   MutableArrayRef<std::string> words) {
  for (auto [x, word] : llvm::zip_equal(values, words)) {
    if (static_cast<int64_t>(word.size()) != x.rank())
      continue; // an error, found later
    for (size_t axis = 0; axis < word.size();) {
      size_t first = word.find(word[axis]);
      if (first == axis) {
        ++axis;
        continue;
      }
      Result diagonal = takeDiagonal(graph, x, first, axis);
      if (failed(diagonal))
        return failure();
      x = *diagonal;
      word.erase(axis, 1);
    }
  }
  return success();
}

/// Every word fits its operand's rank and holds each letter once.
static LogicalResult checkWords(NodeImporter &node, ArrayRef<GraphValue> values,
                                ArrayRef<std::string> words, StringRef result) {
  std::string all = llvm::join(words, "");
  for (auto [i, word] : llvm::enumerate(words)) {
    bool distinct = true;
    for (char letter : word)
      distinct &= llvm::isAlpha(letter) && llvm::count(word, letter) == 1;
    if (!distinct || static_cast<int64_t>(word.size()) != values[i].rank())
      return node.emitError()
             << "expected one letter for each axis of operand " << i
             << ", but got '" << word << "' for rank " << values[i].rank();
  }
  for (char letter : result) {
    if (!StringRef(all).contains(letter) || llvm::count(result, letter) != 1)
      return node.emitError() << "expected letters of the operands in the "
                                 "result, each once, but got '"
                              << result << "'";
  }
  return success();
}

static LogicalResult importEinsum(NodeImporter &node) {
  std::string equation = node.getString("equation", "");
  llvm::erase(equation, ' ');
  auto [operands, explicitResult] = StringRef(equation).split("->");
  SmallVector<StringRef> parts;
  operands.split(parts, ',');
  SmallVector<std::string> words;
  for (StringRef part : parts)
    words.push_back(part.str());
  if (words.size() != node.getNumInputs())
    return node.emitError() << "expected an equation of " << node.getNumInputs()
                            << " operands, but got '" << equation << "'";
  std::string result = StringRef(equation).contains("->")
                           ? explicitResult.str()
                           : implicitResult(words);
  // Letters for "...", not among those of the equation.
  std::string free;
  for (char letter = 'A'; letter <= 'Z'; ++letter)
    if (!StringRef(equation).contains(letter))
      free += letter;
  int64_t most = 0;
  for (auto [i, word] : llvm::enumerate(words)) {
    int64_t axes = node.input(i).rank() - static_cast<int64_t>(word.size()) + 3;
    if (!StringRef(word).contains("..."))
      continue;
    if (axes < 0 || axes > static_cast<int64_t>(free.size()))
      return node.emitError() << "expected an equation that fits the ranks of "
                                 "its operands, but got '"
                              << equation << "'";
    most = std::max(most, axes);
    expandEllipsis(word, StringRef(free).take_back(axes));
  }
  expandEllipsis(result, StringRef(free).take_back(most));
  SmallVector<GraphValue> values;
  for (unsigned i = 0; i < node.getNumInputs(); ++i) {
    if (!node.hasInput(i))
      return node.emitError()
             << "expected operand " << i << ", but it is empty";
    values.push_back(node.input(i));
  }
  if (failed(takeDiagonals(node.graph, values, words)) ||
      failed(checkWords(node, values, words, result)))
    return failure();
  return node.setResult(node.graph.einsum(values, words, result));
}

ArrayRef<Operator> onnximport::getLinearOperators() {
  static const Operator operators[] = {
      {"Einsum", 12, newestOpset, 1, anyInputs, importEinsum},
      {"Gemm", 7, newestOpset, 2, 3, importGemm},
      {"MatMul", 1, newestOpset, 2, 2, importMatMul},
  };
  return operators;
}
