// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A join, as that of the biases of a query, a key and a value, has each element
// of its parts once, and the kernel does not ask which is where. Its parts have
// their own names again if their values are given.

#include "Undo/Joins.h"
#include "Undo/ByValue.h"
#include "Undo/Tensors.h"
#include <algorithm>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

/// Does a join hold one of its parts more than once? With the parts at hand
/// their sizes tell, else their values: those of one initial constant stand in
/// a row, others do not come again.
static bool repeatsParts(const ExportedModel &model, const Findings &findings,
                         StringRef tensor) {
  const Array &values = *model.find(tensor);
  int64_t size = 0;
  bool areGiven = true;
  for (const std::string &part : model.partsOf(tensor)) {
    auto given = findings.given.find(part);
    areGiven &= given != findings.given.end();
    size += areGiven ? given->second.size() : 0;
  }
  if (areGiven && size == values.size())
    return false;
  DistinctRows elements(byteWidth(values.kind));
  std::vector<int64_t> numbers = elements.number(values);
  std::string zero(byteWidth(values.kind), '\0');
  std::vector<bool> isSeen(elements.size());
  int64_t last = -1;
  for (int64_t number : numbers) {
    if (number != last && isSeen[number] && elements.getRows()[number] != zero)
      return true;
    isSeen[number] = true;
    last = number;
  }
  return false;
}

static StringRef bytesOf(const Array &values) {
  return StringRef(values.bytes().data(), values.bytes().size());
}

namespace {
/// A part of a join, or a constant beside them, and where it begins.
struct Piece {
  size_t begin;
  std::string name;
  Array values;
};
} // namespace

/// The parts one behind the other, in the first order that gives the join;
/// empty if none does.
static std::vector<Piece> orderParts(const Findings &findings,
                                     std::vector<std::string> parts,
                                     StringRef join) {
  llvm::sort(parts);
  do {
    std::vector<Piece> pieces;
    StringRef rest = join;
    for (const std::string &part : parts) {
      const Array &given = findings.given.find(part)->second;
      size_t begin = join.size() - rest.size();
      if (!rest.consume_front(bytesOf(given)))
        break;
      pieces.push_back({begin, part, given});
    }
    if (pieces.size() == parts.size() && rest.empty())
      return pieces;
  } while (std::next_permutation(parts.begin(), parts.end()));
  return {};
}

/// The parts in the only place where each can be, with buffers between them;
/// empty if one fits nowhere or in several places.
static std::vector<Piece> placeParts(const Findings &findings,
                                     const std::vector<std::string> &parts,
                                     StringRef join) {
  std::vector<Piece> pieces;
  for (const std::string &part : parts) {
    const Array &given = findings.given.find(part)->second;
    size_t width = byteWidth(given.kind), begin = StringRef::npos;
    for (size_t at = join.find(bytesOf(given)); at != StringRef::npos;
         at = join.find(bytesOf(given), at + 1)) {
      if (at % width)
        continue;
      if (begin != StringRef::npos)
        return {};
      begin = at;
    }
    if (begin == StringRef::npos || given.size() == 0)
      return {};
    pieces.push_back({begin, part, given});
  }
  llvm::sort(pieces,
             [](const Piece &a, const Piece &b) { return a.begin < b.begin; });
  return pieces;
}

/// Adds what lies between the pieces as constants; false if pieces overlap.
static Expected<bool> fillGaps(ExportedModel &model, StringRef tensor,
                               const Array &values,
                               std::vector<Piece> &pieces) {
  std::vector<Piece> all;
  size_t at = 0, width = byteWidth(values.kind);
  auto addGap = [&](size_t end) -> Error {
    if (at == end)
      return Error::success();
    llvm::SmallVector<int64_t> positions;
    for (size_t i = at; i < end; i += width)
      positions.push_back(i / width);
    Expected<Array> gap = pick(values, positions, int64_t(positions.size()));
    if (!gap)
      return gap.takeError();
    all.push_back(
        {at, model.makeName((tensor + ".constant").str() + std::to_string(at)),
         std::move(*gap)});
    return Error::success();
  };
  for (Piece &piece : pieces) {
    if (piece.begin < at)
      return false;
    if (Error error = addGap(piece.begin))
      return std::move(error);
    at = piece.begin + piece.values.bytes().size();
    all.push_back(std::move(piece));
  }
  if (Error error = addGap(values.bytes().size()))
    return std::move(error);
  pieces = std::move(all);
  return true;
}

/// The pieces one behind the other, under the shape of the tensor.
static Error emitJoin(ExportedModel &model, StringRef tensor,
                      llvm::ArrayRef<int64_t> shape,
                      llvm::ArrayRef<Piece> pieces) {
  std::vector<Node> nodes;
  std::vector<std::string> flat;
  for (const Piece &piece : pieces) {
    model.addTensor(piece.name, piece.values);
    model.placed.insert(piece.name);
    flat.push_back(model.makeName((tensor + "." + piece.name).str()));
    Expected<Node> node = makeReshape(model, piece.name, {-1}, flat.back());
    if (!node)
      return node.takeError();
    nodes.push_back(std::move(*node));
  }
  std::string joined = model.makeName((tensor + ".joined").str());
  Node concat = model.makeNode("Concat", flat, {joined});
  NodeAttribute axis;
  axis.kind = NodeAttribute::Kind::Int;
  axis.ints = {0};
  concat.attributes["axis"] = std::move(axis);
  nodes.push_back(std::move(concat));
  Expected<Node> shaped = makeReshape(model, joined, shape, tensor);
  if (!shaped)
    return shaped.takeError();
  nodes.push_back(std::move(*shaped));
  model.computeTensor(tensor, std::move(nodes));
  return Error::success();
}

/// The join is made of the given values of its parts; false if they do not
/// tell how.
static Expected<bool> joinGiven(ExportedModel &model, Findings &findings,
                                StringRef tensor) {
  const Array values = *model.find(tensor);
  std::vector<std::string> parts = model.partsOf(tensor);
  bool areGiven =
      parts.size() <= 6 && llvm::all_of(parts, [&](const std::string &part) {
        auto given = findings.given.find(part);
        return given != findings.given.end() && !model.find(part) &&
               given->second.kind == values.kind;
      });
  if (!areGiven)
    return false;
  bool hasBuffers =
      llvm::any_of(model.foldedOf(tensor)->from,
                   [&](const auto &value) { return model.isBuffer(value); });
  std::vector<Piece> pieces =
      hasBuffers ? placeParts(findings, parts, bytesOf(values))
                 : orderParts(findings, parts, bytesOf(values));
  if (pieces.empty())
    return false;
  Expected<bool> isFilled = fillGaps(model, tensor, values, pieces);
  if (!isFilled || !*isFilled)
    return isFilled;
  if (Error error = emitJoin(model, tensor, values.shape, pieces))
    return std::move(error);
  ++findings.restored;
  return true;
}

/// Several parameters in one tensor, each element once: it stands for them.
static void keepJoined(ExportedModel &model, Findings &findings,
                       StringRef tensor) {
  findings.standIns.insert(tensor);
  std::vector<std::string> parts = model.partsOf(tensor), unlike;
  for (const std::string &part : parts) {
    model.placed.insert(part);
    auto given = findings.given.find(part);
    if (given != findings.given.end() &&
        !holdsElements(*model.find(tensor), given->second))
      unlike.push_back(part);
  }
  if (repeatsParts(model, findings, tensor))
    findings.lose("'" + tensor.str() + "' joins " + quoteNames(parts) +
                      ", one of them more than once",
                  parts);
  if (!unlike.empty())
    findings.lose("'" + tensor.str() + "' joins " + quoteNames(parts) +
                      ", and --params has other values",
                  unlike);
  for (const std::string &value : model.foldedOf(tensor)->from)
    if (model.isBuffer(value))
      findings.doubts.push_back("'" + tensor.str() +
                                "' joins parameters and '" + value +
                                "', and is taken as one parameter");
}

Error onnximport::restoreJoined(ExportedModel &model, Findings &findings,
                                StringRef tensor) {
  Expected<bool> done = joinGiven(model, findings, tensor);
  if (done && !*done)
    keepJoined(model, findings, tensor);
  return done.takeError();
}
