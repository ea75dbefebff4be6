// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reports as JSON.

#include "ntk-rt/Printable.h"
#include "ntk/Cli/Report.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir::ntk;
namespace json = llvm::json;
using json::Object;

/// Names from files: bytes that are not UTF-8 have no place in JSON.
static json::Value getText(llvm::StringRef text) { return json::fixUTF8(text); }

static json::Array getTexts(llvm::ArrayRef<std::string> texts) {
  json::Array list;
  for (const std::string &text : texts)
    list.push_back(getText(text));
  return list;
}

static json::Array
describeParameters(llvm::ArrayRef<ReportParameter> parameters) {
  json::Array list;
  for (const ReportParameter &parameter : parameters) {
    int64_t numbers = 1;
    for (int64_t size : parameter.shape)
      numbers *= size;
    list.push_back(Object{{"name", getText(parameter.name)},
                          {"shape", json::Array(parameter.shape)},
                          {"numbers", numbers}});
  }
  return list;
}

static Object describeOrder(const OrderReport &order) {
  return Object{{"order", order.name},
                {"flops", order.pairFlops + order.sideFlops},
                {"pair_flops", order.pairFlops},
                {"side_flops", order.sideFlops},
                {"bytes", order.bytes}};
}

static json::Array describeSites(llvm::ArrayRef<SiteReport> sites) {
  json::Array list;
  for (const SiteReport &site : sites) {
    Object entry = describeOrder(site.chosen);
    entry["name"] = getText(site.name);
    entry["parameters"] = getTexts(site.parameters);
    entry["contraction"] = site.spec;
    Object sizes;
    for (auto [letter, size] : site.sizes)
      sizes[std::string(1, letter)] = size;
    entry["sizes"] = std::move(sizes);
    json::Array alternatives;
    for (const OrderReport &order : site.alternatives)
      alternatives.push_back(describeOrder(order));
    entry["alternatives"] = std::move(alternatives);
    list.push_back(std::move(entry));
  }
  return list;
}

static Object describeMemory(const MemoryUse &memory) {
  return Object{{"parameters", memory.parameters},
                {"inputs", memory.inputs},
                {"kernel", memory.kernel},
                {"factors_and_tile", memory.workspace},
                {"scratch", memory.arena}};
}

static json::Array describeSteps(const Report &report) {
  static constexpr const char *functions[] = {"factors of x1", "factors of x2",
                                              "tiles"};
  json::Array list;
  for (const StepPrediction &step : report.prediction.steps) {
    Object entry{{"step", step.name.number},
                 {"function", functions[step.function]},
                 {"name", getText(step.name.layer)},
                 {"what", getText(step.name.what)},
                 {"calls", step.calls},
                 {"predicted_seconds", step.seconds}};
    if (const ntk_rt_step_time *time = report.findTime(step))
      entry["seconds"] = time->seconds;
    list.push_back(std::move(entry));
  }
  return list;
}

static void addProfile(Object &object, const Profile &profile) {
  object["startup_seconds"] = profile.startup;
  object["compile_seconds"] = profile.compile;
  object["run_seconds"] = profile.run;
  object["repeats"] = profile.repeats;
  object["peak_resident_bytes"] = profile.peakResidentBytes;
  json::Array functions;
  for (const FunctionTime &function : profile.times.functions)
    functions.push_back(Object{
        {"name", function.name},
        {"calls", function.calls},
        {"seconds", function.seconds},
        {"flops", function.flops},
        {"flops_per_second",
         function.seconds > 0 ? function.flops / function.seconds : 0.0}});
  object["functions"] = std::move(functions);
  json::Array libraries;
  for (const LibraryReport &library : profile.libraries)
    libraries.push_back(Object{{"name", library.name},
                               {"version", library.version},
                               {"kernels", library.kernels},
                               {"is_reference", library.isReference}});
  object["libraries"] = std::move(libraries);
}

static json::Value toJson(const Report &report) {
  Object methods;
  for (const auto &[name, flops] : report.methodFlops)
    methods[name] = flops;
  json::Array cuts;
  for (const auto &[name, elements] : report.cuts)
    cuts.push_back(Object{{"value", getText(name)}, {"elements", elements}});
  const ::ntk::rt::Blocks &blocks = report.problem.blocks;
  Cost total = report.cost.getTotal();
  Object object{{"model", getText(report.model)},
                {"kernel", report.kernel},
                {"dtype", report.dtype},
                {"method", report.method},
                {"n1", report.size.n1},
                {"n2", report.size.n2},
                {"symmetric", report.size.symmetric},
                {"outputs", report.outputs},
                {"flops", total.flops},
                {"flops_factors",
                 report.cost.factors1.flops + report.cost.factors2.flops},
                {"flops_tiles", report.cost.tile.flops},
                {"flops_network", report.getNetworkFlops()},
                {"flops_by_method", std::move(methods)},
                {"cuts", std::move(cuts)},
                {"flops_executed", report.executed.flops},
                {"bytes_moved", report.executed.bytes},
                {"predicted_seconds", report.prediction.getSeconds()},
                {"predicted_seconds_of_writing", report.prediction.writing},
                {"peak_bytes", report.memory.getTotal()},
                {"memory", describeMemory(report.memory)},
                {"memory_limit", report.memoryLimit},
                {"scratch_bytes", Object{{"factors1", report.arenaBytes[0]},
                                         {"factors2", report.arenaBytes[1]},
                                         {"tile", report.arenaBytes[2]}}},
                {"blocks", Object{{"examples1", blocks.examples1},
                                  {"examples2", blocks.examples2},
                                  {"outputs", blocks.outputs},
                                  {"keeps_factors1", blocks.cacheFactors1},
                                  {"keeps_factors2", blocks.cacheFactors2}}},
                {"schedule", report.schedule},
                {"parameters", describeParameters(report.parameters)},
                {"sites", describeSites(report.sites)},
                {"steps", describeSteps(report)}};
  if (report.profile)
    addProfile(object, *report.profile);
  return object;
}

/// Characters that do not show are escapes: all of them are within strings, but
/// for line ends.
static std::string escapeHidden(llvm::StringRef text) {
  std::string result;
  while (!text.empty()) {
    const auto c = ::ntk::rt::firstCharacter(text);
    llvm::StringRef bytes = text.take_front(c.bytes);
    if (c.code == '\n' || ::ntk::rt::isPrintable(c))
      result += bytes;
    else if (c.code < 0x10000)
      result += llvm::formatv("\\u{0:x-4}", c.code);
    else // as UTF-16
      result += llvm::formatv("\\u{0:x-4}\\u{1:x-4}",
                              0xd800 + ((c.code - 0x10000) >> 10),
                              0xdc00 + ((c.code - 0x10000) & 0x3ff));
    text = text.drop_front(c.bytes);
  }
  return result;
}

void mlir::ntk::printJson(const Report &report, llvm::raw_ostream &os) {
  os << escapeHidden(llvm::formatv("{0:2}", toJson(report)).str()) << '\n';
}
