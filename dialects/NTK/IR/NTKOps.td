// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All ops of the dialect, by theme.

#ifndef NTK_OPS
#define NTK_OPS

include "dialects/NTK/IR/NTKBase.td"
include "dialects/NTK/IR/NetworkOps.td"
include "dialects/NTK/IR/ContractOps.td"
include "dialects/NTK/IR/ConvolutionOps.td"
include "dialects/NTK/IR/ElementwiseOps.td"
include "dialects/NTK/IR/ShapeOps.td"
include "dialects/NTK/IR/IndexingOps.td"
include "dialects/NTK/IR/MatrixOps.td"
include "dialects/NTK/IR/ReductionOps.td"

#endif // NTK_OPS
