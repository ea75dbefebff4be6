// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The steps that are read off a function, against counts by hand.

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "ntk/Lower/ProgramSteps.h"
#include "ntk/Register/Register.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {

class ProgramStepsTest : public ::testing::Test {
protected:
  ProgramStepsTest() {
    DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  /// The steps of a function of n and m examples with this body.
  std::vector<Step> read(StringRef arguments, StringRef body, int64_t n,
                         int64_t m) {
    std::string text =
        ("func.func @f(%n: index {ntk.size = \"n\"}, %m: index {ntk.size = "
         "\"m\"}, " +
         arguments + ") {\n" + body + "\nreturn\n}\n")
            .str();
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module) << text;
    if (!module)
      return {};
    steps = ProgramSteps(*module->getOps<func::FuncOp>().begin());
    return steps.evaluate(n, m);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  ProgramSteps steps;
};

TEST_F(ProgramStepsTest, ProductsAreWhatIsCalled) {
  auto read1 = read(
      "%a: memref<?x3x5xf64> {ntk.batch = \"n\"}, %b: memref<?x3x5xf64> "
      "{ntk.batch = \"m\"}, %c: memref<?x3x?x3xf64>",
      "rt.contract \"noc, mpc -> nomp\" ins(%a, %b : memref<?x3x5xf64>, "
      "memref<?x3x5xf64>) outs(%c : memref<?x3x?x3xf64>) {ntk.step = 7 : i64}",
      4, 6);
  ASSERT_EQ(read1.size(), 1u);
  EXPECT_EQ(steps.getNames()[0].number, 7);
  EXPECT_EQ(steps.getNames()[0].what, "contract \"noc, mpc -> nomp\"");
  EXPECT_TRUE(read1[0].isDouble);
  const auto &product = std::get<ProductWork>(read1[0].work).loops;
  EXPECT_EQ(product.m.size, 12); // n and o
  EXPECT_EQ(product.n.size, 18); // m and p
  EXPECT_EQ(product.k.size, 5);
  EXPECT_EQ(product.loops, 0);
  EXPECT_EQ(read1[0].getBytes(), 8 * (4 * 3 * 5 + 6 * 3 * 5 + 12 * 18));
}

TEST_F(ProgramStepsTest, LoopsAreCountedByTheirBodies) {
  auto loops = read(
      "%x: memref<?x4x16xf32> {ntk.batch = \"n\"}, %s: memref<16xf32>, %y: "
      "memref<?x4x16xf32> {ntk.batch = \"n\"}",
      "linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, "
      "affine_map<(i, j, k) -> (k)>, affine_map<(i, j, k) -> (i, j, k)>], "
      "iterator_types = [\"parallel\", \"parallel\", \"parallel\"]} ins(%x, %s "
      ": memref<?x4x16xf32>, memref<16xf32>) outs(%y : memref<?x4x16xf32>) "
      "attrs = {ntk.step = 0 : i64} {\n^bb0(%a: f32, %b: f32, %c: f32):\n"
      "%0 = arith.mulf %a, %b : f32\n%1 = math.exp %0 : f32\n%2 = arith.divf "
      "%1, %b : f32\n%3 = arith.addf %2, %a : f32\nlinalg.yield %3 : f32\n}",
      5, 1);
  ASSERT_EQ(loops.size(), 1u);
  const auto &work = std::get<LoopWork>(loops[0].work);
  EXPECT_EQ(work.iterations, 5 * 4 * 16);
  EXPECT_EQ(work.arithmetic, 2 * 5 * 4 * 16);
  EXPECT_EQ(work.divisions, 5 * 4 * 16);
  EXPECT_EQ(work.functions, 5 * 4 * 16);
  EXPECT_EQ(work.lines, 5 * 4); // examples and rows are one loop
  EXPECT_EQ(work.strided, 0);
  EXPECT_FALSE(work.isSum);
  EXPECT_EQ(loops[0].getBytes(), 4 * (2 * 5 * 4 * 16 + 16));
}

TEST_F(ProgramStepsTest, SumsStridesAndGathers) {
  auto loops = read(
      "%x: memref<6x7xf32>, %y: memref<6xf32>, %z: memref<7x6xf32>, %at: "
      "memref<6xi32>",
      "linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, "
      "affine_map<(i, k) -> (i)>], iterator_types = [\"parallel\", "
      "\"reduction\"]} ins(%x : memref<6x7xf32>) outs(%y : memref<6xf32>) "
      "attrs = {ntk.step = 0 : i64} {\n^bb0(%a: f32, %b: f32):\n%0 = "
      "arith.addf %a, %b : f32\nlinalg.yield %0 : f32\n}\n"
      "linalg.generic {indexing_maps = [affine_map<(i, k) -> (k, i)>, "
      "affine_map<(i, k) -> (i, k)>], iterator_types = [\"parallel\", "
      "\"parallel\"]} ins(%x : memref<6x7xf32>) outs(%z : memref<7x6xf32>) "
      "attrs = {ntk.step = 1 : i64} {\n^bb0(%a: f32, %b: f32):\nlinalg.yield "
      "%a : f32\n}\n"
      "linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, "
      "affine_map<(i) -> (i)>], iterator_types = [\"parallel\"]} ins(%at : "
      "memref<6xi32>) outs(%y : memref<6xf32>) attrs = {ntk.step = 2 : i64} "
      "{\n^bb0(%a: i32, %b: f32):\n%c0 = arith.constant 0 : index\n%i = "
      "arith.index_cast %a : i32 to index\n%v = memref.load %x[%i, %c0] : "
      "memref<6x7xf32>\nlinalg.yield %v : f32\n}",
      1, 1);
  ASSERT_EQ(loops.size(), 3u);
  EXPECT_TRUE(std::get<LoopWork>(loops[0].work).isSum);
  EXPECT_EQ(std::get<LoopWork>(loops[1].work).strided, 42);
  EXPECT_EQ(std::get<LoopWork>(loops[2].work).gathered, 6);
  // A gather's table is memory of it, too.
  EXPECT_EQ(loops[2].traffic.size(), 3u);
}

TEST_F(ProgramStepsTest, MemoryIsAsFarAsWhatLiesBetween) {
  auto fills =
      read("%arena: memref<?xi8>",
           "%c0 = arith.constant 0 : index\n%c1 = arith.constant 4096 : index\n"
           "%zero = arith.constant 0.0 : f32\n"
           "%a = memref.view %arena[%c0][] : memref<?xi8> to memref<1024xf32>\n"
           "%b = memref.view %arena[%c1][] : memref<?xi8> to memref<512xf32>\n"
           "linalg.fill {ntk.step = 0 : i64} ins(%zero : f32) outs(%a : "
           "memref<1024xf32>)\n"
           "linalg.fill {ntk.step = 1 : i64} ins(%zero : f32) outs(%b : "
           "memref<512xf32>)\n"
           "linalg.fill {ntk.step = 2 : i64} ins(%zero : f32) outs(%a : "
           "memref<1024xf32>)",
           1, 1);
  ASSERT_EQ(fills.size(), 3u);
  // Before the first use the whole program went by, as it is run again.
  EXPECT_EQ(fills[0].traffic[0].distance, 4096 + 2048 + 4096);
  EXPECT_EQ(fills[1].traffic[0].distance, 4096 + 2048 + 4096);
  // At least its own size lies between two uses of all of it.
  EXPECT_EQ(fills[2].traffic[0].distance, 4096);
}

TEST_F(ProgramStepsTest, WhatIsNotKnownIsNoWork) {
  auto unknown = read("%x: memref<?x4xf32> {ntk.batch = \"o\"}, %k: index",
                      "%v = memref.alloc(%k) : memref<?xf32>\n%zero = "
                      "arith.constant 0.0 : f32\nlinalg.fill {ntk.step = 0 : "
                      "i64} ins(%zero : f32) outs(%v : memref<?xf32>)",
                      2, 2);
  ASSERT_EQ(unknown.size(), 1u);
  EXPECT_EQ(std::get<LoopWork>(unknown[0].work).iterations, 0);
  EXPECT_EQ(unknown[0].getBytes(), 0);
}

} // namespace
