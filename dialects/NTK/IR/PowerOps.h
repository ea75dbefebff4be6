// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ops of PowerOps.td: powers of two values, remainders, bits of integers.

#ifndef NTK_DIALECTS_NTK_IR_POWEROPS_H
#define NTK_DIALECTS_NTK_IR_POWEROPS_H

#include "dialects/NTK/IR/NTKOps.h"

#define GET_OP_CLASSES
#include "dialects/NTK/IR/PowerOps.h.inc"

#endif // NTK_DIALECTS_NTK_IR_POWEROPS_H
