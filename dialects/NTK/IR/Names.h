// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of values for readers of emitted source, as locations. A name says what
// a value is and of which layer or parameter: "conv1.patches",
// "relu1.cotangent", "fc.weight.gradient". A value inside of a layer, whose
// name is not the layer's, has that below its own: NameLoc("bn1.rsqrt",
// NameLoc("bn1")). What an op does, where its kind does not say it, is the
// metadata of a fused location around.

#ifndef NTK_DIALECTS_NTK_IR_NAMES_H
#define NTK_DIALECTS_NTK_IR_NAMES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/Twine.h"

namespace mlir::ntk {

/// The name that a location carries, "" if it has none.
inline StringRef getLocationName(Location loc) {
  auto name = loc->findInstanceOf<NameLoc>();
  return name ? name.getName().getValue() : StringRef();
}

/// The layer that the name belongs to: its own, if it is not inside of one.
inline StringRef getLayerName(Location loc) {
  auto name = loc->findInstanceOf<NameLoc>();
  if (!name)
    return {};
  if (auto layer = dyn_cast<NameLoc>(name.getChildLoc()))
    name = layer;
  return name.getName().getValue();
}

/// A location with this name.
inline Location nameLocation(MLIRContext *context, const Twine &name) {
  return NameLoc::get(StringAttr::get(context, name));
}

/// The location of the `role` of a layer's value, "conv1.patches"; `loc` itself
/// if it has no name.
inline Location nameRole(Location loc, const Twine &role) {
  StringRef layer = getLayerName(loc);
  return layer.empty() ? loc
                       : nameLocation(loc.getContext(), layer + "." + role);
}

/// A value inside of the layer of `loc`.
inline Location nameInside(Location loc, const Twine &role) {
  StringRef layer = getLayerName(loc);
  if (layer.empty())
    return loc;
  MLIRContext *context = loc.getContext();
  return NameLoc::get(StringAttr::get(context, layer + "." + role),
                      nameLocation(context, layer));
}

/// `loc` with what is done there, for a reader.
inline Location describeLocation(Location loc, const Twine &what) {
  MLIRContext *context = loc.getContext();
  return FusedLoc::get({loc}, StringAttr::get(context, what), context);
}

/// The same with another description.
inline Location replaceDescription(Location loc, const Twine &what) {
  auto fused = loc->findInstanceOf<FusedLocWith<StringAttr>>();
  return describeLocation(fused ? fused.getLocations().front() : loc, what);
}

/// What is done there, "" where nothing is said.
inline StringRef getDescription(Location loc) {
  auto fused = loc->findInstanceOf<FusedLocWith<StringAttr>>();
  return fused ? fused.getMetadata().getValue() : StringRef();
}

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_NAMES_H
