// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mutations of what nodes are about: numbers, attributes, tensors, inputs and
// outputs, and what exporters note beside them.

#include "Mutator.h"
#include <cstring>

using namespace mlir::ntk::fuzz;

/// Sizes, axes and counts that go wrong.
int64_t Mutator::number(int64_t old) {
  static const int64_t odd[] = {0,         1,         2,         3,
                                -1,        -2,        -3,        4,
                                7,         64,        1000,      65536,
                                INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN,
                                1ll << 31, 1ll << 32, 1ll << 62};
  switch (below(4)) {
  case 0:
    return static_cast<int64_t>(static_cast<uint64_t>(old) + 1);
  case 1:
    return static_cast<int64_t>(static_cast<uint64_t>(old) - 1);
  case 2:
    return static_cast<int64_t>(below(5)) - 1;
  default:
    return odd[below(std::size(odd))];
  }
}

void Mutator::mutateAttribute(AttributeProto &attribute) {
  static const char *const words[] = {
      "",           "constant",      "reflect",   "edge",
      "wrap",       "nearest",       "linear",    "cubic",
      "SAME_UPPER", "VALID",         "add",       "mul",
      "max",        "none",          "reverse",   "bidirectional",
      "Tanh",       "Relu",          "ij,jk->ik", "...i,i->...",
      "asymmetric", "align_corners", "tanh",      "DCR",
      "CRD"};
  switch (attribute.type()) {
  case AttributeProto::INT:
    attribute.set_i(number(attribute.i()));
    break;
  case AttributeProto::INTS:
    if (attribute.ints_size() == 0 || oneIn(4))
      attribute.add_ints(number(1));
    else if (oneIn(4))
      attribute.mutable_ints()->RemoveLast();
    else
      pick(*attribute.mutable_ints()) = number(attribute.ints(0));
    break;
  case AttributeProto::FLOAT:
    attribute.set_f(oneIn(2) ? static_cast<float>(number(0)) : 0.0f / 0.0f);
    break;
  case AttributeProto::FLOATS:
    attribute.add_floats(static_cast<float>(number(1)));
    break;
  case AttributeProto::STRING:
    if (oneIn(4))
      mutateText(*attribute.mutable_s());
    else
      attribute.set_s(words[below(std::size(words))]);
    break;
  case AttributeProto::STRINGS:
    if (attribute.strings_size() == 0 || oneIn(4))
      attribute.add_strings(words[below(std::size(words))]);
    else
      pick(*attribute.mutable_strings()) = words[below(std::size(words))];
    break;
  case AttributeProto::TENSOR:
    mutateTensor(*attribute.mutable_t());
    break;
  default:
    attribute.set_type(static_cast<AttributeProto::AttributeType>(below(12)));
  }
  if (oneIn(20))
    attribute.set_ref_attr_name("axis");
}

//===----------------------------------------------------------------------===//
// Tensors, inputs and outputs
//===----------------------------------------------------------------------===//

/// Values in place, of the widths that carry sizes and axes.
void Mutator::mutateValues(TensorProto &tensor) {
  std::string &bytes = *tensor.mutable_raw_data();
  bool isWide = tensor.data_type() == TensorProto::INT64;
  size_t width = isWide ? 8 : 4;
  if (tensor.int64_data_size()) {
    pick(*tensor.mutable_int64_data()) = number(tensor.int64_data(0));
  } else if (bytes.size() >= width) {
    size_t at = below(bytes.size() / width) * width;
    int64_t value = 0;
    memcpy(&value, &bytes[at], width);
    value = number(value);
    memcpy(&bytes[at], &value, width);
  } else if (bytes.empty()) {
    tensor.clear_raw_data();
  }
}

void Mutator::mutateTensor(TensorProto &tensor) {
  auto &dims = *tensor.mutable_dims();
  switch (below(8)) {
  case 0:
    if (dims.empty() || oneIn(3))
      dims.Add(number(1));
    else if (oneIn(3))
      dims.RemoveLast();
    else
      pick(dims) = number(dims.Get(0));
    break;
  case 1:
  case 2:
  case 3: { // Sizes with as many values.
    size_t elements = 1;
    while (dims.size() > 4)
      dims.RemoveLast();
    for (int64_t &dim : dims)
      elements *= dim = below(5);
    bool isWide = tensor.data_type() == TensorProto::INT64;
    std::string bytes(elements * (isWide ? 8 : 4), '\0');
    for (size_t i = 0; isWide && i < bytes.size(); i += 8)
      bytes[i] = below(5);
    tensor.clear_float_data();
    tensor.clear_int64_data();
    tensor.set_raw_data(bytes);
    break;
  }
  case 4:
    if (oneIn(3))
      tensor.set_data_type(below(24));
    break;
  case 5:
    if (oneIn(4)) {
      tensor.set_data_location(TensorProto::EXTERNAL);
      StringStringEntryProto &entry = *tensor.add_external_data();
      entry.set_key(oneIn(2) ? "location" : oneIn(2) ? "offset" : "length");
      entry.set_value(entry.key() == "location" ? "data.bin" : "4");
      break;
    }
    [[fallthrough]];
  default:
    mutateValues(tensor);
  }
}

void Mutator::mutateInterface(GraphProto &graph) {
  auto &values = oneIn(3) ? *graph.mutable_output() : *graph.mutable_input();
  if (values.empty())
    return;
  ValueInfoProto &value = pick(values);
  auto &type = *value.mutable_type()->mutable_tensor_type();
  auto &dims = *type.mutable_shape()->mutable_dim();
  switch (below(6)) {
  case 0:
    value.set_name(pickValue(graph, graph.node_size()));
    break;
  case 1:
    type.set_elem_type(oneIn(4) ? below(17) : 1);
    break;
  case 2:
    if (!dims.empty())
      dims.RemoveLast();
    break;
  case 3:
    dims.Add()->set_dim_value(1 + below(4));
    break;
  case 4:
    if (!dims.empty() && oneIn(4))
      dims.Mutable(0)->set_dim_param("N");
    break;
  default:
    if (!dims.empty())
      pick(dims).set_dim_value(oneIn(4) ? number(1) : 1 + below(5));
  }
}

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

/// A part less or twice, a number or a bracket elsewhere.
void Mutator::mutateText(std::string &text) {
  static const char *const parts[] = {"(", ")",  "[",  "]",    "{",
                                      "}", "\"", "'",  ",",    ":",
                                      ".", "%",  "\n", "None", "weight"};
  size_t at = below(text.size() + 1), count = below(text.size() - at + 1);
  switch (below(4)) {
  case 0:
    text.erase(at, count);
    break;
  case 1:
    if (text.size() < 2048)
      text.insert(at, text.substr(at, count));
    break;
  case 2:
    text.insert(at, std::to_string(number(1)));
    break;
  default:
    text.insert(at, parts[below(std::size(parts))]);
  }
}

void Mutator::mutateMetadata(GraphProto &graph) {
  auto change = [&](auto &message) {
    if (message.metadata_props_size())
      mutateText(*pick(*message.mutable_metadata_props()).mutable_value());
  };
  if (graph.node_size() && oneIn(2))
    change(pick(*graph.mutable_node()));
  else if (graph.value_info_size() && oneIn(2))
    change(pick(*graph.mutable_value_info()));
  else
    change(graph);
}
