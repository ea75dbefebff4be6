// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A whole run in a process that is not ours: what it does about signals stays
// as it was.

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "ntk/Cli/Session.h"
#include "ntk/Data/Arrays.h"
#include "ntk/Register/Register.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"
#include <csignal>

using namespace mlir::ntk;

namespace {

constexpr llvm::StringLiteral network = R"(
ntk.network @linear(%x: tensor<2xf64> {ntk.input = "x"},
                    %w: tensor<2x1xf64> {ntk.param = "w"}) -> tensor<1xf64> {
  %y = ntk.contract "k, kc -> c" (%x, %w)
      : (tensor<2xf64>, tensor<2x1xf64>) -> tensor<1xf64>
  ntk.return %y : tensor<1xf64>
}
)";

/// The handlers of all signals.
std::vector<void (*)(int)> getHandlers() {
  std::vector<void (*)(int)> handlers;
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action = {};
    sigaction(number, nullptr, &action);
    handlers.push_back(action.sa_handler);
  }
  return handlers;
}

TEST(Signals, AreLeftAlone) {
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("signals-tests", folder));
  std::string at = (folder + "/").str(), model = at + "m.mlir",
              x = at + "x.npy", w = at + "w.npz", theta = at + "theta.npy";
  {
    std::error_code code;
    llvm::raw_fd_ostream(model, code) << network;
    ASSERT_FALSE(code);
  }
  const double numbers[] = {3, 4};
  auto array = [&](llvm::ArrayRef<int64_t> shape) {
    return Array(ElementKind::Float64, shape,
                 {reinterpret_cast<const char *>(numbers), sizeof numbers},
                 nullptr);
  };
  llvm::cantFail(writeNpy(x, array({1, 2})));
  llvm::cantFail(writeNpz(w, {{"w", array({2, 1})}}));

  std::vector<void (*)(int)> before = getHandlers();
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  const char *arguments[] = {model.c_str(), "--x1", x.c_str(),     "--params",
                             w.c_str(),     "-o",   theta.c_str(), "--quiet"};
  EXPECT_EQ(runSession(context, arguments), 0);
  EXPECT_EQ(getHandlers(), before);
  Array result = llvm::cantFail(llvm::cantFail(readNpy(theta)).load());
  EXPECT_EQ(result.as<double>().vec(), std::vector<double>{25});
  llvm::sys::fs::remove_directories(folder);
}

} // namespace
