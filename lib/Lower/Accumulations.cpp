// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Accumulations.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;
using namespace mlir::ntk;

/// Links between two places where a chain is cut.
static constexpr unsigned linksPerPiece = 16;

/// What the op of `sum` adds into, if no other op reads it; else null.
static Value getAddend(Value sum) {
  auto op = sum.getDefiningOp<DestinationStyleOpInterface>();
  if (!op || op->getNumResults() != 1)
    return {};
  Value init = op.getTiedOpOperand(cast<OpResult>(sum))->get();
  bool isLink = init.getDefiningOp<DestinationStyleOpInterface>() &&
                llvm::all_of(init.getUsers(),
                             [&](Operation *user) { return user == op; });
  return isLink ? init : Value();
}

void mlir::ntk::cutAccumulations(OpBuilder &builder, Value sum,
                                 Value destination) {
  OpBuilder::InsertionGuard guard(builder);
  unsigned links = 0;
  while (Value addend = getAddend(sum)) {
    if (++links % linksPerPiece == 0) {
      Location loc = addend.getLoc();
      builder.setInsertionPointAfterValue(addend);
      auto written = builder.create<bufferization::MaterializeInDestinationOp>(
          loc, /*result=*/Type(), addend, destination, /*restrict=*/true,
          /*writable=*/true);
      Value reread = builder.create<bufferization::ToTensorOp>(
          loc, addend.getType(), destination, /*restrict=*/true,
          /*writable=*/true);
      addend.replaceAllUsesExcept(reread, written);
    }
    sum = addend;
  }
}
