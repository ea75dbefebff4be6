// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is around the interface of a kernel: where parameters go, those that are
// inside, and a main function.

#include "CppSource.h"
#include "Escape.h"
#include "Expressions.h"
#include "Template.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static constexpr StringLiteral loader = R"(
int $network_load_params($network_params *params, const char *path,
    char *message, int64_t message_bytes) {
  std::string error;
  if (rt::loadParameters(path, parameterEntries, $parameterCount, params, error))
    return 0;
  if (message && message_bytes > 0)
    std::snprintf(message, static_cast<size_t>(message_bytes), "%s",
                  error.c_str());
  return 1;
}
)";

/// Calls the kernel with memory of the host.
static constexpr StringLiteral runOnHost = R"(
static int run(const void *params, const void *const *inputs1, int64_t n1,
               const void *const *inputs2, int64_t n2, void *theta,
               void *workspace) {
$packInputs  return $theta($params, $input1,
      n1, inputs2 ? $input2 : nullptr, n2,
      static_cast<$real *>(theta), workspace);
}
)";

/// Copies everything to memory of the device, and theta back.
static constexpr StringLiteral runOnDevice = R"(
static int run(const void *params, const void *const *inputs1, int64_t n1,
               const void *const *inputs2, int64_t n2, void *theta, void *) {
$packInputs  rt::DeviceMemory memory;
  const int64_t bytes = n1 * n2 * $pairSize * sizeof($real);
  const auto *deviceParams =
      memory.copyIn<$network_params>($params, sizeof($network_params));
$openLibrary$copyInputs  auto *deviceTheta = memory.allocate<$real>(bytes);
  void *workspace =
      memory.allocate<char>($theta_workspace_bytes(n1, n2));
  if (!memory.ok()$libraryFailed)
    return deviceFailed;
  const int code = $theta(deviceParams, $input1, n1,
      inputs2 ? $input2 : nullptr, n2, deviceTheta, workspace, memory.blas()$libraryHandle);
  if (code == success && !memory.copyOut(theta, deviceTheta, bytes))
    return deviceFailed;
  return code;
}

/// The host needs none.
static int64_t hostWorkspaceBytes(int64_t, int64_t) { return 0; }
)";

static constexpr StringLiteral mainText = R"(
int main(int argc, char **argv) {
  static const rt::KernelInput inputs[] = {$inputTable};
  static const int64_t pairShape[] = {$pairShape};
  rt::Kernel kernel;
  kernel.name = "$network";
  kernel.inputs = inputs;
  kernel.inputCount = $inputCount;
$parameterFields  kernel.type = $realType;
  kernel.pairShape = pairShape;
  kernel.pairRank = $pairRank;
$wholeBatch$clockedSteps  kernel.workspaceBytes = $workspaceBytes;
  kernel.run = run;
  kernel.error = $theta_error;
  return rt::kernelMain(kernel, argc, argv);
}
)";

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// The runtime's name of an element type.
static std::string spellElementType(Type type) {
  StringRef name = "Bool";
  if (type.isF32())
    name = "F32";
  else if (type.isF64())
    name = "F64";
  else if (type.isInteger(64))
    name = "I64";
  else if (type.isInteger(32))
    name = "I32";
  return "rt::ElementType::" + name.str();
}

static std::string spellNumbers(ArrayRef<int64_t> numbers) {
  std::string text;
  for (int64_t number : numbers)
    text += (text.empty() ? "" : ", ") + std::to_string(number);
  return text;
}

static void printEntries(const SourceKernel &kernel, raw_ostream &os) {
  os << "\n/// Where a parameter of a file goes.\n"
     << "static const rt::ParameterEntry parameterEntries[] = {";
  for (const SourceParameter &p : kernel.parameters) {
    os << "\n    {" << quoteView(p.name) << ", offsetof(" << kernel.prefix
       << "_params, " << p.field << "),\n     {"
       << spellNumbers(p.type.getShape()) << "}, " << p.type.getRank() << ", "
       << spellElementType(p.type.getElementType()) << "},";
  }
  os << "};\n";
}

static LogicalResult printEmbedded(const SourceKernel &kernel,
                                   raw_ostream &os) {
  os << "\nstatic const " << kernel.prefix << "_params embedded = {\n";
  for (const SourceParameter &p : kernel.parameters) {
    os << "  /* " << p.field << " */ ";
    if (failed(kernel.request.embeddedValues(p.name, os)))
      return failure();
    os << ",\n";
  }
  os << "};\n\nconst " << kernel.prefix << "_params *" << kernel.prefix
     << "_embedded_params(void) { return &embedded; }\n";
  return success();
}

/// The table of inputs, with the bounds of ids.
static std::string spellInputTable(const SourceKernel &kernel) {
  const SourceRequest &request = kernel.request;
  std::string table;
  for (auto [i, input] : llvm::enumerate(kernel.inputs)) {
    ArrayRef<int64_t> shape = input.type.getShape().drop_front();
    int64_t bound = i < request.inputs.size() ? request.inputs[i].second : 0;
    table += "\n      {" + quoteView(input.name) + ", " +
             spellElementType(input.type.getElementType()) + ", {" +
             spellNumbers(shape) + "}, " + std::to_string(shape.size()) + ", " +
             std::to_string(bound) + "},";
  }
  return table;
}

/// Sets what `run` makes of its arrays: $input1 and $input2, after $packInputs.
static void setRunInputs(const SourceKernel &kernel, TemplateValues &values) {
  bool single = kernel.inputs.size() == 1;
  bool isCuda = kernel.request.language == Language::Cuda;
  // Input i of a side: an array of the host, or its copy on the device.
  auto pointer = [&](StringRef side, StringRef inputs, size_t i) {
    MemRefType type = kernel.inputs[i].type;
    std::string element = spellType(type.getElementType()).str();
    std::string array = inputs.str() + "[" + std::to_string(i) + "]";
    if (!isCuda)
      return "static_cast<const " + element + " *>(" + array + ")";
    int64_t size = 1;
    for (int64_t extent : type.getShape().drop_front())
      size *= extent;
    return "memory.copyIn<" + element + ">(" + array + ",\n          n" +
           side.str() + " * " + std::to_string(size) + " * sizeof(" + element +
           "))";
  };
  std::string pack;
  for (StringRef side : {"1", "2"}) {
    std::string array = "inputs" + side.str();
    if (side == "2" && (!single || isCuda))
      array = "(inputs2 ? inputs2 : inputs1)";
    if (single && !isCuda) {
      values["input" + side.str()] = pointer(side, array, 0);
      continue;
    }
    values["input" + side.str()] = (single ? "x" : "&x") + side.str();
    if (single) {
      pack += "  const auto *x" + side.str() + " = " + pointer(side, array, 0) +
              ";\n";
      continue;
    }
    pack += "  const " + kernel.prefix + "_inputs x" + side.str() + " = {";
    for (size_t i = 0; i < kernel.inputs.size(); ++i)
      pack += (i ? ",\n      " : "") + pointer(side, array, i);
    pack += "};\n";
  }
  bool embedded = static_cast<bool>(kernel.request.embeddedValues);
  values["packInputs"] = embedded ? "  (void)params;\n" : "";
  values[isCuda ? "copyInputs" : "packInputs"] += pack;
}

void mlir::ntk::printMain(const SourceKernel &kernel, TemplateValues &values,
                          raw_ostream &os) {
  const SourceRequest &request = kernel.request;
  bool isCuda = request.language == Language::Cuda;
  bool embedded = static_cast<bool>(request.embeddedValues);
  setRunInputs(kernel, values);
  values["openLibrary"] = kernel.usesCudnn ? "  rt::CudnnHandle dnn;\n" : "";
  values["libraryFailed"] = kernel.usesCudnn ? " || !dnn.ok()" : "";
  values["libraryHandle"] = kernel.usesCudnn ? ", dnn.get()" : "";
  if (embedded)
    values["params"] = "&embedded";
  else
    values["params"] =
        isCuda ? "params"
               : "static_cast<const " + kernel.prefix + "_params *>(params)";
  int64_t pairSize = 1;
  for (int64_t extent : request.outputShape)
    pairSize *= extent;
  values["pairSize"] = std::to_string(pairSize);
  values["inputTable"] = spellInputTable(kernel);
  values["inputCount"] = std::to_string(kernel.inputs.size());
  // A kernel of no output axes has an array all the same.
  values["pairShape"] =
      request.outputShape.empty() ? "0" : spellNumbers(request.outputShape);
  values["pairRank"] = std::to_string(request.outputShape.size());
  values["wholeBatch"] =
      request.wholeBatch ? "  kernel.wholeBatch = true;\n" : "";
  values["clockedSteps"] =
      request.clockedSteps
          ? "  kernel.clockedSteps = " + std::to_string(request.clockedSteps) +
                ";\n"
          : "";
  values["realType"] = spellElementType(kernel.tileType.getElementType());
  values["workspaceBytes"] =
      isCuda ? "hostWorkspaceBytes" : kernel.function + "_workspace_bytes";
  values["parameterFields"] = embedded || kernel.parameters.empty()
                                  ? ""
                                  : "  kernel.parameters = parameterEntries;\n"
                                    "  kernel.parameterCount = " +
                                        values["parameterCount"] +
                                        ";\n  kernel.parameterBytes = sizeof(" +
                                        kernel.prefix + "_params);\n";
  fillTemplate(isCuda ? runOnDevice : runOnHost, values, os);
  fillTemplate(mainText, values, os);
}

LogicalResult mlir::ntk::printParameterValues(const SourceKernel &kernel,
                                              TemplateValues &values,
                                              raw_ostream &os) {
  if (kernel.request.embeddedValues)
    return printEmbedded(kernel, os);
  if (kernel.parameters.empty())
    return success();
  printEntries(kernel, os);
  fillTemplate(loader, values, os);
  return success();
}
