// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What main functions do about signals. Libraries do nothing: they are loaded
// into programs that have their own ways.

#ifndef NTK_RT_SIGNALS_H
#define NTK_RT_SIGNALS_H

#include "ntk-rt/Temporary.h"

#include <csignal>

#include <fcntl.h>
#include <unistd.h>

namespace ntk {
namespace rt {
namespace detail {

/// Removes what is half written, and ends as without a handler.
inline void endBySignal(int number) {
  removeTemporaries();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

} // namespace detail

/// To be called first in a main function. A write that cannot be done fails
/// with an error that can be told; a signal that ends the program leaves no
/// temporary file; and one that is ignored from the start, as under nohup,
/// stays ignored. Descriptors 0 to 2 are open afterwards, so that no file
/// becomes the one that errors are written to.
inline void prepareProcess() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor)
    if (fcntl(descriptor, F_GETFD) == -1)
      (void)open("/dev/null", O_RDWR); // takes the lowest that is free
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  for (int number :
       {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGXCPU, SIGUSR1, SIGUSR2}) {
    struct sigaction old = {}, action = {};
    if (sigaction(number, nullptr, &old) != 0 || old.sa_handler != SIG_DFL)
      continue;
    action.sa_handler = detail::endBySignal;
    action.sa_flags = SA_NODEFER;
    sigaction(number, &action, nullptr);
  }
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_SIGNALS_H
