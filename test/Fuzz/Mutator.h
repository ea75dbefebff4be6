// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The mutator behind mutateModel: one small function for each part of a model.
// Nodes and graphs: MutateModel.cpp; attributes, tensors, inputs, outputs and
// what exporters note beside them: MutateTensor.cpp.

#ifndef NTK_TEST_FUZZ_MUTATOR_H
#define NTK_TEST_FUZZ_MUTATOR_H

#include "onnx/onnx.pb.h"
#include <random>
#include <string>

namespace mlir::ntk::fuzz {

using namespace onnx;

class Mutator {
public:
  explicit Mutator(unsigned seed) : random(seed) {}
  void mutate(ModelProto &model);

private:
  size_t below(size_t count) { return random() % count; }
  bool oneIn(size_t count) { return below(count) == 0; }
  /// An element of a repeated field or container that is not empty.
  template <typename Range> auto &pick(Range &range) {
    return *std::next(range.begin(), below(range.size()));
  }
  int64_t number(int64_t old);

  GraphProto &pickGraph(GraphProto &graph, unsigned depth = 0);
  std::string pickValue(const GraphProto &graph, int before);
  std::string makeName() { return "v" + std::to_string(random()); }
  void mutateGraph(ModelProto &model, GraphProto &graph);
  void mutateNode(GraphProto &graph);
  void mutateOperands(GraphProto &graph, int position);
  void insertNode(GraphProto &graph);
  void moveNode(GraphProto &graph);
  void wrapNodes(GraphProto &graph);
  void mutateAttribute(AttributeProto &attribute);
  void mutateTensor(TensorProto &tensor);
  void mutateValues(TensorProto &tensor);
  void mutateInterface(GraphProto &graph);
  void mutateText(std::string &text);
  void mutateMetadata(GraphProto &graph);
  void makeFunction(ModelProto &model, GraphProto &graph);
  void mutateOpset(ModelProto &model);

  std::mt19937 random;
};

} // namespace mlir::ntk::fuzz

#endif // NTK_TEST_FUZZ_MUTATOR_H
