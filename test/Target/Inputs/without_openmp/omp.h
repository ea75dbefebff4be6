// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stands in for OpenMP's header where clang is installed without it: the header
// of BLIS includes it and uses nothing of it.
