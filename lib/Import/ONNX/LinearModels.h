// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fitted linear models of ai.onnx.ml have their weights in attributes. Here
// they become initializers, so that they are parameters like all others: named,
// listed, chosen by --wrt and replaced by --params.

#ifndef NTK_LIB_IMPORT_ONNX_LINEARMODELS_H
#define NTK_LIB_IMPORT_ONNX_LINEARMODELS_H

#include "Model.h"

namespace mlir::ntk::onnximport {

/// An attribute that hoistWeights adds: the scores of the first of two classes
/// are those of the second with the other sign, by the same weights.
inline constexpr llvm::StringLiteral mirroredAttribute = "ntk.mirrored";

/// Takes attributes 'coefficients' and 'intercepts' of nodes LinearRegressor
/// and LinearClassifier out as initializers NODE.coefficients [rows, features]
/// and NODE.intercepts [rows], inputs 1 and 2. A classifier of two classes is
/// written with the weights twice, once with the other sign: it has one row.
/// Errors name the node.
llvm::Error hoistWeights(Model &model);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_LINEARMODELS_H
