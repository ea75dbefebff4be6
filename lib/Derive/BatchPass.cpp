// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --ntk-batch: functions of one example become functions of many.

#include "dialects/Support/Einsum.h"
#include "ntk/Derive/Derive.h"
#include "ntk/Derive/Passes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_BATCHPASS
#include "ntk/Derive/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

/// The type of an argument with the letters of its ntk.batch attribute.
static Type getBatchedType(func::FuncOp function, unsigned argument,
                           StringRef letters) {
  auto core = cast<RankedTensorType>(function.getArgument(argument).getType());
  auto sizes =
      function.getArgAttrOfType<DenseI64ArrayAttr>(argument, "ntk.batch_size");
  SmallVector<int64_t> shape;
  for (size_t i = 0; i < letters.size(); ++i)
    shape.push_back(sizes ? sizes[i] : ShapedType::kDynamic);
  llvm::append_range(shape, core.getShape());
  return RankedTensorType::get(shape, core.getElementType());
}

static LogicalResult verifyBatchable(func::FuncOp function) {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitOpError("expected a body of one block");
  constexpr size_t mostLetters = 48; // beside n, m, o and p
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (!isa<BatchableOpInterface>(op))
      return op.emitOpError("expected an op that can be batched");
    auto contract = dyn_cast<ContractOp>(op);
    if (contract &&
        Einsum::get(contract.getSpec()).getLetters().size() > mostLetters)
      return op.emitOpError("expected at most ")
             << mostLetters << " indices beside those of batches";
  }
  return success();
}

static LogicalResult batchFunction(func::FuncOp function) {
  SmallVector<std::string> letters;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto attr = function.getArgAttrOfType<StringAttr>(i, "ntk.batch");
    letters.push_back(attr ? attr.str() : "");
  }
  if (llvm::all_of(letters, [](StringRef l) { return l.empty(); }))
    return success();
  if (failed(verifyBatchable(function)))
    return failure();

  Block &old = function.getBody().front();
  Block *body = new Block();
  function.getBody().push_back(body);
  OpBuilder builder = OpBuilder::atBlockEnd(body);
  Batcher batcher(builder);
  for (auto [argument, l] : llvm::zip_equal(old.getArguments(), letters)) {
    Type type = l.empty()
                    ? argument.getType()
                    : getBatchedType(function, argument.getArgNumber(), l);
    batcher.map(argument, {body->addArgument(type, argument.getLoc()), l});
  }
  batcher.batch(old);
  SmallVector<Value> results;
  for (Value result : old.getTerminator()->getOperands())
    results.push_back(batcher.lookup(result).value);
  builder.create<func::ReturnOp>(function.getLoc(), results);
  function.setFunctionType(builder.getFunctionType(
      body->getArgumentTypes(), ValueRange(results).getTypes()));
  old.erase();
  return success();
}

namespace {
struct BatchPass : mlir::ntk::impl::BatchPassBase<BatchPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && failed(batchFunction(function)))
        return signalPassFailure();
  }
};
} // namespace
