// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sites: the values y where a parameter θ enters the network linearly. With
// the cotangent C = ∂f/∂y and features F the gradient of θ is a sum of products
// over shared indices,
//
//     ∂f_o/∂θ[w…] = Σ C[o, y…] Π F[…],
//
// and a kernel is the contraction of two such sums over w. The structures come
// from JacobianStructureOpInterface; here they are followed through views of a
// parameter, and sites of equal structure are stacked.

#ifndef NTK_KERNEL_SITES_H
#define NTK_KERNEL_SITES_H

#include "ntk/Derive/Derive.h"

#include <optional>

namespace mlir::ntk {

/// A value of one example with a letter for each of its dimensions.
struct IndexedValue {
  Value value;
  std::string letters;
};

/// One site of one parameter. Letters n, o, m and p are not used.
struct Site {
  /// y; its cotangent has the letters `resultIndices` once reshaped to
  /// `resultShape`.
  Value result;
  std::string resultIndices;
  SmallVector<int64_t> resultShape;
  SmallVector<IndexedValue> features;
  /// The letters and sizes of θ, without dimensions of size one.
  std::string parameterIndices;
  SmallVector<int64_t> parameterShape;
};

using SiteList = std::vector<Site>;

/// All sites of `parameter`, an argument of `forward`. `perExample` holds the
/// values that depend on the inputs. Features are built with `builder`. Where
/// some use has no structure, or the uses do not agree on the shape of θ, the
/// one site is θ itself: the explicit gradient, which is always right.
SiteList findSites(OpBuilder &builder, const Forward &forward, Value parameter,
                   const DenseSet<Value> &perExample);

/// The site whose cotangent is the explicit gradient of `parameter`.
Site getExplicitSite(Value parameter);

/// The factors of one side of a site: the cotangent first, then the features.
struct SiteTerm {
  SmallVector<IndexedValue> factors;
  std::string parameterIndices;
};

using TermList = std::vector<SiteTerm>;

/// Turns sites, whose cotangents are in `cotangents` (none: zero, the site is
/// left out), into terms. Sites of equal structure become one term, stacked
/// along a new index.
TermList buildTerms(OpBuilder &builder, ArrayRef<Site> sites,
                    const DenseMap<Value, Value> &cotangents);

} // namespace mlir::ntk

#endif // NTK_KERNEL_SITES_H
