// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The text of `#ntk.schedule`, and what is sense in it.

#include "dialects/NTK/IR/NTKOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// More than there are on any machine; counts of pairs of them are still exact.
static constexpr int64_t mostExamples = int64_t(1) << 26;

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   Schedule value) {
  for (auto [size, name] :
       {std::pair(value.n1, "n1"), std::pair(value.n2, "n2")})
    if (size && (*size < 1 || *size > mostExamples))
      return emitError() << "expected 1 to " << mostExamples << " examples as '"
                         << name << "', but got " << *size;
  for (auto [block, letter] :
       {std::pair(value.blockN, "n"), std::pair(value.blockM, "m"),
        std::pair(value.blockO, "o")})
    if (block && *block < 1)
      return emitError() << "expected a block of at least one '" << letter
                         << "', but got " << *block;
  llvm::StringSet<> names;
  for (StringRef name : value.cuts.value_or(std::vector<std::string>()))
    if (name.empty() || !names.insert(name).second)
      return emitError()
             << "expected names of values in 'cuts', each once, but "
                "got '"
             << name << "'";
  if (value.method == KernelMethod::NtkVectorProducts && value.cuts &&
      !value.cuts->empty())
    return emitError() << "expected no 'cuts' with NTK-vector products";
  if (value.keeps1.has_value() != value.keeps2.has_value())
    return emitError() << "expected both sides in 'kept', or none";
  return success();
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

namespace {
/// Reads `<n1 = 64, method = structured, cuts = ["pool"], blocks = {n = 8},
/// kept = [1]>`, in any order; a value that makes no sense is an error where it
/// stands.
class ScheduleParser {
public:
  explicit ScheduleParser(AsmParser &parser) : parser(parser) {}

  FailureOr<Schedule> parse() {
    if (parser.parseLess() ||
        parser.parseCommaSeparatedList([&] { return parseDecision(); }) ||
        parser.parseGreater())
      return failure();
    return schedule;
  }

private:
  ParseResult check(SMLoc loc) {
    return ScheduleAttr::verify([&] { return parser.emitError(loc); },
                                schedule);
  }

  /// `KEY =`, of these keys and not yet seen.
  ParseResult parseKey(StringRef &key, ArrayRef<StringRef> keys,
                       llvm::StringSet<> &seen) {
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseOptionalKeyword(&key) || !llvm::is_contained(keys, key)) {
      auto error = parser.emitError(loc, "expected ");
      llvm::interleave(
          keys, [&](StringRef name) { error << "'" << name << "'"; },
          [&] { error << ", "; });
      return error << " in a schedule";
    }
    if (!seen.insert(key).second)
      return parser.emitError(loc, "expected '") << key << "' once";
    return parser.parseEqual();
  }

  ParseResult parseNumber(std::optional<int64_t> &number) {
    SMLoc loc = parser.getCurrentLocation();
    return failure(parser.parseInteger(number.emplace()) || check(loc));
  }

  ParseResult parseBlock() {
    StringRef letter;
    if (parseKey(letter, {"n", "m", "o"}, blocks))
      return failure();
    return parseNumber(letter == "n"   ? schedule.blockN
                       : letter == "m" ? schedule.blockM
                                       : schedule.blockO);
  }

  ParseResult parseSide() {
    SMLoc loc = parser.getCurrentLocation();
    int64_t side = 0;
    if (parser.parseInteger(side))
      return failure();
    if (side != 1 && side != 2)
      return parser.emitError(loc, "expected side 1 or 2, but got ") << side;
    (side == 1 ? schedule.keeps1 : schedule.keeps2) = true;
    return success();
  }

  ParseResult parseMethod() {
    SMLoc loc = parser.getCurrentLocation();
    StringRef word;
    if (succeeded(parser.parseOptionalKeyword(&word)))
      schedule.method = symbolizeKernelMethod(word);
    if (schedule.method)
      return success();
    return parser.emitError(loc, "expected jacobian_contraction, "
                                 "ntk_vector_products or structured as "
                                 "'method'");
  }

  ParseResult parseCut() {
    SMLoc loc = parser.getCurrentLocation();
    return failure(parser.parseString(&schedule.cuts->emplace_back()) ||
                   check(loc));
  }

  ParseResult parseDecision() {
    StringRef key;
    if (parseKey(key, {"n1", "n2", "method", "cuts", "blocks", "kept"},
                 decisions))
      return failure();
    if (key == "n1")
      return parseNumber(schedule.n1);
    if (key == "n2")
      return parseNumber(schedule.n2);
    if (key == "method")
      return parseMethod();
    if (key == "cuts") {
      schedule.cuts.emplace();
      return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                            [&] { return parseCut(); });
    }
    if (key == "blocks")
      return parser.parseCommaSeparatedList(AsmParser::Delimiter::Braces,
                                            [&] { return parseBlock(); });
    schedule.keeps1 = schedule.keeps2 = false;
    return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                          [&] { return parseSide(); });
  }

  AsmParser &parser;
  Schedule schedule;
  llvm::StringSet<> decisions, blocks;
};
} // namespace

Attribute ScheduleAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  FailureOr<Schedule> schedule = ScheduleParser(parser).parse();
  if (failed(schedule))
    return ScheduleAttr();
  return ScheduleAttr::getChecked([&] { return parser.emitError(loc); },
                                  parser.getContext(), *schedule);
}

void ScheduleAttr::print(AsmPrinter &printer) const {
  const Schedule &schedule = getValue();
  SmallVector<std::string> decisions, blocks, kept;
  auto add = [](SmallVector<std::string> &list, StringRef name,
                std::optional<int64_t> value) {
    if (value)
      list.push_back((name + " = " + Twine(*value)).str());
  };
  add(decisions, "n1", schedule.n1);
  add(decisions, "n2", schedule.n2);
  if (schedule.method)
    decisions.push_back(
        ("method = " + stringifyKernelMethod(*schedule.method)).str());
  if (schedule.cuts) {
    std::string names;
    llvm::raw_string_ostream os(names);
    llvm::interleaveComma(*schedule.cuts, os, [&](StringRef name) {
      os << '"';
      llvm::printEscapedString(name, os);
      os << '"';
    });
    decisions.push_back("cuts = [" + names + "]");
  }
  add(blocks, "n", schedule.blockN);
  add(blocks, "m", schedule.blockM);
  add(blocks, "o", schedule.blockO);
  if (!blocks.empty())
    decisions.push_back("blocks = {" + llvm::join(blocks, ", ") + "}");
  if (schedule.keeps1) {
    if (*schedule.keeps1)
      kept.push_back("1");
    if (*schedule.keeps2)
      kept.push_back("2");
    decisions.push_back("kept = [" + llvm::join(kept, ", ") + "]");
  }
  printer << "<" << llvm::join(decisions, ", ") << ">";
}
