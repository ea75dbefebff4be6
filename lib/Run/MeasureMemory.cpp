// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bandwidth by how much lies between two uses of the same data, the price of a
// call and of waking the threads, and of writing tiles.

#include "Measure.h"
#include "ntk-rt/Abi.h"
#include "ntk-rt/TileOutput.h"

using namespace mlir::ntk;

/// Going through `elements` numbers once: half of them are read, half written.
static void stream(const float *from, float *to, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    to[i] = from[i] + 1;
}

template <typename T> static bool measureWriting(TypeRates &rates) {
  using namespace ::ntk::rt;
  const int64_t n = 32, o = 10;
  Layout layout{o, Layout::Full};
  ::ntk::rt::detail::TilePlace place{0,         n,         0,     n,
                                     {0, o, 0}, {0, o, 0}, false, false};
  AlignedBytes tile = allocateHalves<T>(n * o * n * o),
               theta = allocateHalves<T>(n * o * n * o);
  if (!tile.data || !theta.data)
    return false;
  double seconds = measure([&] {
    ::ntk::rt::detail::writeTile(layout, place, n, T(2),
                                 reinterpret_cast<const T *>(tile.data),
                                 reinterpret_cast<T *>(theta.data));
  });
  rates.writtenElement = seconds / static_cast<double>(n * o * n * o);
  return true;
}

bool mlir::ntk::measureMemory(Machine &machine) {
  constexpr int64_t least = 1 << 16, most = 1 << 28; // bytes, all threads'
  AlignedBytes memory = allocateHalves<float>(most / sizeof(float));
  if (!memory.data)
    return false;
  float *data = reinterpret_cast<float *>(memory.data);
  for (int64_t bytes = least; bytes <= most; bytes *= 4) {
    const int64_t half = bytes / 2 / static_cast<int64_t>(sizeof(float));
    const int64_t piece = std::max<int64_t>(half / (4 * machine.threads), 1);
    double seconds = measure([&] {
      ::ntk::rt::parallelFor(half, piece, [&](int64_t begin, int64_t end) {
        stream(data, data + half, begin, end);
      });
    });
    machine.bandwidths.push_back(
        {static_cast<double>(bytes), static_cast<double>(bytes) / seconds});
  }
  machine.handover = measure([&] {
    ::ntk::rt::parallelFor(machine.threads, 1, [](int64_t, int64_t) {});
  });
  const int64_t d[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
  machine.call = measure([&] { ntk_rt_gemm_f32(d, data, data + 1, data + 2); });
  return measureWriting<float>(machine.f32) &&
         measureWriting<double>(machine.f64);
}
