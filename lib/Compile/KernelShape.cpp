// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the options and the outputs' axes to a kernel's shape, and the network
// that it is computed from.

#include "ntk/Compile/KernelShape.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using ::ntk::rt::Layout;

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

/// Are the axes as one request asks for them, without groups?
static bool isUniform(ArrayRef<KernelAxis> axes) {
  return llvm::all_of(axes, [&](const KernelAxis &axis) {
    return axis.kind == axes.front().kind;
  });
}

std::string KernelShape::describe() const {
  if (isUniform(axes))
    return stringifyKernelOutputs(request).str();
  std::string text;
  for (const KernelAxis &axis : axes)
    text +=
        (text.empty() ? "" : " x ") + stringifyKernelOutputs(axis.kind).str();
  return text;
}

SmallVector<int64_t> KernelShape::getPairShape() const {
  SmallVector<int64_t> shape;
  for (const KernelAxis &axis : axes) {
    if (axis.kind == KernelOutputs::Full)
      shape.append({axis.size, axis.size});
    if (axis.kind == KernelOutputs::Diagonal)
      shape.push_back(axis.size);
  }
  return shape;
}

SmallVector<int64_t> KernelShape::getFileShape(int64_t n1, int64_t n2) const {
  SmallVector<int64_t> shape = getPairShape();
  if (!wholeBatch)
    shape.insert(shape.begin(), {n1, n2});
  return shape;
}

/// Is the first axis of every output the batch, of `examples` examples?
static bool hasBatchAxis(NetworkOp network, int64_t examples) {
  return llvm::all_of(network.getResultTypes(), [&](Type type) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
    return !shape.empty() && shape.front() == examples;
  });
}

/// The axes of the one output, or of all outputs joined, all of one kind but
/// for that of the batch.
static SmallVector<KernelAxis> getJoinedAxes(NetworkOp network, bool hasBatch,
                                             KernelOutputs kind) {
  SmallVector<KernelAxis> axes;
  auto type = cast<RankedTensorType>(network.getResultTypes().front());
  if (network.getResultTypes().size() == 1) {
    for (int64_t size : type.getShape())
      axes.push_back({size, kind});
  } else if (hasBatch) {
    int64_t batch = type.getDimSize(0);
    axes = {{batch, kind}, {network.getOutputs() / batch, kind}};
  } else {
    axes = {{network.getOutputs(), kind}};
  }
  if (hasBatch)
    axes.front().kind = KernelOutputs::Full;
  return axes;
}

/// Sets the kinds of the axes that `--axes` names; all others are full.
static Error chooseAxes(KernelShape &shape, Model &model,
                        const KernelOptions &options) {
  MutableArrayRef<KernelAxis> axes =
      MutableArrayRef(shape.axes).drop_front(shape.hasBatchAxis);
  int64_t rank = axes.size();
  for (KernelAxis &axis : axes)
    axis.kind = KernelOutputs::Full;
  SmallVector<bool> seen(rank);
  for (const AxisChoice &choice : options.axes) {
    int64_t axis = choice.axis < 0 ? choice.axis + rank : choice.axis;
    if (axis < 0 || axis >= rank) {
      return createStringError(
          "--axes: expected axes of the output of one example, which has " +
          Twine(rank) +
          (model.network.getResultTypes().size() > 1
               ? Twine(" (several outputs are joined flat)")
               : Twine("")) +
          ", but got " + Twine(choice.axis));
    }
    if (seen[axis])
      return createStringError("--axes: expected each axis once, but got " +
                               Twine(axis) + " twice");
    seen[axis] = true;
    axes[axis].kind = *symbolizeKernelOutputs(
        choice.kind.empty() ? options.kernel : choice.kind);
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

/// The axes of Θ that outputs are ordered by: traced, diagonal, full, the
/// slowest first.
static SmallVector<int64_t> getGroupOrder(ArrayRef<KernelAxis> axes) {
  SmallVector<int64_t> order;
  for (KernelOutputs kind :
       {KernelOutputs::Trace, KernelOutputs::Diagonal, KernelOutputs::Full})
    for (auto [i, axis] : llvm::enumerate(axes))
      if (axis.kind == kind)
        order.push_back(i);
  return order;
}

static int64_t getSize(ArrayRef<KernelAxis> axes, KernelOutputs kind) {
  int64_t size = 1;
  for (const KernelAxis &axis : axes)
    if (axis.kind == kind)
      size *= axis.size;
  return size;
}

static bool hasKind(ArrayRef<KernelAxis> axes, KernelOutputs kind) {
  return llvm::any_of(axes,
                      [&](const KernelAxis &a) { return a.kind == kind; });
}

/// The axes of the layout in the order of the groups, with their places in Θ.
static Error placeAxes(KernelShape &shape) {
  SmallVector<::ntk::rt::OutputAxis> places(shape.axes.size());
  int64_t stride = 1;
  for (size_t i = shape.axes.size(); i-- > 0;) {
    auto [size, kind] = shape.axes[i];
    places[i] = {size, 0, 0};
    if (kind == KernelOutputs::Full) {
      places[i].stride2 = stride;
      stride *= size;
    }
    if (kind == KernelOutputs::Full || kind == KernelOutputs::Diagonal) {
      places[i].stride1 = stride;
      stride *= size;
    }
  }
  SmallVector<int64_t> order = getGroupOrder(shape.axes);
  if (order.size() > ::ntk::rt::maxOutputAxes)
    return createStringError("expected outputs of at most " +
                             Twine(::ntk::rt::maxOutputAxes) +
                             " axes, but got " + Twine(order.size()));
  shape.layout.rank = order.size();
  for (auto [i, axis] : llvm::enumerate(order))
    shape.layout.axes[i] = places[axis];
  return Error::success();
}

static Layout::Kind getLayoutKind(KernelOutputs kind) {
  switch (kind) {
  case KernelOutputs::Full:
    return Layout::Full;
  case KernelOutputs::Trace:
    return Layout::Trace;
  case KernelOutputs::Diagonal:
    return Layout::Diagonal;
  case KernelOutputs::Sum:
    return Layout::Scalar;
  }
  return Layout::Full;
}

/// Groups, one for each index that is traced or kept once, where there are axes
/// that are not.
static void setGroups(KernelShape &shape) {
  int64_t traced = getSize(shape.axes, KernelOutputs::Trace);
  int64_t diagonal = getSize(shape.axes, KernelOutputs::Diagonal);
  Layout &layout = shape.layout;
  if (hasKind(shape.axes, KernelOutputs::Full)) {
    shape.request = KernelOutputs::Full;
    layout.outputs = getSize(shape.axes, KernelOutputs::Full);
    layout.groups = traced * diagonal;
  } else if (hasKind(shape.axes, KernelOutputs::Diagonal)) {
    shape.request = KernelOutputs::Diagonal;
    layout.outputs = diagonal;
    layout.groups = traced;
  } else { // the rest is summed; a trace is divided in the tile
    shape.request = KernelOutputs::Trace;
    layout.outputs = traced;
    layout.groups = traced = 1;
  }
  layout.summed = traced;
  shape.scale = 1 / static_cast<double>(traced);
  layout.kind = getLayoutKind(shape.request);
}

Expected<KernelShape> mlir::ntk::getKernelShape(Model &model,
                                                const KernelOptions &options) {
  // Places in theta are products of two numbers of outputs, in 64 bits.
  constexpr int64_t maxOutputs = int64_t(1) << 28;
  int64_t outputs = model.network.getOutputs();
  if (outputs > maxOutputs)
    return createStringError(model.path + ": expected at most " +
                             Twine(maxOutputs) + " outputs, but got " +
                             Twine(outputs));
  KernelShape shape;
  KernelOutputs kind = *symbolizeKernelOutputs(options.kernel);
  shape.wholeBatch = model.batchSize.has_value();
  shape.hasBatchAxis =
      shape.wholeBatch && hasBatchAxis(model.network, *model.batchSize);
  shape.axes = getJoinedAxes(model.network, shape.hasBatchAxis, kind);
  if (!options.axes.empty())
    if (Error error = chooseAxes(shape, model, options))
      return std::move(error);
  if (shape.axes.empty() || isUniform(shape.axes)) {
    shape.request = shape.axes.empty() ? kind : shape.axes.front().kind;
    shape.layout = {model.network.getOutputs(), getLayoutKind(shape.request)};
    // One axis, and a diagonal of any, is as it comes.
    if (shape.request != KernelOutputs::Full || shape.axes.size() < 2)
      return shape;
  } else {
    setGroups(shape);
  }
  if (shape.request == KernelOutputs::Trace)
    return shape;
  if (Error error = placeAxes(shape))
    return std::move(error);
  return shape;
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

/// All results of a network as one value with the joined axes.
static Value joinResults(OpBuilder &builder, NetworkOp network, bool hasBatch) {
  SmallVector<Value> parts;
  Location loc = network.getReturn().getLoc();
  if (network.getResultTypes().size() == 1)
    return network.getReturn().getOperand(0);
  for (Value result : network.getReturn().getOperands()) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<int64_t> shape = {type.getNumElements()};
    if (hasBatch)
      shape = {type.getDimSize(0), type.getNumElements() / type.getDimSize(0)};
    parts.push_back(createReshape(builder, loc, result, shape));
  }
  return createBatched<ConcatOp>(builder, loc, {}, parts,
                                 builder.getI64IntegerAttr(hasBatch));
}

void mlir::ntk::prepareOutputs(NetworkOp network, const KernelShape &shape) {
  bool isJoined = network.getResultTypes().size() == 1 || !shape.hasBatchAxis;
  if (isUniform(shape.axes) && isJoined)
    return;
  OpBuilder builder(network.getReturn());
  Location loc = network.getReturn().getLoc();
  Value value = joinResults(builder, network, shape.hasBatchAxis);
  SmallVector<int64_t> summed;
  SmallVector<KernelAxis> kept;
  for (auto [i, axis] : llvm::enumerate(shape.axes)) {
    if (axis.kind == KernelOutputs::Sum)
      summed.push_back(i);
    else
      kept.push_back(axis);
  }
  if (!summed.empty())
    value = createBatched<ReduceSumOp>(builder, loc, {}, value,
                                       builder.getDenseI64ArrayAttr(summed));
  SmallVector<int64_t> order = getGroupOrder(kept);
  if (!llvm::is_sorted(order))
    value = createBatched<TransposeOp>(builder, loc, {}, value,
                                       builder.getDenseI64ArrayAttr(order));
  network.getReturn()->setOperands(value);
  network.setFunctionType(builder.getFunctionType(
      network.getFunctionType().getInputs(), value.getType()));
}

std::vector<int64_t> mlir::ntk::getJoinedOrder(NetworkOp network,
                                               const KernelShape &shape) {
  std::vector<int64_t> order;
  int64_t batch = shape.hasBatchAxis ? shape.axes.front().size : 1;
  for (int64_t n = 0; n < batch; ++n) {
    int64_t first = 0;
    for (Type type : network.getResultTypes()) {
      int64_t size = cast<RankedTensorType>(type).getNumElements() / batch;
      for (int64_t i = 0; i < size; ++i)
        order.push_back(first + n * size + i);
      first += size * batch;
    }
  }
  return order;
}
