// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The options of a generated program: a table, and the loop that reads it.
//
//   program --x1 A.npy [--x2 B.npy] [--params W.npz] [-o THETA.npy] ...

#ifndef NTK_RT_COMMANDLINE_H
#define NTK_RT_COMMANDLINE_H

#include "ntk-rt/Array.h"
#include "ntk-rt/TextReader.h"

namespace ntk {
namespace rt {

/// What a command line says.
struct CommandLine {
  std::string x1, x2, params, output; ///< names of files, empty if not given
  int64_t threads = 0;                ///< 0 if not given
  int64_t repeat = 0;                 ///< 0 if not given
  bool allowNonFinite = false;
  bool help = false;
};

namespace detail {

/// An option, which has a file, a number, or nothing for its value.
struct Option {
  const char *name;
  const char *value; ///< as help and errors write it
  const char *help;
  std::string CommandLine::*file;
  int64_t CommandLine::*number;
  bool CommandLine::*flag;

  bool isFlag() const { return flag != nullptr; }
};

inline constexpr Option options[] = {
    {"--x1", "A.npy|A.npz",
     "examples along the first axis; for several inputs an .npz with one\n"
     "      array for each by name",
     &CommandLine::x1, nullptr, nullptr},
    {"--x2", "B.npy|B.npz",
     "the second set of examples; without it the kernel of A with itself",
     &CommandLine::x2, nullptr, nullptr},
    {"--params", "W.npz|W.safetensors", "parameters and buffers by name",
     &CommandLine::params, nullptr, nullptr},
    {"-o", "THETA.npy", "where the kernel goes", &CommandLine::output, nullptr,
     nullptr},
    {"--threads", "N", "threads to compute with", nullptr,
     &CommandLine::threads, nullptr},
    {"--repeat", "N", "run N times, tell the seconds of the fastest", nullptr,
     &CommandLine::repeat, nullptr},
    {"--allow-nonfinite", "",
     "compute although parameters or examples hold NaN or infinity", nullptr,
     nullptr, &CommandLine::allowNonFinite},
    {"--help", "", "this text", nullptr, nullptr, &CommandLine::help}};

/// Reads the value of an option.
inline bool setOption(CommandLine &line, const Option &option,
                      const std::string &value, std::string &error) {
  constexpr int64_t most = 1 << 20;
  if (option.file) {
    line.*option.file = value;
    return !value.empty() ||
           fail(error, std::string(option.name) +
                           ": expected the name of a file, but got ''");
  }
  TextReader text(value.data(), static_cast<int64_t>(value.size()));
  int64_t number;
  if (!text.takeInteger(number) || !text.done() || number < 1 || number > most)
    return fail(error, std::string(option.name) +
                           ": expected a number from 1 to " +
                           std::to_string(most) + ", but got '" + value + "'");
  line.*option.number = number;
  return true;
}

/// The option of this name, null if there is none.
inline const Option *findOption(const std::string &name) {
  for (const Option &option : options)
    if (name == option.name)
      return &option;
  return nullptr;
}

} // namespace detail

/// Reads a command line, values behind their option or, as in --x1=A.npy, in
/// the same word.
inline bool parseCommandLine(int argc, const char *const *argv,
                             CommandLine &line, std::string &error) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    const detail::Option *option = detail::findOption(word.substr(0, equals));
    if (!option)
      return detail::fail(error, "unknown option '" + word + "', see --help");
    if (option->isFlag() && equals == std::string::npos) {
      line.*option->flag = true;
      continue;
    }
    if (option->isFlag())
      return detail::fail(error,
                          std::string(option->name) + ": expected no value");
    if (equals == std::string::npos && ++i == argc)
      return detail::fail(error, word + ": expected " + option->value +
                                     ", but the command line ends");
    const std::string value =
        equals == std::string::npos ? argv[i] : word.substr(equals + 1);
    if (!detail::setOption(line, *option, value, error))
      return false;
  }
  if (line.help)
    return true;
  if (line.x1.empty())
    return detail::fail(error, "expected examples, --x1 A.npy");
  if (line.output.empty() && line.repeat == 0)
    return detail::fail(error, "expected a file for the kernel, -o THETA.npy "
                               "(or --repeat N)");
  return true;
}

/// The options as the help lists them.
inline std::string describeOptions() {
  std::string text;
  for (const detail::Option &option : detail::options)
    text += std::string("  ") + option.name + (*option.value ? " " : "") +
            option.value + "\n      " + option.help + "\n";
  return text;
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_COMMANDLINE_H
