// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A table of torch's operators by what they do to elements.

#include "Undo/FxNames.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

/// "permute_3" -> "permute", "split_1_2" -> "split".
static StringRef dropNumbers(StringRef name) {
  while (true) {
    StringRef rest = name.rtrim("0123456789");
    if (rest.size() == name.size() || !rest.consume_back("_") || rest.empty())
      return name;
    name = rest;
  }
}

StringRef onnximport::baseName(StringRef name) {
  StringRef base = dropNumbers(name);
  for (StringRef overload : {"_default", "_Tensor", "_int", "_Scalar"})
    if (base.size() > overload.size() && base.consume_back(overload))
      break;
  // "alias_copy" is an alias; "_to_copy" has its name from the start.
  if (base != "_to_copy" && base != "lift_fresh_copy" && base.size() > 5)
    base.consume_back("_copy");
  return base;
}

bool onnximport::isUnnamed(StringRef name) {
  return name.consume_front("val_") && !name.empty() &&
         llvm::all_of(name, llvm::isDigit);
}

namespace {
struct Row {
  unsigned classes;
  const char *operators;
};
} // namespace

static constexpr Row table[] = {
    {Transposes, "t transpose permute mT numpy_T movedim swapaxes flip roll"},
    {Reshapes,
     "view reshape unsqueeze squeeze alias detach contiguous clone flatten "
     "unflatten _to_copy to lift_fresh_copy _unsafe_view "
     "_assert_tensor_metadata convert_element_type"},
    {Picks, "slice select embedding index index_select narrow getitem split "
            "split_with_sizes chunk unbind gather"},
    {Repeats, "expand repeat tile repeat_interleave expand_as broadcast_to"},
    {Joins, "cat stack"},
    {Indexes, "arange add zeros ones sub full cumsum ge lt where"},
    {Makes,
     "ones zeros full fill arange ones_like zeros_like full_like new_ones "
     "new_zeros new_full eye linspace scalar_tensor tril triu rand"},
    {LooksUp, "embedding index index_select gather"},
    {Positions,
     "abs neg sign mul div log minimum maximum min max clamp clamp_min "
     "clamp_max floor ceil floor_divide remainder fmod eq ne gt le logical_and "
     "logical_or logical_not bitwise_and bitwise_or bitwise_not"},
    {Neutral, "add sub mul div pow"},
    {Carries, "dropout sym_size sym_size_int mul_sym add_sym _set_grad_enabled "
              "sym_float sym_int copy copy_ type_as empty "
              "empty_like feature_dropout alpha_dropout native_dropout "
              "constant_pad_nd pad relu identity"},
};

static llvm::StringMap<unsigned> makeClasses() {
  llvm::StringMap<unsigned> classes;
  for (const Row &row : table) {
    llvm::SmallVector<StringRef> names;
    StringRef(row.operators).split(names, ' ');
    for (StringRef name : names)
      classes[name] |= row.classes;
  }
  return classes;
}

unsigned onnximport::classify(StringRef base) {
  static const llvm::StringMap<unsigned> classes = makeClasses();
  return classes.lookup(base);
}
