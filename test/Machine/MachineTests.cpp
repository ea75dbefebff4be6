// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Machines: what is read off between the shapes that were measured, and files.

#include "ntk/Machine/MachineFile.h"
#include "gtest/gtest.h"

using namespace mlir::ntk;
using ::ntk::rt::ConvolutionShape;
using ::ntk::rt::GemmIndex;

namespace {

/// C[m,n] = A[m,k] B[k,n], all row-major.
Step makeProduct(int64_t m, int64_t n, int64_t k, bool isDouble = false) {
  ProductWork work;
  work.loops = {};
  work.loops.m = {m, k, 0, n};
  work.loops.n = {n, 0, 1, 1};
  work.loops.k = {k, 1, n, 0};
  Step step;
  step.work = work;
  step.isDouble = isDouble;
  return step;
}

Step makeLoop(LoopWork work) {
  Step step;
  step.work = work;
  return step;
}

TEST(ProductRates, HasTheGridAndMeansBetween) {
  ProductRates rates;
  auto sides = ProductRates::getSides(), depths = ProductRates::getDepths();
  for (int64_t m : sides)
    for (int64_t n : sides)
      for (int64_t k : depths)
        rates.rates.push_back(1e9 * static_cast<double>(m + 2 * n + 3 * k));
  auto expected = [](double m, double n, double k) {
    return 1e9 * (m + 2 * n + 3 * k);
  };
  auto number = [](int64_t size) { return static_cast<double>(size); };
  for (int64_t m : sides)
    for (int64_t k : depths)
      EXPECT_NEAR(rates.getRate(number(m), 4, number(k)),
                  expected(number(m), 4, number(k)), 1);
  double between = rates.getRate(11, 4, 16);
  EXPECT_GT(between, expected(8, 4, 16));
  EXPECT_LT(between, expected(16, 4, 16));
  EXPECT_DOUBLE_EQ(rates.getRate(1e6, 1e6, 1e6),
                   rates.getRate(number(sides.back()), number(sides.back()),
                                 number(depths.back())));
}

TEST(Orientation, IsThatOfTheLibrary) {
  auto layoutOf = [](GemmIndex m, GemmIndex n, GemmIndex k) {
    return orient(m, n, k).layout;
  };
  // Row-major: A[4,6], B[6,5], C[4,5].
  EXPECT_EQ(layoutOf({4, 6, 0, 5}, {5, 0, 1, 1}, {6, 1, 5, 0}),
            ProductLayout::NN);
  EXPECT_EQ(layoutOf({4, 6, 0, 5}, {5, 0, 6, 1}, {6, 1, 1, 0}),
            ProductLayout::NT);
  EXPECT_EQ(layoutOf({4, 1, 0, 5}, {5, 0, 1, 1}, {6, 4, 5, 0}),
            ProductLayout::TN);
  EXPECT_EQ(layoutOf({4, 1, 0, 5}, {5, 0, 6, 1}, {6, 4, 1, 0}),
            ProductLayout::TT);
  // C along its columns: the transposed product.
  OrientedProduct turned = orient({4, 6, 0, 1}, {5, 0, 1, 4}, {6, 1, 5, 0});
  EXPECT_EQ(turned.m, 5);
  EXPECT_EQ(turned.n, 4);
  EXPECT_EQ(turned.layout, ProductLayout::TT);
}

TEST(Machine, PricesGrowWithTheWork) {
  Machine machine = getDefaultMachine(2);
  double once = machine.getSeconds(makeProduct(256, 256, 256));
  double twice = machine.getSeconds(makeProduct(256, 512, 256));
  EXPECT_GT(twice, 1.6 * once);
  EXPECT_LT(twice, 2.5 * once);
  EXPECT_GT(machine.getSeconds(makeProduct(256, 256, 256, true)), 1.3 * once);
  EXPECT_GT(machine.getSeconds(makeProduct(3, 3, 3)), 0);
  // More threads take less time, where there is something to share.
  EXPECT_LT(getDefaultMachine(8).getSeconds(makeProduct(512, 512, 512)),
            0.5 * machine.getSeconds(makeProduct(512, 512, 512)));

  LoopWork copy;
  copy.iterations = 1e6;
  LoopWork functions = copy;
  functions.functions = 2e6;
  LoopWork shared = functions;
  shared.isShared = true;
  EXPECT_GT(machine.getSeconds(makeLoop(functions)),
            1.5 * machine.getSeconds(makeLoop(copy)));
  EXPECT_LT(machine.getSeconds(makeLoop(shared)),
            0.7 * machine.getSeconds(makeLoop(functions)));

  // What lies in memory takes longer than what is in a cache.
  Step near = makeLoop(copy), far = near;
  near.traffic = {{4e6, 1e5}};
  far.traffic = {{4e6, 1e9}};
  EXPECT_GT(machine.getSeconds(far), machine.getSeconds(near));
}

TEST(Machine, ConvolutionsAreThoseOfTheNearestShapes) {
  Machine machine = getDefaultMachine(2);
  auto getSeconds = [&](int64_t examples, int64_t channels, int64_t groups,
                        bool isBackward) {
    const int64_t d[] = {2, examples, channels, channels, groups, 16, 16, 3, 3,
                         1, 1,        1,        1,        1,      1,  1,  1};
    Step step;
    step.work = ConvolutionWork{ConvolutionShape::parse(d), isBackward};
    return machine.getSeconds(step);
  };
  EXPECT_NEAR(getSeconds(64, 64, 1, false) / getSeconds(32, 64, 1, false), 2,
              0.2);
  EXPECT_GT(getSeconds(32, 64, 1, true), 0.3 * getSeconds(32, 64, 1, false));
  EXPECT_LT(getSeconds(32, 64, 64, false), getSeconds(32, 64, 1, false));
}

std::string write(const Machine &machine) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeMachine(machine, os);
  return text;
}

TEST(MachineFile, IsReadAsItWasWritten) {
  Machine machine = getDefaultMachine(2);
  auto again = parseMachine(write(machine), "a.json");
  ASSERT_TRUE(static_cast<bool>(again));
  EXPECT_EQ(write(*again), write(machine));
  Step step = makeProduct(100, 200, 300);
  EXPECT_DOUBLE_EQ(again->getSeconds(step), machine.getSeconds(step));
}

/// The message about a machine in which `from` is `to`.
std::string getFault(const std::string &from, const std::string &to) {
  std::string text = write(getDefaultMachine(2));
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  auto machine = parseMachine(text, "a.json");
  EXPECT_FALSE(static_cast<bool>(machine)) << from << " -> " << to;
  return machine ? "" : llvm::toString(machine.takeError());
}

TEST(MachineFile, FaultsAreNamed) {
  auto refused = parseMachine("{", "a.json");
  ASSERT_FALSE(static_cast<bool>(refused));
  EXPECT_EQ(llvm::toString(refused.takeError()).find("a.json: expected JSON"),
            0u);
  EXPECT_EQ(getFault("\"format\":", "\"form\":"),
            "a.json: expected a machine of format 1");
  EXPECT_EQ(getFault("\"handover\":", "\"handover\":-"),
            "a.json: expected a positive number as 'handover'");
  EXPECT_EQ(getFault("\"threads\":2", "\"threads\":0"),
            "a.json: expected a whole number from 1 on as 'threads'");
  EXPECT_EQ(getFault("\"NT\":[", "\"NT\":[1,"),
            "a.json: expected a list of 384 numbers as 'NT'");
  EXPECT_EQ(getFault("\"backward\":false", "\"backward\":1"),
            "a.json: expected true or false as 'backward'");
  EXPECT_EQ(getFault("\"distance\":", "\"distance\":1e30,\"x\":"),
            "a.json: expected distances that grow in 'bandwidths'");
  EXPECT_EQ(getFault("\"f64\":{", "\"f65\":{"),
            "a.json: expected an object as 'f64'");
}

} // namespace
