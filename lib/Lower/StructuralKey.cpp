// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes and types are one object for each value they can have, so that
// their addresses stand for them; values are numbered in the order in which
// they come.

#include "StructuralKey.h"
#include "ntk/Lower/Sizes.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {
class KeyWriter {
public:
  void write(const void *pointer) {
    write(reinterpret_cast<uintptr_t>(pointer));
  }
  void write(uintptr_t number) {
    key.append(reinterpret_cast<const char *>(&number), sizeof number);
  }
  void write(Operation *op);

  void number(Value value) { numbers.try_emplace(value, numbers.size()); }

  std::string take() { return std::move(key); }

private:
  std::string key;
  DenseMap<Value, uintptr_t> numbers;
};
} // namespace

/// All attributes but the number of a step, which says nothing of what it does.
static DictionaryAttr getStructure(Operation *op) {
  if (!op->hasAttr(stepAttrName))
    return op->getAttrDictionary();
  NamedAttrList attributes(op->getAttrDictionary());
  attributes.erase(stepAttrName);
  return attributes.getDictionary(op->getContext());
}

// Counts come before what is counted, so that no two structures have one key.
void KeyWriter::write(Operation *op) {
  write(op->getName().getAsOpaquePointer());
  write(getStructure(op).getAsOpaquePointer());
  write(op->getNumOperands());
  for (Value operand : op->getOperands())
    write(numbers.lookup(operand));
  write(op->getNumResults());
  for (Value result : op->getResults()) {
    write(result.getType().getAsOpaquePointer());
    number(result);
  }
  for (Region &region : op->getRegions()) {
    write(region.getBlocks().size());
    for (Block &block : region) {
      write(block.getNumArguments());
      for (BlockArgument argument : block.getArguments()) {
        write(argument.getType().getAsOpaquePointer());
        number(argument);
      }
      write(block.getOperations().size());
      for (Operation &inner : block)
        write(&inner);
    }
  }
}

std::string mlir::ntk::getStructuralKey(Operation *op,
                                        ArrayRef<Value> outside) {
  KeyWriter writer;
  for (Value value : outside)
    writer.number(value);
  writer.write(op);
  return writer.take();
}
