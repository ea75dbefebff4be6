// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A token of equal numbers, as `zeros(1, 1, 4)`, that was expanded to positions
// in advance is one tensor of which no value tells what is one entry. The
// operators are in the file, and with the shape of the parameter they leave one
// way: `expand` and `repeat` count axes from the last one, and moves that give
// an axis another place are followed where the sizes do.

#include "Undo/Expansion.h"
#include "Undo/ByValue.h"
#include "Undo/FxNames.h"
#include "Undo/Tensors.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::Expected;
using llvm::StringRef;

using Shape = llvm::SmallVector<int64_t>;

bool onnximport::isExpansion(ArrayRef<std::string> operators) {
  return llvm::all_of(operators, [](StringRef op) {
    return (classify(op) & (Repeats | Moves)) != 0;
  });
}

/// Do they repeat the whole axis, as `repeat` does, if it is longer than one?
static bool areTiles(ArrayRef<std::string> operators) {
  return llvm::all_of(operators, [](StringRef op) {
    return !(classify(op) & Repeats) || op == "repeat" || op == "tile";
  });
}

namespace {
/// What operators that are no repetition do to the axes.
enum class AxisMoves {
  None,     ///< nothing
  Inserts,  ///< axes of one element come and go
  Regroups, ///< they may be merged, cut or given another order
};
} // namespace

static AxisMoves classifyMoves(ArrayRef<std::string> operators) {
  AxisMoves moves = AxisMoves::None;
  for (StringRef op : operators) {
    bool keeps = (classify(op) & Repeats) || op == "alias" || op == "clone" ||
                 op == "contiguous" || op == "_to_copy" || op == "to";
    if (op == "unsqueeze" || op == "squeeze")
      moves = std::max(moves, AxisMoves::Inserts);
    else if (!keeps)
      moves = AxisMoves::Regroups;
  }
  return moves;
}

/// All shapes of as many axes as `shape` that have the sizes in order, with
/// ones between them, and of which repetition makes `shape`.
static void align(ArrayRef<int64_t> sizes, ArrayRef<int64_t> shape, bool tiles,
                  Shape &before, std::vector<Shape> &found) {
  if (shape.empty()) {
    if (sizes.empty())
      found.push_back(before);
    return;
  }
  auto step = [&](int64_t size, ArrayRef<int64_t> rest) {
    before.push_back(size);
    align(rest, shape.drop_front(), tiles, before, found);
    before.pop_back();
  };
  step(1, sizes);
  if (sizes.empty())
    return;
  int64_t size = sizes.front();
  if (size == shape.front() || (tiles && shape.front() % size == 0))
    step(size, sizes.drop_front());
}

/// The one shape of as many axes as `shape` under which the parameter was
/// repeated.
static std::optional<Shape> findAligned(ArrayRef<int64_t> from,
                                        ArrayRef<int64_t> shape,
                                        ArrayRef<std::string> operators) {
  AxisMoves moves = classifyMoves(operators);
  bool tiles = areTiles(operators);
  if (moves == AxisMoves::None) {
    if (from.size() > shape.size())
      return std::nullopt;
    Shape aligned(shape.size() - from.size(), 1);
    aligned.append(from.begin(), from.end());
    bool fits = llvm::all_of(llvm::zip(aligned, shape), [&](auto pair) {
      auto [size, all] = pair;
      return size == 1 || size == all || (tiles && size && all % size == 0);
    });
    return fits ? std::optional(aligned) : std::nullopt;
  }
  Shape sizes;
  llvm::copy_if(from, std::back_inserter(sizes),
                [](int64_t size) { return size != 1; });
  if ((moves == AxisMoves::Regroups && sizes.size() > 1) ||
      llvm::is_contained(sizes, 0) || shape.size() > 8)
    return std::nullopt;
  Shape before;
  std::vector<Shape> found;
  align(sizes, shape, tiles, before, found);
  return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
}

Expected<std::optional<std::vector<Node>>>
onnximport::findExpansion(ExportedModel &model, StringRef source,
                          ArrayRef<int64_t> from, ArrayRef<int64_t> shape,
                          ArrayRef<std::string> operators, StringRef name) {
  using Result = std::optional<std::vector<Node>>;
  if (!isExpansion(operators))
    return Result();
  std::optional<Shape> aligned = findAligned(from, shape, operators);
  if (!aligned)
    return Result();
  std::vector<Node> nodes;
  std::string under = source.str();
  if (ArrayRef(*aligned) != from) {
    under = model.makeName((name + ".under").str());
    Expected<Node> node = makeReshape(model, source, *aligned, under);
    if (!node)
      return node.takeError();
    nodes.push_back(std::move(*node));
  }
  Shape counts;
  for (auto [size, all] : llvm::zip(*aligned, shape))
    counts.push_back(all / size);
  std::string times = model.makeName((name + ".times").str());
  Expected<Array> array = makeIndices(counts, {int64_t(counts.size())});
  if (!array)
    return array.takeError();
  model.addTensor(times, std::move(*array));
  nodes.push_back(model.makeNode("Tile", {under, times}, {name.str()}));
  return Result(std::move(nodes));
}
