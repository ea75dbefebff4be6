// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled kernel programs against the same sums written as plain loops.

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "ntk/Compile/Jit.h"
#include "ntk/Lower/Passes.h"
#include "ntk/Register/Register.h"
#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace mlir::ntk;

namespace {

/// Memory aligned as blocks are, filled with a pattern no result has.
template <typename T> class Block {
public:
  explicit Block(double bytes)
      : memory(static_cast<size_t>(bytes) / sizeof(T) + 64 / sizeof(T) + 1,
               T(-1e30)) {}

  T *data() {
    auto address = reinterpret_cast<uintptr_t>(memory.data());
    return reinterpret_cast<T *>((address + 63) / 64 * 64);
  }
  void fillRandom(unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (T &element : memory)
      element = static_cast<T>(uniform(generator));
  }

private:
  std::vector<T> memory;
};

class JitTest : public ::testing::Test {
protected:
  JitTest() {
    DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  /// Level 2 text to a program; `type` stands for REAL in it.
  std::unique_ptr<JitProgram> compile(std::string text, StringRef type) {
    for (size_t at; (at = text.find("REAL")) != std::string::npos;)
      text.replace(at, 4, type.str());
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return nullptr;
    PassManager manager(&context);
    buildLowerPipeline(manager);
    if (failed(manager.run(*module)))
      return nullptr;
    auto program = JitProgram::compile(*module, "theta");
    if (!program) {
      ADD_FAILURE() << llvm::toString(program.takeError());
      return nullptr;
    }
    return std::move(*program);
  }

  MLIRContext context;
};

/// f(x) = V tanh(W x): factors x and c = V (1 - h²) [n, o, 5].
/// Of W alone, Θ[n,o,m,p] = (x1·x2) Σ_c c1 c2.
const char *denseNetwork = R"mlir(
func.func @theta_factors(
    %x: tensor<?x7xREAL> {ntk.batch = "n", ntk.input = "x"},
    %n: index {ntk.size = "n"},
    %v: tensor<3x5xREAL> {ntk.param = "v"},
    %w: tensor<5x7xREAL> {ntk.param = "w"})
    -> (tensor<?x7xREAL>, tensor<?x3x5xREAL>)
    attributes {ntk.kernel = @theta, ntk.role = "factors",
                ntk.sides = array<i64: 1, 2>} {
  %a = ntk.contract "nk, ck -> nc" (%x, %w)
      : (tensor<?x7xREAL>, tensor<5x7xREAL>) -> tensor<?x5xREAL>
  %h = ntk.tanh %a {batch = ["n"]} : (tensor<?x5xREAL>) -> tensor<?x5xREAL>
  %s = ntk.square %h {batch = ["n"]} : (tensor<?x5xREAL>) -> tensor<?x5xREAL>
  %g = ntk.neg %s {batch = ["n"]} : (tensor<?x5xREAL>) -> tensor<?x5xREAL>
  %d = ntk.shift %g {batch = ["n"], offset = 1.0 : f64}
      : (tensor<?x5xREAL>) -> tensor<?x5xREAL>
  %c = ntk.contract "oc, nc -> noc" (%v, %d)
      : (tensor<3x5xREAL>, tensor<?x5xREAL>) -> tensor<?x3x5xREAL>
  return %x, %c : tensor<?x7xREAL>, tensor<?x3x5xREAL>
}
func.func @theta_tile(
    %n: index {ntk.size = "n"}, %m: index {ntk.size = "m"},
    %x1: tensor<?x7xREAL> {ntk.batch = "n", ntk.factor = 0, ntk.side = 1},
    %c1: tensor<?x3x5xREAL> {ntk.batch = "no", ntk.factor = 1, ntk.side = 1},
    %x2: tensor<?x7xREAL> {ntk.batch = "m", ntk.factor = 0, ntk.side = 2},
    %c2: tensor<?x3x5xREAL> {ntk.batch = "mp", ntk.factor = 1, ntk.side = 2},
    %v: tensor<3x5xREAL> {ntk.param = "v"})
    -> tensor<?x3x?x3xREAL>
    attributes {ntk.kernel = @theta, ntk.role = "tile"} {
  %k = ntk.contract "nk, mk -> nm" (%x1, %x2)
      : (tensor<?x7xREAL>, tensor<?x7xREAL>) -> tensor<?x?xREAL>
  %g = ntk.contract "noc, mpc -> nomp" (%c1, %c2)
      : (tensor<?x3x5xREAL>, tensor<?x3x5xREAL>) -> tensor<?x3x?x3xREAL>
  %t = ntk.contract "nomp, nm -> nomp" (%g, %k)
      : (tensor<?x3x?x3xREAL>, tensor<?x?xREAL>) -> tensor<?x3x?x3xREAL>
  return %t : tensor<?x3x?x3xREAL>
}
)mlir";

template <typename T>
void checkDenseNetwork(JitProgram &program, int64_t n, int64_t m) {
  std::map<std::string, int64_t> offsets;
  const KernelSizes &sizes = program.getSizes();
  for (const auto &[name, offset] : sizes.parameterOffsets)
    offsets[name] = offset;
  ASSERT_EQ(offsets.size(), 2u);
  Block<T> params(sizes.parameterBytes);
  params.fillRandom(1);
  const T *v = params.data() + offsets["v"] / sizeof(T);
  const T *w = params.data() + offsets["w"] / sizeof(T);

  Block<T> x[] = {Block<T>(n * 7 * sizeof(T)), Block<T>(m * 7 * sizeof(T))};
  int64_t counts[] = {n, m};
  std::vector<Block<T>> factors;
  std::vector<double> gradients[2];
  for (int side : {0, 1}) {
    x[side].fillRandom(2 + side);
    int64_t count = counts[side];
    auto size = [&](char) { return count; };
    factors.emplace_back(sizes.factorBytes[side].evaluate(size));
    Block<T> arena(sizes.factorArena[side].evaluate(size));
    program.factors(side + 1, {x[side].data()}, count, 0, params.data(),
                    arena.data(), factors[side].data());
    for (int64_t i = 0; i < count; ++i)
      for (int o = 0; o < 3; ++o)
        for (int c = 0; c < 5; ++c) {
          double a = 0;
          for (int k = 0; k < 7; ++k)
            a += double(w[c * 7 + k]) * x[side].data()[i * 7 + k];
          double h = std::tanh(a);
          gradients[side].push_back(v[o * 5 + c] * (1 - h * h));
        }
  }
  Block<T> theta(n * m * 9 * sizeof(T));
  auto size = [&](char letter) { return letter == 'n' ? n : m; };
  Block<T> arena(sizes.tileArena.evaluate(size));
  program.tile(factors[0].data(), factors[1].data(), n, m, params.data(),
               arena.data(), theta.data());

  double tolerance = sizeof(T) == 4 ? 2e-5 : 1e-12;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < m; ++j)
      for (int o = 0; o < 3; ++o)
        for (int p = 0; p < 3; ++p) {
          double gram = 0, product = 0;
          for (int k = 0; k < 7; ++k)
            gram += double(x[0].data()[i * 7 + k]) * x[1].data()[j * 7 + k];
          for (int c = 0; c < 5; ++c)
            product += gradients[0][(i * 3 + o) * 5 + c] *
                       gradients[1][(j * 3 + p) * 5 + c];
          ASSERT_NEAR(theta.data()[((i * 3 + o) * m + j) * 3 + p],
                      gram * product, tolerance);
        }
}

TEST_F(JitTest, DenseNetworkF32) {
  auto program = compile(denseNetwork, "f32");
  ASSERT_TRUE(program);
  EXPECT_TRUE(program->getSizes().sharedFactors);
  for (auto [n, m] : {std::pair(1, 1), {4, 3}, {130, 257}})
    checkDenseNetwork<float>(*program, n, m);
}

TEST_F(JitTest, DenseNetworkF64) {
  auto program = compile(denseNetwork, "f64");
  ASSERT_TRUE(program);
  for (auto [n, m] : {std::pair(1, 2), {33, 5}})
    checkDenseNetwork<double>(*program, n, m);
}

/// Elementary functions of one number, each a factor.
const char *elementary = R"mlir(
func.func @theta_factors(
    %x: tensor<?x1xREAL> {ntk.batch = "n", ntk.input = "x"},
    %n: index {ntk.size = "n"})
    -> (tensor<?x1xREAL>, tensor<?x1xREAL>, tensor<?x1xREAL>, tensor<?x1xREAL>,
        tensor<?x1xREAL>)
    attributes {ntk.kernel = @theta, ntk.role = "factors",
                ntk.sides = array<i64: 1, 2>} {
  %0 = ntk.exp %x {batch = ["n"]} : (tensor<?x1xREAL>) -> tensor<?x1xREAL>
  %1 = ntk.tanh %x {batch = ["n"]} : (tensor<?x1xREAL>) -> tensor<?x1xREAL>
  %2 = ntk.erf %x {batch = ["n"]} : (tensor<?x1xREAL>) -> tensor<?x1xREAL>
  %3 = ntk.log %x {batch = ["n"]} : (tensor<?x1xREAL>) -> tensor<?x1xREAL>
  %4 = ntk.softplus %x {batch = ["n"]} : (tensor<?x1xREAL>) -> tensor<?x1xREAL>
  return %0, %1, %2, %3, %4 : tensor<?x1xREAL>, tensor<?x1xREAL>,
      tensor<?x1xREAL>, tensor<?x1xREAL>, tensor<?x1xREAL>
}
func.func @theta_tile(
    %n: index {ntk.size = "n"}, %m: index {ntk.size = "m"},
    %a0: tensor<?x1xREAL> {ntk.batch = "n", ntk.factor = 0, ntk.side = 1},
    %a1: tensor<?x1xREAL> {ntk.batch = "n", ntk.factor = 1, ntk.side = 1},
    %a2: tensor<?x1xREAL> {ntk.batch = "n", ntk.factor = 2, ntk.side = 1},
    %a3: tensor<?x1xREAL> {ntk.batch = "n", ntk.factor = 3, ntk.side = 1},
    %a4: tensor<?x1xREAL> {ntk.batch = "n", ntk.factor = 4, ntk.side = 1},
    %b0: tensor<?x1xREAL> {ntk.batch = "m", ntk.factor = 0, ntk.side = 2},
    %b1: tensor<?x1xREAL> {ntk.batch = "m", ntk.factor = 1, ntk.side = 2},
    %b2: tensor<?x1xREAL> {ntk.batch = "m", ntk.factor = 2, ntk.side = 2},
    %b3: tensor<?x1xREAL> {ntk.batch = "m", ntk.factor = 3, ntk.side = 2},
    %b4: tensor<?x1xREAL> {ntk.batch = "m", ntk.factor = 4, ntk.side = 2})
    -> tensor<?x?xREAL>
    attributes {ntk.kernel = @theta, ntk.role = "tile"} {
  %t = ntk.contract "nk, mk -> nm" (%a0, %b0)
      : (tensor<?x1xREAL>, tensor<?x1xREAL>) -> tensor<?x?xREAL>
  return %t : tensor<?x?xREAL>
}
)mlir";

double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

/// Every function within `ulps` of the C library's, also at the edges.
template <typename T> void checkElementary(JitProgram &program, double ulps) {
  std::vector<T> points = {0,
                           -0.0,
                           1,
                           -1,
                           1e-30,
                           -1e-30,
                           0.5,
                           0.25,
                           80,
                           -80,
                           1e-3,
                           0.9999,
                           1.0001,
                           5.9,
                           6.1,
                           20,
                           std::numeric_limits<T>::infinity()};
  for (int i = -4000; i < 4000; ++i)
    points.push_back(static_cast<T>(i) / 331);
  int64_t n = points.size();
  auto size = [&](char) { return n; };
  Block<T> x(n * sizeof(T)), params(64);
  Block<T> arena(program.getSizes().factorArena[0].evaluate(size));
  Block<T> factors(program.getSizes().factorBytes[0].evaluate(size));
  std::copy(points.begin(), points.end(), x.data());
  program.factors(1, {x.data()}, n, 0, params.data(), arena.data(),
                  factors.data());
  double (*expected[])(double) = {std::exp, std::tanh, std::erf, std::log,
                                  softplus};
  for (int f = 0; f < 5; ++f)
    for (int64_t i = 0; i < n; ++i) {
      double want = expected[f](points[i]);
      double got = factors.data()[f * n * 64 / sizeof(T) + i];
      if (std::isnan(want) || std::isinf(want)) {
        EXPECT_TRUE(std::isnan(want) ? std::isnan(got) : got == want)
            << "function " << f << " at " << points[i] << " is " << got;
        continue;
      }
      double ulp =
          std::numeric_limits<T>::epsilon() *
          std::max(std::abs(want), double(std::numeric_limits<T>::min()));
      EXPECT_LE(std::abs(got - want), ulps * ulp)
          << "function " << f << " at " << points[i] << " is " << got;
    }
}

TEST_F(JitTest, ElementaryFunctionsF64) {
  auto program = compile(elementary, "f64");
  ASSERT_TRUE(program);
  checkElementary<double>(*program, 5);
}

TEST_F(JitTest, ElementaryFunctionsF32) {
  auto program = compile(elementary, "f32");
  ASSERT_TRUE(program);
  checkElementary<float>(*program, 8);
}

TEST_F(JitTest, MissingFunctionIsAnError) {
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>("module {}", &context);
  auto program = JitProgram::compile(*module, "theta");
  ASSERT_FALSE(static_cast<bool>(program));
  EXPECT_EQ(llvm::toString(program.takeError()),
            "expected factor and tile functions of the kernel 'theta'");
}

} // namespace
