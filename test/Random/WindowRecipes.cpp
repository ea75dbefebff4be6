// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions and windows; and the table of all recipes.

#include "Recipes.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::random;

namespace {
/// What convolutions and windows share.
struct Geometry {
  SmallVector<int64_t> kernel, strides, padding, dilations;

  Geometry(Draft &draft, int64_t rank) {
    for (int64_t i = 0; i < rank; ++i) {
      kernel.push_back(draft.number(1, 3));
      strides.push_back(draft.chance(0.7) ? 1 : draft.number(2, 3));
      dilations.push_back(draft.chance(0.8) ? 1 : 2);
      for (int side = 0; side < 2; ++side)
        padding.push_back(draft.chance(0.5) ? 0 : draft.number(1, 2));
    }
  }

  /// Sizes whose windows are `sizes` many, one of those there are; empty if
  /// there are none.
  SmallVector<int64_t> getTransposedSizes(Draft &draft,
                                          ArrayRef<int64_t> sizes) const {
    SmallVector<int64_t> result;
    for (size_t i = 0; i < sizes.size(); ++i) {
      result.push_back((sizes[i] - 1) * strides[i] +
                       dilations[i] * (kernel[i] - 1) + 1 - padding[2 * i] -
                       padding[2 * i + 1] + draft.number(0, strides[i] - 1));
      if (result.back() < 1)
        return {};
    }
    return result;
  }

  /// The number of windows along each of `sizes`; empty if one has none.
  SmallVector<int64_t> getOutputSizes(ArrayRef<int64_t> sizes) const {
    SmallVector<int64_t> result;
    for (size_t i = 0; i < sizes.size(); ++i) {
      int64_t room = sizes[i] + padding[2 * i] + padding[2 * i + 1] -
                     dilations[i] * (kernel[i] - 1) - 1;
      if (room < 0)
        return {};
      result.push_back(room / strides[i] + 1);
    }
    return result;
  }

  SmallVector<NamedAttribute> getAttributes(Draft &draft) const {
    return {draft.attribute("strides", strides),
            draft.attribute("padding", padding),
            draft.attribute("dilations", dilations)};
  }
};

/// An input [G·A, sizes…] of a convolution.
struct Image {
  Value value;
  int64_t groups, rank;
  SmallVector<int64_t> sizes;

  explicit Image(Draft &draft) : rank(draft.chance(0.6) ? 2 : 1) {
    value = draft.realOfRank(rank + 1);
    groups = 1;
    if (!value)
      return;
    ArrayRef<int64_t> shape = draft.shapeOf(value);
    sizes.assign(shape.begin() + 1, shape.end());
    for (int64_t divisor : {2, 3, 5})
      if (shape[0] % divisor == 0 && draft.chance(0.4))
        groups = divisor;
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

static Value drawConv(Draft &draft, StringRef op) {
  Image image(draft);
  if (!image.value)
    return {};
  Geometry geometry(draft, image.rank);
  SmallVector<int64_t> kernel = {image.groups * draft.number(1, 2),
                                 draft.shapeOf(image.value)[0] / image.groups};
  llvm::append_range(kernel, geometry.kernel);
  SmallVector<NamedAttribute> attributes = geometry.getAttributes(draft);
  attributes.push_back(draft.attribute("groups", image.groups));
  return draft.apply(op, {image.value, draft.realOfShape(kernel)}, attributes);
}

static Value drawConvTranspose(Draft &draft, StringRef op) {
  Image image(draft);
  if (!image.value)
    return {};
  Geometry geometry(draft, image.rank);
  SmallVector<int64_t> sizes = geometry.getTransposedSizes(draft, image.sizes);
  if (sizes.empty())
    return {};
  SmallVector<int64_t> kernel = {draft.shapeOf(image.value)[0],
                                 draft.number(1, 2)};
  llvm::append_range(kernel, geometry.kernel);
  SmallVector<NamedAttribute> attributes = geometry.getAttributes(draft);
  attributes.push_back(draft.attribute("groups", image.groups));
  attributes.push_back(draft.attribute("output_size", sizes));
  return draft.apply(op, {image.value, draft.realOfShape(kernel)}, attributes);
}

static Value drawPatches(Draft &draft, StringRef op) {
  Image image(draft);
  Geometry geometry(draft, image.rank);
  SmallVector<NamedAttribute> attributes = geometry.getAttributes(draft);
  attributes.push_back(draft.attribute("groups", image.groups));
  attributes.push_back(draft.attribute("kernel_size", geometry.kernel));
  return draft.apply(op, image.value, attributes);
}

static int64_t getProduct(ArrayRef<int64_t> sizes) {
  int64_t product = 1;
  for (int64_t size : sizes)
    product *= size;
  return product;
}

static Value drawFoldPatches(Draft &draft, StringRef op) {
  SmallVector<int64_t> sizes = draft.shape(1, 2, 12);
  Geometry geometry(draft, sizes.size());
  SmallVector<int64_t> pixels = geometry.getOutputSizes(sizes);
  if (pixels.empty())
    return {};
  int64_t groups = draft.number(1, 2);
  Value patches =
      draft.realOfShape({groups, draft.number(1, 2),
                         getProduct(geometry.kernel), getProduct(pixels)});
  SmallVector<NamedAttribute> attributes = geometry.getAttributes(draft);
  attributes.push_back(draft.attribute("groups", groups));
  attributes.push_back(draft.attribute("kernel_size", geometry.kernel));
  attributes.push_back(draft.attribute("output_size", sizes));
  return draft.apply(op, patches, attributes);
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

static Value drawWindow(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  int64_t rank = draft.shapeOf(x).size();
  if (rank == 0)
    return {};
  int64_t axes = draft.number(1, std::min<int64_t>(rank, 2));
  Geometry geometry(draft, axes);
  SmallVector<NamedAttribute> attributes = geometry.getAttributes(draft);
  attributes.push_back(draft.attribute("window", geometry.kernel));
  if (op == "window_spread") {
    SmallVector<int64_t> sizes =
        geometry.getTransposedSizes(draft, draft.shapeOf(x).take_back(axes));
    if (sizes.empty())
      return {};
    attributes.push_back(draft.attribute("output_size", sizes));
  }
  return draft.apply(op, x, attributes);
}

/// Often of equal elements.
static Value drawMaxPool(Draft &draft, StringRef op) {
  if (!draft.chance(0.3))
    return drawWindow(draft, op);
  Value x = draft.anyReal();
  SmallVector<int64_t> shape(draft.shapeOf(x));
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  shape.push_back(draft.number(2, 3));
  auto all = [](int64_t value) { return SmallVector<int64_t>{value}; };
  return draft.applyAtKink(
      op, draft.broadcast(x, shape, axes),
      {draft.attribute("window", all(2)), draft.attribute("strides", all(1)),
       draft.attribute("padding", SmallVector<int64_t>{0, 0}),
       draft.attribute("dilations", all(1))});
}

/// The winners, and something that reads them: a pixel for each.
static Value drawWinner(Draft &draft, StringRef op) {
  Value winners = drawWindow(draft, op);
  if (!winners)
    return {};
  Type real = draft.getRealType();
  return draft.apply(
      "scale",
      draft.apply("convert", winners,
                  draft.attribute("element", TypeAttr::get(real))),
      draft.attribute("factor", 0.25));
}

ArrayRef<Recipe> mlir::ntk::random::getWindowRecipes() {
  static const Recipe recipes[] = {
      {"conv", drawConv},         {"conv_transpose", drawConvTranspose},
      {"patches", drawPatches},   {"fold_patches", drawFoldPatches},
      {"window_sum", drawWindow}, {"window_spread", drawWindow},
      {"max_pool", drawMaxPool},  {"max_pool_winner", drawWinner},
  };
  return recipes;
}

//===----------------------------------------------------------------------===//
// All
//===----------------------------------------------------------------------===//

SmallVector<Recipe> mlir::ntk::random::getRecipes() {
  SmallVector<Recipe> recipes(getElementwiseRecipes());
  llvm::append_range(recipes, getMovementRecipes());
  llvm::append_range(recipes, getWindowRecipes());
  return recipes;
}

SmallVector<StringRef>
mlir::ntk::random::getOpsWithoutRecipe(MLIRContext *context) {
  // Seeds and accumulators of the kernel algebra: their sizes are letters.
  StringRef algebra[] = {"identity", "zeros"};
  SmallVector<Recipe> recipes = getRecipes();
  SmallVector<StringRef> missing;
  for (RegisteredOperationName op : context->getRegisteredOperations()) {
    if (op.getDialectNamespace() != "ntk" ||
        !op.hasInterface<EvaluableOpInterface>())
      continue;
    StringRef name = op.stripDialect();
    bool isKnown = llvm::is_contained(algebra, name) ||
                   llvm::any_of(recipes, [&](const Recipe &recipe) {
                     return recipe.op == name;
                   });
    if (!isKnown)
      missing.push_back(name);
  }
  return missing;
}
