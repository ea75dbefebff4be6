// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Examples for a network from a file, checked against its inputs: examples lie
// along the first axis of every array, or the whole arrays are one. One input
// takes an .npy file or the one array of an archive, several take an archive
// with an array for each by name; one without that axis is shared by all
// examples.

#ifndef NTK_RT_EXAMPLES_H
#define NTK_RT_EXAMPLES_H

#include "ntk-rt/Parameters.h"

namespace ntk {
namespace rt {

/// An input of the network.
struct KernelInput {
  std::string_view name;
  ElementType type;       ///< F32, F64, I64, I32 or Bool (a byte)
  int64_t shape[maxRank]; ///< of one example; the first `rank` count
  int rank;
  /// If not 0, the values are ids that rows of a table of this size are read
  /// with: from -idBound to idBound - 1 are allowed.
  int64_t idBound;

  std::vector<int64_t> shapeVector() const {
    return std::vector<int64_t>(shape, shape + rank);
  }
};

/// Examples in memory: for each input an array [count, ...].
struct Examples {
  int64_t count = 0;
  std::vector<Array> inputs;

  bool operator==(const Examples &other) const {
    if (count != other.count || inputs.size() != other.inputs.size())
      return false;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].bytes.size() != other.inputs[i].bytes.size() ||
          std::memcmp(inputs[i].bytes.data(), other.inputs[i].bytes.data(),
                      static_cast<size_t>(inputs[i].bytes.size())) != 0)
        return false;
    return true;
  }
  /// The inputs' elements, as a kernel takes them.
  std::vector<const void *> pointers() const {
    std::vector<const void *> result;
    for (const Array &array : inputs)
      result.push_back(array.bytes.data());
    return result;
  }
};

/// What is asked of the arrays of a file.
struct ExampleRules {
  bool wholeBatch = false; ///< an array is one example, without an axis of n
  bool allowNonFinite = false; ///< NaN and infinities are taken
  bool mayBeShared = false;    ///< an array of one example's shape is for all
};

namespace detail {

/// Whether all integers are ids below `bound`; else `found` is one that is not.
inline bool areIds(const Array &array, int64_t bound, int64_t &found) {
  for (int64_t i = 0; i < array.size(); ++i) {
    found = array.type == ElementType::I64 ? array.as<int64_t>()[i]
                                           : array.as<int32_t>()[i];
    if (found < -bound || found >= bound)
      return false;
  }
  return true;
}

/// Checks an array against its input and converts it.
inline bool checkInput(const KernelInput &input, const ExampleRules &rules,
                       const std::string &where, Array &array,
                       std::string &error) {
  std::vector<int64_t> wanted = input.shapeVector(), found = array.shape;
  const bool hasExamples = !found.empty() && found[0] > 0;
  if (!rules.wholeBatch && !(rules.mayBeShared && found == wanted))
    wanted.insert(wanted.begin(), hasExamples ? found[0] : 1);
  if (found != wanted) {
    std::string text = describe(input.type, input.shapeVector());
    if (!rules.wholeBatch)
      text.insert(text.find('[') + 1, input.rank ? "n, " : "n");
    text += rules.wholeBatch ? ", the whole batch" : ", n > 0";
    return fail(error, where + ": expected " + text + ", for input '" +
                           std::string(input.name) + "', but got " +
                           describe(array.type, found));
  }
  if (!convertTo(array, input.type, error))
    return fail(error, where + ": " + error);
  const NonFiniteCount count =
      countNonFinite(array.type, array.bytes.data(), array.size());
  if (count.any() && !rules.allowNonFinite)
    return fail(error, where + ": expected finite values, but got " +
                           count.describe() +
                           " (--allow-nonfinite computes all the same)");
  int64_t id = 0;
  if (input.idBound && !areIds(array, input.idBound, id))
    return fail(error, where + ": expected ids from " +
                           std::to_string(-input.idBound) + " to " +
                           std::to_string(input.idBound - 1) + ", but got " +
                           std::to_string(id));
  return true;
}

/// The array once for each of `count` examples.
inline bool repeat(int64_t count, Array &array, std::string &error) {
  Memory all;
  const int64_t size = array.bytes.size();
  if (!all.allocate(multiply(count, size), error))
    return false;
  for (int64_t n = 0; n < count; ++n)
    std::memcpy(all.data() + n * size, array.bytes.data(),
                static_cast<size_t>(size));
  array.shape.insert(array.shape.begin(), count);
  array.bytes = std::move(all);
  return true;
}

} // namespace detail

/// Reads the examples of a file. All inputs have the same number of them, one
/// or more, or one value for all, and the file has no other arrays.
inline bool readExamples(const std::string &path, const KernelInput *inputs,
                         int count, const ExampleRules &rules,
                         Examples &examples, std::string &error) {
  ArrayFile file;
  if (!file.open(path, error))
    return false;
  const std::vector<std::string> names = file.names();
  examples.inputs.resize(static_cast<size_t>(count));
  ExampleRules ofOne = rules;
  ofOne.mayBeShared = count > 1 && !rules.wholeBatch;
  std::vector<Array *> shared;
  for (int i = 0; i < count; ++i) {
    std::string name(inputs[i].name);
    if (count == 1 && names.size() == 1)
      name = names[0];
    if (!file.has(name))
      return detail::fail(error, path + ": expected an array for input '" +
                                     name + "', but there is none");
    Array &array = examples.inputs[static_cast<size_t>(i)];
    if (!file.read(name, array, error) ||
        !detail::checkInput(inputs[i], ofOne, file.describe(name), array,
                            error))
      return false;
    if (ofOne.mayBeShared && array.shape == inputs[i].shapeVector()) {
      shared.push_back(&array);
      continue;
    }
    const int64_t here = rules.wholeBatch ? 1 : array.shape[0];
    if (examples.count > 0 && here != examples.count)
      return detail::fail(error, file.describe(name) + ": expected " +
                                     std::to_string(examples.count) +
                                     " examples as for '" +
                                     std::string(inputs[0].name) +
                                     "', but got " + std::to_string(here));
    examples.count = here;
  }
  if (examples.count == 0)
    return detail::fail(error, path +
                                   ": expected examples along the first axis "
                                   "of an array, but all are of one example");
  for (Array *array : shared)
    if (!detail::repeat(examples.count, *array, error))
      return false;
  if (names.size() > static_cast<size_t>(count))
    return detail::fail(error, path + ": expected " + std::to_string(count) +
                                   " arrays, one for each input, but found " +
                                   std::to_string(names.size()));
  return true;
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_EXAMPLES_H
