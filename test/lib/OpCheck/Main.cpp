// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk-op-check [--lowering|--table] FILE.mlir: evaluates every network of the
// file and checks every op at the point it is evaluated at. Arguments are
// random numbers from
// [-2, 2), or what their attributes say:
//   check.range = [low, high]   random from this range (integers: below high)
//   check.values = dense<…>     these values
// A result with `check.result = dense<…>` is compared with it. Prints a line
// `ok` for each op; errors go to stderr, exit status 1. With --lowering it
// prints instead a module whose `main` lowers every op on batched operands and
// returns 0 if all their values are right, see emitLoweringChecks. With --table
// each line `ok` also says what the op has and what was checked, see
// describeRules, and behind them stand the names of all ops of the dialect.

#include "OpCheck.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/InitLLVM.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::opcheck;

/// Elements of a dense attribute as numbers.
static SmallVector<double> getNumbers(DenseElementsAttr attr) {
  SmallVector<double> numbers;
  if (isa<FloatType>(attr.getElementType()))
    for (const APFloat &value : attr.getValues<APFloat>())
      numbers.push_back(value.convertToDouble());
  else
    for (const APInt &value : attr.getValues<APInt>())
      numbers.push_back(value.getBitWidth() == 1
                            ? static_cast<double>(value.getZExtValue())
                            : static_cast<double>(value.getSExtValue()));
  return numbers;
}

static double getNumber(Attribute attr) {
  if (auto value = dyn_cast<FloatAttr>(attr))
    return value.getValueAsDouble();
  return static_cast<double>(cast<IntegerAttr>(attr).getInt());
}

static DualTensor makeArgument(NetworkOp network, unsigned i,
                               std::mt19937_64 &random) {
  auto type = cast<RankedTensorType>(network.getArgument(i).getType());
  DualTensor tensor(type.getShape());
  if (auto values =
          network.getArgAttrOfType<DenseElementsAttr>(i, "check.values")) {
    for (auto [element, value] :
         llvm::zip_equal(tensor.elements, getNumbers(values)))
      element = Dual(value);
    return tensor;
  }
  bool isReal = isa<FloatType>(type.getElementType());
  double low = isReal ? -2 : 0, high = 2;
  if (auto range = network.getArgAttrOfType<ArrayAttr>(i, "check.range")) {
    low = getNumber(range[0]);
    high = getNumber(range[1]);
  }
  std::uniform_real_distribution<double> uniform(low, high);
  for (Dual &element : tensor.elements)
    element = Dual(isReal ? uniform(random) : std::floor(uniform(random)));
  return tensor;
}

static Point getPoint(Operation &op, const Interpreter &interpreter,
                      std::mt19937_64 &random) {
  Point point{&op, {}, random};
  for (Value operand : op.getOperands())
    point.operands.push_back(*interpreter.lookup(operand));
  return point;
}

static LogicalResult checkOp(Operation &op, const Interpreter &interpreter,
                             std::mt19937_64 &random) {
  Point point = getPoint(op, interpreter, random);
  return success(succeeded(checkFlops(point)) && succeeded(checkVjp(point)) &&
                 succeeded(checkJvp(point)) &&
                 succeeded(checkStructure(point)) &&
                 succeeded(checkBatching(point)));
}

static LogicalResult checkResults(NetworkOp network,
                                  const Interpreter &interpreter) {
  for (auto [i, result] : llvm::enumerate(network.getReturn().getOperands()))
    if (auto expected =
            network.getResultAttrOfType<DenseElementsAttr>(i, "check.result"))
      if (failed(expectEqual(network, "result " + Twine(i),
                             getValues(*interpreter.lookup(result)),
                             getNumbers(expected))))
        return failure();
  return success();
}

/// Calls `check(op, interpreter, random)` for every op of the network,
/// evaluated at its arguments.
static LogicalResult
forEachOp(NetworkOp network,
          function_ref<LogicalResult(Operation &, const Interpreter &,
                                     std::mt19937_64 &)>
              check) {
  std::mt19937_64 random(20220617);
  std::vector<DualTensor> arguments;
  for (unsigned i = 0; i < network.getNumArguments(); ++i)
    arguments.push_back(makeArgument(network, i, random));
  Interpreter interpreter;
  for (auto [value, tensor] :
       llvm::zip_equal(network.getArguments(), arguments))
    interpreter.bind(value, tensor);
  Block &body = network.getBody().front();
  if (failed(interpreter.run(body)))
    return failure();
  bool isRight = succeeded(checkResults(network, interpreter));
  for (Operation &op : body.without_terminator())
    isRight &= succeeded(check(op, interpreter, random));
  return success(isRight);
}

static LogicalResult checkNetwork(NetworkOp network, bool describe) {
  return forEachOp(network, [&](Operation &op, const Interpreter &interpreter,
                                std::mt19937_64 &random) {
    LogicalResult result = checkOp(op, interpreter, random);
    if (succeeded(result))
      llvm::outs() << "ok " << network.getName() << ": " << op.getName()
                   << (describe ? describeRules(&op) : "") << "\n";
    return result;
  });
}

/// "op ntk.add" for each op of the dialect that stands in networks.
static void printOps(MLIRContext &context) {
  for (RegisteredOperationName name : context.getRegisteredOperations())
    if (name.getDialectNamespace() == "ntk" &&
        name.hasInterface<EvaluableOpInterface>())
      llvm::outs() << "op " << name << "\n";
}

static LogicalResult printLoweringChecks(ModuleOp module) {
  OwningOpRef<ModuleOp> checks = ModuleOp::create(module.getLoc());
  for (auto network : module.getOps<NetworkOp>())
    if (failed(forEachOp(network, [&](Operation &op,
                                      const Interpreter &interpreter,
                                      std::mt19937_64 &random) {
          emitLoweringChecks(*checks, getPoint(op, interpreter, random));
          return success();
        })))
      return failure();
  emitLoweringMain(*checks);
  checks->print(llvm::outs());
  return success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  bool isLowering = argc == 3 && StringRef(argv[1]) == "--lowering";
  bool isTable = argc == 3 && StringRef(argv[1]) == "--table";
  if (argc != 2 && !isLowering && !isTable) {
    llvm::errs() << "usage: ntk-op-check [--lowering|--table] FILE.mlir\n";
    return 1;
  }
  MLIRContext context;
  context.allowUnregisteredDialects();
  context.loadDialect<NTKDialect, arith::ArithDialect, func::FuncDialect,
                      linalg::LinalgDialect, math::MathDialect,
                      tensor::TensorDialect>();
  auto module = parseSourceFile<ModuleOp>(argv[argc - 1], &context);
  if (!module)
    return 1;
  if (isLowering)
    return failed(printLoweringChecks(*module));
  bool isRight = true;
  for (auto network : module->getOps<NetworkOp>())
    isRight &= succeeded(checkNetwork(network, isTable));
  if (isTable)
    printOps(context);
  return isRight ? 0 : 1;
}
