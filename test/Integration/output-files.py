# The kernel's file is whole or not there, and nothing else is touched: links,
# pipes, full disks, limits, signals, kills at random moments, two processes at
# once. The target check-ntk-long kills, and looks, more often.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs %rounds

import collections
import os
import resource
import signal
import stat
import subprocess
import sys
import time

import numpy as np

folder, inputs, rounds = sys.argv[1:]
sys.path.insert(0, inputs)
from linear_model import EXAMPLES, model, theta

os.chdir(folder)
with open("m.onnx", "wb") as file:
    file.write(model())
np.save("x.npy", EXAMPLES)
rows = np.random.default_rng(3).standard_normal((700, 4)).astype(np.float32)
np.save("many.npy", rows)  # a kernel of 16 MB
COMMAND = ["ntk-run", "m.onnx", "--dtype", "f64", "--quiet"]


def run(output, x="x.npy", *options, **more):
    return subprocess.run(
        [*COMMAND, "--x1", x, "-o", output, *options], capture_output=True, timeout=60, **more
    )


def right(output, path=None, **more):
    done = run(output, **more)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(path or output), theta(), atol=1e-12)
    return done


def refused(output, *words, command=None, **more):
    before = tree()
    done = subprocess.run(command, capture_output=True, **more) if command else run(output, **more)
    errors = done.stderr.decode()
    assert done.returncode == 1 and errors.count("\n") == 1 and errors.startswith("error: "), errors
    for word in words:
        assert word in errors, (word, errors)
    assert tree() == before, (before, tree())


def tree():
    """All files, with their contents."""
    names = [os.path.join(d, f) for d, folders, files in os.walk(".") for f in files + folders]
    return {n: os.path.isfile(n) and open(n, "rb").read() for n in sorted(names)}


# Links are followed, and kept.
os.mkdir("sub")
os.symlink("sub/theta.npy", "link.npy")
right("link.npy", "sub/theta.npy")  # the link's end was not there
right("link.npy", "sub/theta.npy")
assert os.readlink("link.npy") == "sub/theta.npy" and os.listdir("sub") == ["theta.npy"]

# What cannot be written is told.
os.mkdir("dir.npy")
os.symlink("none/theta.npy", "lost.npy")
os.symlink("loop.npy", "loop.npy")
os.mkfifo("pipe.npy")
os.symlink("/dev/full", "full.npy")
refused("dir.npy", "-o: ", "dir.npy", "is a directory")
refused("none/theta.npy", "-o: ", "there is no directory 'none'")
refused("m.onnx/theta.npy", "-o: ", "not a directory")
refused("lost.npy", "-o: ", "lost.npy", "there is no directory 'none'")
refused("loop.npy", "-o: ", "symbolic links")
refused("pipe.npy", "-o: ", "a pipe that nobody reads")
refused("a" * 252 + ".npy", "-o: ", "name too long")
right("a" * 251 + ".npy")  # the temporary file's is no longer
os.remove("a" * 251 + ".npy")
refused("full.npy", "full.npy", "no space left on device")
assert stat.S_ISCHR(os.stat("full.npy").st_mode)

# Nothing that is read is written.
np.save("v.npy", EXAMPLES)
os.link("x.npy", "hard.npy")
os.symlink("x.npy", "soft.npy")
os.link("m.onnx", "model.npy")
np.savez("w.npz", w=np.ones((4, 2), np.float32))
os.symlink("w.npz", "params.npy")
for output in ("x.npy", "hard.npy", "soft.npy", "model.npy"):
    refused(output, "-o: ", output, "is an input")
command = [*COMMAND, "--x1", "x.npy"]
refused("", "is an input", command=[*command, "--x2", "v.npy", "-o", "v.npy"])
refused("", "is an input", command=[*command, "--params", "w.npz", "-o", "params.npy"])
refused("", "is an input", command=[*command, "--input", "x=v.npy", "-o", "v.npy"])
emit = ["ntk-translate", "--ntk-to-cpp", "m.onnx", "-o", "net.cpp", "--quiet"]
saved = [*emit, "--params", "w.npz", "--save-params", "w.npz"]
refused("", "--save-params: ", "is an input", command=saved)
refused("", "is an input", command=["ntk-translate", "--onnx-to-ntk", "m.onnx", "-o", "model.npy"])

# Pipes and descriptors are written as they are.
os.symlink("/dev/stdout", "out.npy")
for output in ("out.npy", "/dev/stdout", "/dev/fd/1"):
    done = run(output)
    assert done.returncode == 0, done.stderr
    with open("got.npy", "wb") as file:
        file.write(done.stdout)
    np.testing.assert_allclose(np.load("got.npy"), theta(), atol=1e-12)
with open("got.npy", "wb") as file:
    subprocess.run([*COMMAND, "--x1", "x.npy", "-o", "out.npy"], stdout=file, check=True)
np.testing.assert_allclose(np.load("got.npy"), theta(), atol=1e-12)
os.remove("got.npy")
reader = subprocess.Popen(["cat", "pipe.npy"], stdout=subprocess.PIPE)
assert run("pipe.npy").returncode == 0
assert len(reader.communicate()[0]) == os.path.getsize("sub/theta.npy")
assert stat.S_ISFIFO(os.stat("pipe.npy").st_mode)

# Without stdin, stdout or stderr no file takes their place.
closed = lambda: [os.close(d) for d in (0, 1, 2)]
done = subprocess.run([*COMMAND[:-1], "--x1", "x.npy", "-o", "theta.npy"], preexec_fn=closed)
assert done.returncode == 0
np.testing.assert_allclose(np.load("theta.npy"), theta(), atol=1e-12)
with open("/dev/full", "wb") as full:
    noisy = subprocess.run([*COMMAND[:-1], "--x1", "x.npy", "-o", "theta.npy"], stderr=full)
    assert noisy.returncode == 0
    for arguments in (["--plan=json"], ["--parameters"], ["--help"]):
        done = subprocess.run([*command, *arguments], stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 1 and b"no space left" in done.stderr, done.stderr
        assert done.stderr.count(b"\n") == 1, done.stderr

# A limit of a file's size, told before the work; of files that are not known
# before, by the system's words.
limit = lambda n: lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n, n))
right("theta.npy", preexec_fn=limit(os.path.getsize("theta.npy")))
refused("theta.npy", "theta.npy: file too large", preexec_fn=limit(os.path.getsize("theta.npy") - 1))
refused("", "net", "file too large", command=emit, preexec_fn=limit(2000))
imported = ["ntk-translate", "--onnx-to-ntk", "m.onnx", "-o", "net.mlir"]
done = subprocess.run(imported, capture_output=True, preexec_fn=limit(100))
assert done.returncode == 1 and b"net.mlir: file too large" in done.stderr, done.stderr
assert not os.path.exists("net.mlir")


def works(*command):
    return subprocess.run(command, capture_output=True).returncode == 0


# A disk without room is told of before the work, one that fills up meanwhile
# after it, and of several files none stays.
os.mkdir("disk")
mount = "mount -t tmpfs -o size={} none disk && "
many = [*COMMAND, "--x1", "many.npy", "-o", "disk/theta.npy"]
own_mounts = ["unshare", "-rm", "sh", "-c"]
if works(*own_mounts, mount.format("1m") + "true"):
    listed = "; status=$?; rm -f disk/other; ls -A disk; exit $status"
    fill = "(sleep 0.05; cat /dev/zero >disk/other 2>/dev/null) & "
    for script, command in (
        (mount.format("8m") + '"$@"', many),
        (mount.format("20m") + "{ " + fill + '"$@"; }', many),
        (mount.format("8k") + '"$@"', [*emit[:4], "disk/net.cpp", "--quiet"]),
    ):
        done = subprocess.run([*own_mounts, script + listed, "sh", *command], capture_output=True)
        errors = done.stderr.decode()
        assert done.returncode == 1 and not done.stdout, (command, done)
        assert errors.startswith("error: disk/") and errors.count("\n") == 1, errors
        assert "no space left on device" in errors, errors
os.rmdir("disk")

# All files of the emitter, or none.
subprocess.run([*emit, "--save-params", "p.npz"], check=True)
assert list(np.load("p.npz")) == ["w"]
old = {n: open(n, "rb").read() for n in ("net.cpp", "net.h", "p.npz")}
full = [*emit, "--kernel", "trace", "--save-params", "full.npy"]
refused("", "full.npy", "no space left on device", command=full)
assert old == {n: open(n, "rb").read() for n in old}

# A signal that ends the run leaves nothing, or all of it; one that is ignored from the start
# does nothing, though it comes all the time.
want = theta(rows, rows)
os.remove("theta.npy")


def start(ignored=None, prefix=()):
    ignore = (lambda: signal.signal(ignored, signal.SIG_IGN)) if ignored else None
    many = [*prefix, *COMMAND, "--x1", "many.npy", "-o", "theta.npy"]
    return subprocess.Popen(many, stderr=subprocess.PIPE, preexec_fn=ignore)


before = sorted(os.listdir())
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    for delay in (0.05, 0.2, 0.35):
        process = start()
        time.sleep(delay)
        process.send_signal(number)
        process.communicate()
        left = sorted(os.listdir())
        assert process.returncode in (0, -number), process.returncode
        assert process.returncode or "theta.npy" in left
        if "theta.npy" in left:  # the signal may also come when all is done
            np.testing.assert_allclose(np.load("theta.npy"), want, atol=1e-11)
            os.remove("theta.npy")
            left.remove("theta.npy")
        left = [name for name in left if name != "core"]
        assert left == before, left
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    process = start(ignored=number)
    time.sleep(0.1)
    while process.poll() is None:
        process.send_signal(number)
        time.sleep(0.005)
    assert process.returncode == 0, process.stderr.read()
    np.testing.assert_allclose(np.load("theta.npy"), want, atol=1e-11)
    os.remove("theta.npy")

# Killed at a random moment, or when there is something to write: the old file is
# as it was, or the new one complete. Only SIGKILL can leave a temporary file,
# under its own name.
is_temporary = lambda name: name.startswith(".ntk-") and name.endswith(".tmp")


def await_write(process):
    """Until there is a temporary file with something in it."""
    while process.poll() is None:
        with os.scandir() as entries:
            try:
                if any(is_temporary(e.name) and e.stat().st_size for e in entries):
                    return
            except FileNotFoundError:
                pass
        time.sleep(0.0005)


random, seen = np.random.default_rng(), collections.Counter()
begin = time.monotonic()
assert start().wait() == 0
seconds = time.monotonic() - begin
whole = os.path.getsize("theta.npy")
for i in range(int(rounds)):
    right("theta.npy")
    with open("theta.npy", "rb") as file:
        old = file.read()
    process = start()
    if i % 2:
        time.sleep(random.uniform(0, 1.1 * seconds))
    else:
        await_write(process)
        time.sleep(random.uniform(0, 0.02))
    number = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)[i % 3]
    process.send_signal(number)
    process.communicate()
    with open("theta.npy", "rb") as file:
        is_old = file.read() == old
    if not is_old:
        np.testing.assert_allclose(np.load("theta.npy"), want, atol=1e-11)
    assert process.returncode == -number or (process.returncode == 0 and not is_old)
    left = set(os.listdir()) - {"theta.npy", "core"}
    temporary = set(filter(is_temporary, left))
    for name in temporary if number == signal.SIGKILL else ():
        os.remove(name)
        left.remove(name)
    assert sorted(left) == before, (number, left)
    seen.update(kills=1, old=is_old, new=not is_old, temporary=len(temporary))
print(dict(seen))
os.remove("theta.npy")

# Two at once, each the first process of its own system if that can be had:
# whoever is last, the file is always whole.
own = ["unshare", "-rpf"] if works("unshare", "-rpf", "true") else []
looks = 0
while looks < int(rounds):
    runs = [start(prefix=own) for _ in range(2)]
    while any(process.poll() is None for process in runs):
        if os.path.exists("theta.npy"):
            assert os.path.getsize("theta.npy") == whole
            np.load("theta.npy", mmap_mode="r")
            looks += 1
        time.sleep(0.001)
    assert [process.returncode for process in runs] == [0, 0]
    np.testing.assert_allclose(np.load("theta.npy"), want, atol=1e-11)
print(f"{looks} looks at what two processes write {'in namespaces of their own' if own else ''}")
os.remove("theta.npy")
assert sorted(os.listdir()) == before

# Files that could be in the way under a name that is easily guessed.
victim = open("victim", "w")
victim.write("kept")
victim.close()
process = subprocess.Popen(
    ["sh", "-c", 'ln -s victim theta.npy.$$.tmp; exec "$@"', "sh", *COMMAND, "--x1", "x.npy",
     "-o", "theta.npy"], stderr=subprocess.PIPE)
process.communicate()
assert process.returncode == 0 and open("victim").read() == "kept"
