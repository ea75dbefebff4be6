// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Machines as JSON.

#include "ntk/Machine/MachineFile.h"
#include "ntk/Support/Nesting.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Host.h"

#include <cmath>
#include <cstdlib>

using namespace mlir::ntk;
using llvm::StringRef;
namespace json = llvm::json;

/// Of the grid and of the meaning of every number.
static constexpr int64_t formatNumber = 1;

static constexpr const char *layoutNames[productLayouts] = {"NN", "NT", "TN",
                                                            "TT", "strided"};

std::string mlir::ntk::getProcessorName() {
  return llvm::sys::getHostCPUName().str();
}

std::string mlir::ntk::getMachinePath(int64_t threads) {
  if (const char *path = std::getenv("NTK_MACHINE"))
    return path;
  llvm::SmallString<128> path;
  if (!llvm::sys::path::cache_directory(path))
    return "";
  llvm::sys::path::append(path, "ntk",
                          "machine-" + getProcessorName() + "-" +
                              std::to_string(threads) + ".json");
  return path.str().str();
}

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

// One list of the fields for both directions: an archive that writes, or one
// that reads and remembers the first fault.

namespace {
class Writer {
public:
  explicit Writer(json::Object &object) : object(object) {}

  void number(StringRef name, double value) { object[name] = round(value); }
  void count(StringRef name, int64_t value) { object[name] = value; }
  void text(StringRef name, const std::string &value) { object[name] = value; }
  void flag(StringRef name, bool value) { object[name] = value; }
  void numbers(StringRef name, llvm::ArrayRef<double> values) {
    json::Array list;
    for (double value : values)
      list.push_back(round(value));
    object[name] = std::move(list);
  }
  template <typename F> void inside(StringRef name, F &&describe) {
    json::Object inner;
    Writer writer(inner);
    describe(writer);
    object[name] = std::move(inner);
  }
  template <typename T, typename F>
  void list(StringRef name, const std::vector<T> &entries, F &&describe) {
    json::Array array;
    for (const T &entry : entries) {
      json::Object inner;
      Writer writer(inner);
      describe(writer, entry);
      array.push_back(std::move(inner));
    }
    object[name] = std::move(array);
  }

private:
  /// Three digits say all that a measurement does.
  static double round(double value) {
    double rounded = value;
    StringRef(llvm::formatv("{0:e2}", value).str()).getAsDouble(rounded);
    return rounded;
  }

  json::Object &object;
};

class Reader {
public:
  Reader(const json::Object &object, std::string &fault)
      : object(object), fault(fault) {}

  void number(StringRef name, double &value) {
    std::optional<double> found = object.getNumber(name);
    if (!found || !isTime(*found))
      return fail(name, "a positive number");
    value = *found;
  }
  void count(StringRef name, int64_t &value) {
    std::optional<int64_t> found = object.getInteger(name);
    if (!found || *found < 1)
      return fail(name, "a whole number from 1 on");
    value = *found;
  }
  void text(StringRef name, std::string &value) {
    std::optional<StringRef> found = object.getString(name);
    if (!found)
      return fail(name, "text");
    value = found->str();
  }
  void flag(StringRef name, bool &value) {
    std::optional<bool> found = object.getBoolean(name);
    if (!found)
      return fail(name, "true or false");
    value = *found;
  }
  void numbers(StringRef name, std::vector<double> &values) {
    const json::Array *found = object.getArray(name);
    if (!found || found->size() != ProductRates::getCount())
      return fail(name, "a list of " +
                            std::to_string(ProductRates::getCount()) +
                            " numbers");
    for (const json::Value &entry : *found) {
      std::optional<double> value = entry.getAsNumber();
      if (!value || !isTime(*value))
        return fail(name, "positive numbers");
      values.push_back(*value);
    }
  }
  template <typename F> void inside(StringRef name, F &&describe) {
    const json::Object *found = object.getObject(name);
    if (!found)
      return fail(name, "an object");
    Reader reader(*found, fault);
    describe(reader);
  }
  template <typename T, typename F>
  void list(StringRef name, std::vector<T> &entries, F &&describe) {
    const json::Array *found = object.getArray(name);
    if (!found || found->empty())
      return fail(name, "a list that is not empty");
    for (const json::Value &entry : *found) {
      const json::Object *inner = entry.getAsObject();
      if (!inner)
        return fail(name, "a list of objects");
      Reader reader(*inner, fault);
      describe(reader, entries.emplace_back());
    }
  }

private:
  static bool isTime(double value) { return std::isfinite(value) && value > 0; }
  void fail(StringRef name, const std::string &expected) {
    if (fault.empty())
      fault = "expected " + expected + " as '" + name.str() + "'";
  }

  const json::Object &object;
  std::string &fault;
};
} // namespace

template <typename Archive, typename Rates>
static void describeRates(Archive &archive, Rates &rates) {
  archive.inside("products", [&](auto &inner) {
    for (unsigned i = 0; i < productLayouts; ++i)
      inner.numbers(layoutNames[i], rates.products[i].rates);
  });
  archive.number("line", rates.line);
  archive.number("line_element", rates.lineElement);
  archive.list("convolutions", rates.convolutions, [](auto &inner, auto &rate) {
    inner.count("channels", rate.channels);
    inner.count("outputs", rate.outputs);
    inner.count("groups", rate.groups);
    inner.count("pixels", rate.pixels);
    inner.count("taps", rate.taps);
    inner.count("stride", rate.stride);
    inner.flag("backward", rate.isBackward);
    inner.number("rate", rate.rate);
  });
  archive.number("patch_row", rates.patchRow);
  archive.number("patch_element", rates.patchElement);
  archive.inside("loops", [&](auto &inner) {
    inner.number("iteration", rates.loops.iteration);
    inner.number("arithmetic", rates.loops.arithmetic);
    inner.number("division", rates.loops.division);
    inner.number("function", rates.loops.function);
    inner.number("strided", rates.loops.strided);
    inner.number("gathered", rates.loops.gathered);
    inner.number("sum", rates.loops.sum);
    inner.number("line", rates.loops.line);
  });
  auto describeWriting = [](auto &inner, auto &writing) {
    inner.number("row", writing.row);
    inner.number("element", writing.element);
  };
  archive.inside("writing",
                 [&](auto &inner) { describeWriting(inner, rates.writing); });
  archive.inside("mirroring",
                 [&](auto &inner) { describeWriting(inner, rates.mirroring); });
}

template <typename Archive, typename M>
static void describeMachine(Archive &archive, M &machine) {
  archive.text("processor", machine.name);
  archive.count("threads", machine.threads);
  archive.number("call", machine.call);
  archive.number("handover", machine.handover);
  archive.list("bandwidths", machine.bandwidths, [](auto &inner, auto &entry) {
    inner.number("distance", entry.distance);
    inner.number("rate", entry.rate);
  });
  archive.inside("f32",
                 [&](auto &inner) { describeRates(inner, machine.f32); });
  archive.inside("f64",
                 [&](auto &inner) { describeRates(inner, machine.f64); });
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

void mlir::ntk::writeMachine(const Machine &machine, llvm::raw_ostream &os) {
  json::Object object;
  object["format"] = formatNumber;
  Writer writer(object);
  describeMachine(writer, machine);
  os << json::Value(std::move(object)) << '\n';
}

llvm::Expected<Machine> mlir::ntk::parseMachine(StringRef text,
                                                StringRef name) {
  auto fail = [&](const llvm::Twine &fault) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   name + ": " + fault);
  };
  constexpr int deep = 16;
  if (llvm::Error error = checkNesting(text, deep))
    return fail(llvm::toString(std::move(error)));
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value)
    return fail("expected JSON: " + llvm::toString(value.takeError()));
  const json::Object *object = value->getAsObject();
  if (!object || object->getInteger("format") != formatNumber)
    return fail("expected a machine of format " + llvm::Twine(formatNumber));
  Machine machine;
  std::string fault;
  Reader reader(*object, fault);
  describeMachine(reader, machine);
  for (size_t i = 1; i < machine.bandwidths.size(); ++i)
    if (machine.bandwidths[i].distance <= machine.bandwidths[i - 1].distance)
      fault = "expected distances that grow in 'bandwidths'";
  if (!fault.empty())
    return fail(fault);
  return machine;
}

Machine mlir::ntk::loadMachine(int64_t threads, std::string &note) {
  constexpr uint64_t mostBytes = 1 << 24;
  const std::string path = getMachinePath(threads);
  uint64_t bytes = 0;
  if (path.empty() || llvm::sys::fs::file_size(path, bytes))
    return getDefaultMachine(threads);
  auto refuse = [&](const llvm::Twine &why) {
    note = (why + "; predictions are those of another machine (ntk-run "
                  "--calibrate measures this one)")
               .str();
    return getDefaultMachine(threads);
  };
  auto text = bytes > mostBytes
                  ? llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>>(
                        std::make_error_code(std::errc::file_too_large))
                  : llvm::MemoryBuffer::getFile(path);
  if (!text)
    return refuse("'" + path + "': " + text.getError().message());
  llvm::Expected<Machine> machine =
      parseMachine((*text)->getBuffer(), "'" + path + "'");
  if (!machine)
    return refuse(llvm::toString(machine.takeError()));
  if (machine->name != getProcessorName() || machine->threads != threads) {
    return refuse("'" + path + "': expected the processor " +
                  getProcessorName() + " with " + llvm::Twine(threads) +
                  " threads, but got " + machine->name + " with " +
                  llvm::Twine(machine->threads));
  }
  return std::move(*machine);
}
