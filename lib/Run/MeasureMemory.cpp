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

/// Seconds of writing one tile of n examples and o outputs on each side into a
/// kernel of four times as many examples, at a place off its diagonal.
template <typename T>
static double measureTile(T *tile, T *theta, int64_t n, int64_t o,
                          bool isMirrored) {
  namespace rt = ::ntk::rt;
  rt::Layout layout{o, {/*shared=*/false, /*kept=*/true}};
  rt::detail::TilePlace place{2 * n,     n,         0,          n,
                              {0, o, 0}, {0, o, 0}, isMirrored, false};
  return measure(
      [&] { rt::detail::writeTile(layout, place, 4 * n, T(2), tile, theta); });
}

/// Short rows and long ones tell the price of a row from that of its elements.
template <typename T> static bool measureWriting(TypeRates &rates) {
  const int64_t n1 = 256, n10 = 32, o = 10;
  const int64_t most = 16 * std::max(n1 * n1, n10 * n10 * o * o);
  AlignedBytes tile = allocateHalves<T>(most), theta = allocateHalves<T>(most);
  if (!tile.data || !theta.data)
    return false;
  T *from = reinterpret_cast<T *>(tile.data);
  T *to = reinterpret_cast<T *>(theta.data);
  for (bool isMirrored : {false, true}) {
    double single =
        measureTile(from, to, n1, 1, isMirrored) / static_cast<double>(n1 * n1);
    double row = measureTile(from, to, n10, o, isMirrored) /
                 static_cast<double>(n10 * n10 * o);
    WritingRates &writing = isMirrored ? rates.mirroring : rates.writing;
    double element =
        std::max((row - single) / static_cast<double>(o - 1), single / 20);
    writing.element = takeFaster(writing.element, element);
    writing.row =
        takeFaster(writing.row, std::max(single - element, single / 20));
  }
  return true;
}

bool mlir::ntk::measureMemory(Machine &machine) {
  constexpr int64_t least = 1 << 16, most = 1 << 28; // bytes, all threads'
  AlignedBytes memory = allocateHalves<float>(most / sizeof(float));
  if (!memory.data)
    return false;
  float *data = reinterpret_cast<float *>(memory.data);
  machine.handover = takeFaster(
      machine.handover, measure([&] {
        ::ntk::rt::parallelFor(machine.threads, 1, [](int64_t, int64_t) {});
      }));
  size_t at = 0;
  for (int64_t bytes = least; bytes <= most; bytes *= 4) {
    const int64_t half = bytes / 2 / static_cast<int64_t>(sizeof(float));
    // Another thread than the last time, as steps have it that are shared out
    // anew each: what lies in the cache of one is fetched by the other.
    const int64_t threads = machine.threads;
    int64_t turn = 0;
    double seconds = measure([&] {
      ++turn;
      ::ntk::rt::parallelFor(threads, 1, [&](int64_t begin, int64_t) {
        const int64_t part = (begin + turn) % threads;
        stream(data, data + half, half * part / threads,
               half * (part + 1) / threads);
      });
    });
    seconds = std::max(seconds - machine.handover, seconds / 4);
    if (at == machine.bandwidths.size())
      machine.bandwidths.push_back({static_cast<double>(bytes), 0});
    double &rate = machine.bandwidths[at++].rate;
    rate = std::max(rate, static_cast<double>(bytes) / seconds);
  }
  // What lies nearer is there no later.
  for (size_t i = machine.bandwidths.size() - 1; i-- > 0;)
    machine.bandwidths[i].rate =
        std::max(machine.bandwidths[i].rate, machine.bandwidths[i + 1].rate);
  const int64_t d[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
  machine.call = takeFaster(machine.call, measure([&] {
                              ntk_rt_gemm_f32(d, data, data + 1, data + 2);
                            }));
  return measureWriting<float>(machine.f32) &&
         measureWriting<double>(machine.f64);
}
