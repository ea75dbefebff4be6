// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rt.conv, rt.conv_backward_data and rt.patches: shapes, and the description
// of their geometry for the runtime library,
//
//   { rank, N, Cin, Cout, groups,
//     in[rank], kernel[rank], stride[rank], low[rank], high[rank],
//     dilation[rank] }

#include "dialects/RT/RTOps.h"

using namespace mlir;
using namespace mlir::ntk::rt;

namespace {
/// The geometry of a convolution x [N…, Cin, in…] -> y [N…, Cout, out…].
struct Geometry {
  int64_t batch;            // leading dimensions, all together N
  ArrayRef<int64_t> input;  // of x, from its channels on
  ArrayRef<int64_t> kernel; // spatial
  ArrayRef<int64_t> strides, padding, dilations;
  int64_t groups;

  int64_t getRank() const { return static_cast<int64_t>(kernel.size()); }

  int64_t getOutputSize(int64_t axis) const {
    int64_t room = input[axis + 1] + padding[2 * axis] + padding[2 * axis + 1] -
                   dilations[axis] * (kernel[axis] - 1) - 1;
    return room < 0 ? 0 : room / strides[axis] + 1;
  }

  /// Is this a convolution that the library has?
  LogicalResult verify(Operation *op) const {
    int64_t rank = getRank();
    if (rank < 1 || rank > 3)
      return op->emitOpError("expected 1 to 3 spatial axes, but got ") << rank;
    if (batch < 0)
      return op->emitOpError("expected an image of rank ")
             << rank + 1 << " or more, but got " << rank + 1 + batch;
    for (auto [name, list, size] : {std::tuple("strides", strides, rank),
                                    {"padding", padding, 2 * rank},
                                    {"dilations", dilations, rank}})
      if (static_cast<int64_t>(list.size()) != size)
        return op->emitOpError("expected ")
               << size << " numbers as " << name << ", but got " << list.size();
    for (auto [name, list] :
         {std::pair("strides", strides), {"dilations", dilations}}) {
      for (int64_t number : list)
        if (number < 1)
          return op->emitOpError("expected positive ")
                 << name << ", but got " << number;
    }
    if (groups < 1 || input[0] % groups)
      return op->emitOpError("expected groups that divide ")
             << input[0] << " channels, but got " << groups;
    for (int64_t size : llvm::concat<const int64_t>(input, kernel))
      if (ShapedType::isDynamic(size))
        return op->emitOpError("expected static sizes of channels and pixels");
    return success();
  }

  /// For an op whose operand number `image` is x.
  SmallVector<SizeProduct> describe(Operation *op, unsigned image,
                                    int64_t outputs) const {
    SizeProduct examples = 1;
    for (int64_t axis = 0; axis < batch; ++axis)
      examples = examples * SizeProduct::ofSize(op, image, axis);
    SmallVector<SizeProduct> numbers = {getRank(), examples, input[0], outputs,
                                        groups};
    llvm::append_range(numbers, input.drop_front());
    llvm::append_range(numbers, kernel);
    llvm::append_range(numbers, strides);
    for (int64_t side : {0, 1})
      for (int64_t axis = 0; axis < getRank(); ++axis)
        numbers.push_back(padding[2 * axis + side]);
    llvm::append_range(numbers, dilations);
    return numbers;
  }
};
} // namespace

static ArrayRef<int64_t> getShape(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

template <typename OpTy>
static Geometry getGeometry(OpTy op, Value image, ArrayRef<int64_t> kernel) {
  ArrayRef<int64_t> shape = getShape(image);
  int64_t batch = static_cast<int64_t>(shape.size()) -
                  static_cast<int64_t>(kernel.size()) - 1;
  return {batch,
          batch < 0 ? shape : shape.drop_front(batch),
          kernel,
          op.getStrides(),
          op.getPadding(),
          op.getDilations(),
          static_cast<int64_t>(op.getGroups())};
}

/// Of an op with image x, kernel w and convolved y.
template <typename OpTy>
static LogicalResult verifyConvolution(OpTy op, Value x, Value w, Value y) {
  if (failed(verifyDestination(op)))
    return failure();
  ArrayRef<int64_t> kernel = getShape(w), output = getShape(y);
  if (kernel.size() < 3)
    return op.emitOpError("expected a kernel of rank 3 to 5, but got ")
           << w.getType();
  Geometry geometry = getGeometry(op, x, kernel.drop_front(2));
  if (failed(geometry.verify(op)))
    return failure();
  if (kernel[1] * geometry.groups != geometry.input[0])
    return op.emitOpError("expected ")
           << geometry.input[0] / geometry.groups
           << " input channels in the kernel, but got " << kernel[1];
  if (kernel[0] % geometry.groups)
    return op.emitOpError("expected groups that divide ")
           << kernel[0] << " output channels, but got " << geometry.groups;
  SmallVector<int64_t> expected(getShape(x).take_front(geometry.batch));
  expected.push_back(kernel[0]);
  for (int64_t axis = 0; axis < geometry.getRank(); ++axis)
    expected.push_back(geometry.getOutputSize(axis));
  if (output != ArrayRef<int64_t>(expected))
    return op.emitOpError("expected a convolved image of shape [")
           << expected << "], but got [" << output << "]";
  return success();
}

template <typename OpTy>
static void buildConvolution(OpBuilder &builder, OperationState &state,
                             ValueRange operands, ArrayRef<NamedAttribute> more,
                             ArrayRef<int64_t> strides,
                             ArrayRef<int64_t> padding,
                             ArrayRef<int64_t> dilations, int64_t groups) {
  state.addOperands(operands);
  state.addAttributes(more);
  StringAttr names[] = {OpTy::getStridesAttrName(state.name),
                        OpTy::getPaddingAttrName(state.name),
                        OpTy::getDilationsAttrName(state.name)};
  ArrayRef<int64_t> lists[] = {strides, padding, dilations};
  for (auto [name, list] : llvm::zip_equal(names, lists))
    state.addAttribute(name, builder.getDenseI64ArrayAttr(list));
  state.addAttribute(OpTy::getGroupsAttrName(state.name),
                     builder.getI64IntegerAttr(groups));
  if (isa<RankedTensorType>(operands.back().getType()))
    state.addTypes(operands.back().getType());
}

//===----------------------------------------------------------------------===//
// For readers
//===----------------------------------------------------------------------===//

/// "{2, 2}", of every `step`th number from `first` on.
static std::string spellList(ArrayRef<int64_t> numbers, size_t first = 0,
                             size_t step = 1) {
  std::string text;
  for (size_t i = first; i < numbers.size(); i += step)
    text += (text.empty() ? "" : ", ") + std::to_string(numbers[i]);
  return "{" + text + "}";
}

/// A Window of ntk-rt.
template <typename OpTy>
static std::string spellWindow(OpTy op, ArrayRef<int64_t> kernel) {
  return "rt::Window<" + std::to_string(kernel.size()) + ">{" + "/*size*/" +
         spellList(kernel) + ", /*strides*/" + spellList(op.getStrides()) +
         ", /*pads*/" + spellList(op.getPadding(), 0, 2) + ", " +
         spellList(op.getPadding(), 1, 2) + ", /*dilations*/" +
         spellList(op.getDilations()) + ", /*groups*/" +
         std::to_string(op.getGroups()) + "}";
}

/// A product and a sum for each tap of each pixel of the convolved image, which
/// is operand number `y` of `op`.
static SizeProduct countConvolution(Operation *op, Value kernel, unsigned y) {
  SizeProduct count = 2;
  for (int64_t extent : getShape(kernel).drop_front())
    count = count * extent;
  for (size_t axis = 0; axis < getShape(op->getOperand(y)).size(); ++axis)
    count = count * SizeProduct::ofSize(op, y, axis);
  return count;
}

//===----------------------------------------------------------------------===//
// rt.conv and rt.conv_backward_data
//===----------------------------------------------------------------------===//

void ConvOp::build(OpBuilder &builder, OperationState &state, Value input,
                   Value kernel, Value out, ArrayRef<int64_t> strides,
                   ArrayRef<int64_t> padding, ArrayRef<int64_t> dilations,
                   int64_t groups) {
  buildConvolution<ConvOp>(builder, state, {input, kernel, out}, {}, strides,
                           padding, dilations, groups);
}

LogicalResult ConvOp::verify() {
  return verifyConvolution(*this, getInput(), getKernel(), getOut());
}

Routine ConvOp::getRoutine() { return Routine::Convolution; }

std::string ConvOp::getRuntimeFunction() {
  return getTypedName("ntk_rt_conv", getOut().getType());
}

SourceCall ConvOp::getSourceCall() {
  return {"convolution", "",
          spellWindow(*this, getShape(getKernel()).drop_front(2))};
}

std::string ConvOp::getEquation(ArrayRef<StringRef> names) {
  return (names[2] + " = " + names[0] + " convolved by " + names[1]).str();
}

SizeProduct ConvOp::countFlops() {
  return countConvolution(*this, getKernel(), 2);
}

SmallVector<SizeProduct> ConvOp::getDescription() {
  ArrayRef<int64_t> kernel = getShape(getKernel());
  return getGeometry(*this, getInput(), kernel.drop_front(2))
      .describe(*this, 0, kernel[0]);
}

void ConvBackwardDataOp::build(OpBuilder &builder, OperationState &state,
                               Value cotangent, Value kernel, Value out,
                               ArrayRef<int64_t> strides,
                               ArrayRef<int64_t> padding,
                               ArrayRef<int64_t> dilations, int64_t groups) {
  buildConvolution<ConvBackwardDataOp>(builder, state, {cotangent, kernel, out},
                                       {}, strides, padding, dilations, groups);
}

LogicalResult ConvBackwardDataOp::verify() {
  return verifyConvolution(*this, getOut(), getKernel(), getCotangent());
}

Routine ConvBackwardDataOp::getRoutine() {
  return Routine::ConvolutionBackwardData;
}

std::string ConvBackwardDataOp::getRuntimeFunction() {
  return getTypedName("ntk_rt_conv_backward_data", getOut().getType());
}

SourceCall ConvBackwardDataOp::getSourceCall() {
  return {"convolutionBackwardData", "",
          spellWindow(*this, getShape(getKernel()).drop_front(2))};
}

std::string ConvBackwardDataOp::getEquation(ArrayRef<StringRef> names) {
  return (names[2] + " = " + names[0] +
          " through the transpose of the convolution by " + names[1])
      .str();
}

SizeProduct ConvBackwardDataOp::countFlops() {
  return countConvolution(*this, getKernel(), 0);
}

SmallVector<SizeProduct> ConvBackwardDataOp::getDescription() {
  ArrayRef<int64_t> kernel = getShape(getKernel());
  return getGeometry(*this, getOut(), kernel.drop_front(2))
      .describe(*this, 2, kernel[0]);
}

//===----------------------------------------------------------------------===//
// rt.patches
//===----------------------------------------------------------------------===//

void PatchesOp::build(OpBuilder &builder, OperationState &state, Value input,
                      Value out, ArrayRef<int64_t> kernelSize,
                      ArrayRef<int64_t> strides, ArrayRef<int64_t> padding,
                      ArrayRef<int64_t> dilations, int64_t groups) {
  NamedAttribute size(getKernelSizeAttrName(state.name),
                      builder.getDenseI64ArrayAttr(kernelSize));
  buildConvolution<PatchesOp>(builder, state, {input, out}, size, strides,
                              padding, dilations, groups);
}

LogicalResult PatchesOp::verify() {
  if (failed(verifyDestination(*this)))
    return failure();
  Geometry geometry = getGeometry(*this, getInput(), getKernelSize());
  if (failed(geometry.verify(*this)))
    return failure();
  int64_t taps = 1, pixels = 1;
  for (int64_t axis = 0; axis < geometry.getRank(); ++axis) {
    taps *= geometry.kernel[axis];
    pixels *= geometry.getOutputSize(axis);
  }
  SmallVector<int64_t> expected(
      getShape(getInput()).take_front(geometry.batch));
  expected.append(
      {geometry.groups, geometry.input[0] / geometry.groups, taps, pixels});
  if (getShape(getOut()) != ArrayRef<int64_t>(expected))
    return emitOpError("expected patches of shape [")
           << expected << "], but got [" << getShape(getOut()) << "]";
  return success();
}

Routine PatchesOp::getRoutine() { return Routine::Patches; }

std::string PatchesOp::getRuntimeFunction() {
  return getTypedName("ntk_rt_patches", getOut().getType());
}

SourceCall PatchesOp::getSourceCall() {
  return {"patches", "", spellWindow(*this, getKernelSize())};
}

std::string PatchesOp::getEquation(ArrayRef<StringRef> names) {
  return (names[1] +
          "[…, group, channel, tap, pixel] = what a convolution "
          "reads of " +
          names[0])
      .str();
}

SmallVector<SizeProduct> PatchesOp::getDescription() {
  return getGeometry(*this, getInput(), getKernelSize())
      .describe(*this, 0, /*outputs=*/1);
}
