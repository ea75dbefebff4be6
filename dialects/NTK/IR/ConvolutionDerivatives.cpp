// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Derivatives, structures and batching of convolutions. A convolution is a
// contraction of patches with the kernel,
//   y[g,c,s] = Σ_{a,t} z[g,a,t,s] w[g,c,a,t],
// which is how its derivative in the kernel is built, how its Jacobian in the
// kernel is a feature and a delta, and how a kernel that differs from example
// to example is applied.

#include "dialects/NTK/IR/Convolution.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Derivatives
//===----------------------------------------------------------------------===//

/// Σ_s pixels[g,c,s] z[g,a,t,s] for the patches z of `image`, in the shape of
/// the kernel (operand 1).
template <typename OpTy>
static Value createKernelCotangent(OpBuilder &builder, OpTy op, Value image,
                                   Value pixels) {
  ArrayRef<int64_t> kernel = getShape(op.getKernel());
  Value z = createPatches(builder, op, image, kernel.drop_front(2), "");
  Value c = createReshape(builder, op.getLoc(), pixels, getSizes(op).gcs());
  Value w = createContract(builder, op.getLoc(), "gcs, gats -> gcat", {c, z});
  return createReshape(builder, op.getLoc(), w, kernel);
}

Value ConvOp::buildVjp(OpBuilder &builder, unsigned operand, Value cotangent) {
  if (operand == 1)
    return createKernelCotangent(builder, *this, getInput(), cotangent);
  ArrayRef<int64_t> size = getShape(getInput()).drop_front();
  return createOp<ConvTransposeOp>(builder, getLoc(), cotangent, getKernel(),
                                   builder.getDenseI64ArrayAttr(size),
                                   getStridesAttr(), getPaddingAttr(),
                                   getDilationsAttr(), getGroupsAttr());
}

Value ConvTransposeOp::buildVjp(OpBuilder &builder, unsigned operand,
                                Value cotangent) {
  if (operand == 1)
    return createKernelCotangent(builder, *this, cotangent, getInput());
  return createOp<ConvOp>(builder, getLoc(), cotangent, getKernel(),
                          getStridesAttr(), getPaddingAttr(),
                          getDilationsAttr(), getGroupsAttr());
}

Value PatchesOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createFoldPatches(builder, *this, cotangent, getKernelSize(),
                           getShape(getInput()).drop_front(), "");
}

Value FoldPatchesOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createPatches(builder, *this, cotangent, getKernelSize(), "");
}

//===----------------------------------------------------------------------===//
// Structures
//===----------------------------------------------------------------------===//

std::optional<JacobianStructure>
ConvOp::getJacobianStructure(OpBuilder &builder, unsigned operand) {
  if (operand != 1)
    return std::nullopt;
  JacobianStructure structure;
  ArrayRef<int64_t> kernelSize = getShape(getKernel()).drop_front(2);
  structure.features = {
      createPatches(builder, *this, getInput(), kernelSize, "")};
  structure.featureIndices = {"gats"};
  structure.result = {"gcs", getSizes(*this).gcs(), {}};
  structure.operand = {"gcat", getSizes(*this).gcat(), {}};
  return structure;
}

/// Where windows neither overlap nor leave gaps, q = s·kernel + τ, and the
/// input is the feature: y[g,a,(s,τ)] = Σ_c w[g,c,a,τ] x[g,c,s]. Elsewhere a
/// pixel mixes several taps and no index sharing says so.
std::optional<JacobianStructure>
ConvTransposeOp::getJacobianStructure(OpBuilder &builder, unsigned operand) {
  Window window = getWindow(*this);
  if (operand != 1 || window.isPadded() || window.getRank() > 4)
    return std::nullopt;
  SmallVector<int64_t> outputs = window.getOutputSizes();
  for (size_t axis = 0; axis < window.getRank(); ++axis) {
    if (window.strides[axis] != window.window[axis] ||
        (window.window[axis] > 1 && window.dilations[axis] != 1) ||
        outputs[axis] * window.window[axis] != window.input[axis])
      return std::nullopt;
  }
  ConvolutionSizes sizes = getSizes(*this);
  JacobianStructure structure;
  structure.result = {"ga", {sizes.groups, sizes.inputChannels}, {}};
  structure.operand = {
      "gca", {sizes.groups, sizes.outputChannels, sizes.inputChannels}, {}};
  std::string feature = "gc";
  SmallVector<int64_t> featureShape = {sizes.groups, sizes.outputChannels};
  for (size_t axis = 0; axis < window.getRank(); ++axis) {
    char pixel = "qrst"[axis], tap = "wxyz"[axis];
    feature += pixel;
    featureShape.push_back(outputs[axis]);
    structure.result.letters += {pixel, tap};
    structure.result.shape.append({outputs[axis], window.window[axis]});
    structure.operand.letters += tap;
    structure.operand.shape.push_back(window.window[axis]);
  }
  structure.features = {
      createReshape(builder, getLoc(), getInput(), featureShape)};
  structure.featureIndices = {feature};
  return structure;
}

//===----------------------------------------------------------------------===//
// Kernels with batch letters
//===----------------------------------------------------------------------===//

/// The contraction `spec` of an operand with letters `batch[0]` and a kernel
/// with letters `batch[1]`, which is reshaped to [g,c,a,t].
template <typename OpTy>
static Value contractWithKernel(OpBuilder &builder, OpTy op, Value value,
                                StringRef letters, Value kernel,
                                StringRef resultLetters,
                                ArrayRef<std::string> batch) {
  SmallVector<int64_t> shape = getSizes(op).gcat();
  Value w = createBatched<ReshapeOp>(builder, op.getLoc(), {batch[1]}, kernel,
                                     builder.getDenseI64ArrayAttr(shape));
  std::string spec = batch[0] + letters.str() + ", " + batch[1] + "gcat -> " +
                     unionOfBatches(batch) + resultLetters.str();
  return createContract(builder, op.getLoc(), spec, {value, w});
}

Value ConvOp::buildBatched(OpBuilder &builder, ValueRange operands,
                           ArrayRef<std::string> batch) {
  if (batch[1].empty())
    return cloneBatched(builder, *this, operands, batch);
  ArrayRef<int64_t> kernelSize = getShape(getKernel()).drop_front(2);
  Value z = createPatches(builder, *this, operands[0], kernelSize, batch[0]);
  Value y =
      contractWithKernel(builder, *this, z, "gats", operands[1], "gcs", batch);
  return createBatched<ReshapeOp>(
      builder, getLoc(), {unionOfBatches(batch)}, y,
      builder.getDenseI64ArrayAttr(getShape(getResult())));
}

Value ConvTransposeOp::buildBatched(OpBuilder &builder, ValueRange operands,
                                    ArrayRef<std::string> batch) {
  if (batch[1].empty())
    return cloneBatched(builder, *this, operands, batch);
  SmallVector<int64_t> shape = getSizes(*this).gcs();
  Value c = createBatched<ReshapeOp>(builder, getLoc(), {batch[0]}, operands[0],
                                     builder.getDenseI64ArrayAttr(shape));
  Value z =
      contractWithKernel(builder, *this, c, "gcs", operands[1], "gats", batch);
  return createFoldPatches(builder, *this, z,
                           getShape(getKernel()).drop_front(2), getOutputSize(),
                           unionOfBatches(batch));
}
