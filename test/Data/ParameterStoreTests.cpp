// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The store of parameters and the check that they are finite.

#include "ntk/Data/ParameterStore.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace mlir::ntk;

static Array makeFloats(std::vector<float> values) {
  llvm::MutableArrayRef<char> bytes;
  Array array = llvm::cantFail(Array::allocate(
      ElementKind::Float32, {static_cast<int64_t>(values.size())}, bytes));
  std::copy(values.begin(), values.end(),
            reinterpret_cast<float *>(bytes.data()));
  return array;
}

TEST(ParameterStore, KeepsOrderAndNames) {
  ParameterStore store;
  EXPECT_TRUE(store.add("b", makeFloats({1}), /*trainable=*/true));
  EXPECT_TRUE(store.add("a", makeFloats({2, 3}), /*trainable=*/false));
  EXPECT_FALSE(store.add("b", makeFloats({4}), /*trainable=*/true));
  ASSERT_EQ(store.tensors().size(), 2u);
  EXPECT_EQ(store.tensors()[0].name, "b");
  ASSERT_NE(store.find("a"), nullptr);
  EXPECT_EQ(store.find("a")->values.size(), 2);
  EXPECT_FALSE(store.find("a")->trainable);
  EXPECT_EQ(store.find("c"), nullptr);
}

TEST(ParameterStore, CountsWhatIsNotFinite) {
  ParameterStore store;
  store.add("good", makeFloats({1, 2}), true);
  EXPECT_FALSE(static_cast<bool>(checkFinite(store)));
  store.add("mask", makeFloats({0, -INFINITY}), false);
  EXPECT_FALSE(static_cast<bool>(checkFinite(store)));
  store.add("weight", makeFloats({NAN, 1, INFINITY, NAN}), true);
  store.add("bias", makeFloats({-INFINITY}), true);
  EXPECT_EQ(llvm::toString(checkFinite(store)),
            "expected finite weights, but 'weight' has 2 NaN and 1 Inf, 'bias' "
            "has 0 NaN and 1 Inf");
}
