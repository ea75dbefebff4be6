// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions by oneDNN (f32). Its fast kernels want channels in blocks, so a
// call is cut into chunks of examples; one thread reorders a chunk, convolves
// it and reorders the result, while it is in cache. The weights are reordered
// once a call. Primitives are made once for a shape and kept.
//
// The direct algorithm is taken, never Winograd's, whose error is 5-8 times
// larger. Where oneDNN has only its reference code, the caller is told to use
// something else.

#ifndef NTK_RT_CONVOLUTIONONEDNN_H
#define NTK_RT_CONVOLUTIONONEDNN_H

#include "ntk-rt/ConvolutionShape.h"
#include "ntk-rt/Parallel.h"
#include "ntk-rt/Scratch.h"
#include "ntk-rt/Tuning.h"

#include <oneapi/dnnl/dnnl.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace ntk {
namespace rt {
namespace detail {

inline dnnl_engine_t oneDnnEngine() {
  static dnnl_engine_t engine = [] {
    dnnl_engine_t e = nullptr;
    return dnnl_engine_create(&e, dnnl_cpu, 0) == dnnl_success ? e : nullptr;
  }();
  return engine;
}

/// The calling thread's stream.
inline dnnl_stream_t oneDnnStream() {
  struct Stream {
    dnnl_stream_t stream = nullptr;
    Stream() {
      dnnl_stream_create(&stream, oneDnnEngine(), dnnl_stream_default_flags);
    }
    ~Stream() { dnnl_stream_destroy(stream); }
  };
  static thread_local Stream instance;
  return instance.stream;
}

/// A oneDNN memory object over an array for the duration of a call.
class OneDnnMemory {
public:
  OneDnnMemory(const dnnl_memory_desc_t &desc, const void *data) {
    dnnl_memory_create(&memory, &desc, oneDnnEngine(),
                       const_cast<void *>(data));
  }
  ~OneDnnMemory() { dnnl_memory_destroy(memory); }
  OneDnnMemory(const OneDnnMemory &) = delete;
  OneDnnMemory &operator=(const OneDnnMemory &) = delete;
  dnnl_memory_t get() const { return memory; }

private:
  dnnl_memory_t memory = nullptr;
};

/// A change of layout; does nothing where both layouts are the same.
struct OneDnnReorder {
  dnnl_memory_desc_t from, to;
  dnnl_primitive_t primitive = nullptr; // null: the layouts are equal
  dnnl_memory_desc_t scratch;

  bool make(const dnnl_memory_desc_t &source, const dnnl_memory_desc_t &target,
            const_dnnl_primitive_attr_t attributes) {
    from = source;
    to = target;
    if (dnnl_memory_desc_equal(&from, &to))
      return true;
    dnnl_primitive_desc_t desc;
    if (dnnl_reorder_primitive_desc_create(&desc, &from, oneDnnEngine(), &to,
                                           oneDnnEngine(),
                                           attributes) != dnnl_success)
      return false;
    scratch = *dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
    bool made = dnnl_primitive_create(&primitive, desc) == dnnl_success;
    dnnl_primitive_desc_destroy(desc);
    return made;
  }
  ~OneDnnReorder() {
    if (primitive)
      dnnl_primitive_destroy(primitive);
  }
  int64_t bytes() const {
    return primitive ? static_cast<int64_t>(dnnl_memory_desc_get_size(&to)) : 0;
  }
  void run(const void *source, void *target) const {
    Scratch pad(static_cast<int64_t>(dnnl_memory_desc_get_size(&scratch)));
    OneDnnMemory in(from, source), out(to, target),
        work(scratch, pad.as<void>());
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, in.get()},
                                   {DNNL_ARG_TO, out.get()},
                                   {DNNL_ARG_SCRATCHPAD, work.get()}};
    dnnl_primitive_execute(primitive, oneDnnStream(), 3, arguments);
  }
};

/// A convolution, or its backward-data, of a fixed shape, with its reorders.
class OneDnnConvolution {
public:
  /// The one for this shape, number of threads and direction; null where
  /// oneDNN has nothing fast.
  static const OneDnnConvolution *get(const ConvolutionShape &s, bool backward);

  ~OneDnnConvolution() {
    if (primitive)
      dnnl_primitive_destroy(primitive);
  }

  int64_t weightBytes() const { return weights.bytes(); }
  void reorderWeights(const float *from, void *to) const {
    weights.run(from, to);
  }
  bool sameWeights(const OneDnnConvolution &other) const {
    return dnnl_memory_desc_equal(&weights.to, &other.weights.to);
  }
  /// `w` is in the layout of reorderWeights where weightBytes() > 0.
  void run(const float *in, const void *w, float *out) const;

private:
  bool make(const ConvolutionShape &s, bool backward);
  bool makePrimitive(const ConvolutionShape &s, bool backward,
                     const dnnl_memory_desc_t &x, const dnnl_memory_desc_t &w,
                     const dnnl_memory_desc_t &y,
                     const_dnnl_primitive_attr_t attributes,
                     dnnl_primitive_desc_t &desc);

  bool backward = false;
  dnnl_primitive_t primitive = nullptr;
  dnnl_memory_desc_t scratch;
  OneDnnReorder input, weights, output;
};

inline bool OneDnnConvolution::makePrimitive(
    const ConvolutionShape &s, bool backward, const dnnl_memory_desc_t &x,
    const dnnl_memory_desc_t &w, const dnnl_memory_desc_t &y,
    const_dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t &desc) {
  const int absent = 3 - s.rank;
  dnnl_dims_t dilates;
  for (int i = 0; i < s.rank; ++i)
    dilates[i] = s.dilation[absent + i] - 1;
  dnnl_convolution_desc_t forward, transposed;
  if (dnnl_dilated_convolution_forward_desc_init(
          &forward, dnnl_forward_inference, dnnl_convolution_direct, &x, &w,
          nullptr, &y, s.stride + absent, dilates, s.padLow + absent,
          s.padHigh + absent) != dnnl_success)
    return false;
  if (dnnl_primitive_desc_create(&desc, &forward, attributes, oneDnnEngine(),
                                 nullptr) != dnnl_success)
    return false;
  if (!backward)
    return true;
  dnnl_primitive_desc_t hint = desc;
  bool made =
      dnnl_dilated_convolution_backward_data_desc_init(
          &transposed, dnnl_convolution_direct, &x, &w, &y, s.stride + absent,
          dilates, s.padLow + absent, s.padHigh + absent) == dnnl_success &&
      dnnl_primitive_desc_create(&desc, &transposed, attributes, oneDnnEngine(),
                                 hint) == dnnl_success;
  dnnl_primitive_desc_destroy(hint);
  return made;
}

inline bool OneDnnConvolution::make(const ConvolutionShape &s, bool transpose) {
  backward = transpose;
  const int absent = 3 - s.rank, rank = s.rank + 2;
  const bool grouped = s.groups > 1;
  dnnl_dims_t x = {s.examples, s.cin}, y = {s.examples, s.cout}, w;
  int weightRank = 0;
  if (grouped)
    w[weightRank++] = s.groups;
  w[weightRank++] = s.groupCout();
  w[weightRank++] = s.groupCin();
  for (int i = 0; i < s.rank; ++i) {
    x[2 + i] = s.in[absent + i];
    y[2 + i] = s.out[absent + i];
    w[weightRank++] = s.kernel[absent + i];
  }
  // Layouts as the caller has them, and left for oneDNN to choose.
  dnnl_memory_desc_t plain[3], any[3];
  auto describe = [](dnnl_memory_desc_t &plain, dnnl_memory_desc_t &any,
                     int rank, const dnnl_dims_t &dims) {
    const dnnl_format_tag_t tags[] = {dnnl_abc, dnnl_abcd, dnnl_abcde,
                                      dnnl_abcdef};
    return dnnl_memory_desc_init_by_tag(&plain, rank, dims, dnnl_f32,
                                        tags[rank - 3]) == dnnl_success &&
           dnnl_memory_desc_init_by_tag(&any, rank, dims, dnnl_f32,
                                        dnnl_format_tag_any) == dnnl_success;
  };
  if (!describe(plain[0], any[0], rank, x) ||
      !describe(plain[1], any[1], weightRank, w) ||
      !describe(plain[2], any[2], rank, y))
    return false;

  dnnl_primitive_attr_t attributes;
  dnnl_primitive_attr_create(&attributes);
  dnnl_primitive_attr_set_scratchpad_mode(attributes,
                                          dnnl_scratchpad_mode_user);
  dnnl_primitive_desc_t desc = nullptr;
  bool made =
      makePrimitive(s, backward, any[0], any[1], any[2], attributes, desc);
  if (made) {
    const char *name = "";
    dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &name);
    auto layout = [&](dnnl_query_t what) {
      return *dnnl_primitive_desc_query_md(desc, what, 0);
    };
    const int in = backward ? 2 : 0, out = backward ? 0 : 2;
    scratch = layout(dnnl_query_scratchpad_md);
    made = std::strstr(name, "ref") == nullptr &&
           input.make(
               plain[in],
               layout(backward ? dnnl_query_diff_dst_md : dnnl_query_src_md),
               attributes) &&
           weights.make(plain[1], layout(dnnl_query_weights_md), attributes) &&
           output.make(
               layout(backward ? dnnl_query_diff_src_md : dnnl_query_dst_md),
               plain[out], attributes) &&
           dnnl_primitive_create(&primitive, desc) == dnnl_success;
    dnnl_primitive_desc_destroy(desc);
  }
  dnnl_primitive_attr_destroy(attributes);
  return made;
}

inline void OneDnnConvolution::run(const float *in, const void *w,
                                   float *out) const {
  auto size = [](const dnnl_memory_desc_t &d) {
    return static_cast<int64_t>(dnnl_memory_desc_get_size(&d));
  };
  Scratch blockedIn(input.bytes());
  Scratch blockedOut(output.primitive ? size(output.from) : 0);
  Scratch pad(size(scratch));
  const void *from = in;
  void *to = out;
  if (input.primitive) {
    input.run(in, blockedIn.as<void>());
    from = blockedIn.as<void>();
  }
  if (output.primitive)
    to = blockedOut.as<void>();
  {
    OneDnnMemory source(input.to, from), kernel(weights.to, w),
        target(output.from, to), work(scratch, pad.as<void>());
    dnnl_exec_arg_t arguments[] = {
        {backward ? DNNL_ARG_DIFF_DST : DNNL_ARG_SRC, source.get()},
        {DNNL_ARG_WEIGHTS, kernel.get()},
        {backward ? DNNL_ARG_DIFF_SRC : DNNL_ARG_DST, target.get()},
        {DNNL_ARG_SCRATCHPAD, work.get()}};
    dnnl_primitive_execute(primitive, oneDnnStream(), 4, arguments);
  }
  if (output.primitive)
    output.run(to, out);
}

inline const OneDnnConvolution *
OneDnnConvolution::get(const ConvolutionShape &s, bool backward) {
  using Key = std::vector<int64_t>;
  static std::mutex mutex;
  static std::map<Key, std::unique_ptr<OneDnnConvolution>> cache;
  Key key = {backward, threads(), s.rank, s.examples, s.cin, s.cout, s.groups};
  for (const int64_t *list :
       {s.in, s.kernel, s.stride, s.padLow, s.padHigh, s.dilation})
    key.insert(key.end(), list, list + 3);
  std::lock_guard<std::mutex> lock(mutex);
  auto found = cache.find(key);
  if (found == cache.end()) {
    auto made = std::make_unique<OneDnnConvolution>();
    if (!oneDnnEngine() || !made->make(s, backward))
      made = nullptr;
    found = cache.emplace(std::move(key), std::move(made)).first;
  }
  return found->second.get();
}

/// Examples a chunk: those whose arrays fit the cache, but few enough that
/// every thread gets its share.
inline int64_t oneDnnChunk(const ConvolutionShape &s) {
  constexpr int64_t bytes = 2 << 20;
  const int64_t example = 4 * (s.cin * s.inPixels() + s.cout * s.outPixels());
  int64_t chunks = std::max<int64_t>(1, s.examples * example / bytes);
  chunks = (chunks + threads() - 1) / threads() * threads();
  return (s.examples + chunks - 1) / chunks;
}

/// False where oneDNN has nothing fast for the shape; nothing is done then.
inline bool oneDnnConvolution(const ConvolutionShape &s, bool backward,
                              const float *in, const float *w, float *out) {
  for (int i = 0; i < 3; ++i)
    if (s.padLow[i] < 0 || s.padHigh[i] < 0)
      return false;
  const bool small =
      s.examples * s.multiplies() < 2 * tuning::convolutionWorthAThread;
  const OneThread serial(small);
  ConvolutionShape chunk = s;
  if (s.examples >= threads())
    chunk.examples = oneDnnChunk(s);
  const int64_t inSize =
      (backward ? s.outputSize() : s.inputSize()) / s.examples;
  const int64_t outSize =
      (backward ? s.inputSize() : s.outputSize()) / s.examples;

  const OneDnnConvolution *sample = OneDnnConvolution::get(chunk, backward);
  if (!sample)
    return false;
  Scratch blockedWeights(sample->weightBytes());
  const void *weights = w;
  if (sample->weightBytes() > 0) {
    sample->reorderWeights(w, blockedWeights.as<void>());
    weights = blockedWeights.as<void>();
  }
  if (chunk.examples == s.examples) {
    sample->run(in, weights, out);
    return true;
  }
  const int64_t step = chunk.examples;
  std::atomic<bool> ok{true};
  parallelFor(
      (s.examples + step - 1) / step, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          ConvolutionShape part = s;
          part.examples = std::min(step, s.examples - i * step);
          const auto *c = OneDnnConvolution::get(part, backward);
          if (!c || !c->sameWeights(*sample))
            ok = false;
          else
            c->run(in + i * step * inSize, weights, out + i * step * outSize);
        }
      });
  return ok;
}

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_CONVOLUTIONONEDNN_H
