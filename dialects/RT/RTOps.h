// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect `rt`: the kernels of the runtime library as ops.

#ifndef NTK_DIALECTS_RT_RTOPS_H
#define NTK_DIALECTS_RT_RTOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <string>

namespace mlir::ntk::rt {

/// A call in source: function(first, operands…, last), without what is empty.
struct SourceCall {
  std::string function;    ///< a name in ntk::rt: "contract"
  std::string first, last; ///< further arguments, as C has them
};

/// The kernels of the runtime, whatever their real type.
enum class Routine { Product, Convolution, ConvolutionBackwardData, Patches };

/// A number times sizes of axes of an op's operands that are known only at run
/// time, and times strides that are. Equal products are equal numbers.
class SizeProduct {
public:
  /// The size of an axis of an operand, or the elements from one of its
  /// positions to the next.
  struct Axis {
    unsigned operand;
    int64_t axis;
    bool isStride = false;

    bool operator==(const Axis &other) const;
    bool operator<(const Axis &other) const;
  };

  SizeProduct(int64_t factor = 0) : factor(factor) {}
  SizeProduct(Axis axis) : factor(1), axes{axis} {}

  /// The size of an axis of an operand of `op`.
  static SizeProduct ofSize(Operation *op, unsigned operand, int64_t axis);

  int64_t getFactor() const { return factor; }
  ArrayRef<Axis> getAxes() const { return axes; }

  SizeProduct operator*(const SizeProduct &other) const;
  bool operator==(const SizeProduct &other) const;
  bool operator!=(const SizeProduct &other) const { return !(*this == other); }
  /// Is it probably larger? A size of run time counts as a few examples.
  bool operator>(const SizeProduct &other) const;

private:
  int64_t factor;
  SmallVector<Axis, 2> axes; ///< sorted; none if the factor is 0
};

} // namespace mlir::ntk::rt

#include "dialects/RT/RTDialect.h.inc"
#include "dialects/RT/RTInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialects/RT/RTOps.h.inc"

namespace mlir::ntk::rt {

/// Is the memref dense and row-major, from whatever offset?
bool isDense(MemRefType type);

/// `name` + "_f32" or "_f64", after the element type of `shaped`.
std::string getTypedName(StringRef name, Type shaped);

/// What all ops of the dialect verify: one element type; a result of the
/// destination's type on tensors, no result on memrefs.
LogicalResult verifyDestination(Operation *op);

/// Lets one-shot-bufferize carry the ops over to memrefs.
void registerBufferization(DialectRegistry &registry);

} // namespace mlir::ntk::rt

#endif // NTK_DIALECTS_RT_RTOPS_H
