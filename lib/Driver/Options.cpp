// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of options and the one loop that reads it. LLVM's own
// option parser is not used: it would bring some hundred options of its own.

#include "ntk/Driver/Options.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/GlobPattern.h"

using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

namespace {

/// The tools that have an option.
enum Tools { Run = 1, Emit = 2, Both = 3 };

struct Option {
  Tools tools;
  StringRef name;
  /// How the value is written in the help. Empty: takes none. "[=json]": takes
  /// one only after an equals sign.
  StringRef value;
  StringRef help;
  Error (*set)(RunOptions &, StringRef);

  bool isFlag() const { return value.empty(); }
  bool isOptional() const { return value.starts_with("["); }
  bool isOf(Tool tool) const {
    return tools & (tool == Tool::Run ? Run : Emit);
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

std::optional<int64_t> mlir::ntk::parseByteSize(StringRef text) {
  size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  double number;
  if (text.take_front(end).getAsDouble(number))
    return std::nullopt;
  static constexpr std::pair<StringRef, double> units[] = {
      {"", 1},         {"B", 1},       {"KB", 1e3},     {"MB", 1e6},
      {"GB", 1e9},     {"TB", 1e12},   {"K", 0x1p10},   {"M", 0x1p20},
      {"G", 0x1p30},   {"T", 0x1p40},  {"KiB", 0x1p10}, {"MiB", 0x1p20},
      {"GiB", 0x1p30}, {"TiB", 0x1p40}};
  for (auto [unit, factor] : units)
    if (text.drop_front(end).trim().equals_insensitive(unit)) {
      double bytes = number * factor;
      if (bytes < 1 || bytes > 0x1p62)
        return std::nullopt;
      return static_cast<int64_t>(bytes);
    }
  return std::nullopt;
}

std::string mlir::ntk::formatBytes(double bytes) {
  static constexpr const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  for (; bytes >= 1024 && unit < 4; ++unit)
    bytes /= 1024;
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::format(unit && bytes < 100 ? "%.1f" : "%.0f", bytes) << ' '
      << units[unit];
  return text;
}

static Error expected(StringRef option, const Twine &what, StringRef found) {
  return createStringError("--" + option + ": expected " + what +
                           ", but got '" + found + "'");
}

static Error setChoice(std::string &target, StringRef option, StringRef value,
                       llvm::ArrayRef<StringRef> choices) {
  if (!llvm::is_contained(choices, value))
    return expected(option, llvm::join(choices, ", "), value);
  target = value.str();
  return Error::success();
}

static Error setFile(std::string &target, StringRef option, StringRef value) {
  if (value.empty())
    return expected(option, "the name of a file", value);
  target = value.str();
  return Error::success();
}

static Error setCount(int64_t &target, StringRef option, StringRef value) {
  constexpr int64_t most = 1 << 20;
  int64_t number;
  if (value.getAsInteger(10, number) || number < 1 || number > most)
    return expected(option, "a number from 1 to " + Twine(most), value);
  target = number;
  return Error::success();
}

/// A comma-separated list of globs. Commas in {a,b} belong to the glob.
static Error addGlobs(std::vector<std::string> &target, StringRef option,
                      StringRef value) {
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= value.size(); ++i) {
    if (i < value.size() && value[i] == '{')
      ++depth;
    if (i < value.size() && value[i] == '}')
      --depth;
    if (i < value.size() && (value[i] != ',' || depth > 0))
      continue;
    StringRef glob = value.slice(begin, i).trim();
    begin = i + 1;
    if (glob.empty())
      return expected(
          option, "names or globs of parameters, separated by commas", value);
    target.push_back(glob.str());
  }
  return Error::success();
}

static Error setReport(ReportFormat &target, StringRef option,
                       StringRef value) {
  if (!value.empty() && value != "json" && value != "table")
    return expected(option, "json, or nothing", value);
  target = value == "json" ? ReportFormat::Json : ReportFormat::Table;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static constexpr Option options[] = {
    {Run, "x1", "A.npy|A.npz",
     "examples along the first axis; for a network with several inputs an\n"
     ".npz with one array for each by name",
     [](RunOptions &o, StringRef v) { return setFile(o.x1, "x1", v); }},
    {Run, "x2", "B.npy|B.npz",
     "the second set of examples; without it the kernel of A with itself",
     [](RunOptions &o, StringRef v) { return setFile(o.x2, "x2", v); }},
    {Both, "o", "FILE",
     "where the result goes: the kernel as THETA.npy, or source as NET.cpp\n"
     "with NET.h beside it",
     [](RunOptions &o, StringRef v) { return setFile(o.output, "o", v); }},
    {Both, "kernel", "K",
     "full [n1, n2, o, o] (the default; an output of axes a, b has\n"
     "[n1, n2, a, a, b, b]), trace [n1, n2] (divided by o),\n"
     "diagonal [n1, n2, o], sum [n1, n2] (of the summed outputs)",
     [](RunOptions &o, StringRef v) {
       return setChoice(o.kernel, "kernel", v,
                        {"full", "trace", "diagonal", "sum"});
     }},
    {Both, "wrt", "GLOB,...", "differentiate by these parameters only",
     [](RunOptions &o, StringRef v) { return addGlobs(o.wrt, "wrt", v); }},
    {Both, "frozen", "GLOB,...", "do not differentiate by these",
     [](RunOptions &o, StringRef v) {
       return addGlobs(o.frozen, "frozen", v);
     }},
    {Both, "params", "W.npz|W.safetensors",
     "parameters and buffers by name, instead of those in the model",
     [](RunOptions &o, StringRef v) { return setFile(o.params, "params", v); }},
    {Both, "method", "M",
     "auto (the default), or a method of the paper: jacobian-contraction,\n"
     "ntk-vector-products, structured",
     [](RunOptions &o, StringRef v) {
       return setChoice(o.method, "method", v,
                        {"auto", "jacobian-contraction", "ntk-vector-products",
                         "structured"});
     }},
    {Both, "dtype", "f32|f64",
     "what is computed in; without it the type of the model",
     [](RunOptions &o, StringRef v) -> Error {
       if (v != "f32" && v != "f64")
         return expected("dtype", "f32 or f64", v);
       o.doublePrecision = v == "f64";
       return Error::success();
     }},
    {Both, "memory-limit", "SIZE",
     "as 4GiB: blocks get smaller until all fits; counted are parameters,\n"
     "inputs, factors, scratch and the kernel. Without it 80 % of what is free",
     [](RunOptions &o, StringRef v) -> Error {
       o.memoryLimit = parseByteSize(v);
       if (!o.memoryLimit)
         return expected("memory-limit", "a size such as 4GiB", v);
       return Error::success();
     }},
    {Run, "threads", "N", "threads to compute with",
     [](RunOptions &o, StringRef v) -> Error {
       int64_t n = 0;
       if (Error error = setCount(n, "threads", v))
         return error;
       o.threads = n;
       return Error::success();
     }},
    {Run, "plan", "[=json]", "print the plan and stop",
     [](RunOptions &o, StringRef v) { return setReport(o.plan, "plan", v); }},
    {Run, "profile", "[=json]",
     "print the plan and measured times after the run",
     [](RunOptions &o, StringRef v) {
       return setReport(o.profile, "profile", v);
     }},
    {Run, "repeat", "N", "run N times, report the fastest",
     [](RunOptions &o, StringRef v) {
       return setCount(o.repeat, "repeat", v);
     }},
    {Run, "reference", "", "the slow and simple kernel, in f64, for comparison",
     [](RunOptions &o, StringRef) -> Error {
       o.reference = true;
       return Error::success();
     }},
    {Both, "whole-batch", "",
     "(not supported yet) take the batch as one example",
     [](RunOptions &, StringRef) {
       return createStringError("--whole-batch is not supported yet");
     }},
    {Both, "allow-nonfinite", "",
     "compute although weights or inputs hold NaN or infinity",
     [](RunOptions &o, StringRef) -> Error {
       o.allowNonFinite = true;
       return Error::success();
     }},
    {Emit, "ntk-to-cpp", "", "write C++17",
     [](RunOptions &o, StringRef) -> Error {
       o.toCuda = false;
       return Error::success();
     }},
    {Emit, "ntk-to-cuda", "", "write CUDA C++ with cuBLAS",
     [](RunOptions &o, StringRef) -> Error {
       o.toCuda = true;
       return Error::success();
     }},
    {Emit, "tf32", "",
     "CUDA: products of floats rounded to 10 bits, which are faster",
     [](RunOptions &o, StringRef) -> Error {
       o.tf32 = true;
       return Error::success();
     }},
    {Emit, "kernels", "onednn|cblas|none",
     "the libraries that C++ leans on: oneDNN and BLIS (the default), a\n"
     "CBLAS, or none at all",
     [](RunOptions &o, StringRef v) {
       return setChoice(o.kernels, "kernels", v, {"onednn", "cblas", "none"});
     }},
    {Emit, "n1", "N", "examples x1 that the plan is made for; any number runs",
     [](RunOptions &o, StringRef v) { return setCount(o.n1, "n1", v); }},
    {Emit, "n2", "N", "examples x2 that the plan is made for",
     [](RunOptions &o, StringRef v) { return setCount(o.n2, "n2", v); }},
    {Emit, "main", "", "with a command line: --x1 --x2 --params -o",
     [](RunOptions &o, StringRef) -> Error {
       o.withMain = true;
       return Error::success();
     }},
    {Emit, "embed-weights", "", "with the parameters inside",
     [](RunOptions &o, StringRef) -> Error {
       o.embedWeights = true;
       return Error::success();
     }},
    {Emit, "save-params", "W.npz",
     "write the model's parameters, which the code reads when it runs",
     [](RunOptions &o, StringRef v) {
       return setFile(o.savedParameters, "save-params", v);
     }},
    {Both, "quiet", "", "no progress, no notes; warnings and errors stay",
     [](RunOptions &o, StringRef) -> Error {
       o.quiet = true;
       return Error::success();
     }},
    {Both, "help", "", "this text",
     [](RunOptions &o, StringRef) -> Error {
       o.help = true;
       return Error::success();
     }},
};

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static const Option *findOption(Tool tool, StringRef name) {
  for (const Option &option : options)
    if (option.isOf(tool) && option.name == name)
      return &option;
  return nullptr;
}

/// The option whose name is most like `name`, for a hint.
static std::string hint(Tool tool, StringRef name) {
  const Option *best = nullptr;
  unsigned distance = 3;
  for (const Option &option : options) {
    unsigned here = name.edit_distance(option.name, true, distance);
    if (option.isOf(tool) && here < distance) {
      best = &option;
      distance = here;
    }
  }
  return best ? (", did you mean --" + best->name + "?").str() : ", see --help";
}

/// Reads the option at the front of `rest` and what belongs to it.
static Error readOption(Tool tool, RunOptions &result,
                        llvm::ArrayRef<const char *> &rest) {
  StringRef text = rest.front();
  rest = rest.drop_front();
  auto [name, value] = text.ltrim('-').split('=');
  bool hasValue = text.contains('=');
  bool dashes = text.starts_with("--") || name.size() == 1;
  const Option *option =
      dashes ? findOption(tool, name == "h" ? "help" : name) : nullptr;
  if (!option)
    return createStringError("unknown option '" + text + "'" +
                             hint(tool, name));
  if (option->isFlag() && hasValue)
    return createStringError("--" + name + ": expected no value, but got '" +
                             value + "'");
  if (!option->isFlag() && !option->isOptional() && !hasValue) {
    if (rest.empty())
      return createStringError("--" + name + ": expected " + option->value +
                               ", but the command line ends");
    value = rest.front();
    rest = rest.drop_front();
  }
  return option->set(result, value);
}

/// What only the whole command line can tell.
static Error checkOptions(Tool tool, const RunOptions &o) {
  if (o.model.empty())
    return createStringError(
        "expected a model, MODEL.onnx or MODEL.mlir, see --help");
  StringRef model = o.model;
  if (!model.ends_with(".onnx") && !model.ends_with(".mlir"))
    return createStringError(model + ": expected an .onnx or .mlir file");
  if (tool == Tool::Emit) {
    StringRef ending = o.toCuda ? ".cu" : ".cpp";
    if (!StringRef(o.output).ends_with(ending))
      return createStringError("-o: expected a file NET" + ending +
                               ", but got '" + o.output + "'");
    if (o.tf32 && !o.toCuda)
      return createStringError("--tf32: expected --ntk-to-cuda");
    return Error::success();
  }
  if (o.x1.empty())
    return createStringError("expected examples, --x1 A.npy");
  if (o.output.empty() && o.plan == ReportFormat::None &&
      o.profile == ReportFormat::None)
    return createStringError(
        "expected a file for the kernel, -o THETA.npy (or --plan, --profile)");
  if (o.reference &&
      (o.plan != ReportFormat::None || o.profile != ReportFormat::None))
    return createStringError("--reference: expected -o THETA.npy without "
                             "--plan and --profile: there is no plan");
  return Error::success();
}

Expected<RunOptions>
mlir::ntk::parseOptions(Tool tool, llvm::ArrayRef<const char *> arguments) {
  RunOptions result;
  while (!arguments.empty()) {
    StringRef text = arguments.front();
    if (text.starts_with("-") && text.size() > 1) {
      if (Error error = readOption(tool, result, arguments))
        return error;
      continue;
    }
    arguments = arguments.drop_front();
    if (!result.model.empty())
      return createStringError("expected one model, but got '" + result.model +
                               "' and '" + text + "'");
    result.model = text.str();
  }
  if (!result.help)
    if (Error error = checkOptions(tool, result))
      return error;
  return result;
}

//===----------------------------------------------------------------------===//
// Help
//===----------------------------------------------------------------------===//

static constexpr StringRef exportNotes = R"(
Exporting from PyTorch: an exporter that optimises keeps the outputs but changes
the parameters, and with them the kernel (it folds batch norm, merges equal
parameters, drops zero biases). So that the file has every parameter:

  torch.onnx.export(model.eval(), (x,), "model.onnx",
                    dynamic_shapes=({0: torch.export.Dim("batch")},),
                    optimize=False)

With the older exporter: dynamo=False, do_constant_folding=False,
training=torch.onnx.TrainingMode.PRESERVE, dynamic_axes={"x": {0: "batch"}}.

Reading the result in NumPy:

  theta = np.load("THETA.npy")     # [n1, n2, o, o]
  theta[i, j, o, p]  # gradient of output o at x1[i] times that of p at x2[j]
)";

/// Printed in front of the options, by tool.
static constexpr StringRef usages[] = {
    R"(Computes the exact finite-width neural tangent kernel of a network.

usage: ntk-run MODEL.{onnx,mlir} --x1 A.npy [--x2 B.npy] -o THETA.npy [option]...

)",
    R"(Writes source that computes the neural tangent kernel of a network.

usage: ntk-translate --ntk-to-cpp MODEL.{onnx,mlir} -o NET.cpp [option]...
       ntk-translate --ntk-to-cuda MODEL.{onnx,mlir} -o NET.cu [option]...

)"};

void mlir::ntk::printHelp(Tool tool, llvm::raw_ostream &os) {
  os << usages[static_cast<int>(tool)];
  for (const Option &option : options) {
    if (!option.isOf(tool))
      continue;
    std::string left =
        ("  " + StringRef(option.name.size() == 1 ? "-" : "--") + option.name +
         StringRef(option.isFlag() || option.isOptional() ? "" : " ") +
         option.value)
            .str();
    auto [first, more] = option.help.split('\n');
    os << llvm::left_justify(left, 25) << (left.size() < 25 ? "" : "\n")
       << (left.size() < 25 ? "" : std::string(25, ' ')) << first << '\n';
    while (!more.empty()) {
      std::tie(first, more) = more.split('\n');
      os << std::string(25, ' ') << first << '\n';
    }
  }
  os << exportNotes;
}
