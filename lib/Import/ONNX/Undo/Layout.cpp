// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The moves behind a computation are heads that are split off and axes that are
// swapped: sizes of the tensor divide those of the numbers, and all
// permutations of the pieces are tried. A factor is the quotient of the norms,
// whatever the permutation.

#include "Undo/Layout.h"
#include "Undo/ByValue.h"
#include "Undo/Tensors.h"
#include <cmath>
#include <numeric>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::SmallVector;
using llvm::StringRef;

/// What results of single precision are off, relative to the largest.
static constexpr double rounding = 4e-6;

static double norm(ArrayRef<double> values) {
  double sum = 0;
  for (double value : values)
    sum += value * value;
  return std::sqrt(sum);
}

bool onnximport::isNear(ArrayRef<double> a, ArrayRef<double> b,
                        double tolerance) {
  double scale = norm(b) / std::sqrt(double(std::max<size_t>(b.size(), 1)));
  return a.size() == b.size() && llvm::all_of(llvm::zip(a, b), [&](auto pair) {
           auto [x, y] = pair;
           return std::abs(x - y) <= tolerance * std::max(std::abs(y), scale);
         });
}

//===----------------------------------------------------------------------===//
// Applying
//===----------------------------------------------------------------------===//

/// A range of an axis.
static Numbers slice(const Numbers &numbers, size_t axis, int64_t begin,
                     int64_t end) {
  int64_t inner = 1, size = numbers.shape[axis];
  for (int64_t other : ArrayRef(numbers.shape).drop_front(axis + 1))
    inner *= other;
  Numbers result{numbers.shape, {}};
  result.shape[axis] = end - begin;
  for (size_t i = 0; i < numbers.values.size(); ++i) {
    int64_t at = int64_t(i) / inner % size;
    if (at >= begin && at < end)
      result.values.push_back(numbers.values[i]);
  }
  return result;
}

/// Positions of elements when axes are swapped.
static std::vector<int64_t> permutedPositions(ArrayRef<int64_t> shape,
                                              ArrayRef<int64_t> permutation) {
  size_t rank = shape.size();
  SmallVector<int64_t> strides(rank, 1);
  for (size_t i = rank; i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  int64_t count = rank ? strides[0] * shape[0] : 1;
  std::vector<int64_t> positions(count);
  for (int64_t at = 0; at < count; ++at) {
    int64_t rest = at, position = 0;
    for (size_t i = rank; i-- > 0; rest /= shape[permutation[i]])
      position += rest % shape[permutation[i]] * strides[permutation[i]];
    positions[at] = position;
  }
  return positions;
}

static bool isSliced(const Layout &layout) { return layout.end != 0; }

std::vector<double> onnximport::apply(const Layout &layout,
                                      const Numbers &numbers) {
  Numbers part = isSliced(layout)
                     ? slice(numbers, layout.axis, layout.begin, layout.end)
                     : numbers;
  std::vector<double> result;
  for (int64_t at : permutedPositions(layout.split, layout.permutation))
    result.push_back(layout.factor * part.values[at]);
  return result;
}

//===----------------------------------------------------------------------===//
// Finding
//===----------------------------------------------------------------------===//

/// Ways to divide each axis in two by sizes of the target, axes of size 1 left
/// out.
static void findSplits(ArrayRef<int64_t> shape, ArrayRef<int64_t> sizes,
                       SmallVector<int64_t> &split,
                       std::vector<SmallVector<int64_t>> &splits) {
  if (shape.empty()) {
    if (split.size() <= 6)
      splits.push_back(split);
    return;
  }
  int64_t size = shape.front();
  size_t before = split.size();
  if (size != 1)
    split.push_back(size);
  findSplits(shape.drop_front(), sizes, split, splits);
  SmallVector<int64_t> firsts;
  for (int64_t other : sizes)
    if (other > 1 && other < size && size % other == 0)
      for (int64_t first : {other, size / other})
        if (!llvm::is_contained(firsts, first))
          firsts.push_back(first);
  for (int64_t first : firsts) {
    split.truncate(before);
    split.append({first, size / first});
    findSplits(shape.drop_front(), sizes, split, splits);
  }
  split.truncate(before);
}

/// The one permutation of pieces by which the target comes from the part.
static std::optional<Layout> findPermutation(const Numbers &part,
                                             const Numbers &target,
                                             double factor, bool isExact) {
  std::vector<SmallVector<int64_t>> splits;
  SmallVector<int64_t> split;
  findSplits(part.shape, target.shape, split, splits);
  std::optional<Layout> found;
  std::vector<int64_t> positions;
  double scale = norm(target.values) / std::sqrt(double(target.values.size()));
  for (const SmallVector<int64_t> &sizes : splits) {
    SmallVector<int64_t> permutation(sizes.size());
    std::iota(permutation.begin(), permutation.end(), 0);
    do {
      std::vector<int64_t> at = permutedPositions(sizes, permutation);
      bool fits = true;
      for (size_t i = 0; fits && i < at.size(); ++i) {
        double wanted = target.values[i];
        fits = std::abs(factor * part.values[at[i]] - wanted) <=
               rounding * std::max(std::abs(wanted), scale);
      }
      if (!fits)
        continue;
      if (found && isExact && at != positions)
        return std::nullopt;
      if (!found) {
        found = Layout();
        found->factor = factor;
        found->split = sizes;
        found->permutation = permutation;
        positions = std::move(at);
      }
      if (!isExact)
        return found;
    } while (std::next_permutation(permutation.begin(), permutation.end()));
  }
  return found;
}

/// Are they equal in some order?
static bool haveNearContent(const Numbers &part, const Numbers &target,
                            double factor) {
  std::vector<double> a = part.values, b = target.values;
  for (double &value : a)
    value *= factor;
  llvm::sort(a);
  llvm::sort(b);
  return isNear(a, b, 2 * rounding);
}

static std::optional<Layout> findOfPart(const Numbers &part,
                                        const Numbers &target,
                                        const LayoutOptions &options) {
  double factor = 1;
  if (options.scales)
    factor = norm(target.values) / norm(part.values);
  if (!std::isfinite(factor) || factor == 0)
    return std::nullopt;
  for (double signedFactor : {factor, -factor})
    if ((options.scales || signedFactor > 0) &&
        haveNearContent(part, target, signedFactor))
      return findPermutation(part, target, signedFactor, options.isExact);
  return std::nullopt;
}

std::optional<Layout> onnximport::findLayout(const Numbers &numbers,
                                             const Numbers &target,
                                             const LayoutOptions &options) {
  size_t count = numbers.values.size(), wanted = target.values.size();
  if (count == 0 || wanted == 0)
    return std::nullopt;
  if (count == wanted)
    return findOfPart(numbers, target, options);
  if (!options.picks || count < wanted)
    return std::nullopt;
  for (auto [axis, size] : llvm::enumerate(numbers.shape)) {
    int64_t length = int64_t(wanted) * size / int64_t(count);
    if (length == 0 || length * count != wanted * size)
      continue;
    for (int64_t begin = 0; begin + length <= size; ++begin) {
      Numbers part = slice(numbers, axis, begin, begin + length);
      std::optional<Layout> layout = findOfPart(part, target, options);
      if (!layout)
        continue;
      layout->axis = axis;
      layout->begin = begin;
      layout->end = begin + length;
      return layout;
    }
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Emitting
//===----------------------------------------------------------------------===//

static Expected<std::string> addInteger(ExportedModel &model, StringRef wish,
                                        int64_t value) {
  std::string name = model.makeName(wish);
  Expected<Array> array = makeIndices(value, {1});
  if (!array)
    return array.takeError();
  model.addTensor(name, std::move(*array));
  return name;
}

static Expected<Node> makeSlice(ExportedModel &model, const Layout &layout,
                                StringRef source, StringRef result) {
  std::vector<std::string> inputs{source.str()};
  for (auto [what, value] :
       {std::pair(".begin", layout.begin), std::pair(".end", layout.end),
        std::pair(".axis", int64_t(layout.axis))}) {
    Expected<std::string> name =
        addInteger(model, (result + what).str(), value);
    if (!name)
      return name.takeError();
    inputs.push_back(std::move(*name));
  }
  return model.makeNode("Slice", std::move(inputs), {result.str()});
}

static Expected<Node> makeScale(ExportedModel &model, double factor,
                                ElementKind kind, StringRef source,
                                StringRef result) {
  std::string name = model.makeName((result + ".factor").str());
  Expected<Array> number = toArray(Numbers{{}, {factor}}, kind);
  if (!number)
    return number.takeError();
  model.addTensor(name, std::move(*number));
  return model.makeNode("Mul", {source.str(), name}, {result.str()});
}

Expected<std::vector<Node>> onnximport::emitLayout(ExportedModel &model,
                                                   const Layout &layout,
                                                   const NamedShape &value,
                                                   const Array &target,
                                                   StringRef name) {
  std::vector<Node> nodes;
  std::string last = value.name;
  auto append = [&](const char *step, auto make) -> Error {
    std::string next = model.makeName((name + step).str());
    Expected<Node> node = make(last, next);
    if (!node)
      return node.takeError();
    nodes.push_back(std::move(*node));
    last = std::move(next);
    return Error::success();
  };
  if (isSliced(layout))
    if (Error error = append(".part", [&](StringRef from, StringRef to) {
          return makeSlice(model, layout, from, to);
        }))
      return std::move(error);
  if (layout.factor != 1)
    if (Error error = append(".scaled", [&](StringRef from, StringRef to) {
          return makeScale(model, layout.factor, target.kind, from, to);
        }))
      return std::move(error);
  if (!llvm::is_sorted(layout.permutation)) {
    if (Error error = append(".split", [&](StringRef from, StringRef to) {
          return makeReshape(model, from, layout.split, to);
        }))
      return std::move(error);
    if (Error error = append(
            ".permuted", [&](StringRef from, StringRef to) -> Expected<Node> {
              return makeTranspose(model, from, layout.permutation, to);
            }))
      return std::move(error);
  }
  Expected<Node> shaped = makeReshape(model, last, target.shape, name);
  if (!shaped)
    return shaped.takeError();
  nodes.push_back(std::move(*shaped));
  return nodes;
}
