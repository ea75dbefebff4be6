// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The FLOPs that the cost interface sums over an expanded kernel are those that
// the reference interpreter counts, one by one, when it runs the same program.

#include "mlir/Parser/Parser.h"
#include "ntk/Kernel/Simplify.h"
#include "ntk/Plan/Plan.h"
#include "ntk/Reference/Interpreter.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {

constexpr int64_t examples = 3;

/// Types with `examples` for every dynamic size.
Type specialize(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return type;
  SmallVector<int64_t> shape(tensor.getShape());
  std::replace(shape.begin(), shape.end(), ShapedType::kDynamic, examples);
  return RankedTensorType::get(shape, tensor.getElementType());
}

/// Makes all sizes of a function static.
void specialize(func::FuncOp function) {
  for (BlockArgument argument : function.getArguments())
    argument.setType(specialize(argument.getType()));
  SmallVector<ZerosOp> zeros;
  function.walk([&](Operation *op) {
    for (Value result : op->getResults())
      result.setType(specialize(result.getType()));
    if (auto zero = dyn_cast<ZerosOp>(op))
      zeros.push_back(zero);
  });
  for (ZerosOp zero : zeros) {
    OpBuilder builder(zero);
    auto type = cast<RankedTensorType>(zero.getType());
    zero.replaceAllUsesWith(createOp<ZerosOp>(
        builder, zero.getLoc(), ValueRange(),
        builder.getDenseI64ArrayAttr(type.getShape()), zero.getElementAttr()));
    zero.erase();
  }
}

/// Runs a function on numbers that no derivative or kink treats specially.
int64_t countFlops(func::FuncOp function) {
  specialize(function);
  Interpreter interpreter;
  std::deque<DualTensor> arguments;
  double value = 0.3;
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    DualTensor &tensor =
        arguments.emplace_back(type ? type.getShape() : ArrayRef<int64_t>());
    for (Dual &element : tensor.elements)
      element = value = value < 0.9 ? value + 0.017 : 0.3;
    interpreter.bind(argument, tensor);
  }
  Dual::flops() = 0;
  EXPECT_TRUE(succeeded(interpreter.run(function.getBody().front())));
  return Dual::flops();
}

void check(func::FuncOp function) {
  double expected = getFlops(function).evaluate([](char) { return examples; });
  EXPECT_EQ(countFlops(function), expected) << function.getName().str();
}

class Flops : public testing::TestWithParam<const char *> {};

TEST_P(Flops, AreCounted) {
  DialectRegistry registry;
  registry.insert<NTKDialect, func::FuncDialect>();
  MLIRContext context(registry);
  for (KernelMethod method :
       {KernelMethod::Structured, KernelMethod::JacobianContraction,
        KernelMethod::NtkVectorProducts}) {
    OwningOpRef<ModuleOp> module =
        parseSourceString<ModuleOp>(GetParam(), &context);
    ASSERT_TRUE(module);
    context.loadDialect<func::FuncDialect>();
    KernelOp kernel = *module->getOps<KernelOp>().begin();
    Schedule schedule;
    schedule.method = method;
    kernel.setDecisions(schedule);
    ASSERT_TRUE(succeeded(expandKernel(kernel)));
    ASSERT_TRUE(succeeded(simplifyKernels(*module)));
    planContractions(*module, examples, examples);
    ASSERT_TRUE(succeeded(applyPlans(*module)));
    KernelFunctions functions = findKernelFunctions(*module, "theta");
    check(functions.tile);
    check(functions.factors1);
    if (functions.factors2 != functions.factors1)
      check(functions.factors2);
  }
}

const char *const dense = R"mlir(
ntk.network @mlp(%x: tensor<5xf64>, %w1: tensor<4x5xf64> {ntk.param = "w1"},
                 %b1: tensor<4xf64> {ntk.param = "b1"},
                 %w2: tensor<2x4xf64> {ntk.param = "w2"}) -> tensor<2xf64> {
  %a = ntk.contract "k, ck -> c" (%x, %w1) : (tensor<5xf64>, tensor<4x5xf64>) -> tensor<4xf64>
  %b = ntk.add %a, %b1 : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>
  %h = ntk.tanh %b : (tensor<4xf64>) -> tensor<4xf64>
  %y = ntk.contract "k, ck -> c" (%h, %w2) : (tensor<4xf64>, tensor<2x4xf64>) -> tensor<2xf64>
  ntk.return %y : tensor<2xf64>
}
ntk.kernel @theta of @mlp "now, mpw -> nmop" (J1, J2)
)mlir";

const char *const convolution = R"mlir(
ntk.network @cnn(%x: tensor<2x5x5xf64>, %w: tensor<3x2x3x3xf64> {ntk.param = "w"},
                 %v: tensor<2x3xf64> {ntk.param = "v"}) -> tensor<2xf64> {
  %a = ntk.conv %x, %w {strides = array<i64: 2, 2>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64}
      : (tensor<2x5x5xf64>, tensor<3x2x3x3xf64>) -> tensor<3x3x3xf64>
  %h = ntk.tanh %a : (tensor<3x3x3xf64>) -> tensor<3x3x3xf64>
  %p = ntk.reduce_sum %h {axes = array<i64: 1, 2>} : (tensor<3x3x3xf64>) -> tensor<3xf64>
  %y = ntk.contract "k, ck -> c" (%p, %v) : (tensor<3xf64>, tensor<2x3xf64>) -> tensor<2xf64>
  ntk.return %y : tensor<2xf64>
}
ntk.kernel @theta of @cnn "now, mpw -> nmop" (J1, J2)
)mlir";

const char *const shared = R"mlir(
ntk.network @shared(%x: tensor<3xf64>, %w: tensor<3x3xf64> {ntk.param = "w"}) -> tensor<3xf64> {
  %a = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf64>, tensor<3x3xf64>) -> tensor<3xf64>
  %h = ntk.tanh %a : (tensor<3xf64>) -> tensor<3xf64>
  %b = ntk.contract "k, ck -> c" (%h, %w) : (tensor<3xf64>, tensor<3x3xf64>) -> tensor<3xf64>
  %y = ntk.mul %b, %h : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}
ntk.kernel @theta of @shared "now, mpw -> nmop" (J1, J2)
)mlir";

INSTANTIATE_TEST_SUITE_P(Networks, Flops,
                         testing::Values(dense, convolution, shared));

} // namespace
