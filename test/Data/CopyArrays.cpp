// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// copy-arrays IN [OUT]: reads an .npy, .npz or .safetensors file, prints the
// arrays' types, and writes them to OUT, as .npz if its name says so, else the
// only one as .npy. With it tests compare the readers and writers with NumPy's.

#include "ntk/Data/Arrays.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir::ntk;

static llvm::Error copyArrays(llvm::StringRef from, llvm::StringRef to) {
  llvm::Expected<std::vector<NamedArray>> arrays = readArrays(from);
  if (!arrays)
    return arrays.takeError();
  for (const auto &[name, array] : *arrays)
    llvm::outs() << (name.empty() ? "-" : name) << ": "
                 << describe(array.kind, array.shape) << "\n";
  if (to.empty())
    return llvm::Error::success();
  for (NamedArray &entry : *arrays) {
    llvm::Expected<Array> loaded = entry.array.load();
    if (!loaded)
      return loaded.takeError();
    entry.array = std::move(*loaded);
  }
  if (to.ends_with(".npz"))
    return writeNpz(to, *arrays);
  return writeNpy(to, arrays->front().array);
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    llvm::errs() << "usage: copy-arrays IN [OUT]\n";
    return 2;
  }
  if (llvm::Error error = copyArrays(argv[1], argc > 2 ? argv[2] : "")) {
    llvm::errs() << "error: " << llvm::toString(std::move(error)) << "\n";
    return 1;
  }
  return 0;
}
