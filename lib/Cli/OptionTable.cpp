// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of options and what reads their values.

#include "OptionTable.h"
#include "ntk/Data/GivenValues.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::ntk;
using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static Error expected(StringRef option, const Twine &what, StringRef found) {
  return createStringError((option.size() == 1 ? "-" : "--") + option +
                           ": expected " + what + ", but got '" + found + "'");
}

static Error setChoice(std::string &target, StringRef option, StringRef value,
                       ArrayRef<StringRef> choices) {
  if (!llvm::is_contained(choices, value))
    return expected(option, llvm::join(choices, ", "), value);
  target = value.str();
  return Error::success();
}

/// A name, or a spec, whose letters the outputs are needed for.
static Error setKernel(RunOptions &o, StringRef option, StringRef value) {
  if (!findOutputPairs(value) && !value.contains("->"))
    return expected(option,
                    "full, trace, diagonal, sum, or an einsum as in 'now, mpw "
                    "-> nmop'",
                    value);
  o.kernel = value.str();
  return Error::success();
}

template <auto target>
static Error setFile(RunOptions &o, StringRef option, StringRef value) {
  if (value.empty())
    return expected(option, "the name of a file", value);
  o.*target = value.str();
  return Error::success();
}

/// A number, of type int64_t or an optional one.
template <auto target>
static Error setCount(RunOptions &o, StringRef option, StringRef value) {
  constexpr int64_t most = 1 << 20;
  int64_t number;
  if (value.getAsInteger(10, number) || number < 1 || number > most)
    return expected(option, "a number from 1 to " + Twine(most), value);
  o.*target = number;
  return Error::success();
}

/// NAME=VALUE, of which the value is read with the other arrays.
static Error addInput(RunOptions &o, StringRef option, StringRef value) {
  if (value.split('=').first.empty() || value.split('=').second.empty())
    return expected(option, "NAME=VALUE", value);
  o.inputs.push_back(value.str());
  return Error::success();
}

static Error addSizes(RunOptions &o, StringRef option, StringRef value) {
  llvm::SmallVector<StringRef> entries;
  value.split(entries, ',');
  for (StringRef entry : entries) {
    auto size = parseGivenSize(entry.trim());
    if (!size)
      return createStringError("--" + option + ": " +
                               llvm::toString(size.takeError()));
    o.sizes.push_back(std::move(*size));
  }
  return Error::success();
}

/// A comma-separated list of globs. Commas in {a,b} belong to the glob.
template <auto target>
static Error addGlobs(RunOptions &o, StringRef option, StringRef value) {
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
      return expected(option, "names or globs, separated by commas", value);
    (o.*target).push_back(glob.str());
  }
  return Error::success();
}

/// Axes, separated by commas; each may say what becomes of it.
static Error addAxes(RunOptions &o, StringRef option, StringRef value) {
  llvm::SmallVector<StringRef> entries;
  value.split(entries, ',');
  for (StringRef entry : entries) {
    auto [kind, number] = entry.trim().rsplit(':');
    if (!entry.contains(':'))
      std::swap(kind, number);
    AxisChoice choice{0, kind.str()};
    if (number.getAsInteger(10, choice.axis) ||
        (kind.empty() && entry.contains(':')) ||
        (!kind.empty() && !findOutputPairs(kind))) {
      return expected(option,
                      "axes as -1, or with what becomes of each as "
                      "trace:-1,diagonal:0",
                      value);
    }
    o.axes.push_back(std::move(choice));
  }
  return Error::success();
}

template <auto target>
static Error setReport(RunOptions &o, StringRef option, StringRef value) {
  if (!value.empty() && value != "json" && value != "table")
    return expected(option, "json, or nothing", value);
  o.*target = value == "json" ? ReportFormat::Json : ReportFormat::Table;
  return Error::success();
}

template <auto target, bool value = true>
static Error setFlag(RunOptions &o, StringRef, StringRef) {
  o.*target = value;
  return Error::success();
}

static Error setRealType(RunOptions &o, StringRef option, StringRef value) {
  if (value != "f32" && value != "f64")
    return expected(option, "f32 or f64", value);
  o.doublePrecision = value == "f64";
  return Error::success();
}

static Error setMemoryLimit(RunOptions &o, StringRef option, StringRef value) {
  o.memoryLimit = parseByteSize(value);
  if (!o.memoryLimit)
    return expected(option, "a size such as 4GiB", value);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static constexpr Option options[] = {
    {Option::Run, "x1", "A.npy|A.npz",
     "examples along the first axis; for a network with several inputs an\n"
     ".npz with one array for each by name; one without that axis is shared\n"
     "by all examples",
     setFile<&RunOptions::x1>},
    {Option::Run, "x2", "B.npy|B.npz",
     "the second set of examples; without it the kernel of A with itself",
     setFile<&RunOptions::x2>},
    {Option::Run, "o", "THETA.npy", "where the kernel goes",
     setFile<&RunOptions::output>},
    {Option::Emit, "o", "NET.cpp|NET.cu",
     "where the source goes, with NET.h beside it",
     setFile<&RunOptions::output>},
    {Option::Import, "o", "NET.mlir",
     "where the network goes; without it to standard output",
     setFile<&RunOptions::output>},
    {Option::KernelLibrary, "kernel", "K",
     "full [n1, n2, o, o] (the default; an output of axes a, b has\n"
     "[n1, n2, a, a, b, b]), trace [n1, n2] (divided by o),\n"
     "diagonal [n1, n2, o], sum [n1, n2] (of the summed outputs), or an\n"
     "einsum over the Jacobians with a letter for each axis of the outputs, "
     "as\n"
     "'now, mpw -> nmop', 'nabw, mcbw -> nmac' (nothing is divided)",
     setKernel},
    {Option::KernelLibrary, "axes", "LIST",
     "the axes of an example's output that K is about, as 0,-1; all others "
     "are\n"
     "full. With a word, as in trace:-1,diagonal:0, an axis has its own K",
     addAxes},
    {Option::AllLibrary, "outputs", "GLOB,...",
     "the outputs whose kernel it is, by name; without it all. What only the\n"
     "others need is not looked at",
     addGlobs<&RunOptions::outputs>},
    {Option::All, "input", "NAME=VALUE",
     "the value of an input that all examples share: a number, true, false,\n"
     "a list as [1, 2], or an .npy file; once for each such input",
     addInput},
    {Option::TranslateLibrary, "size", "NAME=N,...",
     "a size beside the batch that the model leaves open, by the name of the\n"
     "axis, or as INPUT.AXIS where it has none",
     addSizes},
    {Option::AllLibrary, "wrt", "GLOB,...",
     "differentiate by these parameters only, or with a + in front, "
     "+GLOB,...,\n"
     "by these, too",
     addGlobs<&RunOptions::wrt>},
    {Option::AllLibrary, "frozen", "GLOB,...", "do not differentiate by these",
     addGlobs<&RunOptions::frozen>},
    {Option::Run, "parameters", "",
     "list the model's tensors, which are parameters and why, and stop",
     setFlag<&RunOptions::listParameters>},
    {Option::Kernel, "params", "W.npz|W.safetensors",
     "parameters and buffers by name, instead of those in the model",
     setFile<&RunOptions::params>},
    {Option::AllLibrary, "accept-export", "",
     "compute the kernel of the file as it is, although its exporter changed\n"
     "parameters in a way that cannot be undone",
     setFlag<&RunOptions::acceptExport>},
    {Option::Kernel, "partial-params", "",
     "keep the model's own where --params has none",
     setFlag<&RunOptions::partialParameters>},
    {Option::KernelLibrary, "method", "M",
     "auto (the default), or a method of the paper: jacobian-contraction,\n"
     "ntk-vector-products, structured",
     [](RunOptions &o, StringRef option, StringRef value) {
       return setChoice(o.method, option, value,
                        {"auto", "jacobian-contraction", "ntk-vector-products",
                         "structured"});
     }},
    {Option::KernelLibrary, "dtype", "f32|f64",
     "what is computed in; without it the type of the model", setRealType},
    {Option::Import, "dtype", "f32|f64",
     "what the network computes in; without it f32", setRealType},
    {Option::KernelLibrary, "memory-limit", "SIZE",
     "as 4GiB: blocks get smaller until all fits; counted are parameters,\n"
     "inputs, factors, scratch and the kernel. Without it 80 % of what is free",
     setMemoryLimit},
    {Option::RunLibrary, "threads", "N", "threads to compute with",
     setCount<&RunOptions::threads>},
    {Option::Run, "plan", "[=json]", "print the plan and stop",
     setReport<&RunOptions::plan>},
    {Option::Run, "profile", "[=json]",
     "print the plan and measured times after the run",
     setReport<&RunOptions::profile>},
    {Option::Run, "calibrate", "",
     "measure this machine, in seconds, keep what it can do, and stop:\n"
     "predictions are of the machine that was measured",
     setFlag<&RunOptions::calibrate>},
    {Option::Run, "repeat", "N", "run N times, report the fastest",
     setCount<&RunOptions::repeat>},
    {Option::Run, "reference", "",
     "the slow and simple kernel, in f64, for comparison",
     setFlag<&RunOptions::reference>},
    {Option::AllLibrary, "whole-batch", "",
     "for networks that mix examples: A is one batch, as the network takes "
     "it,\n"
     "B another of its size, and each output depends on all its examples; "
     "costs\n"
     "as much as n times the outputs",
     setFlag<&RunOptions::wholeBatch>},
    {Option::KernelLibrary, "allow-nonfinite", "",
     "compute although weights or inputs hold NaN or infinity",
     setFlag<&RunOptions::allowNonFinite>},
    {Option::Import, "onnx-to-ntk", "", "read an ONNX file as an ntk.network",
     [](RunOptions &, StringRef, StringRef) -> Error {
       return Error::success(); // what this tool does
     }},
    {Option::Emit, "ntk-to-cpp", "", "write C++17",
     setFlag<&RunOptions::toCuda, false>},
    {Option::Emit, "ntk-to-cuda", "", "write CUDA C++ with cuBLAS and cuDNN",
     setFlag<&RunOptions::toCuda>},
    {Option::Emit, "tf32", "",
     "CUDA: products of floats rounded to 10 bits, which are faster",
     setFlag<&RunOptions::tf32>},
    {Option::Emit, "kernels", "onednn|cblas|none|cudnn|cublas",
     "the libraries that C++ leans on: oneDNN and BLIS (the default), a\n"
     "CBLAS, or none at all; CUDA: cuBLAS, with cuDNN for convolutions (the\n"
     "default) or without",
     [](RunOptions &o, StringRef option, StringRef value) {
       return setChoice(o.kernels, option, value,
                        {"onednn", "cblas", "none", "cudnn", "cublas"});
     }},
    {Option::EmitLibrary, "n1", "N",
     "examples x1 that the plan is made for; any number runs",
     setCount<&RunOptions::n1>},
    {Option::Emit, "n2", "N",
     "examples x2 that the plan is made for; without it x2 is x1",
     setCount<&RunOptions::n2>},
    {Option::Emit, "main", "", "with a command line: --x1 --x2 --params -o",
     setFlag<&RunOptions::withMain>},
    {Option::Emit, "clocks", "",
     "C++: with a clock behind each step, for whom ntk-rt/Clock.h lets "
     "listen;\n"
     "with --main, --repeat tells what each step takes",
     setFlag<&RunOptions::withClocks>},
    {Option::Emit, "embed-weights", "", "with the parameters inside",
     setFlag<&RunOptions::embedWeights>},
    {Option::Emit, "save-params", "W.npz",
     "write the model's parameters, which the code reads when it runs",
     setFile<&RunOptions::savedParameters>},
    {Option::All, "quiet", "",
     "no progress, no notes; warnings and errors stay",
     setFlag<&RunOptions::quiet>},
    {Option::All, "version", "", "the version of this program",
     [](RunOptions &, StringRef, StringRef) -> Error {
       return Error::success(); // answered before options are read
     }},
    {Option::All, "help", "", "this text", setFlag<&RunOptions::help>},
};

ArrayRef<Option> mlir::ntk::getOptions() { return options; }
