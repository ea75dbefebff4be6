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
// parameter and products of parameters, sites of equal structure are stacked,
// and sites of different parts of a parameter meet where the parts do.

#ifndef NTK_KERNEL_SITES_H
#define NTK_KERNEL_SITES_H

#include "ntk/Derive/Derive.h"

#include <optional>

namespace mlir::ntk {

/// A value y with its structure in a parameter θ. All sites of a parameter take
/// θ apart in the same way.
struct Site {
  Value result;
  JacobianStructure structure;
};

using SiteList = std::vector<Site>;

/// All sites of `parameter`, an argument of `forward`. `perExample` holds the
/// values that depend on the inputs. Features are built with `builder`. A value
/// some use of which has no structure is a site itself: the explicit gradient
/// of that value, which is always right, and of θ at the worst.
SiteList findSites(OpBuilder &builder, const Forward &forward, Value parameter,
                   const DenseSet<Value> &perExample);

/// The site whose cotangent is the explicit gradient of `parameter`.
Site getExplicitSite(Value parameter);

/// A value of one example with a letter for each of its dimensions, or a
/// one-hot tensor, as features of a structure are.
struct IndexedValue {
  Value value;
  std::string letters;
  /// Positions of which no two are equal, but for the first of all, which
  /// stands for none (see mergeEqualPositions)?
  bool isDistinct = false;

  bool isOneHot() const;
  /// The letters of dimensions, without that of a position.
  StringRef getAxes() const;
};

/// The factors of one side of a site: the cotangent first, then the features.
/// A one-hot factor has the letter of its position with θ alone, and that
/// letter runs over the whole axis.
struct SiteTerm {
  SmallVector<IndexedValue> factors;
  IndexedAxes parameter; ///< without axes of size one
};

using TermList = std::vector<SiteTerm>;

/// Turns sites, whose cotangents are in `cotangents` (none: zero, the site is
/// left out), into terms. Sites of equal structure become one term, stacked
/// along a new index.
TermList buildTerms(OpBuilder &builder, ArrayRef<Site> sites,
                    const DenseMap<Value, Value> &cotangents);

/// A term of side 1 and one of side 2. Axes of θ that no one-hot factor selects
/// from run over the same positions, which leaves their letters to be
/// identified; where one is selected from, both terms have the whole axis.
struct TermPair {
  SiteTerm first, second;
};

/// All pairs of terms of one parameter that have a position of θ in common.
std::vector<TermPair> pairTerms(OpBuilder &builder, ArrayRef<SiteTerm> terms);

} // namespace mlir::ntk

#endif // NTK_KERNEL_SITES_H
