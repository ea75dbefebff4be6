// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading and writing what is asked of a kernel.

#include "dialects/NTK/IR/KernelSpec.h"
#include "dialects/Support/Einsum.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {
/// Takes a spec apart, axis by axis.
class SpecReader {
public:
  SpecReader(const Einsum &einsum, function_ref<InFlightDiagnostic()> emitError)
      : first(einsum.operands.front()), second(einsum.operands.back()),
        result(einsum.result), operands(einsum.operands.size()),
        emitError(emitError) {}

  FailureOr<KernelSpec> read() {
    if (operands != 2 || first.size() != second.size() || first.size() < 2)
      return emitError() << "expected the letters of two Jacobians, as in "
                            "\"now, mpw -> nmop\"";
    if (first.front() == second.front())
      return emitError() << "expected different letters for the examples of "
                            "both sides, but got '"
                         << first.front() << "' twice";
    if (first.back() != second.back() || result.contains(first.back()))
      return emitError() << "expected one letter for the parameters, the last "
                            "of both sides, which is summed over";
    KernelSpec spec;
    std::string expected = {first.front(), second.front()};
    std::string seen = expected + first.back();
    for (auto [a, b] : llvm::zip_equal(first.drop_front().drop_back(),
                                       second.drop_front().drop_back())) {
      if (StringRef(seen).contains(a) || StringRef(seen).contains(b))
        return emitError() << "expected letters of an axis of the outputs on "
                              "it alone, but got '"
                           << a << "' and '" << b << "'";
      seen += {a, b};
      bool shared = a == b;
      bool kept = result.contains(a);
      if (kept != result.contains(b))
        return emitError() << "expected '" << a << "' and '" << b
                           << "' in the result, or neither";
      spec.axes.push_back({shared, kept});
      if (kept)
        expected += shared ? std::string(1, a) : std::string({a, b});
    }
    if (result != expected)
      return emitError() << "expected \"" << expected
                         << "\" as the result, but got \"" << result << "\"";
    return spec;
  }

private:
  StringRef first, second, result;
  size_t operands;
  function_ref<InFlightDiagnostic()> emitError;
};
} // namespace

FailureOr<KernelSpec>
KernelSpec::parse(StringRef text,
                  function_ref<InFlightDiagnostic()> emitError) {
  FailureOr<Einsum> einsum = Einsum::parse(text, emitError);
  if (failed(einsum))
    return failure();
  return SpecReader(*einsum, emitError).read();
}

KernelSpec KernelSpec::get(StringRef text) {
  return *parse(text, [] { return InFlightDiagnostic(); });
}

std::string KernelSpec::str() const {
  std::string first = "n", second = "m", result = "nm";
  // o and p first; then what is free, but for n, m and w.
  std::string letters = "opqrstuvxyzabcdefghijklABCDE";
  size_t next = 0;
  for (OutputPairs pairs : axes) {
    char a = letters[next++];
    char b = pairs.shared ? a : letters[next++];
    first += a;
    second += b;
    if (pairs.kept)
      result += pairs.shared ? std::string(1, a) : std::string({a, b});
  }
  return first + "w, " + second + "w -> " + result;
}

static constexpr std::pair<llvm::StringLiteral, OutputPairs> names[] = {
    {"full", {/*shared=*/false, /*kept=*/true}},
    {"trace", {/*shared=*/true, /*kept=*/false}},
    {"diagonal", {/*shared=*/true, /*kept=*/true}},
    {"sum", {/*shared=*/false, /*kept=*/false}}};

StringRef mlir::ntk::getName(OutputPairs pairs) {
  for (const auto &[name, named] : names)
    if (named == pairs)
      return name;
  return "";
}

std::optional<OutputPairs> mlir::ntk::findOutputPairs(StringRef name) {
  for (const auto &[known, pairs] : names)
    if (known == name)
      return pairs;
  return std::nullopt;
}
