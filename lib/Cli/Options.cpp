// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one loop that reads options, and their help. LLVM's own option parser is
// not used: it would bring some hundred options of its own.

#include "OptionTable.h"
#include "ntk/Data/Arrays.h"
#include "ntk/Target/FileNames.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"

using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static const Option *findOption(Tool tool, StringRef name) {
  for (const Option &option : getOptions())
    if (option.isOf(tool) && option.name == name)
      return &option;
  return nullptr;
}

/// The option whose name is most like `name`, for a hint.
static std::string hint(Tool tool, StringRef name) {
  const Option *best = nullptr;
  unsigned distance = 3;
  for (const Option &option : getOptions()) {
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
      return createStringError((name.size() == 1 ? "-" : "--") + name +
                               ": expected " + option->value +
                               ", but the command line ends");
    value = rest.front();
    rest = rest.drop_front();
  }
  return option->set(result, option->name, value);
}

Error mlir::ntk::setOption(Tool tool, RunOptions &options, StringRef name,
                           StringRef value) {
  const Option *option = findOption(tool, name);
  if (!option)
    return createStringError("unknown option '--" + name + "'" +
                             hint(tool, name));
  if (!option->isFlag())
    return option->set(options, option->name, value);
  if (value != "true" && value != "false")
    return createStringError(
        "--" + name + ": expected true or false, but got '" + value + "'");
  return value == "true" ? option->set(options, option->name, "")
                         : Error::success();
}

std::vector<StringRef> mlir::ntk::getOptionNames() {
  std::vector<StringRef> names;
  for (const Option &option : getOptions())
    names.push_back(option.name);
  return names;
}

/// What a file is that is no model of ours, by its name, and what to do.
static StringRef explainEnding(StringRef path) {
  StringRef ending = path.rsplit('.').second;
  auto isOneOf = [&](std::initializer_list<StringRef> endings) {
    return path.contains('.') && llvm::is_contained(endings, ending);
  };
  if (isOneOf({"pt", "pth", "pt2", "ckpt", "bin"}))
    return ", but got one of PyTorch's; export the model with "
           "torch.onnx.export, see --help";
  if (isOneOf({"safetensors", "npz"}))
    return ", but got one of parameters, which --params takes; a model is "
           "exported with torch.onnx.export, see --help";
  if (isOneOf({"h5", "keras", "pb", "tflite"}))
    return ", but got one of TensorFlow's; tf2onnx converts it";
  return "";
}

Error mlir::ntk::checkModelName(StringRef path) {
  if (path.ends_with(".onnx") || path.ends_with(".mlir") || isStream(path))
    return Error::success();
  return createStringError(path + ": expected an .onnx or .mlir file" +
                           explainEnding(path));
}

/// An axis that is named has a word, or `--kernel` has one for it.
static Error checkAxes(const RunOptions &o) {
  if (!o.axes.empty() && !findOutputPairs(o.kernel))
    return createStringError("--axes: expected a word as --kernel, but got '" +
                             o.kernel + "', which says it of each axis");
  auto isFull = [&](const AxisChoice &axis) {
    return axis.kind.empty() && o.kernel == "full";
  };
  if (llvm::any_of(o.axes, isFull))
    return createStringError(
        "--axes: expected --kernel=trace, diagonal or sum, "
        "or a word for each axis as in trace:-1");
  return Error::success();
}

Error mlir::ntk::checkOptions(Tool tool, const RunOptions &o) {
  if (tool == Tool::Import)
    return Error::success();
  if (tool == Tool::Library)
    return checkAxes(o);
  if (o.calibrate)
    return o.model.empty() ? Error::success()
                           : createStringError("--calibrate: expected no "
                                               "model, but got '" +
                                               o.model + "'");
  if (o.model.empty())
    return createStringError(
        "expected a model, MODEL.onnx or MODEL.mlir, see --help");
  if (Error error = checkModelName(o.model))
    return error;
  if (o.partialParameters && o.params.empty())
    return createStringError("--partial-params: expected --params");
  if (Error error = checkAxes(o))
    return error;
  if (tool == Tool::Emit) {
    StringRef ending = o.toCuda ? ".cu" : ".cpp";
    if (!StringRef(o.output).ends_with(ending))
      return createStringError("-o: expected a file NET" + ending +
                               ", but got '" + o.output + "'");
    if (o.withClocks && o.toCuda)
      return createStringError("--clocks: expected --ntk-to-cpp: a device goes "
                               "on while its steps are only asked for");
    if (o.tf32 && !o.toCuda)
      return createStringError("--tf32: expected --ntk-to-cuda");
    bool isCuda = o.kernels == "cudnn" || o.kernels == "cublas";
    if (!o.kernels.empty() && isCuda != o.toCuda) {
      StringRef names = o.toCuda ? "cudnn or cublas for CUDA"
                                 : "onednn, cblas or none for C++";
      return createStringError("--kernels: expected " + names + ", but got '" +
                               o.kernels + "'");
    }
    if (o.n2 && o.wholeBatch)
      return createStringError("--n2: expected none with --whole-batch: both "
                               "sides have batches of one size");
    return Error::success();
  }
  if (o.listParameters)
    return Error::success();
  if (o.x1.empty())
    return createStringError("expected examples, --x1 A.npy");
  if (!o.output.empty() && !StringRef(o.output).ends_with(".npy") &&
      !isStream(o.output))
    return createStringError("-o: expected a file THETA.npy, but got '" +
                             o.output +
                             "' (source is written by ntk-translate)");
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

std::string mlir::ntk::getHeaderPath(const RunOptions &options) {
  namespace path = llvm::sys::path;
  llvm::SmallString<128> header(path::parent_path(options.output));
  path::append(header, getHeaderName(path::stem(options.output)));
  return header.str().str();
}

Error mlir::ntk::checkInputs(const RunOptions &options,
                             llvm::ArrayRef<std::string> inputs) {
  std::string header;
  StringRef ending = llvm::sys::path::extension(options.output);
  if (ending == ".cpp" || ending == ".cu")
    header = getHeaderPath(options);
  std::pair<StringRef, StringRef> outputs[] = {
      {"-o", options.output},
      {"-o", header},
      {"--save-params", options.savedParameters}};
  for (auto [option, output] : outputs)
    for (StringRef input : inputs)
      if (!input.empty() && !output.empty() && !isStream(output) &&
          llvm::sys::fs::equivalent(input, output))
        return createStringError(option + ": '" + output +
                                 "' is an input, and would be overwritten");
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
  if (result.help)
    return result;
  if (Error error = checkOptions(tool, result))
    return error;
  constexpr int64_t plannedExamples = 32;
  if (!result.n1)
    result.n1 = plannedExamples;
  std::vector<std::string> inputs{result.model, result.x1, result.x2,
                                  result.params};
  for (StringRef value : result.inputs)
    inputs.push_back(value.split('=').second.str());
  if (Error error = checkInputs(result, inputs))
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
)";

static constexpr StringRef resultNotes = R"(
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

)",
    R"(Reads an ONNX file as a network in MLIR.

usage: ntk-translate --onnx-to-ntk MODEL.onnx [-o NET.mlir] [option]...

)"};

void mlir::ntk::printHelp(Tool tool, llvm::raw_ostream &os) {
  os << usages[static_cast<int>(tool)];
  for (const Option &option : getOptions()) {
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
  if (tool != Tool::Import)
    os << resultNotes;
}
