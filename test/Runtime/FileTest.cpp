// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is opened for reading and what is not; and that writing leaves a whole
// file, or what was there.

#include "TestFile.h"
#include "ntk-rt/InputFile.h"
#include "ntk-rt/OutputFile.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>

using namespace ntk::rt;

namespace {

std::string contentOf(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A folder with a pipe in it.
struct TestPipe {
  TestFolder folder;
  std::string path = folder.path() + "/pipe";
  TestPipe() { EXPECT_EQ(mkfifo(path.c_str(), 0600), 0); }
};

/// Runs `write` on the pipe's writing end, in a thread of its own.
std::thread writeTo(const TestPipe &pipe, std::function<void(int)> write) {
  return std::thread([path = pipe.path, write] {
    const int descriptor = open(path.c_str(), O_WRONLY);
    write(descriptor);
    close(descriptor);
  });
}

void writeAll(int descriptor, const std::string &text) {
  EXPECT_EQ(::write(descriptor, text.data(), text.size()),
            static_cast<ssize_t>(text.size()));
}

/// The file's content, or its error, without its name.
std::string read(const std::string &path, const PipeLimits &limits = {},
                 bool mayBePipe = true) {
  InputFile file;
  std::string error;
  if (!file.open(path, error, mayBePipe, limits)) {
    EXPECT_EQ(error.find(path), 0u) << error;
    return error.substr(path.size());
  }
  std::string content(static_cast<size_t>(file.size()), '?');
  EXPECT_TRUE(file.read(0, content.data(), file.size(), error)) << error;
  return content;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

TEST(InputFile, LooksAtWhatItOpens) {
  TestFolder folder;
  const std::string link = folder.path() + "/link", path = folder.path() + "/s";
  EXPECT_EQ(read(folder.path()), ": expected a file, but got a directory");
  EXPECT_EQ(read("/dev/zero"), ": expected a file, but got a device");
  std::filesystem::create_symlink("/dev/urandom", link);
  EXPECT_EQ(read(link), ": expected a file, but got a device");
  EXPECT_EQ(read(folder.path() + "/none"), ": no such file or directory");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(
      bind(socket, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  EXPECT_EQ(read(path), ": expected a file, but got a socket");
  close(socket);
}

TEST(InputFile, ReadsAPipeThatSomebodyWrites) {
  TestPipe pipe;
  const std::string text(300000, 'x'); // more than a pipe holds
  std::thread writer = writeTo(pipe, [&](int descriptor) {
    for (int part = 0; part < 3; ++part) {
      writeAll(descriptor, text.substr(0, 100000));
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  EXPECT_EQ(read(pipe.path), text);
  writer.join();
}

TEST(InputFile, RefusesAPipeThatNobodyWrites) {
  TestPipe pipe;
  PipeLimits limits;
  limits.opening = 60;
  EXPECT_EQ(read(pipe.path, limits),
            ": expected a file, but got a pipe that nobody writes to");
  EXPECT_EQ(read(pipe.path, limits, /*mayBePipe=*/false),
            ": expected a file, but got a pipe");
}

TEST(InputFile, RefusesAPipeThatFallsSilent) {
  TestPipe pipe;
  PipeLimits limits;
  limits.silence = 1000;
  limits.note = 2000;
  // Shorter silences are waited for, one after the other.
  std::thread writer = writeTo(pipe, [](int descriptor) {
    for (int part = 0; part < 4; ++part) {
      writeAll(descriptor, "x");
      std::this_thread::sleep_for(std::chrono::milliseconds(400));
    }
  });
  EXPECT_EQ(read(pipe.path, limits), "xxxx");
  writer.join();
  writer = writeTo(pipe, [](int descriptor) {
    writeAll(descriptor, "x");
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  });
  EXPECT_EQ(read(pipe.path, limits),
            ": expected bytes through the pipe, but none came for 1 s");
  writer.join();
}

TEST(InputFile, TakesSoMuchThroughAPipeAndNoMore) {
  TestPipe pipe;
  PipeLimits limits;
  limits.bytes = 70000; // more than the reader begins with
  for (int64_t size : {limits.bytes, limits.bytes + 1}) {
    const std::string text(static_cast<size_t>(size), 'x');
    std::thread writer =
        writeTo(pipe, [&](int descriptor) { writeAll(descriptor, text); });
    EXPECT_EQ(read(pipe.path, limits),
              size == limits.bytes
                  ? text
                  : ": expected at most 70000 bytes through a pipe; save it "
                    "to a file");
    writer.join();
  }
}

TEST(InputFile, SaysThatAFileWasCutShort) {
  TestFile path(std::string(10000, 'x'));
  InputFile file;
  std::string error;
  char bytes[10000];
  ASSERT_TRUE(file.open(path.path(), error)) << error;
  ASSERT_EQ(truncate(path.path().c_str(), 9999), 0);
  EXPECT_TRUE(file.read(0, bytes, 9999, error)) << error;
  EXPECT_FALSE(file.read(0, bytes, 10000, error));
  EXPECT_EQ(error, path.path() + ": shorter than it was");
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// Writes a file; its error, without its name.
std::string write(const std::string &path, const std::string &text) {
  OutputFile file;
  std::string error;
  if (file.open(path, error) &&
      file.write(text.data(), static_cast<int64_t>(text.size()), error) &&
      file.commit(error))
    return "none";
  EXPECT_EQ(error.find(path), 0u) << error;
  return error.substr(path.size());
}

TEST(OutputFile, ReplacesWhatALinkPointsTo) {
  TestFolder folder;
  namespace fs = std::filesystem;
  const std::string at = folder.path() + "/";
  fs::create_directory(at + "sub");
  fs::create_symlink("sub/b", at + "a");
  fs::create_symlink("../c", at + "sub/b");
  std::ofstream(at + "d") << "old";
  EXPECT_EQ(write(at + "a", "new"), "none"); // c is not there yet
  EXPECT_TRUE(fs::is_symlink(at + "a") && fs::is_symlink(at + "sub/b"));
  EXPECT_EQ(contentOf(at + "c"), "new");
  EXPECT_EQ(write(at + "a", "newer"), "none");
  EXPECT_EQ(contentOf(at + "c"), "newer");
  // Another name of the same file keeps what it has.
  fs::create_hard_link(at + "d", at + "e");
  EXPECT_EQ(write(at + "e", "new"), "none");
  EXPECT_EQ(contentOf(at + "d"), "old");
  fs::create_symlink("loop", at + "loop");
  EXPECT_EQ(write(at + "loop", "new"), ": too many levels of symbolic links");
  fs::create_symlink("none/theta", at + "lost");
  EXPECT_EQ(write(at + "lost", "new"),
            ": there is no directory '" + at + "none'");
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"a", "c", "d", "e",
                                                      "loop", "lost", "sub"}));
}

TEST(OutputFile, KeepsTheRightsOfAFile) {
  TestFolder folder;
  const std::string path = folder.path() + "/a";
  EXPECT_EQ(write(path, "one"), "none");
  ASSERT_EQ(chmod(path.c_str(), 0604), 0);
  EXPECT_EQ(write(path, "two"), "none");
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0604u);
  EXPECT_EQ(contentOf(path), "two");
}

TEST(OutputFile, RefusesBeforeTheWork) {
  TestFolder folder;
  const std::string at = folder.path() + "/";
  for (auto [name, expected] :
       {std::pair<std::string, std::string>{".", ": is a directory"},
        {"no/a", ": there is no directory '" + at + "no'"},
        {std::string(255, 'a'), "none"},
        {std::string(256, 'a'), ": file name too long"}}) {
    OutputFile file;
    std::string error = at + name + "none";
    file.open(at + name, error);
    EXPECT_EQ(error, at + name + expected);
  }
  EXPECT_EQ(write(at + std::string(255, 'a'), "long"), "none");
  EXPECT_EQ(write("/dev/full", "x"), ": no space left on device");
  TestPipe pipe;
  EXPECT_EQ(write(pipe.path, "x"),
            ": expected a file, but got a pipe that nobody reads");
}

TEST(OutputFile, WritesToAPipe) {
  TestPipe pipe;
  std::string got;
  std::thread reader([&] { got = contentOf(pipe.path); });
  EXPECT_EQ(write(pipe.path, std::string(200000, 'x')), "none");
  reader.join();
  EXPECT_EQ(got, std::string(200000, 'x'));
}

TEST(OutputFile, WritesToAnOpenDescriptor) {
  TestFile target("before ");
  const int descriptor =
      open(target.path().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  TestFolder folder;
  const std::string link = folder.path() + "/theta.npy";
  std::filesystem::create_symlink("/dev/fd/" + std::to_string(descriptor),
                                  link);
  EXPECT_EQ(write(link, "and after"), "none");
  EXPECT_EQ(contentOf(target.path()), "before and after");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  close(descriptor);
  EXPECT_EQ(write(link, "x"), ": bad file descriptor");
}

TEST(OutputFile, LeavesNothingThatIsHalf) {
  TestFolder folder;
  const std::string path = folder.path() + "/a";
  std::ofstream(path) << "old";
  std::string error;
  {
    OutputFile file;
    ASSERT_TRUE(file.open(path, error) && file.write("half", 4, error));
    EXPECT_EQ(folder.names().size(), 2u);
    removeTemporaries(); // as a handler of signals does
    EXPECT_EQ(folder.names(), std::vector<std::string>{"a"});
    EXPECT_FALSE(file.commit(error));
  }
  {
    OutputFile file;
    ASSERT_TRUE(file.open(path, error) && file.write("half", 4, error));
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a"});
  EXPECT_EQ(contentOf(path), "old");
}

TEST(OutputFile, KnowsWhatFits) {
  TestFolder folder;
  const std::string path = folder.path() + "/a";
  std::string error;
  rlimit before, limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = before;
  limit.rlim_cur = 1000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  signal(SIGXFSZ, SIG_IGN);
  OutputFile file;
  ASSERT_TRUE(file.open(path, error));
  EXPECT_TRUE(file.reserve(1000, error)) << error;
  EXPECT_FALSE(file.reserve(1001, error));
  EXPECT_EQ(error, path + ": file too large");
  EXPECT_EQ(write(path, std::string(1000, 'x')), "none");
  EXPECT_EQ(write(path, std::string(1001, 'y')), ": file too large");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(contentOf(path), std::string(1000, 'x'));
  EXPECT_FALSE(file.reserve(int64_t(1) << 60, error));
  EXPECT_EQ(error, path + ": no space left on device");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a"});
}

} // namespace
