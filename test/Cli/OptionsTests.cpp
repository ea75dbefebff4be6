// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line, block choice and number formats.

#include "ntk/Cli/Options.h"
#include "ntk/Compile/Blocks.h"
#include "gtest/gtest.h"

using namespace mlir::ntk;
using ::ntk::rt::Blocks;

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

static RunOptions parse(std::vector<const char *> arguments) {
  llvm::Expected<RunOptions> options = parseOptions(Tool::Run, arguments);
  if (options)
    return *options;
  ADD_FAILURE() << llvm::toString(options.takeError());
  return {};
}

static std::string parseError(std::vector<const char *> arguments) {
  llvm::Expected<RunOptions> options = parseOptions(Tool::Run, arguments);
  return options ? "" : llvm::toString(options.takeError());
}

TEST(Options, AllOfThem) {
  RunOptions o = parse({"net.onnx",
                        "--x1",
                        "a.npy",
                        "--x2=b.npy",
                        "-o",
                        "t.npy",
                        "--kernel=trace",
                        "--method",
                        "structured",
                        "--dtype=f64",
                        "--wrt",
                        "fc*,{a,b}.weight",
                        "--frozen",
                        "x",
                        "--memory-limit=1.5GiB",
                        "--threads=3",
                        "--repeat=7",
                        "--profile=json",
                        "--allow-nonfinite",
                        "--quiet",
                        "--params",
                        "w.npz"});
  EXPECT_EQ(o.model, "net.onnx");
  EXPECT_EQ(o.x1, "a.npy");
  EXPECT_EQ(o.x2, "b.npy");
  EXPECT_EQ(o.output, "t.npy");
  EXPECT_EQ(o.kernel, "trace");
  EXPECT_EQ(o.method, "structured");
  EXPECT_EQ(o.doublePrecision, true);
  EXPECT_EQ(o.wrt, (std::vector<std::string>{"fc*", "{a,b}.weight"}));
  EXPECT_EQ(o.frozen, std::vector<std::string>{"x"});
  EXPECT_EQ(o.memoryLimit, int64_t(3) << 29);
  EXPECT_EQ(o.threads, 3);
  EXPECT_EQ(o.repeat, 7);
  EXPECT_EQ(o.profile, ReportFormat::Json);
  EXPECT_EQ(o.plan, ReportFormat::None);
  EXPECT_TRUE(o.allowNonFinite && o.quiet && !o.reference);
  EXPECT_EQ(o.params, "w.npz");
}

TEST(Options, Defaults) {
  RunOptions o = parse({"net.mlir", "--x1", "a.npy", "--plan"});
  EXPECT_EQ(o.kernel, "full");
  EXPECT_EQ(o.method, "auto");
  EXPECT_EQ(o.doublePrecision, std::nullopt);
  EXPECT_EQ(o.memoryLimit, std::nullopt);
  EXPECT_EQ(o.plan, ReportFormat::Table);
  EXPECT_TRUE(parse({"net.onnx", "--parameters"}).listParameters);
  EXPECT_TRUE(parse({"--help"}).help);
  EXPECT_TRUE(parse({"-h"}).help);
}

TEST(Options, Errors) {
  auto with = [](std::vector<const char *> more) {
    more.insert(more.begin(), {"n.onnx", "--x1", "a.npy", "-o", "t.npy"});
    return parseError(more);
  };
  EXPECT_EQ(with({}), "");
  EXPECT_EQ(with({"--kernle", "full"}),
            "unknown option '--kernle', did you mean --kernel?");
  EXPECT_EQ(with({"--zzzzzzz"}), "unknown option '--zzzzzzz', see --help");
  EXPECT_EQ(with({"--kernel", "half"}),
            "--kernel: expected full, trace, diagonal, sum, but got 'half'");
  EXPECT_EQ(with({"--kernel"}),
            "--kernel: expected K, but the command line ends");
  EXPECT_EQ(with({"--quiet=1"}), "--quiet: expected no value, but got '1'");
  EXPECT_EQ(with({"--memory-limit", "many"}),
            "--memory-limit: expected a size such as 4GiB, but got 'many'");
  EXPECT_EQ(with({"--repeat", "0"}),
            "--repeat: expected a number from 1 to 1048576, but got '0'");
  EXPECT_EQ(with({"--wrt", "a,,b"}),
            "--wrt: expected names or globs, separated by "
            "commas, but got 'a,,b'");
  EXPECT_EQ(with({"--plan=xml"}),
            "--plan: expected json, or nothing, but got 'xml'");
  for (const char *axes : {"", "1,", "x", "half:1", ":1", "trace:", "1:trace"})
    EXPECT_EQ(
        with({"--kernel=trace", "--axes", axes}),
        std::string("--axes: expected axes as -1, or with what becomes of "
                    "each as trace:-1,diagonal:0, but got '") +
            axes + "'");
  EXPECT_EQ(with({"--axes=trace:1,0"}),
            "--axes: expected --kernel=trace, diagonal or sum, or a word for "
            "each axis as in trace:-1");
  EXPECT_EQ(with({"more.onnx"}),
            "expected one model, but got 'n.onnx' and 'more.onnx'");
  EXPECT_EQ(parseError({"n.txt", "--x1", "a.npy", "--plan"}),
            "n.txt: expected an .onnx or .mlir file");
  EXPECT_EQ(parseError({"n.pt", "--x1", "a.npy", "--plan"}),
            "n.pt: expected an .onnx or .mlir file, but got one of PyTorch's; "
            "export the model with torch.onnx.export, see --help");
  EXPECT_EQ(with({"--partial-params"}), "--partial-params: expected --params");
  EXPECT_EQ(parseError({"n.onnx", "-o", "t.npy"}),
            "expected examples, --x1 A.npy");
  EXPECT_NE(parseError({}), "");
  EXPECT_NE(parseError({"n.onnx", "--x1", "a.npy"}), "");
}

TEST(Options, Axes) {
  RunOptions o = parse({"n.onnx", "--x1", "a.npy", "--plan", "--kernel=trace",
                        "--axes", "-1,diagonal:0", "--axes=sum:-2"});
  ASSERT_EQ(o.axes.size(), 3u);
  EXPECT_EQ(o.axes[0].axis, -1);
  EXPECT_EQ(o.axes[0].kind, "");
  EXPECT_EQ(o.axes[1].axis, 0);
  EXPECT_EQ(o.axes[1].kind, "diagonal");
  EXPECT_EQ(o.axes[2].axis, -2);
  EXPECT_EQ(o.axes[2].kind, "sum");
}

TEST(Options, OfSource) {
  auto with = [](std::vector<const char *> more) {
    auto options = parseOptions(Tool::Emit, more);
    return options ? "" : llvm::toString(options.takeError());
  };
  EXPECT_EQ(with({"--ntk-to-cpp", "n.onnx", "-o", "n.cpp", "--kernels=none",
                  "--n1=3", "--n2=4"}),
            "");
  EXPECT_EQ(with({"--ntk-to-cuda", "n.onnx", "-o", "n.cu", "--kernels=none"}),
            "--kernels: expected cudnn or cublas for CUDA, but got 'none'");
  EXPECT_EQ(with({"--ntk-to-cuda", "n.onnx", "-o", "n.cu", "--kernels=cublas"}),
            "");
  EXPECT_EQ(with({"--ntk-to-cpp", "n.onnx", "-o", "n.cpp", "--kernels=cudnn"}),
            "--kernels: expected onednn, cblas or none for C++, but got "
            "'cudnn'");
  EXPECT_EQ(with({"--ntk-to-cpp", "n.onnx", "-o", "n.cpp", "--tf32"}),
            "--tf32: expected --ntk-to-cuda");
  EXPECT_EQ(with({"--ntk-to-cpp", "n.onnx", "-o", "n.cpp", "--whole-batch",
                  "--n2=4"}),
            "--n2: expected none with --whole-batch: both sides have batches "
            "of one size");
}

TEST(Options, ByteSizes) {
  EXPECT_EQ(parseByteSize("4GiB"), int64_t(4) << 30);
  EXPECT_EQ(parseByteSize("4 gib"), int64_t(4) << 30);
  EXPECT_EQ(parseByteSize("0.5K"), 512);
  EXPECT_EQ(parseByteSize("2MB"), 2000000);
  EXPECT_EQ(parseByteSize("12345"), 12345);
  for (const char *text : {"", "GiB", "-1", "0", "1e9", "4 Gi", "99999999TiB",
                           "1.2.3", "inf", "nan"})
    EXPECT_EQ(parseByteSize(text), std::nullopt) << text;
  EXPECT_EQ(formatBytes(512), "512 B");
  EXPECT_EQ(formatBytes(1536), "1.5 KiB");
  EXPECT_EQ(formatBytes(0x1p30 * 200), "200 GiB");
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

namespace {
/// A kernel whose factors take 10 bytes an example and whose tile one a pair.
struct Memory {
  BlockProblem problem;
  int64_t operator()(const Blocks &b) const {
    int64_t n1 = b.cacheFactors1 ? problem.examples1 : b.examples1;
    int64_t n2 = b.cacheFactors2 ? problem.examples2 : b.examples2;
    return 10 * (n1 + n2) + b.examples1 * b.examples2;
  }
};
} // namespace

TEST(Blocks, AllAtOnceWhereThereIsRoom) {
  BlockProblem problem{30, 50, false, 1, 1};
  BlockChoice choice = chooseBlocks(problem, 1 << 20, Memory{problem});
  EXPECT_EQ(choice.blocks.examples1, 30);
  EXPECT_EQ(choice.blocks.examples2, 50);
  EXPECT_TRUE(choice.blocks.cacheFactors1 && choice.blocks.cacheFactors2);
  EXPECT_EQ(choice.peakBytes, 800 + 1500);
}

TEST(Blocks, SymmetricOnesAreSplitWhereTheyAreLarge) {
  BlockProblem problem{1000, 1000, true, 10, 10};
  BlockChoice choice = chooseBlocks(problem, 1 << 30, Memory{problem});
  EXPECT_EQ(choice.blocks.examples1, 250);
  problem = {16, 16, true, 10, 10};
  EXPECT_EQ(chooseBlocks(problem, 1 << 30, Memory{problem}).blocks.examples1,
            16);
}

TEST(Blocks, ShrinkUntilTheyFit) {
  for (bool symmetric : {false, true})
    for (int64_t limit : {1000000, 20000, 5000, 2500, 500, 100, 30, 21}) {
      BlockProblem problem{101, 101, symmetric, 1, 1};
      Memory memory{problem};
      BlockChoice choice = chooseBlocks(problem, limit, memory);
      EXPECT_LE(choice.peakBytes, limit);
      EXPECT_EQ(choice.peakBytes, memory(choice.blocks));
      EXPECT_GE(choice.blocks.examples1, 1);
      // Factors are kept where they fit; side 1 is the outer loop, where each
      // is computed once in any case.
      if (limit >= 2500) {
        EXPECT_TRUE(choice.blocks.cacheFactors2);
      }
    }
}

TEST(Blocks, TheSmallestPeakIfNoneFits) {
  BlockProblem problem{101, 101, false, 1, 1};
  BlockChoice choice = chooseBlocks(problem, 5, Memory{problem});
  EXPECT_EQ(choice.peakBytes, 21);
  EXPECT_EQ(choice.blocks.examples1, 1);
  EXPECT_EQ(choice.blocks.examples2, 1);
}

TEST(Blocks, ThereIsMemory) {
  EXPECT_GT(getDefaultMemoryLimit(), 1 << 20);
  EXPECT_GT(getPeakResidentBytes(), 1 << 20);
}
