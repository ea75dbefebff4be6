// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops over elements, as they are compiled for this machine: nests that differ
// in one thing, so that the difference of their times is its price.

#include "Measure.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "ntk/Compile/MachineCode.h"
#include "llvm/ADT/StringMap.h"

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
    {"strided", "(i, j) -> (j, i)", "%r = arith.addf %a, %c : T"},
    {"gathered", "(i, j) -> (i, j)",
     "%i = linalg.index 0 : index\n%j = linalg.index 1 : index\n"
     "%last = arith.constant 255 : index\n%far = arith.constant 97 : index\n"
     "%m = arith.muli %j, %far : index\n%k = arith.andi %m, %last : index\n"
     "%0 = memref.load %x[%i, %k] : memref<128x256xT>\n"
     "%r = arith.addf %0, %c : T"},
};

/// A module of all nests, of a sum along lines, and of short lines that are no
/// longer one: pairs of rows change places.
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
    for (size_t at; (at = body.find('T')) != std::string::npos;)
      body.replace(at, 1, type.str());
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
  std::string lines = ("memref<" + Twine(rows / 2) + "x" + Twine(columns / 4) +
                       "x8x" + type + ">")
                          .str();
  os << "func.func @lines(%x: " << lines << ", %y: " << lines
     << ") {\n%c = arith.constant 0.75 : " << type
     << "\nlinalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, "
        "k)>, affine_map<(i, j, k) -> (j, i, k)>], iterator_types = "
        "[\"parallel\", \"parallel\", \"parallel\"]} ins(%x : "
     << lines << ") outs(%y : " << lines << ") {\n^bb0(%a: " << type
     << ", %b: " << type << "):\n%r = arith.addf %a, %c : " << type
     << "\nlinalg.yield %r : " << type << "\n}\nreturn\n}\n";
  return text;
}

/// A dense array as compiled code takes it.
static std::vector<int64_t> describe(void *data, ArrayRef<int64_t> shape) {
  std::vector<int64_t> words(3 + 2 * shape.size());
  words[0] = words[1] = reinterpret_cast<intptr_t>(data);
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    words[3 + axis] = shape[axis];
    words[3 + shape.size() + axis] = stride;
    stride *= shape[axis];
  }
  return words;
}

/// Seconds of one thread for one element of `name`, others at work beside it.
static llvm::Expected<double> measureNest(const MachineCode &code,
                                          StringRef name, void *x, void *y,
                                          int64_t threads) {
  llvm::Expected<MachineCode::Call> call = code.find(name);
  if (!call)
    return call.takeError();
  SmallVector<int64_t> shape = {rows, columns}, result = shape;
  if (name == "lines")
    shape = result = {rows / 2, columns / 4, 8};
  if (name == "strided")
    shape = {columns, rows};
  if (name == "sum")
    result = {rows};
  std::vector<int64_t> in = describe(x, shape), out = describe(y, result);
  void *pointers[] = {in.data(), out.data()};
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
  SmallVector<StringRef> names = {"sum", "lines"};
  for (const Nest &nest : nests)
    names.push_back(nest.name);
  auto code = MachineCode::compile(*module, names);
  if (!code)
    return code.takeError();
  AlignedBytes x = allocateHalves<T>(rows * columns),
               y = allocateHalves<T>(rows * columns);
  if (!x.data || !y.data)
    return llvm::createStringError("expected memory to measure with");
  // In turn, so that what disturbs one round spares another: differences are
  // taken of the fastest.
  constexpr int rounds = 8;
  llvm::StringMap<double> seconds;
  for (int round = 0; round < rounds; ++round) {
    for (StringRef name : names) {
      llvm::Expected<double> each =
          measureNest(**code, name, x.data, y.data, machine.threads);
      if (!each)
        return each.takeError();
      seconds[name] = takeFaster(seconds[name], *each);
    }
  }
  const double copy = seconds["copy"];
  // A difference less than nothing would be noise.
  auto set = [](double &rate, double time) { rate = std::max(time, 1e-13); };
  set(rates.iteration, copy);
  set(rates.arithmetic, (seconds["arithmetic"] - copy) / 8);
  set(rates.division, (seconds["division"] - copy) / 3);
  set(rates.function, (seconds["function"] - copy) / 3);
  set(rates.strided, seconds["strided"] - copy);
  set(rates.gathered, seconds["gathered"] - copy);
  set(rates.sum, seconds["sum"]);
  // A line of eight elements costs what eight do, and the line.
  set(rates.line, 8 * (seconds["lines"] - copy));
  return llvm::Error::success();
}

llvm::Error mlir::ntk::measureLoops(MLIRContext &context, Machine &machine) {
  if (llvm::Error error =
          ::measureLoops<float>(context, "f32", machine.f32.loops, machine))
    return error;
  return ::measureLoops<double>(context, "f64", machine.f64.loops, machine);
}
