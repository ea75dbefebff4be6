// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files of arrays with a content that a test writes byte by byte.

#ifndef NTK_TEST_RUNTIME_TESTARRAYS_H
#define NTK_TEST_RUNTIME_TESTARRAYS_H

#include "TestFile.h"
#include "ntk-rt/ArrayFile.h"

/// The error of reading every array of a file with this content, without the
/// file's name.
inline std::string errorOf(const std::string &content) {
  TestFile file(content);
  using namespace ntk::rt;
  ArrayFile arrays;
  std::string error;
  bool good = arrays.open(file.path(), error);
  for (const std::string &name : arrays.names()) {
    Array array;
    good = good && arrays.read(name, array, error);
    if (good) {
      EXPECT_EQ(array.bytes.size(), byteSizeOf(array.type, array.shape));
    }
  }
  if (good)
    return "none";
  EXPECT_EQ(error.find(file.path()), 0u) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  return error.substr(file.path().size());
}

inline const std::string two = std::string("\1\0\0\0\2\0\0\0", 8);
inline const std::string one =
    npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", two);

#endif // NTK_TEST_RUNTIME_TESTARRAYS_H
