// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command lines of the programs.

#include "ntk/Cli/Options.h"
#include "gtest/gtest.h"

using namespace mlir::ntk;

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
            "--kernel: expected full, trace, diagonal, sum, or an einsum as "
            "in 'now, mpw -> nmop', but got 'half'");
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

TEST(Options, OfImport) {
  auto with = [](std::vector<const char *> more) {
    auto options = parseOptions(Tool::Import, more);
    return options ? "" : llvm::toString(options.takeError());
  };
  EXPECT_EQ(with({"--onnx-to-ntk"}), "");
  EXPECT_EQ(with({"--onnx-to-ntk", "net", "--dtype=f64", "--size=a=3"}), "");
  EXPECT_EQ(with({"--onnx-to-ntk", "n.onnx", "--fozen=w"}),
            "unknown option '--fozen=w', did you mean --frozen?");
  EXPECT_EQ(with({"--onnx-to-ntk", "n.onnx", "--kernel=trace"}),
            "unknown option '--kernel=trace', see --help");
  EXPECT_EQ(with({"--onnx-to-ntk", "a.onnx", "b.onnx"}),
            "expected one model, but got 'a.onnx' and 'b.onnx'");
}
