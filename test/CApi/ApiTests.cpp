// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C interface by itself: statuses, errors told apart, and what only a
// program in C can do wrong. Values are those of the example in C, and of the
// tests of the Python package.

#include "ntk-c/ntk.h"

#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

namespace {

/// f = w · x: the kernel of two examples is their product.
const char linear[] = R"(
ntk.network @linear(%x: tensor<2xf64> {ntk.input = "x"},
                    %w: tensor<2xf64> {ntk.param = "w"}) -> tensor<f64> {
  %y = ntk.contract "k, k -> " (%x, %w)
      : (tensor<2xf64>, tensor<2xf64>) -> tensor<f64>
  ntk.return %y : tensor<f64>
})";

class Api : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(ntk_kernel_from_bytes("linear", linear, strlen(linear), nullptr,
                                    &kernel),
              NTK_OK)
        << ntk_error_message();
    ntk_array value = {"w", NTK_FLOAT64, 1, shape + 1, w};
    ASSERT_EQ(ntk_parameters_create(kernel, &value, 1, 0, &parameters), NTK_OK)
        << ntk_error_message();
    x1 = {nullptr, NTK_FLOAT64, 2, shape, x};
    call.x1 = &x1;
    call.x1_count = 1;
    call.parameters = parameters;
  }
  void TearDown() override {
    ntk_parameters_destroy(parameters);
    ntk_kernel_destroy(kernel);
  }

  ntk_status run() { return ntk_kernel_call(kernel, &call, theta, bytes); }
  /// The call is refused with this in its message and for this argument.
  void refused(const std::string &words, const std::string &argument) {
    EXPECT_EQ(run(), NTK_INVALID);
    EXPECT_NE(std::string(ntk_error_message()).find(words), std::string::npos)
        << ntk_error_message();
    EXPECT_EQ(ntk_error_argument(), argument) << ntk_error_message();
  }

  const int64_t shape[2] = {3, 2};
  const double x[6] = {1, 2, 3, 4, 5, 6}, w[2] = {7, 8};
  double theta[9] = {};
  int64_t bytes = sizeof theta;
  ntk_kernel *kernel = nullptr;
  ntk_parameters *parameters = nullptr;
  ntk_array x1;
  ntk_call call = {};
};

TEST_F(Api, Computes) {
  ASSERT_EQ(run(), NTK_OK) << ntk_error_message();
  for (int n = 0; n < 3; ++n)
    for (int m = 0; m < 3; ++m)
      EXPECT_EQ(theta[3 * n + m],
                x[2 * n] * x[2 * m] + x[2 * n + 1] * x[2 * m + 1]);
  EXPECT_GT(ntk_kernel_run_seconds(kernel), 0);
}

TEST_F(Api, DescribesItself) {
  ntk_tensor tensor;
  ASSERT_TRUE(ntk_kernel_tensor(kernel, NTK_PARAMETERS, 0, &tensor));
  EXPECT_STREQ(tensor.name, "w");
  EXPECT_EQ(tensor.dtype, NTK_FLOAT64);
  EXPECT_EQ(tensor.rank, 1);
  EXPECT_EQ(tensor.shape[0], 2);
  EXPECT_TRUE(tensor.is_differentiated && tensor.is_needed);
  EXPECT_FALSE(ntk_kernel_tensor(kernel, NTK_PARAMETERS, 1, &tensor));
  EXPECT_FALSE(ntk_kernel_tensor(kernel, NTK_PARAMETERS, -1, &tensor));
  ASSERT_TRUE(ntk_kernel_tensor(kernel, NTK_INPUTS, 0, &tensor));
  EXPECT_STREQ(tensor.name, "x");
  ASSERT_TRUE(ntk_kernel_tensor(kernel, NTK_OUTPUTS, 0, &tensor));
  EXPECT_EQ(tensor.rank, 0);
  int64_t sizes[NTK_MAX_RANK];
  ASSERT_EQ(ntk_kernel_shape(kernel, 3, 5, sizes), 2);
  EXPECT_EQ(sizes[0], 3);
  EXPECT_EQ(sizes[1], 5);
  EXPECT_EQ(ntk_kernel_dtype(kernel), NTK_FLOAT64);
  char *text = nullptr;
  ASSERT_EQ(ntk_kernel_plan(kernel, 3, 5, NTK_JSON, &text), NTK_OK);
  EXPECT_NE(strstr(text, "\"peak_bytes\""), nullptr);
  ntk_text_destroy(text);
}

TEST_F(Api, RefusesArrays) {
  call.x1_count = 0;
  refused("none for 'x'", "x1");
  call.x1_count = 1;
  x1.dtype = 99;
  refused("an ntk_dtype", "x1");
  x1.dtype = NTK_FLOAT64;
  x1.rank = -1;
  refused("axes", "x1");
  x1.rank = 2;
  int64_t negative[] = {-3, 2};
  x1.shape = negative;
  refused("sizes", "x1");
  x1.shape = shape;
  x1.data = reinterpret_cast<const char *>(x) + 1;
  refused("aligned", "x1");
  x1.data = nullptr;
  refused("aligned", "x1");
  x1.data = x;
  bytes -= 8;
  refused("float64[3, 3]", "out");
  bytes += 8;
  call.parameters = nullptr;
  refused("parameter 'w'", "params");
  call.parameters = parameters;
  EXPECT_EQ(run(), NTK_OK);
}

TEST_F(Api, RefusesParametersOfAnotherKernel) {
  ntk_kernel *other;
  ASSERT_EQ(
      ntk_kernel_from_bytes("other", linear, strlen(linear), nullptr, &other),
      NTK_OK);
  EXPECT_EQ(ntk_kernel_call(other, &call, theta, bytes), NTK_INVALID);
  EXPECT_STREQ(ntk_error_argument(), "params");
  ntk_kernel_destroy(other);
}

TEST_F(Api, StopsAndGoesOn) {
  call.progress = [](void *data, int64_t done, int64_t total) {
    *static_cast<int *>(data) += done <= total;
    return 1;
  };
  int calls = 0;
  call.progress_data = &calls;
  EXPECT_EQ(run(), NTK_STOPPED);
  EXPECT_EQ(calls, 1);
  call.progress = nullptr;
  EXPECT_EQ(run(), NTK_OK);
}

TEST_F(Api, IsNotUsedWithinACall) {
  call.progress_data = kernel;
  call.progress = [](void *data, int64_t, int64_t) {
    return static_cast<int>(
        ntk_kernel_compile(static_cast<ntk_kernel *>(data), 4, 0));
  };
  EXPECT_EQ(run(), NTK_STOPPED);
  call.progress = nullptr;
  EXPECT_EQ(run(), NTK_OK);
}

TEST_F(Api, KeepsErrorsByThread) {
  bytes = 0;
  EXPECT_EQ(run(), NTK_INVALID);
  std::string here = ntk_error_message(), there = "?";
  std::thread([&] { there = ntk_error_message(); }).join();
  EXPECT_NE(here, "");
  EXPECT_EQ(there, "");
}

TEST(ApiModels, NamesWhatIsWrong) {
  ntk_kernel *kernel = reinterpret_cast<ntk_kernel *>(1);
  EXPECT_EQ(ntk_kernel_from_file("nowhere.onnx", nullptr, &kernel),
            NTK_INVALID);
  EXPECT_EQ(kernel, nullptr);
  EXPECT_STREQ(ntk_error_file(), "nowhere.onnx");
  EXPECT_EQ(ntk_kernel_from_bytes("text", "module {", 8, nullptr, &kernel),
            NTK_INVALID);
  EXPECT_STREQ(ntk_error_file(), "text");
  EXPECT_EQ(ntk_kernel_from_bytes("nothing", "", 0, nullptr, &kernel),
            NTK_INVALID);
  EXPECT_EQ(ntk_error_name(0), nullptr);
}

TEST(ApiOptions, AreThoseOfTheCommandLine) {
  ntk_options *options = ntk_options_create();
  EXPECT_EQ(ntk_options_set(options, "memory_limit", "1GiB"), NTK_OK);
  EXPECT_EQ(ntk_options_set(options, "memory-limit", "1GiB"), NTK_OK);
  EXPECT_EQ(ntk_options_set(options, "kernel", "everything"), NTK_INVALID);
  EXPECT_STREQ(ntk_error_argument(), "kernel");
  EXPECT_EQ(ntk_options_set(options, "whole_batch", "maybe"), NTK_INVALID);
  EXPECT_STREQ(ntk_error_argument(), "whole_batch");
  // Of a program, not of a kernel.
  for (const char *name : {"x1", "plan", "o", "quiet", "no-such"})
    EXPECT_EQ(ntk_options_set(options, name, "true"), NTK_INVALID) << name;
  ntk_options_destroy(options);
}

} // namespace
