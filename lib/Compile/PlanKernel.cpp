// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The planner's steps, one after the other, on a request that the options make.
// What was decided is read off the IR before it is carried out.

#include "dialects/NTK/IR/Names.h"
#include "dialects/Support/Einsum.h"
#include "ntk/Compile/PlannedKernel.h"
#include "ntk/Kernel/Cuts.h"
#include "ntk/Kernel/Simplify.h"
#include "ntk/Plan/Plan.h"
#include "ntk/Support/Diagnostics.h"

using namespace mlir;
using namespace mlir::ntk;
using llvm::Expected;

static std::string getMethodName(StringRef name) {
  std::string text = name.str();
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

Schedule mlir::ntk::getGivenSchedule(const Model &model,
                                     const KernelOptions &options,
                                     const ProblemSize &size,
                                     std::optional<int64_t> outputBlock) {
  Schedule schedule = model.schedule;
  if (size.symmetric) { // what is said of one side holds for the other
    Schedule mirrored;
    mirrored.n1 = schedule.n2;
    mirrored.n2 = schedule.n1;
    mirrored.blockN = schedule.blockM;
    mirrored.blockM = schedule.blockN;
    schedule.complete(mirrored);
  }
  std::string method = options.method;
  std::replace(method.begin(), method.end(), '-', '_');
  Schedule asked;
  asked.n1 = size.n1;
  asked.n2 = size.n2;
  asked.method = symbolizeKernelMethod(method);
  asked.blockO = outputBlock;
  schedule.complete(asked);
  return schedule;
}

/// The module with a copy of the network and the request.
static KernelOp createRequest(PlannedKernel &planned, Model &model,
                              const KernelOptions &options,
                              const KernelShape &shape,
                              std::optional<int64_t> outputBlock) {
  Location loc = model.network.getLoc();
  planned.module = ModuleOp::create(loc);
  OpBuilder builder = OpBuilder::atBlockEnd(planned.module->getBody());
  prepareOutputs(cast<NetworkOp>(builder.clone(*model.network)), shape);
  SmallVector<StringRef> wrt(model.wrt.begin(), model.wrt.end());
  Schedule schedule =
      getGivenSchedule(model, options, planned.size, outputBlock);
  return builder.create<KernelOp>(
      model.scheduleLoc.value_or(loc), builder.getStringAttr(kernelName),
      FlatSymbolRefAttr::get(model.network.getSymNameAttr()),
      builder.getStringAttr(KernelSpec{{shape.request}}.str()),
      builder.getArrayAttr(
          {KernelOperandAttr::get(builder.getContext(), KernelOperand::J1),
           KernelOperandAttr::get(builder.getContext(), KernelOperand::J2)}),
      shape.request.isTrace() && shape.dividesTraces
          ? builder.getF64FloatAttr(shape.getTraceScale(shape.layout.outputs))
          : FloatAttr(),
      builder.getStrArrayAttr(wrt),
      planned.size.symmetric ? builder.getUnitAttr() : UnitAttr(),
      ScheduleAttr::get(builder.getContext(), schedule), DictionaryAttr());
}

//===----------------------------------------------------------------------===//
// Reading decisions
//===----------------------------------------------------------------------===//

/// A count as the planner writes it; none (null) is 0.
static double getNumber(Attribute attribute) {
  auto number = dyn_cast_or_null<IntegerAttr>(attribute);
  return number ? static_cast<double>(number.getInt()) : 0;
}

/// The sizes of a contraction's letters; runtime sizes are those planned for.
static std::vector<std::pair<char, int64_t>>
getLetterSizes(ContractOp contract, const ProblemSize &size) {
  std::vector<std::pair<char, int64_t>> sizes;
  Einsum einsum = Einsum::get(contract.getSpec());
  for (auto [letters, factor] :
       llvm::zip_equal(einsum.operands, contract.getFactors())) {
    for (auto [letter, extent] : llvm::zip_equal(
             letters, cast<RankedTensorType>(factor.getType()).getShape())) {
      bool known = llvm::any_of(sizes, [letter = letter](auto &entry) {
        return entry.first == letter;
      });
      if (!known)
        sizes.emplace_back(letter, ShapedType::isDynamic(extent) ? size(letter)
                                                                 : extent);
    }
  }
  return sizes;
}

static SiteReport describeSite(ContractOp contract, const ProblemSize &size,
                               ArrayRef<std::string> parameters) {
  SiteReport site;
  StringRef parameter = getLayerName(contract.getLoc());
  site.name = parameter.empty() ? "contraction" : parameter.str();
  site.spec = contract.getSpec().str();
  if (llvm::is_contained(parameters, site.name))
    site.parameters.push_back(site.name);
  site.sizes = getLetterSizes(contract, size);
  auto chosen = contract->getAttrOfType<StringAttr>("ntk.order");
  auto alternatives =
      contract->getAttrOfType<DictionaryAttr>("ntk.alternatives");
  if (!chosen || !alternatives)
    return site;
  for (NamedAttribute entry : alternatives) {
    auto costs = cast<DictionaryAttr>(entry.getValue());
    OrderReport order{entry.getName().str(), getNumber(costs.get("pair_flops")),
                      getNumber(costs.get("side_flops")),
                      getNumber(costs.get("bytes"))};
    (entry.getName() == chosen ? site.chosen
                               : site.alternatives.emplace_back()) =
        std::move(order);
  }
  return site;
}

/// FLOPs of what carries out a site, at this size. Work of one side is done in
/// the factors, once if one function has both.
static void setExecuted(OrderReport &order, const Polynomial &flops,
                        const ProblemSize &size, bool sharesFactors) {
  order.pairFlops = order.sideFlops = 0;
  for (const auto &[letters, coefficient] : flops.getTerms()) {
    double value = Polynomial(coefficient, letters).evaluate(size);
    if (letters != "n" && letters != "m")
      order.pairFlops += value * size.getPairShare();
    else if (letters == "n" || !size.symmetric || !sharesFactors)
      order.sideFlops += value;
  }
}

static void readDecisions(PlannedKernel &planned, KernelOp kernel) {
  planned.method = getMethodName(stringifyKernelMethod(
      kernel.getDecisions().method.value_or(KernelMethod::Structured)));
  auto network = *planned.module->getOps<NetworkOp>().begin();
  if (auto cuts = kernel.getDecisions().cuts)
    for (StringRef name : *cuts)
      planned.cuts.emplace_back(
          name, cast<RankedTensorType>(
                    findValue(network, name)->getResult(0).getType())
                    .getNumElements());
  std::optional<DictionaryAttr> costs = kernel.getCosts();
  if (!costs)
    return;
  for (NamedAttribute entry : *costs) {
    planned.methodFlops.emplace_back(getMethodName(entry.getName()),
                                     getNumber(entry.getValue()));
  }
}

//===----------------------------------------------------------------------===//
// Planning
//===----------------------------------------------------------------------===//

static LogicalResult runPlanner(PlannedKernel &planned, KernelOp kernel,
                                ArrayRef<std::string> parameters,
                                bool compareMethods) {
  ModuleOp module = *planned.module;
  const ProblemSize &size = planned.size;
  if (failed(kernel.verify())) // what the file decides, on these examples
    return failure();
  for (auto network : module.getOps<NetworkOp>())
    splitLongProducts(network);
  if (failed(chooseStructures(module, size.n1, size.n2, MachineModel(),
                              compareMethods)))
    return failure();
  if (failed(expandKernel(kernel)) || failed(simplifyKernels(module)))
    return failure();
  planContractions(module, size.n1, size.n2);
  findKernelFunctions(module, kernelName).tile.walk([&](ContractOp contract) {
    planned.sites.push_back(describeSite(contract, size, parameters));
  });
  std::vector<Polynomial> flops;
  if (failed(applyPlans(module, &flops)))
    return failure();
  planned.functions = findKernelFunctions(module, kernelName);
  flops.resize(planned.sites.size());
  bool sharesFactors = planned.functions.factors1 == planned.functions.factors2;
  for (auto [site, executed] : llvm::zip_equal(planned.sites, flops))
    setExecuted(site.chosen, executed, size, sharesFactors);
  return success();
}

Expected<PlannedKernel>
mlir::ntk::planKernel(Model &model, const KernelOptions &options,
                      const KernelShape &shape, const ProblemSize &size,
                      std::optional<int64_t> outputBlock, bool compareMethods) {
  MLIRContext *context = model.module->getContext();
  context->loadDialect<func::FuncDialect, NTKDialect>();
  DiagnosticCollector diagnostics(context);
  PlannedKernel planned;
  planned.size = size;
  KernelOp kernel = createRequest(planned, model, options, shape, outputBlock);
  planned.decided = kernel.getDecisions();
  if (failed(runPlanner(planned, kernel, model.wrt, compareMethods)))
    return diagnostics.takeError(model.path, "planning failed");
  readDecisions(planned, kernel);
  planned.chosen = kernel.getDecisions();
  planned.cost = getKernelCost(planned.functions, size);
  return planned;
}
