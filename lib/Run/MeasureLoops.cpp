// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops over elements, as they are compiled for this machine: nests that differ
// in one thing, so that the difference of their times is its price.

#include "Measure.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "ntk/Compile/MachineCode.h"
#include "ntk/Support/Diagnostics.h"

using namespace mlir;
using namespace mlir::ntk;

/// Rows and columns of the arrays, which fit a cache.
static constexpr int64_t rows = 128, columns = 256;

namespace {
/// A nest: where it reads, its body from %a to %r, and what it is called.
struct Nest {
  const char *name, *map, *body;
};
} // namespace

static constexpr Nest nests[] = {
    {"copy", "(i, j) -> (i, j)", "%r = arith.addf %a, %c : T"},
    {"arithmetic", "(i, j) -> (i, j)",
     "%0 = arith.mulf %a, %c : T\n%1 = arith.addf %0, %a : T\n"
     "%2 = arith.mulf %1, %a : T\n%3 = arith.subf %2, %c : T\n"
     "%4 = arith.mulf %3, %1 : T\n%5 = arith.addf %4, %c : T\n"
     "%6 = arith.mulf %5, %a : T\n%7 = arith.maximumf %6, %c : T\n"
     "%r = arith.addf %7, %3 : T"},
    {"division", "(i, j) -> (i, j)",
     "%0 = arith.divf %c, %a : T\n%1 = arith.divf %0, %c : T\n"
     "%r = arith.divf %1, %a : T"},
    {"function", "(i, j) -> (i, j)",
     "%0 = math.exp %a : T\n%1 = math.tanh %0 : T\n%r = math.exp %1 : T"},
    {"scattered", "(i, j) -> (j, i)", "%r = arith.addf %a, %c : T"},
};

/// A module of all nests and of a sum along lines.
static std::string writeModule(StringRef type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  std::string in,
      out = ("memref<" + Twine(rows) + "x" + Twine(columns) + "x" + type + ">")
                .str();
  for (const Nest &nest : nests) {
    bool isTurned = StringRef(nest.map).ends_with("(j, i)");
    in = isTurned ? ("memref<" + Twine(columns) + "x" + Twine(rows) + "x" +
                     type + ">")
                        .str()
                  : out;
    std::string body = nest.body;
    for (size_t at; (at = body.find(": T")) != std::string::npos;)
      body.replace(at, 3, (": " + type).str());
    os << "func.func @" << nest.name << "(%x: " << in << ", %y: " << out
       << ") {\n%c = arith.constant 0.75 : " << type
       << "\nlinalg.generic {indexing_maps = [affine_map<" << nest.map
       << ">, affine_map<(i, j) -> (i, j)>], iterator_types = [\"parallel\", "
          "\"parallel\"]} ins(%x : "
       << in << ") outs(%y : " << out << ") {\n^bb0(%a: " << type
       << ", %b: " << type << "):\n"
       << body << "\nlinalg.yield %r : " << type << "\n}\nreturn\n}\n";
  }
  os << "func.func @sum(%x: " << out << ", %y: memref<" << rows << "x" << type
     << ">) {\nlinalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, "
        "affine_map<(i, j) -> (i)>], iterator_types = [\"parallel\", "
        "\"reduction\"]} ins(%x : "
     << out << ") outs(%y : memref<" << rows << "x" << type
     << ">) {\n^bb0(%a: " << type << ", %b: " << type
     << "):\n%r = arith.addf %b, %a : " << type
     << "\nlinalg.yield %r : " << type << "\n}\nreturn\n}\n";
  return text;
}

namespace {
/// A dense array of two axes, as compiled code takes it.
struct Descriptor {
  void *base, *aligned;
  int64_t offset = 0, sizes[2], strides[2];

  Descriptor(void *data, int64_t first, int64_t second)
      : base(data), aligned(data), sizes{first, second}, strides{second, 1} {}
};
} // namespace

/// Seconds of one thread for one element of `name`, others at work beside it.
static llvm::Expected<double> measureNest(const MachineCode &code,
                                          StringRef name, void *x, void *y,
                                          int64_t threads) {
  llvm::Expected<MachineCode::Call> call = code.find(name);
  if (!call)
    return call.takeError();
  const bool isTurned = name == "scattered";
  Descriptor in(x, isTurned ? columns : rows, isTurned ? rows : columns);
  Descriptor out(y, rows, columns);
  if (name == "sum") { // of one axis: its stride follows its size
    out.sizes[0] = rows;
    out.sizes[1] = 1;
  }
  void *pointers[] = {&in, &out};
  void *arguments[] = {&pointers[0], &pointers[1]};
  double seconds = measure([&] { (*call)(arguments); });
  return seconds * static_cast<double>(threads) /
         static_cast<double>(rows * columns);
}

template <typename T>
static llvm::Error measureLoops(MLIRContext &context, StringRef type,
                                LoopRates &rates, const Machine &machine) {
  auto module =
      parseSourceString<ModuleOp>(writeModule(type), ParserConfig(&context));
  if (!module)
    return llvm::createStringError("expected loops that can be read");
  SmallVector<StringRef> names = {"sum"};
  for (const Nest &nest : nests)
    names.push_back(nest.name);
  auto code = MachineCode::compile(*module, names);
  if (!code)
    return code.takeError();
  AlignedBytes x = allocateHalves<T>(rows * columns),
               y = allocateHalves<T>(rows * columns);
  if (!x.data || !y.data)
    return llvm::createStringError("expected memory to measure with");
  auto seconds = [&](StringRef name) -> double {
    llvm::Expected<double> each =
        measureNest(**code, name, x.data, y.data, machine.threads);
    return each ? *each : (llvm::consumeError(each.takeError()), 0);
  };
  // Of a quotient or a function less than nothing would be noise.
  auto positive = [](double time) { return std::max(time, 1e-13); };
  const double copy = seconds("copy");
  rates.iteration = positive(copy);
  rates.arithmetic = positive((seconds("arithmetic") - copy) / 8);
  rates.division = positive((seconds("division") - copy) / 3);
  rates.function = positive((seconds("function") - copy) / 3);
  rates.scattered = positive(seconds("scattered") - copy);
  rates.sum = positive(seconds("sum"));
  return llvm::Error::success();
}

llvm::Error mlir::ntk::measureLoops(MLIRContext &context, Machine &machine) {
  if (llvm::Error error =
          ::measureLoops<float>(context, "f32", machine.f32.loops, machine))
    return error;
  return ::measureLoops<double>(context, "f64", machine.f64.loops, machine);
}
