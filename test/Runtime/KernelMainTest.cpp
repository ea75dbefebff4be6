// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What generated code is built of, without files that NumPy wrote: parameters
// into a struct, and the main function of a small kernel of one input,
//
//   theta[n, m, k] = scale · x[n, k] · x[m, k]
//
// with its parameter compiled in, or read.

#include "ntk-rt/KernelMain.h"
#include "TestFile.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace ntk::rt;

namespace {

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

typedef struct {
  float scale;
  double weight[2][3];
  int64_t steps[2];
} parameters;

const ParameterEntry entries[] = {
    {"scale", offsetof(parameters, scale), {}, 0, ElementType::F32},
    {"fc.weight", offsetof(parameters, weight), {2, 3}, 2, ElementType::F64},
    {"steps", offsetof(parameters, steps), {2}, 1, ElementType::I64}};

/// A .safetensors file of the parameters, with other entries where given, and
/// numbers that are finite or not.
std::string
parameterFile(std::string scale = R"({"dtype": "F16", "shape": [],
                            "data_offsets": [0, 2]})",
              std::string weight = R"({"dtype": "F32", "shape": [2, 3],
                             "data_offsets": [2, 26]})",
              std::string more = "", bool isFinite = true) {
  std::string data = number(isFinite ? 0x4000 : 0x7c00, 2); // 2 as a half
  data += number(isFinite ? 0x3f800000 : 0x7f800000, 4);    // 1
  data += number(isFinite ? 0 : 0x7fc00000, 4);
  for (uint64_t bits : {0, 0, 0, 0x40400000}) // ..., 3
    data += number(bits, 4);
  data += number(7, 1) + number(255, 1);
  return safetensors("{\"scale\": " + scale + ", \"fc.weight\": " + weight +
                         more + R"(, "steps": {"dtype": "I8", "shape": [2],
                         "data_offsets": [26, 28]}})",
                     data);
}

/// The error of loading a file with this content.
std::string errorOf(const std::string &content) {
  TestFile file(content);
  parameters block;
  std::string error;
  if (loadParameters(file.path(), entries, 3, &block, error))
    return "none";
  EXPECT_EQ(error.find(file.path()), 0u) << error;
  return error.substr(file.path().size());
}

const char *const scalar =
    R"({"dtype": "F16", "shape": [], "data_offsets": [0, 2]})";

TEST(Parameters, AreConvertedIntoAStruct) {
  const std::string extra =
      R"(, "more": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]})";
  TestFile file(parameterFile(
      scalar, R"({"dtype": "F32", "shape": [2, 3], "data_offsets": [2, 26]})",
      extra));
  parameters block;
  std::string error;
  std::vector<std::string> unused;
  ASSERT_TRUE(loadParameters(file.path(), entries, 3, &block, error, &unused))
      << error;
  EXPECT_EQ(block.scale, 2);
  EXPECT_EQ(block.weight[0][0], 1);
  EXPECT_EQ(block.weight[1][2], 3);
  EXPECT_EQ(block.steps[0], 7);
  EXPECT_EQ(block.steps[1], -1);
  EXPECT_EQ(unused, std::vector<std::string>{"more"});
}

TEST(Parameters, SaysWhatIsWrong) {
  EXPECT_EQ(errorOf(parameterFile()), "none");
  EXPECT_EQ(errorOf(safetensors("{}", "")),
            ": expected float32[] for 'scale', but there is no array of that "
            "name");
  EXPECT_EQ(errorOf(parameterFile(scalar, R"({"dtype": "F32", "shape": [3, 2],
                                              "data_offsets": [2, 26]})")),
            ": expected float64[2, 3] for 'fc.weight', but got float32[3, 2]");
  EXPECT_EQ(errorOf(parameterFile(scalar, R"({"dtype": "I32", "shape": [2, 3],
                                              "data_offsets": [2, 26]})")),
            ":fc.weight: expected floats, but got int32[2, 3]");
  EXPECT_EQ(errorOf(parameterFile(scalar, R"({"dtype": "F32", "shape": [2, 3],
                                              "data_offsets": [2, 26]})",
                                  "", /*isFinite=*/false)),
            ": expected finite values, but 'scale' has 0 NaN and 1 infinite "
            "values, 'fc.weight' has 1 NaN and 1 infinite values");
  EXPECT_EQ(errorOf(npy("", "")), ": expected an .npz or .safetensors file, "
                                  "whose arrays have names");
  EXPECT_EQ(errorOf(""), ": not an .npy, .npz or .safetensors file");
}

TEST(Parameters, OverflowIsNotFinite) {
  const ParameterEntry entry = {"a", 0, {}, 0, ElementType::F32};
  float value;
  std::string error;
  TestFile file(safetensors(
      R"({"a": {"dtype": "F64", "shape": [], "data_offsets": [0, 8]}})",
      number(0x7fe0000000000000, 8)));
  EXPECT_FALSE(loadParameters(file.path(), &entry, 1, &value, error));
  EXPECT_EQ(error, file.path() + ": expected finite values, but 'a' has 0 NaN "
                                 "and 1 infinite values");
}

//===----------------------------------------------------------------------===//
// Main
//===----------------------------------------------------------------------===//

constexpr int64_t axis = 3;

int64_t workspaceBytes(int64_t n1, int64_t n2) {
  return n1 * n2 > 100 ? -1 : 64;
}

int run(const void *params, const void *const *inputs1, int64_t n1,
        const void *const *inputs2, int64_t n2, void *theta, void *workspace) {
  const float scale =
      params ? static_cast<const parameters *>(params)->scale : 1;
  const float *x1 = static_cast<const float *>(inputs1[0]);
  const float *x2 = inputs2 ? static_cast<const float *>(inputs2[0]) : nullptr;
  float *out = static_cast<float *>(theta);
  if (n1 == 3)
    return 7;
  EXPECT_EQ(reinterpret_cast<uintptr_t>(workspace) % 64, 0u);
  EXPECT_TRUE(x2 || n1 == n2);
  std::memset(workspace, 0, 64);
  for (int64_t n = 0; n < n1; ++n)
    for (int64_t m = 0; m < n2; ++m)
      for (int64_t k = 0; k < axis; ++k)
        out[(n * n2 + m) * axis + k] =
            scale * x1[n * axis + k] * (x2 ? x2 : x1)[m * axis + k];
  return 0;
}

const char *errorText(int code) {
  return code == 7 ? "three examples are not liked" : "unknown error";
}

/// Runs the program in a folder that holds x.npy.
class KernelMain : public testing::Test {
protected:
  KernelMain() {
    kernel.name = "net";
    kernel.inputs = inputs;
    kernel.inputCount = 1;
    kernel.type = ElementType::F32;
    kernel.pairShape = &axis;
    kernel.pairRank = 1;
    kernel.workspaceBytes = workspaceBytes;
    kernel.run = run;
    kernel.error = errorText;
    writeExamples<double>("x.npy", ElementType::F64, {2, 3},
                          {1, 2, 3, 4, 5, 6});
    writeExamples<float>("y.npy", ElementType::F32, {1, 3}, {1, 0, -1});
  }

  std::string path(const std::string &name) const {
    return folder.path() + "/" + name;
  }

  template <typename T>
  void writeExamples(const std::string &name, ElementType type,
                     std::vector<int64_t> shape, std::vector<T> values) {
    std::string error;
    ASSERT_TRUE(writeNpy(path(name), type, shape, values.data(), error))
        << error;
  }

  /// The exit status; `output` is what went to stderr, without the folder.
  int call(std::vector<std::string> words) {
    std::vector<std::string> full = {"program"};
    for (const std::string &word : words)
      full.push_back(word[0] == '@' ? path(word.substr(1)) : word);
    std::vector<char *> argv;
    for (std::string &word : full)
      argv.push_back(word.data());
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const int status =
        kernelMain(kernel, static_cast<int>(argv.size()), argv.data());
    text = testing::internal::GetCapturedStdout();
    output = testing::internal::GetCapturedStderr();
    for (size_t at; (at = output.find(folder.path() + "/")) != output.npos;)
      output.erase(at, folder.path().size() + 1);
    return status;
  }

  /// What a call that fails prints behind "error: "; it leaves no file.
  std::string failure(const std::vector<std::string> &words) {
    const auto before = folder.names();
    EXPECT_EQ(call(words), 1);
    EXPECT_EQ(folder.names(), before);
    EXPECT_EQ(output.find("error: "), 0u) << output;
    EXPECT_EQ(output.find('\n'), output.size() - 1) << output;
    return output.substr(7, output.size() - 8);
  }

  std::vector<float> theta(std::vector<int64_t> shape) {
    Array array;
    std::string error;
    EXPECT_TRUE(readNpy(path("theta.npy"), array, error)) << error;
    EXPECT_EQ(array.type, ElementType::F32);
    EXPECT_EQ(array.shape, shape);
    return std::vector<float>(array.as<float>(),
                              array.as<float>() + array.size());
  }

  TestFolder folder;
  KernelInput inputs[1] = {{"x", ElementType::F32, {3}, 1, 0}};
  Kernel kernel;
  std::string text, output;
};

TEST_F(KernelMain, WritesTheKernel) {
  EXPECT_EQ(call({"--x1", "@x.npy", "-o", "@theta.npy"}), 0) << output;
  EXPECT_EQ(theta({2, 2, 3}),
            (std::vector<float>{1, 4, 9, 4, 10, 18, 4, 10, 18, 16, 25, 36}));
  EXPECT_EQ(
      call({"--x2", "@y.npy", "--x1=" + path("x.npy"), "-o", "@theta.npy"}), 0);
  EXPECT_EQ(theta({2, 1, 3}), (std::vector<float>{1, 0, -3, 4, 0, -6}));
  EXPECT_EQ(output, "");
  EXPECT_EQ(folder.names(),
            (std::vector<std::string>{"theta.npy", "x.npy", "y.npy"}));
}

TEST_F(KernelMain, ReadsParameters) {
  kernel.parameters = entries;
  kernel.parameterCount = 3;
  kernel.parameterBytes = sizeof(parameters);
  EXPECT_EQ(failure({"--x1", "@y.npy", "-o", "@theta.npy"}),
            "expected parameters, --params W.npz");
  TestFile file(parameterFile());
  EXPECT_EQ(
      call({"--x1", "@y.npy", "--params", file.path(), "-o", "@theta.npy"}), 0)
      << output;
  EXPECT_EQ(theta({1, 1, 3}), (std::vector<float>{2, 0, 2}));
}

TEST_F(KernelMain, TakesWholeBatches) {
  // One example of two rows: theta = x[0, k] x[0, k], as the kernel above.
  kernel.wholeBatch = true;
  inputs[0] = {"x", ElementType::F32, {2, 3}, 2, 0};
  EXPECT_EQ(call({"--x1", "@x.npy", "-o", "@theta.npy"}), 0) << output;
  EXPECT_EQ(theta({3}), (std::vector<float>{1, 4, 9}));
  EXPECT_EQ(call({"--help"}), 0);
  EXPECT_NE(text.find("the whole batch:\n  x: float32[2, 3]\n"), text.npos)
      << text;
  EXPECT_NE(text.find("The kernel: float32[3]\n"), text.npos) << text;
  EXPECT_EQ(failure({"--x1", "@y.npy", "-o", "@other.npy"}),
            "--x1: y.npy: expected float32[2, 3], the whole batch, for input "
            "'x', but got float32[1, 3]");
}

TEST_F(KernelMain, TakesNonFiniteValuesIfAllowed) {
  const float infinity = std::numeric_limits<float>::infinity();
  writeExamples<float>("z.npy", ElementType::F32, {1, 3}, {1, infinity, 2});
  EXPECT_EQ(failure({"--x1", "@z.npy", "-o", "@theta.npy"}),
            "--x1: z.npy: expected finite values, but got 0 NaN and 1 infinite "
            "values (--allow-nonfinite computes all the same)");
  EXPECT_EQ(call({"--x1", "@z.npy", "-o", "@theta.npy", "--allow-nonfinite"}),
            0);
  EXPECT_EQ(theta({1, 1, 3}), (std::vector<float>{1, infinity, 4}));
  EXPECT_NE(output.find("warning: "), output.npos) << output;

  kernel.parameters = entries;
  kernel.parameterCount = 1;
  kernel.parameterBytes = sizeof(parameters);
  TestFile file(parameterFile(scalar, R"({"dtype": "F32", "shape": [2, 3],
                                          "data_offsets": [2, 26]})",
                              "", /*isFinite=*/false));
  EXPECT_NE(
      failure({"--x1", "@y.npy", "--params", file.path(), "-o", "@other.npy"})
          .find("expected finite values, but 'scale'"),
      std::string::npos);
  EXPECT_EQ(call({"--x1", "@y.npy", "--params", file.path(), "-o", "@theta.npy",
                  "--allow-nonfinite"}),
            0)
      << output;
  EXPECT_EQ(theta({1, 1, 3})[0], infinity);
}

TEST_F(KernelMain, TellsTheFastestTime) {
  EXPECT_EQ(call({"--x1", "@x.npy", "--repeat", "3"}), 0);
  double seconds = -1;
  EXPECT_EQ(std::sscanf(output.c_str(), "run_seconds: %lf\n", &seconds), 1);
  EXPECT_GE(seconds, 0);
  EXPECT_LT(seconds, 1);
}

TEST_F(KernelMain, HelpsWithoutRunning) {
  EXPECT_EQ(call({"--help"}), 0);
  EXPECT_NE(text.find("x: float32[n, 3]"), text.npos) << text;
  EXPECT_NE(text.find("float32[n1, n2, 3]"), text.npos) << text;
  EXPECT_NE(text.find("--threads N"), text.npos) << text;
}

TEST_F(KernelMain, RefusesCommandLines) {
  EXPECT_EQ(failure({}), "expected examples, --x1 A.npy");
  EXPECT_EQ(failure({"--x1", "@x.npy"}),
            "expected a file for the kernel, -o THETA.npy (or --repeat N)");
  EXPECT_EQ(failure({"--x3", "a"}), "unknown option '--x3', see --help");
  EXPECT_EQ(failure({"a"}), "unknown option 'a', see --help");
  EXPECT_EQ(failure({"--x1"}),
            "--x1: expected A.npy|A.npz, but the command line ends");
  EXPECT_EQ(failure({"--x1="}),
            "--x1: expected the name of a file, but got ''");
  EXPECT_EQ(failure({"--help=x"}), "--help: expected no value");
  for (std::string value : {"0", "-1", "1x", "", "99999999999999999999"})
    EXPECT_EQ(failure({"--threads=" + value}),
              "--threads: expected a number from 1 to 1048576, but got '" +
                  value + "'");
  EXPECT_EQ(failure({"--x1", "@x.npy", "-o", "@no/theta.npy"}),
            "-o: no/theta.npy: there is no directory 'no'");
  EXPECT_EQ(failure({"--x1", "@x.npy", "-o", "@t.npy", "--params", "@x.npy"}),
            "--params: the parameters are compiled in");
}

TEST_F(KernelMain, RefusesExamples) {
  auto with = [&](const char *name) {
    return failure({"--x1", std::string("@") + name, "-o", "@theta.npy"});
  };
  EXPECT_EQ(with("none.npy"), "--x1: none.npy: no such file or directory");
  writeExamples<int32_t>("i.npy", ElementType::I32, {1, 3}, {1, 2, 3});
  EXPECT_EQ(with("i.npy"), "--x1: i.npy: expected floats, but got int32[1, 3]");
  writeExamples<float>("s.npy", ElementType::F32, {3, 1}, {1, 2, 3});
  EXPECT_EQ(with("s.npy"), "--x1: s.npy: expected float32[n, 3], n > 0, for "
                           "input 'x', but got float32[3, 1]");
  writeExamples<float>("e.npy", ElementType::F32, {0, 3}, {});
  EXPECT_EQ(with("e.npy"), "--x1: e.npy: expected float32[n, 3], n > 0, for "
                           "input 'x', but got float32[0, 3]");
  writeExamples<float>("n.npy", ElementType::F32, {1, 3}, {1, NAN, INFINITY});
  EXPECT_EQ(with("n.npy"), "--x1: n.npy: expected finite values, but got 1 NaN "
                           "and 1 infinite values (--allow-nonfinite computes "
                           "all the same)");
  writeExamples<float>("3.npy", ElementType::F32, {3, 3},
                       std::vector<float>(9));
  EXPECT_EQ(with("3.npy"), "net: three examples are not liked");
  writeExamples<float>("w.npy", ElementType::F32, {11, 3},
                       std::vector<float>(33));
  EXPECT_EQ(with("w.npy"), "the workspace: no memory for -1 bytes");
}

TEST_F(KernelMain, RefusesIdsBeyondTheTable) {
  inputs[0] = {"ids", ElementType::I64, {2}, 1, 4};
  writeExamples<int16_t>("ids.npy", ElementType::I16, {2, 2}, {0, 3, -4, 4});
  EXPECT_EQ(failure({"--x1", "@ids.npy", "-o", "@theta.npy"}),
            "--x1: ids.npy: expected ids from -4 to 3, but got 4");
}

TEST_F(KernelMain, WarnsOfValuesThatAreNotFinite) {
  writeExamples<float>("y.npy", ElementType::F32, {1, 3}, {1e30f, 0, 1});
  EXPECT_EQ(call({"--x1", "@y.npy", "-o", "@theta.npy"}), 0);
  EXPECT_EQ(output,
            "warning: the kernel has 0 NaN and 1 infinite values of 3\n");
}

} // namespace
