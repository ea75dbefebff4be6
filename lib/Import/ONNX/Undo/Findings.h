// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the rules of this folder find out, and the rules themselves.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_FINDINGS_H
#define NTK_LIB_IMPORT_ONNX_UNDO_FINDINGS_H

#include "Undo/ExportedModel.h"
#include "ntk/Data/ParameterChoice.h"

namespace mlir::ntk::onnximport {

/// Something that cannot be undone.
struct Loss {
  /// "batch norm is folded into", of several losses of a kind.
  std::string kind;
  /// "'0.weight'".
  std::string subject;
  /// The parameters that are gone or changed; none if that is not known.
  std::vector<std::string> parameters;
  /// Would the values of the parameters tell?
  bool isDecidable = false;
};

struct Findings {
  /// Tensors that will take the place of those of the file, by name.
  llvm::StringMap<Array> given;
  std::vector<std::string> givenOrder;
  /// Are they those that the file was written of?
  bool isOwnState = false;

  /// Names that --wrt and --frozen spell out: a tensor that the file calls so
  /// keeps the name.
  llvm::StringSet<> asked;

  std::vector<Loss> losses;
  /// What may have changed the kernel, a line each.
  std::vector<std::string> doubts;
  /// Tensors that are parameters, or joins or parts of them, under names that
  /// are none of the signature's.
  llvm::StringSet<> standIns;
  /// Biases that may have had one element, or one for each channel.
  std::vector<std::string> openBiases;
  /// How many parameters were put back to where they had been.
  unsigned restored = 0;

  /// A loss of its own kind.
  void lose(std::string reason, std::vector<std::string> parameters,
            bool isDecidable = false) {
    losses.push_back(
        {std::move(reason), "", std::move(parameters), isDecidable});
  }
  bool isLost(llvm::StringRef parameter) const {
    return llvm::any_of(losses, [&](const Loss &loss) {
      return llvm::is_contained(loss.parameters, parameter);
    });
  }
};

/// Batch normalisation that was folded into the weights before it becomes a
/// node of its own again, if its values are given; else it is a loss.
llvm::Error unfoldBatchNorms(ExportedModel &model, Findings &findings);

/// Is it one of torch's recurrent layers?
bool isRecurrentCall(llvm::StringRef op);

/// Weights of recurrent layers, whose gates the exporter reordered and whose
/// biases it joined, are made of the parameters again.
llvm::Error restoreRecurrent(ExportedModel &model, Findings &findings);
/// The same in files of the older exporter, by the names that modules give.
llvm::Error restoreRecurrentModules(ExportedModel &model, Findings &findings);

/// Each argument of each call that is a parameter gets the input that stands
/// for it: tensors that were merged since they were equal are split, biases of
/// zeros that were removed come back.
llvm::Error resolveArguments(ExportedModel &model, Findings &findings);

/// Parameters of one value that a node without a call reads for several
/// modules.
void splitByModule(ExportedModel &model, Findings &findings);

/// Parameters that stand nowhere and that no call names: unused ones, second
/// names of tied ones, and those that went with values.
std::vector<std::string> findUnseen(const ExportedModel &model,
                                    const Findings &findings);

/// Folded tensors that were merged with each other.
void splitFolded(ExportedModel &model, Findings &findings);

/// Parameters that were merged with others in a moved form.
void splitViews(ExportedModel &model, Findings &findings);

/// Folded tensors become moves of the parameters they were made of; what is
/// computed from them is a loss.
llvm::Error restoreMoved(ExportedModel &model, Findings &findings);

/// Values that calls name and no node makes: lost detaches are put back, and
/// where parameters went with a value that is a loss.
void findMissing(ExportedModel &model, Findings &findings);

/// Rows of embeddings that stand for padding have no gradient.
llvm::Error obeyPadding(ExportedModel &model);

/// Rows that may stand for padding, in files that do not tell.
llvm::Error doubtPadding(const ExportedModel &model, Findings &findings);

/// A value without its gradient, by an Identity in front of the node that names
/// torch's operator, as files without optimisation have it.
std::string stopGradient(ExportedModel &model, size_t before,
                         const std::string &value, llvm::StringRef wish);

/// Regions without gradients, as far as they show.
void findGradientlessRegions(const ExportedModel &model, Findings &findings);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_FINDINGS_H
