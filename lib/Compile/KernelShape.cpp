// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the options and the outputs' axes to a kernel's shape, and the network
// that it is computed from.

#include "ntk/Compile/KernelShape.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "ntk/Support/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using ::ntk::rt::Layout;

static constexpr OutputPairs full = {/*shared=*/false, /*kept=*/true},
                             diagonal = {/*shared=*/true, /*kept=*/true},
                             trace = {/*shared=*/true, /*kept=*/false};

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

/// Are the axes as one request asks for them, without groups?
static bool isUniform(ArrayRef<KernelAxis> axes) {
  return llvm::all_of(axes, [&](const KernelAxis &axis) {
    return axis.pairs == axes.front().pairs;
  });
}

std::string KernelShape::describe() const {
  if (!spec.empty())
    return spec;
  if (isUniform(axes))
    return getName(request).str();
  std::string text;
  for (const KernelAxis &axis : axes)
    text += (text.empty() ? "" : " x ") + getName(axis.pairs).str();
  return text;
}

SmallVector<int64_t> KernelShape::getPairShape() const {
  SmallVector<int64_t> shape;
  for (const KernelAxis &axis : axes) {
    if (axis.pairs.kept)
      shape.append(axis.pairs.shared ? 1 : 2, axis.size);
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

/// The axes of the one output, or of all outputs joined, all alike but for that
/// of the batch.
static SmallVector<KernelAxis> getJoinedAxes(NetworkOp network, bool hasBatch,
                                             OutputPairs pairs) {
  SmallVector<KernelAxis> axes;
  auto type = cast<RankedTensorType>(network.getResultTypes().front());
  if (network.getResultTypes().size() == 1) {
    for (int64_t size : type.getShape())
      axes.push_back({size, pairs});
  } else if (hasBatch) {
    int64_t batch = type.getDimSize(0);
    axes = {{batch, pairs}, {network.getOutputs() / batch, pairs}};
  } else {
    axes = {{network.getOutputs(), pairs}};
  }
  if (hasBatch)
    axes.front().pairs = full;
  return axes;
}

/// Sets what becomes of the axes that `--axes` names; all others are full.
static Error chooseAxes(KernelShape &shape, Model &model,
                        const KernelOptions &options) {
  MutableArrayRef<KernelAxis> axes =
      MutableArrayRef(shape.axes).drop_front(shape.hasBatchAxis);
  int64_t rank = axes.size();
  for (KernelAxis &axis : axes)
    axis.pairs = full;
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
    axes[axis].pairs =
        *findOutputPairs(choice.kind.empty() ? options.kernel : choice.kind);
  }
  return Error::success();
}

/// Sets what a spec says of each axis.
static Error readSpec(KernelShape &shape, Model &model, StringRef text) {
  DiagnosticCollector diagnostics(model.module->getContext());
  auto emitError = [&] {
    return mlir::emitError(UnknownLoc::get(model.module->getContext()));
  };
  FailureOr<KernelSpec> spec = KernelSpec::parse(text, emitError);
  if (failed(spec))
    return diagnostics.takeError("--kernel", "");
  MutableArrayRef<KernelAxis> axes =
      MutableArrayRef(shape.axes).drop_front(shape.hasBatchAxis);
  if (spec->axes.size() != axes.size())
    return createStringError(
        "--kernel: expected letters for the " + Twine(axes.size()) +
        " axes of the output of one example" +
        (model.network.getResultTypes().size() > 1
             ? Twine(" (several outputs are joined flat)")
             : Twine("")) +
        ", but got " + Twine(spec->axes.size()) + " in '" + text + "'");
  for (auto [axis, pairs] : llvm::zip_equal(axes, spec->axes))
    axis.pairs = pairs;
  shape.spec = text;
  shape.dividesTraces = false;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

/// The axes of Θ that outputs are ordered by: traced, diagonal, full, the
/// slowest first.
static SmallVector<int64_t> getGroupOrder(ArrayRef<KernelAxis> axes) {
  SmallVector<int64_t> order;
  for (OutputPairs pairs : {trace, diagonal, full})
    for (auto [i, axis] : llvm::enumerate(axes))
      if (axis.pairs == pairs)
        order.push_back(i);
  return order;
}

static int64_t getSize(ArrayRef<KernelAxis> axes, OutputPairs pairs) {
  int64_t size = 1;
  for (const KernelAxis &axis : axes)
    if (axis.pairs == pairs)
      size *= axis.size;
  return size;
}

static bool hasAxis(ArrayRef<KernelAxis> axes, OutputPairs pairs) {
  return llvm::any_of(axes,
                      [&](const KernelAxis &a) { return a.pairs == pairs; });
}

/// The axes of the layout in the order of the groups, with their places in Θ.
static Error placeAxes(KernelShape &shape) {
  SmallVector<::ntk::rt::OutputAxis> places(shape.axes.size());
  int64_t stride = 1;
  for (size_t i = shape.axes.size(); i-- > 0;) {
    auto [size, pairs] = shape.axes[i];
    places[i] = {size, 0, 0};
    if (pairs.isFull()) {
      places[i].stride2 = stride;
      stride *= size;
    }
    if (pairs.kept) {
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

/// Groups, one for each index that is traced or kept once, where there are axes
/// that are not.
static void setGroups(KernelShape &shape) {
  int64_t traced = getSize(shape.axes, trace);
  int64_t kept = getSize(shape.axes, diagonal);
  Layout &layout = shape.layout;
  if (hasAxis(shape.axes, full)) {
    shape.request = full;
    layout.outputs = getSize(shape.axes, full);
    layout.groups = traced * kept;
  } else if (hasAxis(shape.axes, diagonal)) {
    shape.request = diagonal;
    layout.outputs = kept;
    layout.groups = traced;
  } else { // the rest is summed; a trace is divided in the tile
    shape.request = trace;
    layout.outputs = traced;
    layout.groups = traced = 1;
  }
  layout.summed = traced;
  shape.scale = shape.getTraceScale(traced);
  layout.pairs = shape.request;
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
  // A spec has a word for each axis; before it is read all are full.
  std::optional<OutputPairs> pairs = findOutputPairs(options.kernel);
  shape.wholeBatch = model.batchSize.has_value();
  shape.hasBatchAxis =
      shape.wholeBatch && hasBatchAxis(model.network, *model.batchSize);
  shape.axes =
      getJoinedAxes(model.network, shape.hasBatchAxis, pairs.value_or(full));
  if (!pairs)
    if (Error error = readSpec(shape, model, options.kernel))
      return std::move(error);
  if (!options.axes.empty())
    if (Error error = chooseAxes(shape, model, options))
      return std::move(error);
  if (shape.axes.empty() || isUniform(shape.axes)) {
    shape.request = shape.axes.empty() ? *pairs : shape.axes.front().pairs;
    shape.layout = {model.network.getOutputs(), shape.request};
    // One axis, and a diagonal of any, is as it comes.
    if (!shape.request.isFull() || shape.axes.size() < 2)
      return shape;
  } else {
    setGroups(shape);
  }
  if (shape.request.isTrace())
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
    if (axis.pairs.isSum())
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
