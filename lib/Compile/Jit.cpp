// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel's functions: their arguments, read off the IR before it is compiled.

#include "ntk/Compile/Jit.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ntk/Lower/Clocks.h"
#include "ntk/Lower/Sizes.h"

using namespace mlir;
using namespace mlir::ntk;

static llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

//===----------------------------------------------------------------------===//
// Calling
//===----------------------------------------------------------------------===//

namespace {
/// The arguments of one call, in the order of the function's arguments.
class Arguments {
public:
  Arguments(int64_t n, int64_t m) : sizes{n, m} {}

  void addNumber(int64_t number) { words.push_back({number}); }

  /// A dense memref: two pointers, offset, sizes, strides.
  void addMemRef(const void *data, ArrayRef<int64_t> shape) {
    std::vector<int64_t> descriptor(3 + 2 * shape.size());
    descriptor[0] = descriptor[1] = reinterpret_cast<intptr_t>(data);
    int64_t stride = 1;
    for (size_t axis = shape.size(); axis-- > 0;) {
      int64_t size = shape[axis] < 0 ? sizes[-1 - shape[axis]] : shape[axis];
      descriptor[3 + axis] = size;
      descriptor[3 + shape.size() + axis] = stride;
      stride *= size;
    }
    words.push_back(std::move(descriptor));
    isMemRef.resize(words.size());
    isMemRef.back() = true;
  }

  /// A block of bytes; its size is not looked at.
  void addBlock(const void *data) { addMemRef(data, {0}); }

  void call(void (*function)(void **)) {
    isMemRef.resize(words.size());
    std::vector<void *> pointers(words.size()), arguments;
    for (size_t i = 0; i < words.size(); ++i) {
      pointers[i] = words[i].data();
      arguments.push_back(isMemRef[i] ? static_cast<void *>(&pointers[i])
                                      : pointers[i]);
    }
    function(arguments.data());
  }

private:
  int64_t sizes[2];
  std::vector<std::vector<int64_t>> words;
  std::vector<bool> isMemRef;
};
} // namespace

void JitProgram::factors(int side, ArrayRef<const void *> inputs, int64_t n,
                         int64_t firstOutput, const void *params, void *arena,
                         void *out) const {
  const Side &function = sides[side - 1];
  Arguments arguments(n, n);
  for (auto [input, shape] : llvm::zip_equal(inputs, function.inputs))
    arguments.addMemRef(input, shape);
  arguments.addNumber(n);
  if (function.hasFirstOutput)
    arguments.addNumber(firstOutput);
  arguments.addBlock(params);
  arguments.addBlock(arena);
  arguments.addBlock(out);
  arguments.call(function.call);
}

void JitProgram::tile(const void *factors1, const void *factors2, int64_t n,
                      int64_t m, const void *params, void *arena,
                      void *out) const {
  Arguments arguments(n, m);
  arguments.addBlock(factors1);
  arguments.addBlock(factors2);
  arguments.addNumber(n);
  arguments.addNumber(m);
  arguments.addBlock(params);
  arguments.addBlock(arena);
  arguments.addMemRef(out, tileShape);
  arguments.call(tileCall);
}

//===----------------------------------------------------------------------===//
// Reading the convention off the functions
//===----------------------------------------------------------------------===//

/// The first dynamic size is n, the second m.
static std::vector<int64_t> getShape(Type type) {
  std::vector<int64_t> shape;
  int64_t next = -1;
  for (int64_t size : cast<MemRefType>(type).getShape())
    shape.push_back(ShapedType::isDynamic(size) ? next-- : size);
  return shape;
}

void JitProgram::readSide(Side &side, func::FuncOp function) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    if (function.getArgAttr(i, inputAttrName))
      side.inputs.push_back(getShape(function.getArgument(i).getType()));
    side.hasFirstOutput |=
        static_cast<bool>(function.getArgAttr(i, firstOutputAttrName));
  }
}

/// The offsets of factors, in the letter n on either side.
static std::vector<std::map<std::string, double>> getOffsets(ArrayAttr attr) {
  std::vector<std::map<std::string, double>> offsets;
  for (Attribute offset : attr.getValue()) {
    Polynomial polynomial = getPolynomial(cast<DictionaryAttr>(offset)), inN;
    for (const auto &[letters, value] : polynomial.getTerms())
      inN.add(value, std::string(letters.size(), 'n'));
    offsets.push_back(inN.getTerms());
  }
  return offsets;
}

llvm::Error JitProgram::readTile(func::FuncOp tile, func::FuncOp factors1,
                                 func::FuncOp factors2) {
  for (int side : {1, 2}) {
    func::FuncOp factors = side == 1 ? factors1 : factors2;
    auto expected = findArgAttr<ArrayAttr>(factors, factorOffsetsAttrName);
    auto found = findArgAttr<ArrayAttr>(tile, factorOffsetsAttrName, side);
    if (!expected || !found || getOffsets(expected) != getOffsets(found))
      return makeError("expected the factors of @" + factors.getName() +
                       " as side " + Twine(side) + " of @" + tile.getName());
  }
  tileShape = getShape(tile.getArgumentTypes().back());
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

llvm::Expected<std::unique_ptr<JitProgram>>
JitProgram::compile(ModuleOp module, StringRef kernel, bool hasClocks) {
  KernelFunctions functions = findKernelFunctions(module, kernel);
  if (!functions.factors1 || !functions.factors2 || !functions.tile)
    return makeError("expected factor and tile functions of the kernel '" +
                     kernel + "'");
  std::unique_ptr<JitProgram> program(new JitProgram());
  func::FuncOp factors[] = {functions.factors1, functions.factors2};
  llvm::Expected<KernelSizes> sizes = readKernelSizes(functions);
  if (!sizes)
    return sizes.takeError();
  program->sizes = std::move(*sizes);
  for (int i : {0, 1})
    program->readSide(program->sides[i], factors[i]);
  if (llvm::Error error =
          program->readTile(functions.tile, factors[0], factors[1]))
    return std::move(error);

  if (hasClocks)
    llvm::for_each(module.getOps<func::FuncOp>(), addClocks);
  for (auto request : llvm::make_early_inc_range(module.getOps<KernelOp>()))
    request.erase();
  // They are taken to another dialect, but their names stay.
  std::string names[] = {factors[0].getName().str(), factors[1].getName().str(),
                         functions.tile.getName().str()};
  auto code = MachineCode::compile(
      module, llvm::map_to_vector(names, [](const std::string &name) {
        return StringRef(name);
      }));
  if (!code)
    return code.takeError();
  program->code = std::move(*code);
  MachineCode::Call *calls[] = {&program->sides[0].call,
                                &program->sides[1].call, &program->tileCall};
  for (auto [name, call] : llvm::zip_equal(names, calls)) {
    auto found = program->code->find(name);
    if (!found)
      return found.takeError();
    *call = *found;
  }
  return program;
}
