// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Building blocks shared by the methods: the signatures of factor and tile
// functions, and factors as arguments of the tile.

#ifndef NTK_LIB_KERNEL_KERNELREQUEST_H
#define NTK_LIB_KERNEL_KERNELREQUEST_H

#include "dialects/Support/Einsum.h"
#include "ntk/Derive/Derive.h"
#include "ntk/Kernel/Expand.h"

namespace mlir::ntk {

/// A request taken apart.
struct KernelRequest {
  KernelOp kernel;
  NetworkOp network;
  OutputPairs pairs; ///< what becomes of the outputs
  Type real;         ///< f32 or f64
  int64_t outputs;   ///< O
  int64_t block;     ///< outputs computed at a time, O unless blocked
  SmallVector<unsigned> parameters; ///< requested, by argument number
  /// The ops of the network whose values are cuts, by their places, in order.
  SmallVector<unsigned> cuts;

  bool isBlocked() { return block != outputs; }
  /// Do cotangents have an output dimension?
  bool hasOutputLetter() const { return !pairs.isSum(); }
  /// Letters of the tile, in its layout.
  std::string getTileLetters();
  /// Where both sides share the outputs, makes o and p one letter, and sums
  /// over it if the tile has no outputs.
  void identifyOutputs(Einsum &einsum);
  /// What seeds a backward pass: one cotangent for each output of the block
  /// (letter o), or their sum (no letter).
  Value createSeed(OpBuilder &builder, Value firstOutput);
  /// A tile of zeros for n and m examples.
  Value createZeroTile(OpBuilder &builder, Value n, Value m);
  /// Multiplies by the scale of the request.
  Value normalize(OpBuilder &builder, Value tile);
};

/// Zeros, for n and m examples, of a kernel with these letters; those of
/// outputs and cuts have `size` elements.
Value createZeroKernel(OpBuilder &builder, Location loc, StringRef letters,
                       int64_t size, Type real, Value n, Value m);

/// Adds a contraction to `sum`, a kernel with these letters; those that it
/// lacks are broadcast.
Value addToKernel(OpBuilder &builder, Location loc, StringRef letters,
                  ValueRange operands, const Einsum &einsum, Value sum);

/// A scratch block in which the network is computed and differentiated on one
/// example before it is batched: the arguments of the network, then the seed.
struct Prototype {
  Block block;
  Forward forward;
  Value seed; ///< [O]
  SmallVector<Value> cuts;
  DenseSet<Value> perExample;

  Prototype(KernelRequest &request);
  ~Prototype() { block.dropAllReferences(); }
};

/// A function under construction with the arguments every kernel function has.
struct KernelFunction {
  func::FuncOp function;
  OpBuilder builder;
  /// For each network argument the argument here (null for inputs in a tile).
  SmallVector<Value> networkArguments;
  Value n, m, firstOutput;
  /// Of each argument of the function; it gets them when it is finished, all at
  /// once: each new signature is kept as long as the context.
  SmallVector<DictionaryAttr> argumentAttributes;

  /// @KERNEL_factorsSIDE: inputs batched by n, sizes, parameters.
  static KernelFunction createFactors(KernelRequest &request, int side);
  /// @KERNEL_tile, without factors: add them with addFactor.
  static KernelFunction createTile(KernelRequest &request);

  /// Adds factor `index` of `side` as an argument, for a result of that side's
  /// factor function of the given type and letters (n and o; renamed to m and
  /// p for side 2).
  BatchedValue addFactor(KernelRequest &request, int side, unsigned index,
                         Type type, StringRef letters, Location loc);

  Value addArgument(Type type, Location loc,
                    ArrayRef<NamedAttribute> attributes);

  /// Adds the terminator, and gives the function its signature.
  void finish(ValueRange results);
};

} // namespace mlir::ntk

#endif // NTK_LIB_KERNEL_KERNELREQUEST_H
