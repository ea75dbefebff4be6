// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Words are runs of letters, numbers runs of digits, all else single
// characters; so the sizes of "tensor<4x3xf32>" are numbers. Words and lines of
// the texts seen so far are kept as donors.

#include "MutateText.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

using namespace mlir::ntk;
using llvm::StringRef;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

namespace {

enum class Kind { Number, Operation, Word, Value, Other };

/// What may stand for one another: numbers, names of operations, words, values
/// with their sign, and all the rest.
Kind kindOf(StringRef token) {
  if (llvm::isDigit(token.front()))
    return Kind::Number;
  if (token.starts_with("ntk."))
    return Kind::Operation;
  if (llvm::isAlpha(token.front()))
    return Kind::Word;
  return token.front() == '%' ? Kind::Value : Kind::Other;
}

std::vector<std::string> tokenize(StringRef text) {
  auto isWord = [](char c) { return llvm::isAlpha(c) || c == '_' || c == '.'; };
  std::vector<std::string> tokens;
  while (!text.empty()) {
    StringRef token = text.front() == '%' ? text.take_front() : "";
    StringRef rest = text.drop_front(token.size());
    if (!token.empty())
      token = text.take_front(1 + rest.take_while(llvm::isAlnum).size());
    else if (llvm::isDigit(text.front()))
      token = text.take_while(llvm::isDigit);
    else if (isWord(text.front()))
      token = text.take_while(isWord);
    else
      token = text.take_front();
    tokens.push_back(token.str());
    text = text.drop_front(token.size());
  }
  return tokens;
}

/// Some of what was seen so far; the oldest leave first.
struct Donors {
  static constexpr size_t most = 4096;
  std::vector<std::string> entries;
  size_t next = 0;

  void add(std::string entry) {
    if (entries.size() < most)
      entries.push_back(std::move(entry));
    else
      entries[next++ % most] = std::move(entry);
  }
};

Donors words, lines;

class TextMutator {
public:
  explicit TextMutator(unsigned seed) : random(seed) {}

  std::string mutate(StringRef text);

private:
  size_t below(size_t count) { return random() % count; }
  bool oneIn(size_t count) { return below(count) == 0; }

  void mutateLines(std::vector<std::string> &all);
  void mutateTokens(std::vector<std::string> &tokens);
  std::string number();
  std::string similar(const std::vector<std::string> &tokens,
                      const std::string &token);

  std::mt19937 random;
};

} // namespace

/// Sizes, axes and counts that go wrong, and those that are usual.
std::string TextMutator::number() {
  static const char *const odd[] = {"0",          "1",
                                    "64",         "1000",
                                    "65536",      "2147483647",
                                    "4294967296", "4611686018427387904",
                                    "1e400",      "9223372036854775807",
                                    "-1",         "18446744073709551616"};
  return oneIn(3) ? odd[below(std::size(odd))] : std::to_string(below(6));
}

/// Another token of the kind.
std::string TextMutator::similar(const std::vector<std::string> &tokens,
                                 const std::string &token) {
  for (int tries = 0; tries < 32; ++tries) {
    const auto &from =
        words.entries.empty() || oneIn(2) ? tokens : words.entries;
    const std::string &other = from[below(from.size())];
    if (other != token && kindOf(other) == kindOf(token))
      return other;
  }
  return token;
}

void TextMutator::mutateTokens(std::vector<std::string> &tokens) {
  size_t place = below(tokens.size());
  // Numbers and words are what matters; most tokens are neither.
  for (int tries = 0; tries < 16 && kindOf(tokens[place]) == Kind::Other;
       ++tries)
    place = below(tokens.size());
  std::string old = tokens[place];
  const bool isNumber = kindOf(old) == Kind::Number;
  std::string other = isNumber && oneIn(2) ? number() : similar(tokens, old);
  if (oneIn(12))
    tokens.erase(tokens.begin() + place);
  else if (oneIn(12))
    tokens.insert(tokens.begin() + place, other);
  else if (oneIn(2))
    tokens[place] = other;
  else // sizes that agree
    std::replace(tokens.begin(), tokens.end(), old, other);
}

void TextMutator::mutateLines(std::vector<std::string> &all) {
  size_t place = below(all.size());
  switch (below(4)) {
  case 0:
    all.erase(all.begin() + place);
    break;
  case 1:
    all.insert(all.begin() + place, all[below(all.size())]);
    break;
  case 2:
    std::swap(all[place], all[below(all.size())]);
    break;
  default:
    if (!lines.entries.empty())
      all.insert(all.begin() + place,
                 lines.entries[below(lines.entries.size())]);
  }
}

std::string TextMutator::mutate(StringRef text) {
  std::vector<std::string> all;
  for (StringRef line : llvm::split(text, '\n'))
    all.push_back(line.str());
  if (oneIn(4))
    lines.add(all[below(all.size())]);
  if (oneIn(4))
    mutateLines(all);
  std::vector<std::string> tokens = tokenize(llvm::join(all, "\n"));
  for (size_t count = 1 + below(3); count > 0 && !tokens.empty(); --count) {
    words.add(tokens[below(tokens.size())]);
    mutateTokens(tokens);
  }
  return llvm::join(tokens, "");
}

size_t fuzz::mutateText(uint8_t *data, size_t size, size_t maxSize,
                        unsigned seed) {
  if (seed % 32 == 0 || size == 0)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::string text = TextMutator(seed).mutate(
      StringRef(reinterpret_cast<const char *>(data), size));
  if (text.empty() || text.size() > maxSize)
    return LLVMFuzzerMutate(data, size, maxSize);
  memcpy(data, text.data(), text.size());
  return text.size();
}
