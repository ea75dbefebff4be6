// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of the values of a network.

#include "ntk/Kernel/Cuts.h"
#include "dialects/NTK/IR/Names.h"

using namespace mlir;
using namespace mlir::ntk;

/// The only op of that name, or null.
static Operation *findName(Block &block, StringRef name) {
  Operation *found = nullptr;
  for (Operation &op : block.without_terminator()) {
    if (getLocationName(op.getLoc()) != name)
      continue;
    if (found)
      return nullptr;
    found = &op;
  }
  return found;
}

Operation *mlir::ntk::findValue(NetworkOp network, StringRef name) {
  Block &block = network.getBody().front();
  if (name.empty())
    return nullptr;
  if (Operation *op = findName(block, name))
    return op;
  auto [layer, digits] = name.rsplit('#');
  uint64_t place = 0;
  if (digits.getAsInteger(10, place) ||
      place + 1 >= block.getOperations().size())
    return nullptr;
  Operation *op = &*std::next(block.begin(), static_cast<int64_t>(place));
  return layer.empty() || getLocationName(op->getLoc()) == layer ? op : nullptr;
}

std::string mlir::ntk::getValueName(Operation *op) {
  auto network = cast<NetworkOp>(op->getParentOp());
  std::string name = getLocationName(op->getLoc()).str();
  std::string place =
      "#" +
      std::to_string(std::distance(op->getBlock()->begin(), op->getIterator()));
  for (const std::string &text : {name, name + place})
    if (findValue(network, text) == op)
      return text;
  return place;
}
