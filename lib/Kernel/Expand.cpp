// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --ntk-expand: checks a request against its network and hands it to the
// method it names.

#include "ntk/Kernel/Expand.h"
#include "Methods.h"
#include "ntk/Kernel/Cuts.h"
#include "ntk/Kernel/Passes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_EXPANDPASS
#include "ntk/Kernel/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

/// Every name in `wrt` is a parameter of the network.
static LogicalResult checkRequestedNames(KernelOp kernel, NetworkOp network) {
  if (!kernel.getWrt())
    return success();
  for (StringRef name : kernel.getWrt()->getAsValueRange<StringAttr>()) {
    bool found = false;
    for (unsigned i = 0; i < network.getNumArguments(); ++i)
      found |= network.getParameterName(i) == name;
    if (!found)
      return kernel.emitOpError("expected parameters of @")
             << network.getName() << " in 'wrt', but got '" << name << "'";
  }
  return success();
}

/// Indices are letters, so values may have so many axes, and contractions so
/// many indices, that those of two sides and of all steps can be told apart.
static LogicalResult checkIndices(NetworkOp network) {
  constexpr int64_t mostAxes = 16;
  auto check = [&](Operation *op, Type type) -> LogicalResult {
    if (cast<RankedTensorType>(type).getRank() <= mostAxes)
      return success();
    return op->emitOpError("expected values of at most ")
           << mostAxes << " axes, but got " << type;
  };
  for (Type type : network.getArgumentTypes())
    if (failed(check(network, type)))
      return failure();
  for (Operation &op : network.getBody().front()) {
    for (Type type : op.getResultTypes())
      if (failed(check(&op, type)))
        return failure();
    if (auto contract = dyn_cast<ContractOp>(op)) {
      size_t count = Einsum::get(contract.getSpec()).getLetters().size();
      if (count > mostIndicesOfProduct)
        return op.emitOpError("expected at most ")
               << mostIndicesOfProduct << " indices, but got " << count
               << ": an einsum over so many axes has to be written in steps";
    }
  }
  return success();
}

/// The places of the values that the schedule cuts at.
static FailureOr<SmallVector<unsigned>> getCuts(KernelOp kernel,
                                                NetworkOp network) {
  SmallVector<unsigned> places;
  std::optional<std::vector<std::string>> names = kernel.getDecisions().cuts;
  Block &body = network.getBody().front();
  for (StringRef name : names.value_or(std::vector<std::string>())) {
    Operation *op = findValue(network, name);
    if (!op)
      return kernel.emitOpError("expected values of @")
             << network.getName() << " as 'cuts', but got '" << name << "'";
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (!isa<FloatType>(type.getElementType()) || type.getNumElements() == 0)
      return kernel.emitOpError("expected numbers to differentiate by as "
                                "'cuts', but '")
             << name << "' is " << type;
    places.push_back(std::distance(body.begin(), op->getIterator()));
  }
  llvm::sort(places);
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

FailureOr<NetworkOp> mlir::ntk::findNetwork(KernelOp kernel) {
  auto network = SymbolTable::lookupNearestSymbolFrom<NetworkOp>(
      kernel, kernel.getNetworkAttr());
  if (!network)
    return kernel.emitOpError("expected a network, but found no @")
           << kernel.getNetwork();
  return network;
}

static FailureOr<KernelRequest> getRequest(KernelOp kernel) {
  FailureOr<NetworkOp> found = findNetwork(kernel);
  if (failed(found))
    return failure();
  NetworkOp network = *found;
  if (failed(checkRequestedNames(kernel, network)) ||
      failed(checkIndices(network)))
    return failure();
  KernelRequest request;
  request.kernel = kernel;
  request.network = network;
  request.pairs = kernel.getOutputs();
  request.real = getElementTypeOrSelf(network.getResultTypes().front());
  request.outputs = network.getOutputs();
  request.block = kernel.getDecisions().blockO.value_or(request.outputs);
  if (!request.hasOutputLetter())
    request.block = request.outputs;
  if (request.outputs == 0)
    return kernel.emitOpError("expected outputs with elements, but those of @")
           << network.getName() << " have none";
  if (request.outputs > std::numeric_limits<int32_t>::max())
    return kernel.emitOpError(
               "expected fewer than 2^31 outputs, but those of @")
           << network.getName() << " are " << request.outputs;
  if (request.block < 1 || request.block > request.outputs)
    return kernel.emitOpError("expected a block of 1 to ")
           << request.outputs << " outputs, but got " << request.block;
  if (request.pairs.isTrace() && request.outputs % request.block != 0)
    return kernel.emitOpError("expected a block of outputs that divides the ")
           << request.outputs << " of a trace, but got " << request.block;
  for (unsigned i = 0; i < network.getNumArguments(); ++i)
    if (isRequested(kernel, network, i))
      request.parameters.push_back(i);
  if (request.parameters.empty())
    return kernel.emitOpError("expected a trainable parameter, but @")
           << network.getName() << " has none";
  FailureOr<SmallVector<unsigned>> cuts = getCuts(kernel, network);
  if (failed(cuts))
    return failure();
  request.cuts = std::move(*cuts);
  return request;
}

FailureOr<KernelFunctions> mlir::ntk::expandKernel(KernelOp kernel) {
  FailureOr<KernelRequest> request = getRequest(kernel);
  if (failed(request))
    return failure();
  switch (kernel.getDecisions().method.value_or(KernelMethod::Structured)) {
  case KernelMethod::JacobianContraction:
    return expandStructured(*request, /*explicitGradients=*/true);
  case KernelMethod::NtkVectorProducts:
    return expandVectorProducts(*request);
  case KernelMethod::Structured:
    return expandStructured(*request, /*explicitGradients=*/false);
  }
  return failure();
}

namespace {
struct ExpandPass : mlir::ntk::impl::ExpandPassBase<ExpandPass> {
  void runOnOperation() override {
    for (KernelOp kernel : llvm::to_vector(getOperation().getOps<KernelOp>()))
      if (failed(expandKernel(kernel)))
        return signalPassFailure();
  }
};
} // namespace
