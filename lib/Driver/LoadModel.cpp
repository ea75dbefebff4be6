// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models from files: an ONNX file brings its parameters, a network in MLIR
// takes them from --params. Either way the store ends up with a tensor of the
// right shape for every parameter and buffer.

#include "mlir/Parser/Parser.h"
#include "ntk/Driver/Diagnostics.h"
#include "ntk/Driver/Model.h"
#include "ntk/Import/ONNX.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/GlobPattern.h"

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

/// The name of a parameter or buffer, empty for an input.
static StringRef getStoredName(NetworkOp network, unsigned argument) {
  StringRef name = network.getParameterName(argument);
  return name.empty() ? network.getBufferName(argument) : name;
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

/// Finds the one network of the module, drops everything else, and lists its
/// inputs.
static Error findNetwork(Model &model, StringRef path) {
  auto networks = llvm::to_vector(model.module->getOps<NetworkOp>());
  if (networks.size() != 1)
    return createStringError(path + ": expected one ntk.network, but found " +
                             Twine(networks.size()));
  model.network = networks.front();
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

/// The parameters that the options ask for, of those the network has.
static Error selectParameters(Model &model, const RunOptions &options) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < model.network.getNumArguments(); ++i)
    if (StringRef name = model.network.getParameterName(i); !name.empty())
      names.push_back(name.str());
  auto match = [&](StringRef option, const std::vector<std::string> &globs,
                   llvm::StringSet<> &matched) -> Error {
    for (const std::string &text : globs) {
      Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(text);
      if (!glob)
        return createStringError("--" + option + ": '" + text +
                                 "': " + llvm::toString(glob.takeError()));
      bool any = false;
      for (const std::string &name : names) {
        if (name == text || glob->match(name)) {
          matched.insert(name);
          any = true;
        }
      }
      if (!any)
        return createStringError("--" + option + ": '" + text +
                                 "' matches no parameter of the network");
    }
    return Error::success();
  };
  llvm::StringSet<> wanted, frozen;
  if (Error error = match("wrt", options.wrt, wanted))
    return error;
  if (Error error = match("frozen", options.frozen, frozen))
    return error;
  for (const std::string &name : names)
    if ((options.wrt.empty() || wanted.contains(name)) &&
        !frozen.contains(name))
      model.wrt.push_back(name);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

/// Checks a tensor of a file against the argument it is meant for.
static Error checkParameter(const Array &array, StringRef path, StringRef name,
                            RankedTensorType type) {
  if (ArrayRef<int64_t>(array.shape) != type.getShape() ||
      isFloat(array.kind) != isa<FloatType>(type.getElementType())) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return createStringError(path + ": '" + name + "': expected " + text +
                             ", but got " + describe(array.kind, array.shape));
  }
  return Error::success();
}

/// Replaces tensors of the store by those of the file at `path`.
static Error readParameters(Model &model, StringRef path) {
  Expected<std::vector<NamedArray>> arrays = readArrays(path);
  if (!arrays)
    return arrays.takeError();
  llvm::StringMap<Array> byName;
  for (NamedArray &entry : *arrays)
    byName[entry.name] = entry.array;
  ParameterStore store;
  for (unsigned i = 0; i < model.network.getNumArguments(); ++i) {
    StringRef name = getStoredName(model.network, i);
    if (name.empty())
      continue;
    bool trainable = !model.network.getParameterName(i).empty();
    auto found = byName.find(name);
    if (found == byName.end()) {
      if (const StoredTensor *old = model.store.find(name))
        store.add(name, old->values, trainable);
      continue;
    }
    auto type = cast<RankedTensorType>(model.network.getArgumentTypes()[i]);
    if (Error error = checkParameter(found->second, path, name, type))
      return error;
    store.add(name, found->second, trainable);
    byName.erase(found);
  }
  // Integers, as the counters of batches that a state_dict holds, can be no
  // parameters; a float of another name is probably one misspelt.
  for (const auto &entry : byName) {
    if (isFloat(entry.second.kind)) {
      return createStringError(path +
                               ": the network has no parameter or buffer "
                               "named '" +
                               entry.first() + "'");
    }
  }
  model.store = std::move(store);
  return Error::success();
}

/// Every parameter and buffer has its tensor.
static Error checkParameters(Model &model, const RunOptions &options) {
  for (unsigned i = 0; i < model.network.getNumArguments(); ++i) {
    StringRef name = getStoredName(model.network, i);
    if (name.empty() || model.store.find(name))
      continue;
    std::string what =
        (Twine(model.network.getParameterName(i).empty() ? "buffer"
                                                         : "parameter") +
         " '" + name + "'")
            .str();
    if (options.params.empty())
      return createStringError(options.model + ": expected --params with " +
                               what + ": a network in MLIR brings no values");
    return createStringError(options.params + ": expected " + what +
                             ", but it has none of that name");
  }
  if (!options.allowNonFinite)
    return checkFinite(model.store);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Expected<OwningOpRef<ModuleOp>>
mlir::ntk::parseModule(MLIRContext &context, const RunOptions &options) {
  auto file = llvm::MemoryBuffer::getFile(options.model);
  if (std::error_code code = file.getError())
    return createStringError(options.model + ": " +
                             StringRef(code.message()).lower());
  DiagnosticCollector diagnostics(&context);
  context.loadDialect<NTKDialect>();
  auto module = parseSourceString<ModuleOp>(
      (*file)->getBuffer(), ParserConfig(&context), options.model);
  if (!module)
    return diagnostics.takeError(options.model + ": not a module of MLIR");
  return module;
}

/// The network of a module, with the parameters that the options ask for.
static Expected<Model> takeNetwork(OwningOpRef<ModuleOp> module,
                                   const RunOptions &options) {
  if (!options.outputs.empty())
    return createStringError("--outputs: expected an ONNX model: outputs of a "
                             "network in MLIR have no names");
  if (!options.sizes.empty())
    return createStringError("--size: expected an ONNX model: a network in "
                             "MLIR leaves no sizes open");
  Model model;
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
  if (Error error = selectParameters(model, options))
    return std::move(error);
  return model;
}

/// What all examples share is part of the network, and checked with it.
static Error checkSharedFinite(const OnnxImport &onnx,
                               const RunOptions &options) {
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

static Expected<Model> loadOnnx(MLIRContext &context, const RunOptions &options,
                                const GivenArrays &given) {
  OnnxImportOptions import;
  import.wrt = options.wrt;
  import.frozen = options.frozen;
  import.doublePrecision = options.doublePrecision.value_or(false);
  import.outputs = options.outputs;
  import.examples = given.x1;
  import.shared = given.shared;
  import.sizes = options.sizes;
  import.wholeBatch = options.wholeBatch;
  if (options.wholeBatch && options.x1.empty())
    import.batchSize = options.n1;
  import.acceptExport = options.acceptExport;
  if (!options.params.empty()) {
    Expected<std::vector<NamedArray>> values = readArrays(options.params);
    if (!values)
      return values.takeError();
    import.values = std::move(*values);
  }
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
  model.module = std::move(onnx->module);
  model.store = std::move(onnx->store);
  model.shared = std::move(onnx->shared);
  model.unused = std::move(onnx->unused);
  model.batchSize = onnx->wholeBatchSize;
  model.summary = std::move(onnx->summary);
  model.warnings = std::move(onnx->warnings);
  if (Error error = findNetwork(model, options.model))
    return std::move(error);
  RunOptions all;
  if (Error error = selectParameters(model, all)) // the import has chosen
    return std::move(error);
  return model;
}

/// Values for the parameters of a model.
static Expected<Model> complete(Expected<Model> model,
                                const RunOptions &options, bool needsValues) {
  if (!model)
    return model;
  if (!options.params.empty())
    if (Error error = readParameters(*model, options.params))
      return std::move(error);
  if (needsValues)
    if (Error error = checkParameters(*model, options))
      return std::move(error);
  if (options.wholeBatch && !model->batchSize)
    return createStringError(options.model +
                             ": expected an input with an axis "
                             "for --whole-batch, but there is none");
  if (model->wrt.empty())
    return createStringError(options.model +
                             ": expected a trainable parameter, but there is "
                             "none to differentiate by");
  return model;
}

Expected<Model> mlir::ntk::loadModel(OwningOpRef<ModuleOp> module,
                                     const RunOptions &options,
                                     bool needsValues) {
  return complete(takeNetwork(std::move(module), options), options,
                  needsValues);
}

Expected<Model> mlir::ntk::loadModel(MLIRContext &context,
                                     const RunOptions &options,
                                     const GivenArrays &given,
                                     bool needsValues) {
  if (std::error_code code = llvm::sys::fs::access(
          options.model, llvm::sys::fs::AccessMode::Exist))
    return createStringError(options.model + ": " +
                             StringRef(code.message()).lower());
  if (StringRef(options.model).ends_with(".onnx"))
    return complete(loadOnnx(context, options, given), options, needsValues);
  Expected<OwningOpRef<ModuleOp>> module = parseModule(context, options);
  if (!module)
    return module.takeError();
  return loadModel(std::move(*module), options, needsValues);
}
