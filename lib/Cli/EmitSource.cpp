// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk-translate --ntk-to-cpp and --ntk-to-cuda, step by step: options, model,
// plan, text, files.

#include "SourceComment.h"
#include "dialects/NTK/IR/Names.h"
#include "dialects/RT/RTOps.h"
#include "mlir/Pass/PassManager.h"
#include "ntk/Cli/Message.h"
#include "ntk/Cli/Options.h"
#include "ntk/Cli/Session.h"
#include "ntk/Compile/FittedKernel.h"
#include "ntk/Lower/Passes.h"
#include "ntk/Register/Register.h"
#include "ntk/Run/IndexRanges.h"
#include "ntk/Support/Diagnostics.h"
#include "ntk/Target/Source.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

namespace {
/// The files that are written: all, or none.
struct SourceFiles {
  Output header, code, parameters;

  Error open(const RunOptions &options);
  Error write(const SourceText &text, const Model *model);
};
} // namespace

Error SourceFiles::open(const RunOptions &options) {
  if (getHeaderPath(options) == options.output)
    return createStringError("-o: expected the name of the code, as NET.cpp, "
                             "but got that of its header, '" +
                             options.output + "'");
  if (Error error = code.open("-o", options.output))
    return error;
  if (Error error = header.open("-o", getHeaderPath(options)))
    return error;
  if (options.savedParameters.empty())
    return Error::success();
  return parameters.open("--save-params", options.savedParameters);
}

/// The parameters, of `model` if it is not null, are those that the code reads,
/// and converts where it needs to.
Error SourceFiles::write(const SourceText &text, const Model *model) {
  SmallVector<Output *> files{&header, &code};
  if (Error error = header.write({text.header}))
    return error;
  if (Error error = code.write({text.code}))
    return error;
  if (model) {
    std::vector<NamedArray> arrays;
    for (const StoredTensor &tensor : model->store.tensors())
      arrays.push_back({tensor.name, tensor.values});
    if (Error error = parameters.writeNpz(arrays))
      return error;
    files.push_back(&parameters);
  }
  for (Output *file : files)
    if (Error error = file->finish())
      return error;
  for (Output *file : files)
    if (Error error = file->commit())
      return error;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Values inside
//===----------------------------------------------------------------------===//

/// Prints `values` in braces, one pair for each axis of `shape`.
template <typename T>
static void printNested(ArrayRef<int64_t> shape, ArrayRef<T> values,
                        raw_ostream &os) {
  os << "{";
  if (shape.size() > 1) {
    size_t part = values.size() / shape.front();
    for (int64_t i = 0; i < shape.front(); ++i) {
      os << (i ? ",\n    " : "");
      printNested(shape.drop_front(), values.slice(i * part, part), os);
    }
  } else {
    for (auto [i, value] : llvm::enumerate(values)) {
      os << (i % 8 == 0 && i ? ",\n     " : i ? ", " : "");
      if constexpr (std::is_floating_point_v<T>)
        os << spellReal(value);
      else
        os << static_cast<int64_t>(value);
    }
  }
  os << "}";
}

static ValuesPrinter getValuesPrinter(Model &model) {
  return [&model](StringRef name, raw_ostream &os) -> LogicalResult {
    const StoredTensor *tensor = model.store.find(name);
    if (!tensor)
      return model.network.emitOpError("expected values of '") << name << "'";
    SmallVector<int64_t> shape(tensor->values.shape);
    if (shape.empty())
      shape.push_back(1);
    if (!isFloat(tensor->values.kind)) {
      Expected<Array> whole = convertToInt64(tensor->values);
      if (!whole)
        return model.network.emitOpError(llvm::toString(whole.takeError()));
      printNested(ArrayRef(shape), whole->as<int64_t>(), os);
      return success();
    }
    bool isDouble = model.getRealType().isF64();
    Expected<Array> real = convertFloat(
        tensor->values, isDouble ? ElementKind::Float64 : ElementKind::Float32);
    if (!real)
      return model.network.emitOpError(llvm::toString(real.takeError()));
    if (isDouble)
      printNested(ArrayRef(shape), real->as<double>(), os);
    else
      printNested(ArrayRef(shape), real->as<float>(), os);
    return success();
  };
}

//===----------------------------------------------------------------------===//
// The request
//===----------------------------------------------------------------------===//

static SourceRequest getRequest(Model &model, const RunOptions &options,
                                const KernelShape &shape,
                                const FittedKernel &fitted) {
  SourceRequest request;
  request.functions = fitted.planned.functions;
  request.kernel = kernelName.str();
  request.layout = fitted.problem.layout;
  request.blocks = fitted.problem.blocks;
  request.scale = shape.scale;
  request.wholeBatch = shape.wholeBatch;
  llvm::append_range(request.outputShape, shape.getPairShape());
  // One formula for all entries, where o and p are all that outputs have.
  if (options.axes.empty() && !options.wholeBatch &&
      request.outputShape.size() <= 2 &&
      (shape.spec.empty() || shape.axes.size() == 1))
    request.element = describeElement(shape, model.network.getOutputs());
  if (options.embedWeights)
    request.embeddedValues = getValuesPrinter(model);
  for (const NetworkInput &input : model.inputs)
    request.inputs.emplace_back(input.name, getIdBound(model, input));
  request.plan = describePlan(model, options, fitted);
  request.workspace = describeWorkspace(
      fitted, model.getRealType().getIntOrFloatBitWidth() / 8);
  return request;
}

/// Names for the values of a network. Of several operations of one name in
/// ONNX those that only serve each other are inside of what is called so;
/// values of a network written by hand are called after their operations.
static void nameValues(Model &model) {
  auto operations = model.network.getBody().front().without_terminator();
  SmallVector<Operation *> inside;
  for (Operation &op : operations) {
    StringRef name = getLocationName(op.getLoc());
    if (!name.empty() && !op.use_empty() &&
        llvm::all_of(op.getUsers(), [&](Operation *user) {
          return !user->hasTrait<OpTrait::IsTerminator>() &&
                 getLocationName(user->getLoc()) == name;
        }))
      inside.push_back(&op);
  }
  for (Operation *op : inside)
    op->setLoc(nameInside(op->getLoc(), op->getName().stripDialect()));
  for (Operation &op : operations)
    if (isa<FileLineColLoc>(op.getLoc()))
      op.setLoc(nameLocation(op.getContext(), op.getName().stripDialect()));
}

//===----------------------------------------------------------------------===//
// Level 3
//===----------------------------------------------------------------------===//

/// What the functions alone say of a kernel.
static Expected<SourceRequest> getRequest(ModuleOp module,
                                          const RunOptions &options) {
  SourceRequest request;
  for (auto function : module.getOps<func::FuncOp>())
    if (auto kernel =
            function->getAttrOfType<FlatSymbolRefAttr>(kernelAttrName))
      request.kernel = kernel.getValue().str();
  request.functions = findKernelFunctions(module, request.kernel);
  if (!request.functions.factors1 || !request.functions.tile)
    return createStringError(options.model +
                             ": expected a network, or the factor and tile "
                             "functions of a kernel");
  func::FuncOp factors = request.functions.factors1;
  for (unsigned i = 0; i < factors.getNumArguments(); ++i) {
    if (factors.getArgAttr(i, firstOutputAttrName))
      return createStringError(options.model +
                               ": expected a kernel of all outputs at once: "
                               "its functions do not say how many there are");
  }
  auto tile =
      dyn_cast<MemRefType>(request.functions.tile.getArgumentTypes().back());
  if (!tile || tile.getRank() < 2 || tile.getRank() > 4)
    return createStringError(options.model + ": expected a lowered kernel");
  int64_t outputs = tile.getRank() > 2 ? tile.getDimSize(1) : 1;
  int64_t n2 = options.n2.value_or(*options.n1);
  const int64_t letters = tile.getRank() - 2; // of outputs: none, o, o and p
  request.layout = {outputs, {/*shared=*/letters == 1, /*kept=*/letters > 0}};
  request.outputShape.assign(tile.getRank() - 2, outputs);
  Schedule schedule;
  if (auto kernel = module.lookupSymbol<KernelOp>(request.kernel))
    schedule = kernel.getDecisions();
  request.blocks = getBlocks(schedule, schedule.n1.value_or(*options.n1),
                             schedule.n2.value_or(n2), outputs);
  return request;
}

//===----------------------------------------------------------------------===//
// From model to files
//===----------------------------------------------------------------------===//

/// Prints the code and writes it, with the parameters of `model` if it is not
/// null.
static Error writeRequest(SourceRequest request, const RunOptions &options,
                          SourceFiles &files, std::vector<std::string> &notes,
                          const Model *model = nullptr) {
  func::FuncOp tile = request.functions.tile;
  MLIRContext *context = tile.getContext();
  auto module = tile->getParentOfType<ModuleOp>();
  DiagnosticCollector diagnostics(context);
  PassManager manager(context);
  manager.addNestedPass<func::FuncOp>(createCopiesToLoopsPass());
  manager.addNestedPass<func::FuncOp>(createCountFlopsPass());
  if (options.withClocks)
    manager.addNestedPass<func::FuncOp>(createAddClocksPass());
  if (failed(manager.run(module)))
    return diagnostics.takeError(options.model, "lowering failed");
  module.walk([&](rt::ClockOp clock) {
    int64_t next = static_cast<int64_t>(clock.getStep().value_or(0)) + 1;
    request.clockedSteps = std::max(request.clockedSteps, next);
  });
  FailureOr<SourceText> text = printSource(request);
  if (failed(text))
    return diagnostics.takeError(options.model, "writing source failed");
  llvm::append_range(notes, text->notes);
  return files.write(*text, model);
}

/// Completes a request by what the command line says.
static void addOptions(SourceRequest &request, const RunOptions &options) {
  request.network = getIdentifier(llvm::sys::path::stem(options.output));
  request.header = llvm::sys::path::filename(getHeaderPath(options));
  request.language = options.toCuda ? Language::Cuda : Language::Cpp;
  request.tf32 = options.tf32;
  request.backend = options.kernels;
  if (request.backend.empty())
    request.backend = options.toCuda ? "cudnn" : "onednn";
  request.withMain = options.withMain;
}

static Error emitLowered(ModuleOp module, const RunOptions &options,
                         SourceFiles &files, std::vector<std::string> &notes) {
  if (!options.axes.empty() || options.wholeBatch)
    return createStringError(options.model +
                             ": expected a network for --axes and "
                             "--whole-batch: functions compute what they do");
  if (options.needsValues(Tool::Emit))
    return createStringError(options.model +
                             ": expected a network for --embed-weights and "
                             "--save-params: functions bring no values");
  Expected<SourceRequest> request = getRequest(module, options);
  if (!request)
    return request.takeError();
  addOptions(*request, options);
  return writeRequest(*request, options, files, notes);
}

/// Plans and lowers a model, and writes its kernel.
static Error writeModel(Model &model, const RunOptions &options,
                        SourceFiles &files, std::vector<std::string> &notes) {
  nameValues(model);
  Expected<KernelShape> shape = getKernelShape(model, options);
  if (!shape)
    return shape.takeError();
  const Schedule &schedule = model.schedule;
  int64_t n1 = schedule.n1.value_or(*options.n1);
  int64_t n2 = schedule.n2.value_or(options.n2.value_or(n1));
  bool hasEqualBlocks = !schedule.blockN || !schedule.blockM ||
                        schedule.blockN == schedule.blockM;
  ProblemSize size{n1, n2, n1 == n2 && hasEqualBlocks};
  if (options.wholeBatch)
    size = {1, 1, true};
  Expected<FittedKernel> fitted = fitKernel(
      model, options, *shape, size, /*inputBytes=*/0, options.getMemoryLimit(),
      /*compareMethods=*/false);
  if (!fitted)
    return fitted.takeError();
  SourceRequest request = getRequest(model, options, *shape, *fitted);
  addOptions(request, options);
  return writeRequest(request, options, files, notes,
                      options.savedParameters.empty() ? nullptr : &model);
}

Error mlir::ntk::writeSource(Model &model, const RunOptions &options,
                             std::vector<std::string> &notes) {
  SourceFiles files;
  if (Error error = files.open(options))
    return error;
  return writeModel(model, options, files, notes);
}

/// The same for a model that has just been read.
static Error emitModel(Expected<Model> model, const RunOptions &options,
                       SourceFiles &files, std::vector<std::string> &notes) {
  if (!model)
    return model.takeError();
  if (Error error = checkInputs(options, model->dataFiles))
    return error;
  for (const std::string &warning : model->warnings)
    printMessage("warning", warning);
  return writeModel(*model, options, files, notes);
}

static Error emit(MLIRContext &context, const RunOptions &options,
                  std::vector<std::string> &notes) {
  Expected<GivenArrays> given = readGivenArrays(options);
  if (!given)
    return given.takeError();
  SourceFiles files;
  if (Error error = files.open(options))
    return error;
  if (!StringRef(options.model).ends_with(".mlir"))
    return emitModel(
        loadModel(context, options, *given, options.needsValues(Tool::Emit)),
        options, files, notes);
  if (!given->shared.empty())
    return createStringError("--input: expected an ONNX model: the code takes "
                             "the inputs of a network in MLIR when it runs");
  Expected<OwningOpRef<ModuleOp>> module = parseModule(context, options);
  if (!module)
    return module.takeError();
  if ((*module)->getOps<NetworkOp>().empty())
    return emitLowered(**module, options, files, notes);
  return emitModel(
      loadModel(std::move(*module), options, options.needsValues(Tool::Emit)),
      options, files, notes);
}

int mlir::ntk::emitSource(MLIRContext &context,
                          ArrayRef<const char *> arguments) {
  if (llvm::is_contained(arguments, StringRef("--version"))) {
    printVersion("ntk-translate", llvm::outs());
    return 0;
  }
  Expected<RunOptions> options = parseOptions(Tool::Emit, arguments);
  if (options && options->help) {
    printHelp(Tool::Emit, llvm::outs());
    return 0;
  }
  if (!options)
    return printError(options.takeError());
  std::vector<std::string> notes;
  if (Error error = emit(context, *options, notes))
    return printError(std::move(error));
  if (!options->quiet)
    for (const std::string &note : notes)
      printMessage("note", note);
  return 0;
}
