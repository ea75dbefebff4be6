// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions and patches against their definitions (Abi.h), for one to three
// spatial dimensions, groups, strides, dilation and pads on either side.

#include "ntk-rt/Abi.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace {

void forward(const int64_t *d, const float *x, const float *w, float *y) {
  ntk_rt_conv_f32(d, x, w, y);
}
void forward(const int64_t *d, const double *x, const double *w, double *y) {
  ntk_rt_conv_f64(d, x, w, y);
}
void backward(const int64_t *d, const float *dy, const float *w, float *dx) {
  ntk_rt_conv_backward_data_f32(d, dy, w, dx);
}
void backward(const int64_t *d, const double *dy, const double *w, double *dx) {
  ntk_rt_conv_backward_data_f64(d, dy, w, dx);
}
void gather(const int64_t *d, const float *x, float *out) {
  ntk_rt_patches_f32(d, x, out);
}
void gather(const int64_t *d, const double *x, double *out) {
  ntk_rt_patches_f64(d, x, out);
}

using Sizes = std::vector<int64_t>;

/// A convolution as a test writes it; lists have one entry a dimension.
struct Case {
  int64_t examples, cin, cout, groups;
  Sizes in, kernel, stride, low, high, dilation;

  Sizes description() const {
    Sizes d = {int64_t(in.size()), examples, cin, cout, groups};
    for (const Sizes *list : {&in, &kernel, &stride, &low, &high, &dilation})
      d.insert(d.end(), list->begin(), list->end());
    return d;
  }
  Sizes out() const {
    Sizes sizes;
    for (size_t i = 0; i < in.size(); ++i) {
      int64_t room = in[i] + low[i] + high[i] - dilation[i] * (kernel[i] - 1);
      sizes.push_back(room < 1 ? 0 : (room - 1) / stride[i] + 1);
    }
    return sizes;
  }
};

int64_t count(const Sizes &sizes) {
  int64_t n = 1;
  for (int64_t s : sizes)
    n *= s;
  return n;
}

/// The multi-index of `flat` in a row-major array.
Sizes unflatten(int64_t flat, const Sizes &sizes) {
  Sizes index(sizes.size());
  for (size_t i = sizes.size(); i-- > 0; flat /= sizes[i])
    index[i] = flat % sizes[i];
  return index;
}

/// Calls f(q, t, p): output pixel q reads input pixel p through tap t; p is -1
/// in the padding.
template <typename F> void forEachRead(const Case &c, F f) {
  const Sizes out = c.out();
  for (int64_t q = 0; q < count(out); ++q)
    for (int64_t t = 0; t < count(c.kernel); ++t) {
      Sizes pixel = unflatten(q, out), tap = unflatten(t, c.kernel);
      int64_t p = 0;
      for (size_t i = 0; i < out.size(); ++i) {
        int64_t at = pixel[i] * c.stride[i] + tap[i] * c.dilation[i] - c.low[i];
        p = p < 0 || at < 0 || at >= c.in[i] ? -1 : p * c.in[i] + at;
      }
      f(q, t, p);
    }
}

template <typename T> std::vector<T> values(std::mt19937 &random, int64_t n) {
  std::uniform_real_distribution<T> uniform(-1, 1);
  std::vector<T> v(n);
  for (T &x : v)
    x = uniform(random);
  return v;
}

template <typename T>
void expectNear(const std::vector<T> &got, const std::vector<double> &expected,
                const std::vector<double> &magnitude, const char *what) {
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(got[i], expected[i],
                20 * std::numeric_limits<T>::epsilon() * magnitude[i])
        << what << " at " << i;
}

template <typename T> void check(const Case &c, std::mt19937 &random) {
  const int64_t ka = c.cin / c.groups, kc = c.cout / c.groups;
  const int64_t inPixels = count(c.in), outPixels = count(c.out()),
                taps = count(c.kernel);
  std::vector<T> x = values<T>(random, c.examples * c.cin * inPixels),
                 w = values<T>(random, c.cout * ka * taps),
                 dy = values<T>(random, c.examples * c.cout * outPixels);
  const T nan = std::numeric_limits<T>::quiet_NaN();
  std::vector<T> y(dy.size(), nan), dx(x.size(), nan),
      patches(c.examples * c.cin * taps * outPixels, nan);
  std::vector<double> y0(y.size()), dx0(dx.size()), yAbs(y0), dxAbs(dx0);
  std::vector<T> patches0(patches.size());
  for (int64_t n = 0; n < c.examples; ++n)
    forEachRead(c, [&](int64_t q, int64_t t, int64_t p) {
      for (int64_t a = 0; a < c.cin; ++a)
        patches0[((n * c.cin + a) * taps + t) * outPixels + q] =
            p < 0 ? 0 : x[(n * c.cin + a) * inPixels + p];
      for (int64_t o = 0; o < c.cout && p >= 0; ++o)
        for (int64_t a = 0; a < ka; ++a) {
          int64_t xi = (n * c.cin + o / kc * ka + a) * inPixels + p;
          int64_t yi = (n * c.cout + o) * outPixels + q;
          double weight = w[(o * ka + a) * taps + t];
          y0[yi] += weight * x[xi];
          yAbs[yi] += std::abs(weight * x[xi]);
          dx0[xi] += weight * dy[yi];
          dxAbs[xi] += std::abs(weight * dy[yi]);
        }
    });
  const Sizes d = c.description();
  forward(d.data(), x.data(), w.data(), y.data());
  expectNear(y, y0, yAbs, "y");
  backward(d.data(), dy.data(), w.data(), dx.data());
  expectNear(dx, dx0, dxAbs, "dx");
  gather(d.data(), x.data(), patches.data());
  EXPECT_EQ(patches, patches0);
}

template <typename T> class Convolution : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Convolution, Types);

TYPED_TEST(Convolution, RandomShapes) {
  std::mt19937 random(1);
  auto pick = [&](std::initializer_list<int64_t> list) {
    return list.begin()[random() % list.size()];
  };
  for (int trial = 0; trial < 200; ++trial) {
    Case c;
    c.examples = pick({1, 2, 3, 7});
    c.groups = pick({1, 1, 2, 3});
    c.cin = c.groups * pick({1, 2, 3, 8, 16});
    c.cout = c.groups * pick({1, 2, 5, 8, 16});
    int64_t rank = pick({1, 2, 2, 3});
    for (int64_t i = 0; i < rank; ++i) {
      c.in.push_back(rank == 3 ? pick({1, 4, 5}) : pick({1, 5, 8, 11}));
      c.kernel.push_back(pick({1, 2, 3}));
      c.stride.push_back(pick({1, 1, 2, 3}));
      c.low.push_back(pick({0, 0, 1, 2}));
      c.high.push_back(pick({0, 1, 1, 3}));
      c.dilation.push_back(pick({1, 1, 2}));
    }
    SCOPED_TRACE(testing::Message() << "trial " << trial);
    check<TypeParam>(c, random);
    if (this->HasFatalFailure())
      return;
  }
}

TYPED_TEST(Convolution, Chosen) {
  std::mt19937 random(2);
  const Case cases[] = {
      // Depthwise, and depthwise with two outputs a channel.
      {2, 12, 12, 12, {9, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
      {2, 6, 12, 6, {9, 9}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}},
      // Pixel by pixel, with and without groups, and subsampled.
      {3, 16, 24, 1, {5, 7}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, {1, 1}},
      {3, 16, 24, 4, {5, 7}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, {1, 1}},
      {3, 16, 24, 1, {8, 8}, {1, 1}, {2, 2}, {0, 0}, {0, 0}, {1, 1}},
      // Enough for threads and several chunks of examples.
      {37, 16, 32, 1, {12, 12}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
      {1, 32, 64, 1, {28, 28}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
      {5, 3, 16, 1, {31, 31}, {7, 7}, {2, 2}, {3, 3}, {3, 3}, {1, 1}},
      // A long row, cut into blocks of pixels.
      {2, 16, 8, 1, {3001}, {5}, {1}, {4}, {0}, {1}},
      {1, 40, 4, 1, {3, 401}, {3, 3}, {1, 2}, {1, 1}, {1, 1}, {1, 1}},
      {1, 40, 4, 1, {3, 401}, {3, 3}, {1, 1}, {0, 2}, {1, 0}, {1, 2}},
      // Taps that never meet the input, and pads that crop.
      {2, 4, 4, 1, {3, 3}, {3, 3}, {1, 1}, {4, 0}, {4, 2}, {1, 1}},
      {2, 4, 4, 1, {9, 9}, {3, 3}, {1, 1}, {-2, 0}, {-1, -3}, {1, 1}},
      // No examples, no output pixels.
      {0, 4, 4, 1, {5, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
      {2, 4, 4, 1, {2, 5}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, {1, 1}},
  };
  for (const Case &c : cases) {
    SCOPED_TRACE(testing::Message() << "case " << &c - cases);
    check<TypeParam>(c, random);
  }
}

/// Many threads may convolve at once, each on its own.
TYPED_TEST(Convolution, SameBitsInsideAParallelLoop) {
  std::mt19937 random(3);
  const Case c = {2, 8, 8, 1, {6, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
  const int64_t calls = 12, size = 2 * 8 * 36;
  std::vector<TypeParam> x = values<TypeParam>(random, size * calls),
                         w = values<TypeParam>(random, 8 * 8 * 9),
                         y(size * calls), once(size);
  struct Context {
    Sizes d;
    TypeParam *x, *w, *y;
  } context{c.description(), x.data(), w.data(), y.data()};
  ntk_rt_parallel_for(
      [](void *data, int64_t begin, int64_t end) {
        Context &k = *static_cast<Context *>(data);
        for (int64_t i = begin; i < end; ++i)
          forward(k.d.data(), k.x + i * size, k.w, k.y + i * size);
      },
      &context, calls, 1);
  const int64_t threads = ntk_rt_threads();
  ntk_rt_set_threads(1);
  for (int64_t i = 0; i < calls; ++i) {
    forward(context.d.data(), x.data() + i * size, w.data(), once.data());
    EXPECT_TRUE(std::equal(once.begin(), once.end(), y.begin() + i * size));
  }
  ntk_rt_set_threads(threads);
}

} // namespace
