// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loop nests as kernels of a GPU: a function with one thread for each index of
// the parallel loops, the last one fastest, so that neighbouring threads write
// neighbouring elements; what is left of the nest runs inside of a thread. The
// kernel takes the variables of the host's function that its text names.

#include "FunctionPrinter.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// A kernel and its launch
//===----------------------------------------------------------------------===//

void FunctionPrinter::printThreadIndices(ArrayRef<Expression> extents,
                                         ArrayRef<Expression> indices,
                                         StringRef group, int64_t width) {
  line() << (indices.empty() ? "const " : "") << "int64_t at = "
         << (group.empty() ? "rt::threadIndex()" : group.str() + "::index()")
         << ";\n";
  line() << "if (at >= count)\n";
  line() << "  return;\n";
  for (size_t i = indices.size(); i-- > 0;) {
    Expression index{"at"};
    if (i > 0)
      index = {"rt::takeIndex(at, " + extents[i].text + ")"};
    if (i + 1 == indices.size())
      index = spellProduct({std::to_string(width)}, index);
    line() << "const int64_t " << indices[i].text << " = " << index.text
           << ";\n";
  }
}

llvm::StringSet<> mlir::ntk::findIdentifiers(StringRef text) {
  auto isWord = [](char c) { return llvm::isAlnum(c) || c == '_'; };
  llvm::StringSet<> found;
  bool isQualified = false;
  while (!text.empty()) {
    if (text.starts_with("//"))
      text = text.drop_until([](char c) { return c == '\n'; });
    StringRef word = text.take_while(isWord);
    if (!word.empty() && !isQualified)
      found.insert(word);
    isQualified = word.empty() && text.starts_with(":");
    text = text.drop_front(
        std::min(text.size(), std::max<size_t>(word.size(), 1)));
  }
  return found;
}

void FunctionPrinter::endKernel(size_t begin, StringRef name,
                                ArrayRef<Expression> extents, StringRef group) {
  std::string body = text.substr(begin);
  text.resize(begin);
  std::string kernelName = names.add((name + "_kernel").str());
  file.identifiers.add(kernelName);
  Expression number{"1"}, sizes{"1"}; // "n * 256"
  for (const Expression &extent : extents) {
    bool isNumber = llvm::all_of(extent.text, llvm::isDigit);
    Expression &product = isNumber ? number : sizes;
    product = spellProduct(product, extent);
  }
  Expression count = spellProduct(sizes, number);
  std::string start = "static __global__ void " + kernelName + "(";
  kernels += "\n" + start + "int64_t count";
  line() << (group.empty() ? "rt::launch"
                           : "rt::launchGroups<" + group.str() + ">")
         << "(device, " << kernelName << ", " << count.text;
  llvm::StringSet<> used = findIdentifiers(body);
  for (const Variable &variable : variables) {
    if (!used.contains(variable.name))
      continue;
    kernels += ",\n" + std::string(start.size(), ' ') + variable.type + " " +
               variable.name;
    os << ", " << variable.name;
  }
  kernels += ") {\n" + body + "}\n";
  os << ");\n";
}

//===----------------------------------------------------------------------===//
// scf.for
//===----------------------------------------------------------------------===//

/// The memref that `memref` is a reshaped part of.
static Value getRoot(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>()) {
    if (isa<memref::ViewOp>(view.getOperation()))
      break; // a buffer of its own in a block of bytes
    memref = view.getViewSource();
  }
  return memref;
}

namespace {
/// An element that a nest reads or writes.
struct Access {
  Value memref;
  ValueRange at;
  bool isStore;
};
} // namespace

/// All accesses of a nest, or nothing if it does more than load and store.
static std::optional<SmallVector<Access>> getAccesses(scf::ForOp nest) {
  SmallVector<Access> accesses;
  WalkResult result = nest->walk([&](Operation *op) {
    if (auto load = dyn_cast<memref::LoadOp>(op))
      accesses.push_back({load.getMemRef(), load.getIndices(), false});
    else if (auto store = dyn_cast<memref::StoreOp>(op))
      accesses.push_back({store.getMemRef(), store.getIndices(), true});
    else if (!isa<scf::ForOp, memref::DimOp>(op) &&
             llvm::any_of(op->getOperandTypes(), llvm::IsaPred<MemRefType>))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return std::nullopt;
  return accesses;
}

/// Do different values of `index` touch different elements of everything that
/// is written? Sufficient: `index` itself is the index of one and the same axis
/// in all accesses.
static bool separates(Value index, ArrayRef<Access> accesses) {
  for (const Access &store : accesses) {
    if (!store.isStore)
      continue;
    llvm::SmallBitVector axes(store.at.size(), true);
    for (const Access &access : accesses) {
      if (getRoot(access.memref) != getRoot(store.memref))
        continue;
      if (access.memref != store.memref)
        return false;
      for (auto [axis, at] : llvm::enumerate(access.at))
        if (at != index)
          axes.reset(axis);
    }
    if (axes.none())
      return false;
  }
  return true;
}

/// The outer loops, perfectly nested from 0 in steps of 1, whose iterations
/// don't depend on each other.
static SmallVector<scf::ForOp> findIndependentLoops(scf::ForOp nest) {
  SmallVector<scf::ForOp> loops;
  std::optional<SmallVector<Access>> accesses = getAccesses(nest);
  if (!accesses)
    return loops;
  for (scf::ForOp loop = nest; loop;) {
    if (getConstantIntValue(loop.getLowerBound()) != 0 ||
        getConstantIntValue(loop.getStep()) != 1 || loop.getNumResults() ||
        !nest.isDefinedOutsideOfLoop(loop.getUpperBound()) ||
        !separates(loop.getInductionVar(), *accesses))
      break;
    loops.push_back(loop);
    auto body = loop.getBody()->without_terminator();
    loop = llvm::hasSingleElement(body) ? dyn_cast<scf::ForOp>(*body.begin())
                                        : scf::ForOp();
  }
  return loops;
}

LogicalResult FunctionPrinter::printForKernel(scf::ForOp nest) {
  size_t before = names.mark();
  size_t begin = text.size();
  SmallVector<scf::ForOp> loops = findIndependentLoops(nest);
  SmallVector<Expression> extents, indices;
  for (scf::ForOp loop : loops) {
    extents.push_back(getScalar(loop.getUpperBound()));
    indices.push_back({names.add(getLoopName(indices.size()))});
    scalars[loop.getInductionVar()] = indices.back();
  }
  printThreadIndices(extents, indices);
  if (failed(loops.empty() ? printFor(nest)
                           : printBlock(*loops.back().getBody())))
    return failure();
  StringRef layer = getLocationName(nest.getLoc());
  endKernel(begin, layer.empty() ? "loop" : mangle(layer), extents);
  names.release(before);
  return success();
}
