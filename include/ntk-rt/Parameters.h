// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A network's parameters from a file into the struct that generated code takes.
// The generated loader is this call with a table of the struct's arrays:
//
//   typedef struct { float fc1_weight[512][784]; float fc1_bias[512]; }
//       mlp_params;
//
//   static const ntk::rt::ParameterEntry mlp_entries[] = {
//       {"fc1.weight", offsetof(mlp_params, fc1_weight), {512, 784}, 2,
//        ntk::rt::ElementType::F32},
//       {"fc1.bias", offsetof(mlp_params, fc1_bias), {512}, 1,
//        ntk::rt::ElementType::F32}};
//
//   mlp_params params;
//   std::string error;
//   if (!ntk::rt::loadParameters("mlp.safetensors", mlp_entries, 2, &params,
//                                error))
//     ...

#ifndef NTK_RT_PARAMETERS_H
#define NTK_RT_PARAMETERS_H

#include "ntk-rt/ArrayFile.h"
#include "ntk-rt/Convert.h"

#include <cstddef>
#include <set>

namespace ntk {
namespace rt {

/// Axes that the tables of generated code have room for.
inline constexpr int maxRank = 12;

/// One array of the struct.
struct ParameterEntry {
  std::string_view name;  ///< in the file
  size_t offset;          ///< of the array in the struct
  int64_t shape[maxRank]; ///< of which the first `rank` count
  int rank;               ///< 0 for a single number
  ElementType type;       ///< F32, F64, I64, I32 or Bool (a byte)

  std::vector<int64_t> shapeVector() const {
    return std::vector<int64_t>(shape, shape + rank);
  }
};

namespace detail {

/// Reads one array into the struct, and adds to `nonFinite` if it has values
/// that are not finite.
inline bool loadParameter(ArrayFile &file, const ParameterEntry &entry,
                          void *block, std::string &nonFinite,
                          std::string &error) {
  const std::string name(entry.name);
  const std::string wanted =
      describe(entry.type, entry.shapeVector()) + " for '" + name + "'";
  if (!file.has(name))
    return fail(error, file.describe("") + ": expected " + wanted +
                           ", but there is no array of that name");
  Array array;
  if (!file.read(name, array, error))
    return false;
  if (array.shape != entry.shapeVector())
    return fail(error, file.describe("") + ": expected " + wanted +
                           ", but got " + describe(array.type, array.shape));
  void *target = static_cast<char *>(block) + entry.offset;
  if (!convertInto(array, entry.type, target, error))
    return fail(error, file.describe(name) + ": " + error);
  const NonFiniteCount count = countNonFinite(entry.type, target, array.size());
  if (count.any())
    nonFinite +=
        (nonFinite.empty() ? "'" : ", '") + name + "' has " + count.describe();
  return true;
}

} // namespace detail

/// Fills `block`, the struct, from an .npz or .safetensors file: each entry
/// from the array of its name and shape, converted to its type (see
/// `convertInto`). Values that are not finite are refused unless that is
/// allowed; f64 values beyond f32 become infinite, and are refused too. Arrays
/// that no entry names are left alone; `unused`, if not null, gets their names.
/// On failure the struct holds some arrays and not others.
inline bool loadParameters(const std::string &path,
                           const ParameterEntry *entries, int64_t count,
                           void *block, std::string &error,
                           std::vector<std::string> *unused = nullptr,
                           bool allowNonFinite = false) {
  ArrayFile file;
  if (!file.open(path, error))
    return false;
  if (file.has(""))
    return detail::fail(error, path + ": expected an .npz or .safetensors "
                                      "file, whose arrays have names");
  std::set<std::string> used;
  std::string nonFinite;
  for (int64_t i = 0; i < count; ++i) {
    if (!detail::loadParameter(file, entries[i], block, nonFinite, error))
      return false;
    used.emplace(entries[i].name);
  }
  if (!nonFinite.empty() && !allowNonFinite)
    return detail::fail(error,
                        path + ": expected finite values, but " + nonFinite);
  if (unused)
    for (const std::string &name : file.names())
      if (!used.count(name))
        unused->push_back(name);
  return true;
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_PARAMETERS_H
