// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The composition of a network: inputs, ops one after the other, outputs.

#include "Generator.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::random;

static constexpr int64_t maxOutputs = 12;

static void drawInputs(Draft &draft) {
  draft.input(draft.shape(1, 3));
  if (draft.chance(0.3))
    draft.input(draft.shape(0, 3));
  if (draft.chance(0.2))
    draft.indicesOfShape(draft.shape(0, 2, 6), draft.number(2, 5));
}

/// A value as an output: one of few elements as it is, of others a linear
/// readout, a sum or a part.
static Value makeOutput(Draft &draft, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getNumElements() <= maxOutputs)
    return value;
  SmallVector<int64_t> flat = {type.getNumElements()};
  switch (draft.number(0, 2)) {
  case 0: {
    Value weight = draft.realOfShape({draft.number(1, 4), flat[0]});
    return draft.apply("contract", {draft.reshape(value, flat), weight},
                       draft.attribute("spec", draft.getBuilder().getStringAttr(
                                                   "k, ck -> c")));
  }
  case 1: {
    SmallVector<int64_t> axes;
    for (int64_t i = 1; i < type.getRank(); ++i)
      axes.push_back(i);
    return draft.apply("reduce_sum", value, draft.attribute("axes", axes));
  }
  default:
    return draft.apply("slice", draft.reshape(value, flat),
                       {draft.attribute("starts", ArrayRef<int64_t>(0)),
                        draft.attribute("sizes", ArrayRef<int64_t>(6)),
                        draft.attribute("strides", ArrayRef<int64_t>(2))});
  }
}

/// Late values that nothing reads yet, one to three of them.
static SmallVector<Value> drawOutputs(Draft &draft) {
  SmallVector<Value> active = draft.getActiveValues();
  if (active.empty())
    return {};
  SmallVector<Value> candidates;
  for (Value value : llvm::reverse(active))
    if (value.use_empty())
      candidates.push_back(value);
  if (draft.chance(0.2)) // also what other ops read
    candidates.push_back(active[draft.number(0, active.size() - 1)]);
  SmallVector<Value> outputs;
  int64_t wanted = draft.chance(0.7) ? 1 : draft.number(2, 3), elements = 0;
  for (Value candidate : candidates) {
    if (static_cast<int64_t>(outputs.size()) == wanted)
      break;
    Value output = makeOutput(draft, candidate);
    if (!output)
      continue;
    int64_t count = cast<RankedTensorType>(output.getType()).getNumElements();
    if (elements + count > maxOutputs)
      continue;
    elements += count;
    outputs.push_back(output);
  }
  return outputs;
}

OwningOpRef<ModuleOp>
mlir::ntk::random::generateNetwork(MLIRContext *context, uint64_t seed,
                                   int64_t examples, ArrayRef<Recipe> recipes) {
  Draft draft(context, seed, examples);
  drawInputs(draft);
  int64_t wanted = draft.number(2, 9);
  for (int64_t tries = 0; wanted > 0 && tries < 60; ++tries) {
    const Recipe &recipe = recipes[draft.number(0, recipes.size() - 1)];
    if (recipe.draw(draft, recipe.op))
      --wanted;
    if (draft.countOps() > 30)
      break;
  }
  // Something that depends on a parameter; it may take more than one try.
  for (int64_t tries = 0; tries < 20; ++tries) {
    SmallVector<Value> outputs = drawOutputs(draft);
    if (!outputs.empty())
      return draft.finish(outputs);
    Value value = draft.anyReal();
    draft.apply(
        "mul",
        {value, draft.parameter(SmallVector<int64_t>(draft.shapeOf(value)))});
  }
  return {};
}
