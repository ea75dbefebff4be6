# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels in programs: threads, forks, pickles, signals, memory."""

import copy
import multiprocessing
import os
import pickle
import pty
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from conftest import Mlp, assert_close, save

import ntk


def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_ten_threads(mlp):
    """On one kernel with parameters of their own, and on kernels of their own."""
    shared = ntk.compile(mlp.model())
    faults = []

    def work(number):
        try:
            own = ntk.compile(mlp.model(), kernel="full")
            for step in range(20):
                x = mlp.examples(1 + (number + step) % 7, seed=step)
                p = mlp.draw(number)
                assert_close(shared(x, params=p), mlp.kernel(x, p=p))
                assert_close(own(x), mlp.kernel(x))
        except BaseException as error:  # of a thread nobody sees
            faults.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults


def test_others_run_on():
    """The GIL is free while a kernel computes."""
    mlp = Mlp((64, 256, 10))
    k = ntk.compile(mlp.model(), threads=1)
    x = mlp.examples(600)
    k(x[:2])
    ticks, stop = 0, False

    def tick():
        nonlocal ticks
        while not stop:
            time.sleep(0.001)
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    seconds = 0
    while seconds < 0.3:
        k(x)
        seconds += k.run_seconds
    stop = True
    thread.join()
    assert ticks > 20, ticks


def test_flat_memory(mlp):
    """A thousand calls, each with other parameters and numbers of examples."""
    k = ntk.compile(mlp.model())

    def work(count):
        for i in range(count):
            x = mlp.examples(1 + i % 5)
            k(x)
            k(x, params=mlp.parameters)
            k.bind(mlp.parameters)(x)
            with pytest.raises(ntk.Error):
                k(x[:, :-1])

    work(200)
    before = resident_bytes()
    work(1000)
    assert resident_bytes() - before < 2 << 20, resident_bytes() - before


def test_kernels_go(mlp):
    """Kernels that are dropped leave nothing of size."""
    model = mlp.model().SerializeToString()

    def work(count):
        for _ in range(count):
            ntk.compile(model)(mlp.examples(2))

    work(10)
    before = resident_bytes()
    work(20)
    assert resident_bytes() - before < 20 << 20, resident_bytes() - before


def test_pickle_and_copies(mlp, tmp_path):
    path = save(mlp.model(), tmp_path / "mlp.onnx")
    x = mlp.examples(3)
    p = mlp.draw(4)
    for k in (
        ntk.compile(path, kernel="trace"),
        ntk.compile(mlp.model(), kernel="trace"),
        ntk.from_mlir(mlp.text(), params=mlp.parameters, kernel="trace"),
    ):
        bound = k.bind(p)
        for other in (pickle.loads(pickle.dumps(k)), copy.copy(k), copy.deepcopy(k)):
            assert np.array_equal(other(x), k(x))
        for other in (pickle.loads(pickle.dumps(bound)), copy.copy(bound), copy.deepcopy(bound)):
            assert np.array_equal(other(x), bound(x))
        assert_close(bound(x), np.trace(mlp.kernel(x, p=p), axis1=2, axis2=3) / 3)
    pickled = pickle.dumps(ntk.compile(path))
    mlp.parameters = mlp.draw(9)
    time.sleep(0.01)
    save(mlp.model(), path)
    with pytest.raises(ntk.Error, match="another"):
        pickle.loads(pickled)


def test_errors_pickle():
    error = ntk.Unsupported("a: b", file="f", node="n", names=("X",))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.file, again.node, again.names) == ("a: b", "f", "n", ("X",))


def child(connection, k, x):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        theta = k(x)
        k(x)
    connection.send((theta, [(w.category, str(w.message)) for w in caught]))
    connection.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("network", ["dense", "convolutions"])
def test_fork(network, models):
    """A forked child has the same bits, after its parent has run on threads."""
    if network == "dense":
        mlp = Mlp((64, 256, 10))
        k, x = ntk.compile(mlp.model(), threads=2), mlp.examples(64)
    else:
        k, x = ntk.compile(f"{models}/cnn.onnx", threads=2), np.load(f"{models}/cnn.npy")
        x = np.concatenate([x] * 8)
    wanted = k(x)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=child, args=(theirs, k, x))
    process.start()
    assert ours.poll(60), "the child hangs"
    theta, caught = ours.recv()
    process.join(10)
    assert process.exitcode == 0
    assert np.array_equal(theta, wanted)
    assert len(caught) == 1 and caught[0][0] is RuntimeWarning and "forked" in caught[0][1], caught
    assert np.array_equal(k(x), wanted)


INTERRUPTED = """
import sys, threading, time, os, signal
sys.path[:0] = {path!r}
from conftest import Mlp
import ntk
mlp = Mlp((64, 512, 10))
# Many tiles in little memory.
small = ntk.compile(mlp.model(), kernel="trace", memory_limit="24MiB")
x = mlp.examples(1000)
small(x)
# Whoever started this may ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
begin = time.monotonic()
def interrupt():
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    while time.monotonic() - begin < 30:
        small(x)
except KeyboardInterrupt:
    took = time.monotonic() - begin
    small(x[:2])
    print("interrupted", took < 1.2, took)
"""


def test_interrupt():
    """Ctrl-C ends a call between two tiles, and the kernel goes on."""
    code = INTERRUPTED.format(path=[os.path.dirname(__file__), *sys.path])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "interrupted True" in done.stdout, (done.stdout, done.stderr)


WATCHED = """
import sys
sys.path[:0] = {path!r}
from conftest import Mlp
from ntk import _progress
_progress.PATIENCE = 0  # a quick machine is done before any other
import ntk
mlp = Mlp((64, 512, 10))
k = ntk.compile(mlp.model(), kernel="trace", memory_limit="24MiB")
k(mlp.examples(1000))
k(mlp.examples(1000))
"""


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress(is_terminal):
    """A bar on a terminal, and no word into a file."""
    pytest.importorskip("rich")
    code = WATCHED.format(path=[os.path.dirname(__file__), *sys.path])
    ours, theirs = pty.openpty() if is_terminal else os.pipe()
    environment = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 4096):
            text += part
    except OSError:  # how a terminal ends
        pass
    assert process.wait(60) == 0, text
    assert (b"ntk" in text and b"%" in text) if is_terminal else text == b"", text


def test_silent(mlp):
    """Nothing is printed, and no signal handler is another afterwards."""
    code = f"""
import signal, sys
sys.path[:0] = {[os.path.dirname(__file__), *sys.path]!r}
import onnx.helper, os
before = [signal.getsignal(s) for s in signal.valid_signals()]
with open("/proc/self/status") as file:
    caught = [line for line in file if line.startswith("SigCgt")]
import ntk
from conftest import Mlp
assert "GOMP_SPINCOUNT" not in os.environ
mlp = Mlp()
k = ntk.compile(mlp.model())
k(mlp.examples(3)); k.plan(5)
for bad in ("ntk.network @f(", "module {{", "x", "ntk.network @f() -> () {{ ntk.return }}"):
    try:
        ntk.from_mlir(bad + "\\n")
    except ntk.Error:
        pass
with open("/proc/self/status") as file:
    assert caught == [line for line in file if line.startswith("SigCgt")]
assert before == [signal.getsignal(s) for s in signal.valid_signals()]
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_overhead():
    """A call of a small kernel costs what it computes and a few microseconds. The
    bar is 50; here it has to hold on a busy machine."""
    mlp = Mlp((2, 16, 1), np.float32)
    k = ntk.compile(mlp.model())
    x = mlp.examples(1)
    seconds = []
    for _ in range(2000):
        begin = time.perf_counter()
        k(x)
        seconds.append(time.perf_counter() - begin - k.run_seconds)
    assert np.median(seconds) < 50e-6, np.median(seconds)
