// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models from files: an ONNX file brings its parameters, a network in MLIR
// takes them from --params. Either way the store ends up with a tensor of the
// right shape for every parameter and buffer.

#include "ModelFile.h"
#include "StateFile.h"
#include "ntk/Import/Model.h"
#include "ntk/Import/ONNX.h"
#include "ntk/Support/Diagnostics.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

FloatType Model::getRealType() {
  return cast<FloatType>(
      cast<RankedTensorType>(network.getResultTypes().front())
          .getElementType());
}

//===----------------------------------------------------------------------===//
// The network
//===----------------------------------------------------------------------===//

static std::string getInputName(NetworkOp network, unsigned argument) {
  BlockArgument value = network.getArguments()[argument];
  if (auto name = network.getArgAttrOfType<StringAttr>(argument, "ntk.input"))
    return name.str();
  if (auto name = value.getLoc()->findInstanceOf<NameLoc>())
    return name.getName().str();
  return ("x" + Twine(argument)).str();
}

/// Takes the schedule of the request that has one.
static Error takeSchedule(Model &model, StringRef path) {
  DiagnosticCollector diagnostics(model.module->getContext());
  for (auto kernel : model.module->getOps<KernelOp>()) {
    if (!kernel.getSchedule())
      continue;
    if (model.scheduleLoc) {
      kernel.emitOpError("expected one request with a schedule");
      return diagnostics.takeError(path, "");
    }
    if (kernel.getNetwork() != model.network.getSymName()) {
      kernel.emitOpError("expected a network, but found no @")
          << kernel.getNetwork();
      return diagnostics.takeError(path, "");
    }
    model.schedule = kernel.getDecisions();
    model.scheduleLoc = kernel.getLoc();
  }
  return Error::success();
}

/// Finds the one network of the module, drops everything else but what a
/// request decides, and lists its inputs.
static Error findNetwork(Model &model, StringRef path) {
  auto networks = llvm::to_vector(model.module->getOps<NetworkOp>());
  if (networks.size() != 1)
    return createStringError(path + ": expected one ntk.network, but found " +
                             Twine(networks.size()));
  model.network = networks.front();
  if (Error error = takeSchedule(model, path))
    return error;
  for (Operation &op :
       llvm::make_early_inc_range(model.module->getBody()->getOperations()))
    if (&op != model.network)
      op.erase();
  for (Type type : model.network.getResultTypes()) {
    if (!getElementTypeOrSelf(type).isF32() &&
        !getElementTypeOrSelf(type).isF64()) {
      std::string text;
      llvm::raw_string_ostream(text) << type;
      return createStringError(path +
                               ": expected outputs of f32 or f64, but "
                               "got " +
                               text);
    }
  }
  for (unsigned i = 0; i < model.network.getNumArguments(); ++i) {
    if (model.network.isInput(i))
      model.inputs.push_back(
          {getInputName(model.network, i), i,
           cast<RankedTensorType>(model.network.getArgumentTypes()[i])});
  }
  return Error::success();
}

/// The parameters and buffers of a network in MLIR, which says what they are.
static void listTensors(Model &model) {
  for (unsigned i = 0; i < model.network.getNumArguments(); ++i) {
    StringRef name = getStoredName(model.network, i);
    auto type = cast<RankedTensorType>(model.network.getArgumentTypes()[i]);
    if (name.empty() || !isa<FloatType>(type.getElementType()))
      continue;
    ParameterChoice choice;
    choice.name = name.str();
    choice.kind = type.getElementType().isF64() ? ElementKind::Float64
                                                : ElementKind::Float32;
    choice.shape.assign(type.getShape().begin(), type.getShape().end());
    choice.taken = !model.network.getParameterName(i).empty();
    choice.role = choice.taken ? ParameterChoice::Role::Parameter
                               : ParameterChoice::Role::Buffer;
    choice.why =
        choice.taken ? "a parameter of the network" : "a buffer of the network";
    model.choices.push_back(std::move(choice));
  }
}

/// The parameters that the options ask for, of those the network has.
static Error selectParameters(Model &model, const ModelOptions &options) {
  auto buffers = std::stable_partition(
      model.choices.begin(), model.choices.end(),
      [](const ParameterChoice &choice) { return choice.taken; });
  MutableArrayRef<ParameterChoice> parameters(model.choices);
  return applyGlobs(
      parameters.take_front(std::distance(model.choices.begin(), buffers)),
      options.wrt, options.frozen);
}

/// The names to differentiate by, in the network's order.
static void findTaken(Model &model) {
  llvm::StringSet<> taken;
  for (const ParameterChoice &choice : model.choices)
    if (choice.taken)
      taken.insert(choice.name);
  for (unsigned i = 0; i < model.network.getNumArguments(); ++i)
    if (StringRef name = model.network.getParameterName(i);
        taken.contains(name))
      model.wrt.push_back(name.str());
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

/// Every parameter and buffer has its tensor.
static Error checkParameters(Model &model, const ModelOptions &options) {
  std::string missing = findMissing(model, model.store);
  if (!missing.empty() && options.params.empty())
    return createStringError(options.model + ": expected --params with " +
                             missing + ": a network in MLIR brings no values");
  if (!missing.empty())
    return createStringError(options.params + ": expected " + missing +
                             ", but it has none of that name");
  if (options.allowNonFinite)
    return Error::success();
  if (Error error = checkFinite(model.store))
    return createStringError(
        (options.params.empty() ? options.model : options.params) + ": " +
        llvm::toString(std::move(error)));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// The network of a module, with the parameters that the options ask for.
static Expected<Model> takeNetwork(OwningOpRef<ModuleOp> module,
                                   const ModelOptions &options) {
  if (!options.outputs.empty())
    return createStringError("--outputs: expected an ONNX model: outputs of a "
                             "network in MLIR have no names");
  if (!options.sizes.empty())
    return createStringError("--size: expected an ONNX model: a network in "
                             "MLIR leaves no sizes open");
  Model model;
  model.path = options.model;
  model.module = std::move(module);
  if (Error error = findNetwork(model, options.model))
    return std::move(error);
  if (options.wholeBatch && !model.inputs.empty() &&
      model.inputs.front().type.getRank() > 0)
    model.batchSize = model.inputs.front().type.getDimSize(0);
  if (options.doublePrecision &&
      *options.doublePrecision != model.getRealType().isF64())
    return createStringError(options.model + ": the network computes in " +
                             (model.getRealType().isF64() ? "f64" : "f32") +
                             ", --dtype cannot change that");
  listTensors(model);
  if (Error error = selectParameters(model, options))
    return std::move(error);
  findTaken(model);
  return model;
}

/// What all examples share is part of the network, and checked with it.
static Error checkSharedFinite(const OnnxImport &onnx,
                               const ModelOptions &options) {
  for (const NamedArray &input : onnx.shared) {
    NonFiniteCount count = countNonFinite(input.array);
    if (!options.allowNonFinite && count.nans + count.infinities)
      return createStringError(
          options.model + ": input '" + input.name +
          "': expected finite values, but all examples share " +
          Twine(count.nans) + " NaN and " + Twine(count.infinities) +
          " infinite ones (--allow-nonfinite computes all the same)");
  }
  return Error::success();
}

OnnxImportOptions mlir::ntk::getImportOptions(const ModelOptions &options,
                                              const GivenArrays &given) {
  OnnxImportOptions import;
  import.wrt = options.wrt;
  import.frozen = options.frozen;
  import.doublePrecision =
      options.doublePrecision.value_or(false) || options.reference;
  import.outputs = options.outputs;
  import.examples = given.x1;
  import.shared = given.shared;
  import.sizes = options.sizes;
  import.wholeBatch = options.wholeBatch;
  import.acceptExport = options.acceptExport;
  return import;
}

static Expected<Model> loadOnnx(MLIRContext &context,
                                const ModelOptions &options,
                                std::shared_ptr<InputFile> file,
                                const GivenArrays &given,
                                ArrayRef<NamedArray> values) {
  OnnxImportOptions import = getImportOptions(options, given);
  import.file = std::move(file);
  import.memoryLimit = options.getMemoryLimit().bytes;
  import.values = values;
  if (options.wholeBatch && options.x1.empty())
    import.batchSize = options.n1;
  Expected<OnnxImport> onnx = importOnnx(options.model, context, import);
  if (!onnx)
    return onnx.takeError();
  auto isDouble = [](const OnnxInterface &value) {
    return value.kind == ElementKind::Float64;
  };
  if (!options.doublePrecision && llvm::any_of(onnx->outputs, isDouble)) {
    import.doublePrecision = true;
    onnx = importOnnx(options.model, context, import);
    if (!onnx)
      return onnx.takeError();
  }
  if (Error error = checkSharedFinite(*onnx, options))
    return std::move(error);
  Model model;
  model.path = options.model;
  model.module = std::move(onnx->module);
  model.store = std::move(onnx->store);
  model.shared = std::move(onnx->shared);
  model.unused = std::move(onnx->unused);
  for (const OnnxInterface &output : onnx->outputs)
    model.outputs.push_back(output.name);
  model.dataFiles = std::move(onnx->dataFiles);
  model.batchSize = onnx->wholeBatchSize;
  model.choices = std::move(onnx->choices);
  model.notes = std::move(onnx->notes);
  model.warnings = std::move(onnx->warnings);
  if (Error error = findNetwork(model, options.model))
    return std::move(error);
  findTaken(model);
  return model;
}

/// Values for the parameters of a model.
static Expected<Model> complete(Expected<Model> model,
                                const ModelOptions &options,
                                ArrayRef<NamedArray> values, bool needsValues) {
  if (!model)
    return model;
  if (!options.params.empty()) {
    if (Error error = checkState(*model, values, options.params,
                                 options.partialParameters, model->notes))
      return std::move(error);
    Expected<ParameterStore> store = replaceValues(*model, values);
    if (!store)
      return store.takeError();
    model->store = std::move(*store);
  }
  if (needsValues)
    if (Error error = checkParameters(*model, options))
      return std::move(error);
  if (options.wholeBatch && !model->batchSize)
    return createStringError(options.model +
                             ": expected an input with an axis "
                             "for --whole-batch, but there is none");
  if (model->wrt.empty() && !options.listParameters)
    return createStringError(options.model +
                             ": expected a trainable parameter, but there is "
                             "none to differentiate by (--parameters lists "
                             "all tensors)");
  return model;
}

/// The arrays of `--params`, if it is given.
static Expected<std::vector<NamedArray>>
readValues(const ModelOptions &options) {
  if (options.values)
    return *options.values;
  if (options.params.empty())
    return std::vector<NamedArray>();
  return readArrays(options.params, options.getMemoryLimit().bytes);
}

Expected<Model> mlir::ntk::loadModel(OwningOpRef<ModuleOp> module,
                                     const ModelOptions &options,
                                     bool needsValues) {
  Expected<std::vector<NamedArray>> values = readValues(options);
  if (!values)
    return values.takeError();
  return complete(takeNetwork(std::move(module), options), options, *values,
                  needsValues);
}

Expected<Model> mlir::ntk::loadModel(MLIRContext &context,
                                     const ModelOptions &options,
                                     const GivenArrays &given,
                                     bool needsValues) {
  Expected<std::shared_ptr<InputFile>> file =
      options.file ? options.file : openInput(options.model);
  if (!file)
    return file.takeError();
  Expected<bool> fromOnnx = isOnnx(options.model, **file);
  if (!fromOnnx)
    return fromOnnx.takeError();
  if (!*fromOnnx) {
    Expected<OwningOpRef<ModuleOp>> module =
        parseModule(context, options, **file);
    if (!module)
      return module.takeError();
    return loadModel(std::move(*module), options, needsValues);
  }
  Expected<std::vector<NamedArray>> values = readValues(options);
  if (!values)
    return values.takeError();
  return complete(loadOnnx(context, options, std::move(*file), given, *values),
                  options, *values, needsValues);
}
