// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reports as tables.

#include "ntk-rt/Printable.h"
#include "ntk/Cli/Report.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace mlir::ntk;
using llvm::format;
using llvm::raw_ostream;

/// `value` with two or three digits and one of `units`, factors of 1000 apart.
static std::string formatScaled(double value,
                                llvm::ArrayRef<const char *> units) {
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < units.size(); ++unit)
    value /= 1000;
  std::string text;
  llvm::raw_string_ostream(text)
      << format(value >= 100 || value == static_cast<int64_t>(value) ? "%.0f"
                : value >= 10                                        ? "%.1f"
                                                                     : "%.2f",
                value)
      << units[unit];
  return text;
}

std::string mlir::ntk::formatCount(double count) {
  return formatScaled(count, {"", " k", " M", " G", " T", " P"});
}

std::string mlir::ntk::formatSeconds(double seconds) {
  if (seconds >= 1)
    return formatScaled(seconds, {" s"});
  return formatScaled(seconds * 1e6, {" µs", " ms"});
}

std::string mlir::ntk::formatDuration(double seconds) {
  double value = seconds;
  const char *unit = " s";
  if (seconds >= 2 * 3600) {
    value /= 3600;
    unit = " h";
  } else if (seconds >= 120) {
    value /= 60;
    unit = " min";
  }
  std::string text;
  llvm::raw_string_ostream(text) << format("%.0f", value) << unit;
  return text;
}

//===----------------------------------------------------------------------===//
// Sites
//===----------------------------------------------------------------------===//

void mlir::ntk::printColumns(llvm::ArrayRef<std::vector<std::string>> rows,
                             raw_ostream &os) {
  std::vector<size_t> widths;
  for (const auto &row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], ::ntk::rt::messageLine(row[i]).size());
  }
  for (const auto &row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      std::string cell = ::ntk::rt::messageLine(row[i]);
      os << cell;
      if (i + 1 < row.size())
        os.indent(widths[i] + 2 - cell.size());
    }
    os << '\n';
  }
}

/// Sizes of the letters but those of examples, outputs and cuts: "t 64, k 27, c
/// 16".
static std::string formatSizes(const SiteReport &site) {
  std::string text;
  for (auto [letter, size] : site.sizes) {
    if (!canonicalOrder.contains(letter) && size != 1)
      text += (llvm::Twine(text.empty() ? "" : ", ") + llvm::Twine(letter) +
               " " + llvm::Twine(size))
                  .str();
  }
  return text;
}

double Report::getNetworkFlops() const {
  double flops = cost.getTotal().flops;
  for (const SiteReport &site : sites)
    flops -= site.chosen.pairFlops + site.chosen.sideFlops;
  return flops;
}

static void printSites(const Report &report, raw_ostream &os) {
  std::vector<std::vector<std::string>> rows = {{"site", "contraction", "sizes",
                                                 "order", "FLOPs of pairs",
                                                 "of sides", "alternatives"}};
  for (const SiteReport &site : report.sites) {
    std::string alternatives;
    for (const OrderReport &order : site.alternatives)
      alternatives += (alternatives.empty() ? "" : ", ") + order.name + " " +
                      formatCount(order.pairFlops + order.sideFlops);
    rows.push_back({site.name, site.spec, formatSizes(site), site.chosen.name,
                    formatCount(site.chosen.pairFlops),
                    formatCount(site.chosen.sideFlops), alternatives});
  }
  rows.push_back({"network", "forward and backward", "", "", "0",
                  formatCount(report.getNetworkFlops()), ""});
  printColumns(rows, os);
}

//===----------------------------------------------------------------------===//
// Totals
//===----------------------------------------------------------------------===//

static void printHead(const Report &report, raw_ostream &os) {
  int64_t numbers = 0;
  for (const ReportParameter &parameter : report.parameters) {
    int64_t size = 1;
    for (int64_t extent : parameter.shape)
      size *= extent;
    numbers += size;
  }
  os << ::ntk::rt::printableName(report.model) << ": " << report.kernel
     << " kernel, " << report.size.n1 << " x " << report.size.n2
     << (report.size.symmetric ? " examples (x1 = x2), " : " examples, ")
     << report.outputs << " outputs, " << report.dtype << '\n'
     << report.parameters.size() << " parameters (" << formatCount(numbers)
     << " numbers), method " << report.method << "\n\n";
}

static void printCosts(const Report &report, raw_ostream &os) {
  Cost total = report.cost.getTotal();
  os << "FLOPs       " << formatCount(total.flops) << ": factors "
     << formatCount(report.cost.factors1.flops + report.cost.factors2.flops)
     << ", tiles " << formatCount(report.cost.tile.flops) << "; in blocks "
     << formatCount(report.executed.flops) << '\n';
  if (!report.methodFlops.empty()) {
    os << "by method   ";
    llvm::interleaveComma(report.methodFlops, os, [&](const auto &entry) {
      os << entry.first << ' ' << formatCount(entry.second);
    });
    os << '\n';
  }
  if (!report.cuts.empty()) {
    os << "cuts        ";
    llvm::interleaveComma(report.cuts, os, [&](const auto &cut) {
      os << ::ntk::rt::printableName(cut.first) << " (" << cut.second
         << " elements)";
    });
    os << "; what is before reaches the outputs through it\n";
  }
  const ::ntk::rt::Blocks &blocks = report.problem.blocks;
  os << "blocks      " << blocks.examples1 << " x " << blocks.examples2
     << " examples, " << blocks.outputs << " outputs; factors "
     << (blocks.cacheFactors1 && blocks.cacheFactors2   ? "kept"
         : blocks.cacheFactors1 || blocks.cacheFactors2 ? "kept for one side"
                                                        : "computed again")
     << '\n';
  os << "schedule    " << report.schedule << '\n';
  const MemoryUse &memory = report.memory;
  os << "peak        " << formatBytes(memory.getTotal()) << " of "
     << formatBytes(report.memoryLimit) << ": parameters "
     << formatBytes(memory.parameters) << ", inputs "
     << formatBytes(memory.inputs) << ", factors and tile "
     << formatBytes(memory.workspace) << ", scratch "
     << formatBytes(memory.arena) << ", kernel " << formatBytes(memory.kernel)
     << '\n'
     << "predicted   " << formatSeconds(report.prediction.getSeconds()) << '\n';
}

static void printProfile(const Profile &profile, raw_ostream &os) {
  os << "start-up    " << formatSeconds(profile.startup) << '\n'
     << "compile     " << formatSeconds(profile.compile) << '\n'
     << "run         " << formatSeconds(profile.run);
  if (profile.repeats > 1)
    os << ", the fastest of " << profile.repeats;
  os << "\nresident    " << formatBytes(profile.peakResidentBytes) << '\n'
     << "libraries   ";
  llvm::interleaveComma(
      profile.libraries, os, [&](const LibraryReport &library) {
        os << library.name << ' ' << library.version << " (" << library.kernels
           << (library.isReference ? ", portable code: slow)" : ")");
      });
  os << "\n\n";
  std::vector<std::vector<std::string>> rows = {
      {"function", "calls", "time", "FLOPs", "GFLOP/s"}};
  for (const FunctionTime &step : profile.times.functions) {
    std::string rate;
    if (step.seconds > 0)
      llvm::raw_string_ostream(rate)
          << format("%.1f", step.flops / step.seconds / 1e9);
    rows.push_back({step.name, std::to_string(step.calls),
                    formatSeconds(step.seconds), formatCount(step.flops),
                    rate});
  }
  printColumns(rows, os);
}

/// The steps that take longest, and what all others take together.
static void printSteps(const Report &report, raw_ostream &os) {
  constexpr size_t most = 24;
  std::vector<const StepPrediction *> steps;
  for (const StepPrediction &step : report.prediction.steps)
    steps.push_back(&step);
  auto getSeconds = [&](const StepPrediction *step) {
    const ntk_rt_step_time *time = report.findTime(*step);
    return time ? time->seconds : step->seconds;
  };
  llvm::stable_sort(
      steps, [&](auto *a, auto *b) { return getSeconds(a) > getSeconds(b); });
  std::vector<std::vector<std::string>> rows = {
      {"step", "layer", "what", "calls", "predicted", "time"}};
  double predicted = 0, measured = 0;
  for (auto [i, step] : llvm::enumerate(steps)) {
    if (i >= most) {
      predicted += step->seconds;
      measured += getSeconds(step);
      continue;
    }
    rows.push_back({std::to_string(step->name.number), step->name.layer,
                    step->name.what, formatCount(step->calls),
                    formatSeconds(step->seconds),
                    formatSeconds(getSeconds(step))});
  }
  if (steps.size() > most)
    rows.push_back({"", "", std::to_string(steps.size() - most) + " others", "",
                    formatSeconds(predicted), formatSeconds(measured)});
  os << '\n';
  printColumns(rows, os);
}

void mlir::ntk::printTable(const Report &report, raw_ostream &os) {
  printHead(report, os);
  printSites(report, os);
  os << '\n';
  printCosts(report, os);
  if (!report.profile)
    return;
  printProfile(*report.profile, os);
  printSteps(report, os);
}
