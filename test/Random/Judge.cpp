// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is asked for, and the kernels it is judged by.

#include "Check.h"
#include "llvm/Support/xxhash.h"

#include <random>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::random;
using llvm::createStringError;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

static constexpr const char *methods[] = {
    "jacobian-contraction", "ntk-vector-products", "structured", "auto"};
static constexpr const char *kernels[] = {"full", "trace", "diagonal", "sum"};

std::string Request::describe() const {
  return "--method=" + method + " --kernel=" + kernel +
         (isDouble ? " --dtype=f64" : " --dtype=f32") +
         (isSymmetric ? ", x1 = x2" : ", x1 and x2") +
         (someParameters ? ", some parameters" : "") +
         (outputBlocks ? ", blocks of outputs" : "") +
         (handSchedule ? ", by a schedule" : "");
}

std::vector<Request> mlir::ntk::random::drawRequests(uint64_t seed) {
  std::mt19937_64 random(seed ^ 0x5eed);
  std::vector<Request> requests;
  auto add = [&](StringRef method, StringRef kernel, bool isDouble) {
    Request request;
    request.method = method;
    request.kernel = kernel;
    request.isDouble = isDouble;
    request.isSymmetric = random() % 2;
    request.someParameters = random() % 4 == 0;
    request.outputBlocks = random() % 4 == 0;
    request.seed = random();
    requests.push_back(request);
  };
  for (int i = 0; i < 3; ++i)
    add(methods[i], "full", true);
  add(methods[random() % 4], kernels[1 + random() % 3], true);
  add(methods[random() % 4], kernels[random() % 4], false);
  add("auto", kernels[random() % 4], true);
  requests.back().outputBlocks = false;
  requests.back().handSchedule = true;
  return requests;
}

std::vector<Request> mlir::ntk::random::getFileRequests(uint64_t seed) {
  std::mt19937_64 random(seed ^ 0x5eed);
  std::vector<Request> requests;
  auto add = [&](StringRef method, StringRef kernel, bool isDouble) {
    Request request;
    request.method = method;
    request.kernel = kernel;
    request.isDouble = isDouble;
    request.isSymmetric = requests.size() % 2;
    request.seed = random();
    requests.push_back(request);
  };
  for (int i = 0; i < 3; ++i) {
    add(methods[i], "full", true);
    add(methods[i], kernels[1 + i], true);
    add(methods[i], "full", false);
  }
  add("auto", "full", true);
  add("auto", "full", true);
  requests.back().handSchedule = true;
  return requests;
}

//===----------------------------------------------------------------------===//
// Reference
//===----------------------------------------------------------------------===//

/// The parameters that a request with `someParameters` differentiates by.
static bool isChosen(StringRef parameter, uint64_t seed) {
  return (llvm::xxh3_64bits(parameter) ^ seed) % 2;
}

SmallVector<unsigned>
mlir::ntk::random::getParameters(NetworkOp network, bool some, uint64_t seed) {
  SmallVector<unsigned> all, chosen;
  for (unsigned i = 0; i < network.getNumArguments(); ++i) {
    StringRef name = network.getParameterName(i);
    if (name.empty())
      continue;
    all.push_back(i);
    if (isChosen(name, seed))
      chosen.push_back(i);
  }
  return some && !chosen.empty() ? chosen : all;
}

NetworkOp mlir::ntk::random::getNetwork(ModuleOp module) {
  return *module.getOps<NetworkOp>().begin();
}

Expected<Judge> Judge::create(ModuleOp module, uint64_t seed) {
  Judge judge;
  judge.seed = seed;
  judge.module64 = module.clone();
  judge.module32 = toSinglePrecision(module);
  NetworkOp network = getNetwork(*judge.module64);
  std::vector<Arguments> examples;
  for (int64_t n = 0; n < maxExamples; ++n) {
    Arguments &inputs = examples.emplace_back();
    for (unsigned i = 0; i < network.getNumArguments(); ++i)
      if (network.isInput(i))
        inputs.push_back(drawArgument(network, i, n, seed));
  }
  for (bool some : {false, true}) {
    FailureOr<std::vector<double>> kernel =
        referenceKernel(network, drawArguments(network, 0, seed), examples, {},
                        getParameters(network, some, seed));
    if (failed(kernel))
      return createStringError("the network cannot be evaluated");
    judge.expected[some] = std::move(*kernel);
  }
  return judge;
}

double mlir::ntk::random::getLargest(ArrayRef<double> values) {
  double largest = 0;
  for (double value : values)
    largest = std::isnan(value) ? value : std::max(largest, std::abs(value));
  return largest;
}

bool Judge::isMeaningful() const {
  double largest = getLargest(expected[0]);
  return largest > 1e-4 && largest < 1e5;
}

//===----------------------------------------------------------------------===//
// Precision
//===----------------------------------------------------------------------===//

static Type toSingle(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor.clone(toSingle(tensor.getElementType()));
  return type.isF64() ? Float32Type::get(type.getContext()) : type;
}

static Attribute toSingle(Attribute attribute) {
  if (auto type = dyn_cast<TypeAttr>(attribute))
    return TypeAttr::get(toSingle(type.getValue()));
  auto dense = dyn_cast<DenseFPElementsAttr>(attribute);
  if (!dense)
    return attribute;
  return dense.mapValues(Float32Type::get(attribute.getContext()),
                         [](const APFloat &value) {
                           APFloat single = value;
                           bool loses;
                           single.convert(APFloat::IEEEsingle(),
                                          APFloat::rmNearestTiesToEven, &loses);
                           return single.bitcastToAPInt();
                         });
}

OwningOpRef<ModuleOp> mlir::ntk::random::toSinglePrecision(ModuleOp module) {
  OwningOpRef<ModuleOp> single = module.clone();
  NetworkOp network = getNetwork(*single);
  auto convert = [](ValueRange values) {
    SmallVector<Type> types;
    for (Value value : values) {
      value.setType(toSingle(value.getType()));
      types.push_back(value.getType());
    }
    return types;
  };
  SmallVector<Type> arguments = convert(network.getArguments());
  for (Operation &op : network.getBody().front()) {
    convert(op.getResults());
    for (NamedAttribute attribute : llvm::to_vector(op.getAttrs()))
      op.setAttr(attribute.getName(), toSingle(attribute.getValue()));
  }
  network.setFunctionType(FunctionType::get(
      module.getContext(), arguments, network.getReturn().getOperandTypes()));
  return single;
}
