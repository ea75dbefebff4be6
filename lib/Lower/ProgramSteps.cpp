// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From ops to steps. A call of the runtime is its description, number by
// number; a loop nest is counted by its body.

#include "ntk/Lower/ProgramSteps.h"
#include "LoopGroups.h"
#include "MemoryKey.h"
#include "NestPartition.h"
#include "SizeAnalysis.h"
#include "dialects/NTK/IR/Names.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ntk/Lower/Sizes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::ntk;
using ::ntk::rt::ConvolutionShape;
using ::ntk::rt::GemmLoops;

static double evaluate(const Monomial &product, int64_t n, int64_t m) {
  double value = static_cast<double>(product.factor);
  for (char letter : product.letters)
    value *= static_cast<double>(letter == 'm' ? m : n);
  return value;
}

namespace {
/// What a body does each time it runs.
struct BodyCounts {
  double arithmetic = 0, divisions = 0, functions = 0;
  double strided = 0, gathered = 0;
};

/// A part of a loop nest: how often its body runs, and what that does.
struct NestPart {
  Monomial iterations;
  BodyCounts body;
  Monomial lines; ///< runs of the innermost loop
  bool isSum = false;
};

/// Memory of a step: how much, and which; equal places are the same memory.
struct Place {
  Monomial elements;
  int64_t elementBytes;
  MemoryKey memory;
};
} // namespace

struct ProgramSteps::Form {
  std::optional<rt::Routine> call;   ///< none: loops
  std::vector<Monomial> description; ///< of a call
  std::vector<NestPart> nest;        ///< of loops
  int64_t grain = 0; ///< of the range that is shared out; 0: none
  Monomial range;    ///< the trips of the collapsed loops
  bool isDouble = false;
  std::vector<Place> places;
};

ProgramSteps::ProgramSteps() = default;
ProgramSteps::ProgramSteps(ProgramSteps &&) = default;
ProgramSteps &ProgramSteps::operator=(ProgramSteps &&) = default;
ProgramSteps::~ProgramSteps() = default;

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// Adds what one operation costs. Masks and indices count as numbers do.
static void countOperation(Operation &op, BodyCounts &counts) {
  if (isa<arith::ConstantOp>(op))
    return;
  if (isa<memref::LoadOp>(op))
    ++counts.gathered;
  else if (isa<arith::DivFOp, math::SqrtOp, math::RsqrtOp>(op))
    ++counts.divisions;
  else if (isa<arith::ArithDialect>(op.getDialect()) ||
           isa<math::AbsFOp, math::FmaOp>(op))
    ++counts.arithmetic;
  else if (isa<math::MathDialect>(op.getDialect()))
    ++counts.functions;
}

namespace {
/// Reads the steps of one function.
class Reader {
public:
  explicit Reader(func::FuncOp function) : sizes(function) {}

  using Form = ProgramSteps::Form;

  /// Fails where a size is not known.
  LogicalResult read(Operation &op, Form &form);

private:
  LogicalResult readCall(rt::RuntimeCallOpInterface op, Form &form);
  LogicalResult readLoops(linalg::LinalgOp op, Form &form);
  LogicalResult readNest(scf::ForOp nest, Monomial outer, Form &form);
  LogicalResult addPlace(Value memref, Form &form);

  SizeAnalysis sizes;
};
} // namespace

LogicalResult Reader::addPlace(Value memref, Form &form) {
  auto type = dyn_cast<MemRefType>(memref.getType());
  if (!type)
    return success();
  Place place{{}, getElementBytes(type.getElementType()), getMemoryKey(memref)};
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    if (failed(sizes.multiplyAxis(memref, axis, place.elements)))
      return failure();
  form.isDouble |= type.getElementType().isF64();
  form.places.push_back(std::move(place));
  return success();
}

LogicalResult Reader::readCall(rt::RuntimeCallOpInterface op, Form &form) {
  form.call = op.getRoutine();
  for (const rt::SizeProduct &number : op.getDescription()) {
    FailureOr<Monomial> product = sizes.get(op, number);
    if (failed(product))
      return failure();
    form.description.push_back(*product);
  }
  return success();
}

/// Are the elements of an operand apart that the innermost loop goes through?
static bool isStrided(linalg::LinalgOp op, OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (map.getNumResults() == 0 || op.getNumLoops() == 0)
    return false;
  unsigned last = op.getNumLoops() - 1;
  for (AffineExpr expr : map.getResults().drop_back())
    if (expr.isFunctionOfDim(last))
      return true;
  return false;
}

/// The first of the loops that are one line: the innermost, and those around
/// loops that are so short that they are written out.
static size_t findLine(linalg::LinalgOp op) {
  constexpr int64_t writtenOut = 8;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  int64_t elements = 1;
  size_t first = op.getNumLoops();
  SmallVector<ReassociationIndices> groups = findLoopGroups(op);
  for (const ReassociationIndices &group : llvm::reverse(groups)) {
    if (first < op.getNumLoops() && elements > writtenOut)
      break;
    for (int64_t loop : group)
      elements = ShapedType::isDynamic(ranges[loop]) || elements > writtenOut
                     ? writtenOut + 1
                     : elements * ranges[loop];
    first -= group.size();
  }
  return first;
}

LogicalResult Reader::readLoops(linalg::LinalgOp op, Form &form) {
  NestPart part;
  FailureOr<SmallVector<Monomial>> trips = sizes.getTrips(op);
  if (failed(trips))
    return failure();
  for (OpOperand &operand : op->getOpOperands())
    part.body.strided +=
        isa<MemRefType>(operand.get().getType()) && isStrided(op, operand);
  for (Operation &inner : *op.getBlock())
    countOperation(inner, part.body);
  LoopPartition partition = planNest(op);
  form.grain = partition.collapsed ? partition.grain : 0;
  unsigned longer = 0;
  size_t outer = findLine(op);
  for (auto [loop, count] : llvm::enumerate(*trips)) {
    part.iterations.multiply(count);
    if (loop < outer)
      part.lines.multiply(count);
    if (count.factor == 1 && count.letters.empty())
      continue;
    if (longer++ < partition.collapsed)
      form.range.multiply(count);
  }
  auto kinds = op.getIteratorTypesArray();
  part.isSum = !kinds.empty() && kinds.back() == utils::IteratorType::reduction;
  form.nest.push_back(std::move(part));
  return success();
}

LogicalResult Reader::readNest(scf::ForOp nest, Monomial outer, Form &form) {
  NestPart part;
  part.lines = outer;
  part.isSum = !nest.getInitArgs().empty();
  if (failed(sizes.multiplyTrips(nest, outer)))
    return failure();
  part.iterations = outer;
  for (Operation &op : nest.getBody()->without_terminator()) {
    countOperation(op, part.body);
    if (isa<memref::StoreOp>(op))
      ++part.body.gathered;
    if (auto inner = dyn_cast<scf::ForOp>(op))
      if (failed(readNest(inner, outer, form)))
        return failure();
  }
  form.nest.push_back(std::move(part));
  return success();
}

LogicalResult Reader::read(Operation &op, Form &form) {
  // What is written over what is read counts twice.
  SmallVector<Value> memory(op.getOperands());
  op.walk([&](Operation *inner) {
    for (Value operand : inner->getOperands()) {
      if (isa<MemRefType>(operand.getType()) &&
          !op.isAncestor(operand.getParentBlock()->getParentOp()) &&
          !llvm::is_contained(memory, operand))
        memory.push_back(operand);
    }
  });
  for (Value operand : memory)
    if (failed(addPlace(operand, form)))
      return failure();
  return TypeSwitch<Operation *, LogicalResult>(&op)
      .Case(
          [&](rt::RuntimeCallOpInterface call) { return readCall(call, form); })
      .Case([&](linalg::LinalgOp loops) { return readLoops(loops, form); })
      .Case([&](scf::ForOp nest) { return readNest(nest, Monomial(), form); })
      .Case([&](memref::CopyOp) {
        form.nest.emplace_back().iterations = form.places.front().elements;
        return success();
      })
      .Default([](Operation *) { return failure(); });
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// "contract \"nk, ck -> nc\"", "conv", "loops 64x?x10".
static std::string describeWork(Operation &op) {
  if (auto contract = dyn_cast<rt::ContractOp>(op))
    return ("contract \"" + contract.getSpec() + "\"").str();
  if (isa<rt::RuntimeCallOpInterface>(op))
    return op.getName().stripDialect().str();
  std::string text = "loops";
  if (auto loops = dyn_cast<linalg::LinalgOp>(op))
    for (auto [i, size] : llvm::enumerate(loops.getStaticLoopRanges()))
      text += (i ? "x" : " ") +
              (ShapedType::isDynamic(size) ? "?" : std::to_string(size));
  if (isa<memref::CopyOp>(op))
    text = "copy";
  StringRef what = getDescription(op.getLoc());
  return what.empty() ? text : text + ": " + what.str();
}

ProgramSteps::ProgramSteps(func::FuncOp function) {
  if (!function)
    return;
  Reader reader(function);
  for (Operation &op : function.front()) {
    auto number = op.getAttrOfType<IntegerAttr>(stepAttrName);
    if (!number)
      continue;
    Form form;
    if (failed(reader.read(op, form)))
      form = Form();
    forms.push_back(std::move(form));
    names.push_back(
        {number.getInt(), getLayerName(op.getLoc()).str(), describeWork(op)});
  }
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// The numbers of a call for so many examples.
static SmallVector<int64_t> getNumbers(ArrayRef<Monomial> description,
                                       int64_t n, int64_t m) {
  return llvm::map_to_vector(description, [&](const Monomial &number) {
    return static_cast<int64_t>(evaluate(number, n, m));
  });
}

template <typename Form>
static Work getLoopWork(const Form &form, int64_t n, int64_t m) {
  LoopWork work;
  for (const NestPart &part : form.nest) {
    double count = evaluate(part.iterations, n, m);
    work.iterations += count;
    work.arithmetic += count * part.body.arithmetic;
    work.divisions += count * part.body.divisions;
    work.functions += count * part.body.functions;
    work.strided += count * part.body.strided;
    work.gathered += count * part.body.gathered;
    work.lines += evaluate(part.lines, n, m);
    work.isSum |= part.isSum;
  }
  work.isShared = form.grain > 0 && evaluate(form.range, n, m) > form.grain;
  return work;
}

static Work getCallWork(rt::Routine kernel, ArrayRef<int64_t> numbers) {
  if (kernel == rt::Routine::Product) {
    GemmLoops loops = GemmLoops::parse(numbers.data());
    loops.normalise();
    return ProductWork{loops};
  }
  ConvolutionShape shape = ConvolutionShape::parse(numbers.data());
  if (kernel == rt::Routine::Patches)
    return PatchesWork{shape};
  return ConvolutionWork{shape, kernel == rt::Routine::ConvolutionBackwardData};
}

std::vector<Step> ProgramSteps::evaluate(int64_t n, int64_t m) const {
  std::vector<Step> steps;
  // The bytes that the program has gone through, and where it was then.
  double passed = 0, all = 0;
  std::map<MemoryKey, double> last;
  auto getBytes = [&](const Place &place) {
    return ::evaluate(place.elements, n, m) *
           static_cast<double>(place.elementBytes);
  };
  for (const Form &form : forms)
    for (const Place &place : form.places)
      all += getBytes(place);
  for (const Form &form : forms) {
    Step &step = steps.emplace_back();
    step.isDouble = form.isDouble;
    for (const Place &place : form.places) {
      double bytes = getBytes(place);
      auto [it, isNew] = last.try_emplace(place.memory, 0);
      double distance = isNew ? all : passed - it->second;
      step.traffic.push_back({bytes, std::max(distance, bytes)});
      passed += bytes;
    }
    for (const Place &place : form.places)
      last[place.memory] = passed;
    SmallVector<int64_t> numbers = getNumbers(form.description, n, m);
    step.work =
        form.call ? getCallWork(*form.call, numbers) : getLoopWork(form, n, m);
  }
  return steps;
}
