// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect and the base class of its ops.

#ifndef NTK_BASE
#define NTK_BASE

include "dialects/NTK/Interfaces/NTKInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def NTK_Dialect : Dialect {
  let name = "ntk";
  let cppNamespace = "::mlir::ntk";
  let summary = "Networks and the algebra of their tangent kernels";
  let description = [{
    Level 1 of the compiler describes a network on one example: `ntk.network`
    holds a straight-line graph of the ops below, `ntk.kernel` asks for a kernel
    of it. Level 2 is made of the same ops on batched values (see
    `BatchableOpInterface`) and of `ntk.contract`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

def NTK_Float : AnyTypeOf<[F32, F64]>;
def NTK_Tensor : RankedTensorOf<[F32, F64, I1, AnyI32, AnyI64]>;
def NTK_FloatTensor : RankedTensorOf<[F32, F64]>;
def NTK_IndexTensor : RankedTensorOf<[I32, I64]>;
def NTK_MaskTensor : RankedTensorOf<[I1]>;

/// An op on the values of one example, with one result and the optional
/// `batch` attribute of BatchableOpInterface. Its result type is inferred by
/// one pure function on the cores, `inferCoreType`, which the builders and the
/// verifier share.
class NTK_Op<string mnemonic, dag args, list<Trait> traits = [],
             Trait differentiable = DeclareOpInterfaceMethods<
                 NTK_DifferentiableOpInterface, ["buildVjp"]>>
    : Op<NTK_Dialect, mnemonic, !listconcat(traits, [
        Pure, InferTypeOpInterface,
        NTK_BatchableOpInterface, NTK_CostOpInterface,
        NTK_JacobianStructureOpInterface,
        differentiable,
        DeclareOpInterfaceMethods<NTK_LowerableOpInterface>,
        DeclareOpInterfaceMethods<NTK_EvaluableOpInterface>])> {
  let arguments = !con(args, (ins OptionalAttr<StrArrayAttr>:$batch));
  let results = (outs NTK_Tensor:$result);
  let assemblyFormat = [{
    operands attr-dict `:` functional-type(operands, results)
  }];
  /// Declarations of one op, beside those every op has.
  string opDeclaration = "";
  let extraClassDeclaration = [{
    /// The core type of the result from the core types of the operands; says
    /// what does not fit through `emitError`.
    static ::mlir::FailureOr<::mlir::RankedTensorType>
    inferCoreType(::llvm::ArrayRef<::mlir::RankedTensorType> operands,
                  Adaptor adaptor,
                  ::llvm::function_ref<::mlir::InFlightDiagnostic()> emitError);

    static ::mlir::LogicalResult inferReturnTypes(
        ::mlir::MLIRContext *context, std::optional<::mlir::Location> location,
        ::mlir::ValueRange operands, ::mlir::DictionaryAttr attributes,
        ::mlir::OpaqueProperties properties, ::mlir::RegionRange regions,
        ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      // Builders make no properties where no attribute is set.
      Properties none;
      Adaptor adaptor(operands, attributes,
                      properties ? *properties.as<Properties *>() : none,
                      regions);
      return ::mlir::ntk::inferBatchedType(
          context, location, getOperationName(), operands, adaptor.getBatchAttr(),
          [&](::llvm::ArrayRef<::mlir::RankedTensorType> cores,
              ::llvm::function_ref<::mlir::InFlightDiagnostic()> emitError) {
            return inferCoreType(cores, adaptor, emitError);
          }, types);
    }
  }] # opDeclaration;
}

/// An op that is linear in all its floating-point operands together and moves
/// elements without arithmetic.
class NTK_LinearOp<string mnemonic, dag args, list<Trait> traits = []>
    : NTK_Op<mnemonic, args, traits> {
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    int64_t getCoreFlops() { return 0; }
  }];
}

/// Such an op whose Jacobian in a parameter says where the elements go.
class NTK_StructuredLinearOp<string mnemonic, dag args, list<Trait> traits = []>
    : NTK_LinearOp<mnemonic, args, traits> {
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    std::optional<::mlir::ntk::JacobianStructure> getJacobianStructure(
        ::mlir::OpBuilder &builder, unsigned operand);
    int64_t getCoreFlops() { return 0; }
  }];
}

/// An op whose result is constant under differentiation, and is not computed.
class NTK_ConstantUnderDifferentiationOp<string mnemonic, dag args,
                                         list<Trait> traits = []>
    : NTK_Op<mnemonic, args, traits, NTK_DifferentiableOpInterface> {
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Constant;
    }
    int64_t getCoreFlops() { return 0; }
  }];
}

#endif // NTK_BASE
