// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds the network from operations on the file's axes: each knows known and
// unknown values, NumPy's broadcasting and the batch axis, and refuses what
// would mix examples. The operators of ONNX are composed of these.
//
// All operations take failed operands and fail with them, so that they nest;
// the reason has then been emitted as a diagnostic at `location()`.

#ifndef NTK_LIB_IMPORT_ONNX_GRAPHBUILDER_H
#define NTK_LIB_IMPORT_ONNX_GRAPHBUILDER_H

#include "Values.h"
#include "dialects/NTK/IR/NTKOps.h"
#include "ntk/Data/ParameterStore.h"
#include "llvm/ADT/DenseSet.h"

namespace mlir::ntk::onnximport {

using Result = FailureOr<GraphValue>;

/// The common shape of values that are broadcast together.
struct Frame {
  SmallVector<int64_t> shape;
  std::optional<BatchAxis> batch;

  SmallVector<int64_t> coreShape() const;
};

/// A value that goes through a step function, or whose gradient the model
/// stops: its derivative ends there.
struct DeadEnd {
  Value value;
  std::string node;
  bool isStopped = false;
};

class GraphBuilder {
public:
  GraphBuilder(Block &body, FloatType real, std::optional<int64_t> batchSize,
               ParameterStore &store)
      : builder(OpBuilder::atBlockEnd(&body)), body(body), real(real),
        fixedBatch(batchSize), store(store),
        current(UnknownLoc::get(builder.getContext())) {}

  //===--- Context --------------------------------------------------------===//

  /// Names what is built from now on.
  void setLocation(Location location) { current = location; }
  Location getLocation() const { return current; }
  InFlightDiagnostic emitError() { return ::mlir::emitError(current); }
  Builder &attributes() { return builder; }
  /// The batch size that the file fixes.
  std::optional<int64_t> batchSize() const { return fixedBatch; }
  /// f32 or f64 for floats, i1 for booleans, i32 or i64 for integers.
  Type elementType(ElementKind kind);
  /// Refuses to work along the batch axis: "expected to reduce …".
  LogicalResult refuseBatch(const GraphValue &x, int64_t axis,
                            const Twine &action);

  /// Refuses numbers that are no values of one example.
  LogicalResult refusePlaces();

  //===--- Ops ------------------------------------------------------------===//

  /// Builds an op on core values; what does not fit is a diagnostic.
  template <typename OpTy>
  FailureOr<Value> create(ValueRange operands,
                          ArrayRef<NamedAttribute> attributes = {});
  NamedAttribute attribute(StringRef name, ArrayRef<int64_t> values);
  NamedAttribute attribute(StringRef name, int64_t value);
  NamedAttribute attribute(StringRef name, double value);

  /// The core of a value; known numbers become an ntk.constant, many of them a
  /// buffer.
  FailureOr<Value> materialize(const GraphValue &x);
  /// The value as numbers if they can be computed while importing: it depends
  /// on no input and no trainable parameter. Else the value itself.
  GraphValue decide(const GraphValue &x);
  /// A value of the network with the frame and kind of `like`.
  GraphValue wrap(Value core, const GraphValue &like);
  GraphValue wrap(Value core, ElementKind kind, Frame frame);
  /// Adds a parameter or buffer argument.
  Value addArgument(StringRef name, const Array &values, bool trainable);
  /// Does a trainable parameter reach the value through derivatives?
  bool isActive(Value value) const { return active.contains(value); }
  void setActive(Value value) { active.insert(value); }
  /// Says that the value differs from example to example.
  void setVarying(Value value) { varying.insert(value); }
  /// Whether what is imported is a step of a loop over the examples, and
  /// whether it is the last one.
  bool isInLoop = false, isLastExample = false;
  /// Active values whose derivative a step function ends, by node.
  std::vector<DeadEnd> deadEnds;

  //===--- Elementwise ----------------------------------------------------===//

  /// The shape the values have together, by NumPy's rules; refuses values that
  /// have different batch axes.
  FailureOr<Frame> unify(ArrayRef<GraphValue> values);
  /// The core of `x`, repeated to the frame.
  FailureOr<Value> fit(const GraphValue &x, const Frame &frame);
  /// An op of one variable.
  template <typename OpTy>
  Result unary(Result x, ArrayRef<NamedAttribute> attributes = {});
  /// An op of several variables of one kind, on values that are broadcast.
  template <typename OpTy> Result binary(Result x, Result y);
  Result scale(Result x, double factor);
  Result shift(Result x, double offset);
  Result compare(Result x, Result y, Comparison predicate);
  Result select(Result condition, Result x, Result y);
  Result convert(Result x, ElementKind kind);
  /// A float value of one number.
  GraphValue scalar(double value);

  //===--- Shapes ---------------------------------------------------------===//

  /// The same elements in row-major order; `batch` says where N is now.
  Result reshape(Result x, ArrayRef<int64_t> shape,
                 std::optional<BatchAxis> batch);
  Result transpose(Result x, ArrayRef<int64_t> permutation);
  /// A box of the axes that are not the batch axis. Strides may be negative:
  /// x[start], x[start + stride], …
  Result slice(Result x, int64_t axis, int64_t start, int64_t size,
               int64_t stride);
  Result concat(ArrayRef<GraphValue> values, int64_t axis);
  /// Slices along an axis that is not the batch axis, at known positions;
  /// the axis becomes one of `positions.size()`.
  Result pick(Result x, int64_t axis, ArrayRef<int64_t> positions);
  /// Removes or adds axes of size one; `axes` ascending, of the larger shape.
  Result squeeze(Result x, ArrayRef<int64_t> axes);
  Result unsqueeze(Result x, ArrayRef<int64_t> axes);
  /// Repeats to `frame`, which is as large as x or larger.
  Result broadcast(Result x, const Frame &frame);

  //===--- The batch axis -------------------------------------------------===//

  /// The value of one example, on the axes of the core: a batch axis that is
  /// alone is gone, a merged one has the example's own elements.
  Result takeExample(Result x);
  /// The inverse.
  Result giveBatch(Result x, std::optional<BatchAxis> batch);
  /// The value of one example with all its axes, of which the batch axis has
  /// the example's own elements, or one.
  Result openBatch(Result x);
  /// The inverse.
  Result closeBatch(Result x, std::optional<BatchAxis> batch);
  /// Joins parts of all examples along the batch axis of each.
  Result concatBatch(ArrayRef<GraphValue> values, int64_t axis);
  /// A range of the batch axis that has the same elements of every example.
  Result sliceBatch(Result x, const Number &start, const Number &end,
                    int64_t step);
  /// Is the value the same for all examples and along a merged batch axis, so
  /// that the axis is any one of its extent?
  bool isFlexible(const GraphValue &x) const;
  /// One of the equal elements along an axis, which stays with size one.
  Result narrow(Result x, int64_t axis);

  //===--- Places in the batch --------------------------------------------===//

  /// Known positions in the batch plus integers that depend on the input.
  Result addPlaces(const GraphValue &places, const GraphValue &x);
  /// Joins values of which some are positions in the batch, all together of no
  /// more elements than known values have.
  Result concatPlaces(ArrayRef<GraphValue> values, int64_t axis);
  /// `pick` of a value with places: what is left of these, or a known value.
  Result pickPlaces(const GraphValue &x, int64_t axis,
                    ArrayRef<int64_t> positions);

  //===--- Sums -----------------------------------------------------------===//

  /// Reduces by ReduceSumOp or ReduceMaxOp over ascending axes.
  template <typename OpTy>
  Result reduce(Result x, ArrayRef<int64_t> axes, bool keepDims);
  /// An einsum over the file's axes: a word of letters for each operand. Axes
  /// of size one are repeated where a letter has another size. Transposes of
  /// operands go into the letters.
  Result einsum(ArrayRef<GraphValue> values, ArrayRef<std::string> words,
                StringRef result);

private:
  FailureOr<Value> finish(StringRef name, ValueRange operands,
                          DictionaryAttr attributes, ArrayRef<Type> types);
  FailureOr<Value> addBuffer(const GraphValue &x);
  /// Rearranges a known value: entry i of the result is entry source[i].
  GraphValue rearrange(const GraphValue &x, const Frame &frame,
                       ArrayRef<int64_t> source);
  LogicalResult unifyBatch(ArrayRef<GraphValue> values, int64_t rank,
                           Frame &frame);
  LogicalResult unifyAxis(const GraphValue &x, int64_t axis, int64_t offset,
                          Frame &frame);
  LogicalResult checkConcat(ArrayRef<GraphValue> values, int64_t axis,
                            Frame &frame);
  /// An ntk.constant; one number stands for all.
  FailureOr<Value> constant(ArrayRef<int64_t> shape, ElementKind kind,
                            ArrayRef<Number> numbers);

  OpBuilder builder;
  Block &body;
  FloatType real;
  std::optional<int64_t> fixedBatch;
  ParameterStore &store;
  Location current;
  DenseSet<Value> active;
  /// Values that an input reaches.
  DenseSet<Value> varying;
};

/// Computes a function of two known values, which are broadcast; fails where
/// it has no result.
Result foldElementwise(
    GraphBuilder &graph, const GraphValue &x, const GraphValue &y,
    ElementKind kind,
    function_ref<std::optional<Number>(const Number &, const Number &)> fold);

/// Position in a value of `shape` of each element of the shape it is broadcast
/// to.
SmallVector<int64_t> broadcastPositions(ArrayRef<int64_t> shape,
                                        ArrayRef<int64_t> to);

/// Are the elements along `axis` known to be equal?
bool isUniform(const GraphValue &x, int64_t axis);

/// Are these the same axis, of equal extents?
bool sameExtent(const BatchAxis &a, const BatchAxis &b);

/// Known values repeated to a larger frame.
GraphValue repeatKnown(const GraphValue &x, const Frame &frame);

/// Are these known integers that differ from example to example?
bool namesPlaces(const GraphValue &x);

/// A known list of integers.
GraphValue makeIntegers(ArrayRef<int64_t> integers);

/// Do two values have the same elements, computed in the same way?
bool areSame(const GraphValue &x, const GraphValue &y);

/// Both of two masks, known where both are known.
Result andMasks(GraphBuilder &graph, const GraphValue &x, const GraphValue &y);

/// x + bias, or x itself where the bias is known to be zero.
Result addUnlessZero(GraphBuilder &graph, Result x, Result bias);

/// The frame of a value with these sizes, of which one may be a multiple of N.
FailureOr<Frame> frameOf(GraphBuilder &graph, ArrayRef<Number> sizes);

/// Row-major strides of a shape.
SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape);

//===----------------------------------------------------------------------===//
// Templates
//===----------------------------------------------------------------------===//

template <typename OpTy>
FailureOr<Value> GraphBuilder::create(ValueRange operands,
                                      ArrayRef<NamedAttribute> attributes) {
  MLIRContext *context = builder.getContext();
  DictionaryAttr dictionary = builder.getDictionaryAttr(attributes);
  typename OpTy::Properties properties;
  if (failed(OpTy::setPropertiesFromAttr(properties, dictionary,
                                         [&] { return emitError(); })))
    return failure();
  SmallVector<Type> types;
  if (failed(OpTy::inferReturnTypes(context, current, operands, dictionary,
                                    OpaqueProperties(&properties), {}, types)))
    return failure();
  return finish(OpTy::getOperationName(), operands, dictionary, types);
}

template <typename OpTy>
Result GraphBuilder::unary(Result x, ArrayRef<NamedAttribute> attributes) {
  if (failed(x))
    return failure();
  FailureOr<Value> operand = materialize(*x);
  if (failed(operand))
    return failure();
  FailureOr<Value> result = create<OpTy>(*operand, attributes);
  if (failed(result))
    return failure();
  return wrap(*result, *x);
}

template <typename OpTy> Result GraphBuilder::binary(Result x, Result y) {
  if (failed(x) || failed(y))
    return failure();
  FailureOr<Frame> frame = unify({*x, *y});
  if (failed(frame))
    return failure();
  FailureOr<Value> lhs = fit(*x, *frame);
  FailureOr<Value> rhs = fit(*y, *frame);
  if (failed(lhs) || failed(rhs))
    return failure();
  FailureOr<Value> result = create<OpTy>({*lhs, *rhs});
  if (failed(result))
    return failure();
  return wrap(*result, x->kind, *frame);
}

template <typename OpTy>
Result GraphBuilder::reduce(Result x, ArrayRef<int64_t> axes, bool keepDims) {
  if (failed(x))
    return failure();
  SmallVector<int64_t> coreAxes;
  for (int64_t axis : axes) {
    if (failed(refuseBatch(*x, axis, "reduce")))
      return failure();
    coreAxes.push_back(*x->coreAxis(axis));
  }
  FailureOr<Value> operand = materialize(*x);
  if (failed(operand))
    return failure();
  FailureOr<Value> core = *operand;
  if (!axes.empty())
    core = create<OpTy>(*operand, attribute("axes", coreAxes));
  if (failed(core))
    return failure();
  Frame frame;
  frame.batch = x->batch;
  for (int64_t axis = 0; axis < x->rank(); ++axis)
    if (!llvm::is_contained(axes, axis))
      frame.shape.push_back(x->shape[axis]);
    else if (x->batch && axis < x->batch->axis)
      --frame.batch->axis;
  GraphValue result = wrap(*core, x->kind, frame);
  return keepDims ? unsqueeze(result, axes) : Result(result);
}

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_GRAPHBUILDER_H
