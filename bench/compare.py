# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ntk-run beside other programs that compute finite-width NTKs, in one run.

    compare.py --peers FOLDER --data DATA --ntk-run build/bin/ntk-run
               [--jax-python PYTHON] [--torch-python PYTHON] CASE:PEER[,PEER]...

FOLDER holds run_peer.py, which runs one peer on one case and prints a line of
JSON; DATA holds what its export.py wrote (CASE.onnx, CASE.x1.npy, CASE.x2.npy).
A case runs in rounds, ntk-run and each peer in turn, so that all of them meet
the same load of the machine. Printed are, for the fastest round of each: the
time of a kernel with inputs in memory, the time from command to result with
start-up and compilation, and the most memory resident; then the ratios.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

JAX_PEERS = ("nt-auto", "nt-jc", "nt-ntvp", "nt-sd", "jax-vmap-jc")


def time_ntk_run(options, case):
    data = os.path.join(options.data, case)
    command = [options.ntk_run, f"{data}.onnx", "--x1", f"{data}.x1.npy"]
    if os.path.exists(f"{data}.x2.npy"):
        command += ["--x2", f"{data}.x2.npy"]
    command += ["--kernel", options.object, "--dtype", options.dtype]
    command += ["--repeat", str(options.repeat), "--profile=json", "--quiet"]
    command += options.ntk_options.split()
    with tempfile.TemporaryDirectory() as folder:
        command += ["-o", os.path.join(folder, "theta.npy")]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return {"status": done.stderr.strip()}
    report = json.loads(done.stdout)
    return {
        "run": report["run_seconds"],
        "total": report["startup_seconds"]
        + report["compile_seconds"]
        + report["run_seconds"],
        "memory": report["peak_resident_bytes"],
        "predicted": report["predicted_seconds"],
        "flops": report["flops_executed"],
    }


def time_peer(options, case, peer):
    python = options.jax_python if peer in JAX_PEERS else options.torch_python
    script = os.path.join(options.peers, "run_peer.py")
    command = [python, script, "--data", options.data, "--case", case]
    command += ["--peer", peer, "--object", options.object, "--dtype", options.dtype]
    command += ["--repeat", str(options.repeat)]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    wall = time.perf_counter() - start
    try:
        report = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {"status": done.stderr.strip()[-200:]}
    if report.get("status") != "ok":
        return {"status": report.get("status", "failed")}
    # All repeats ran in this process: leave one.
    extra = (report["repeats"] - 1) * report["run_s_median"]
    return {
        "run": report["run_s_min"],
        "total": wall - extra - report["run_s_min"],
        "memory": report["peak_rss_mb"] * 2**20,
    }


def best(rounds):
    """The least of every number over the rounds; a failure if none succeeded."""
    good = [r for r in rounds if "status" not in r]
    if not good:
        return rounds[0]
    return {key: min(r[key] for r in good) for key in good[0]}


def compare(options, case, peers):
    programs = {"ntk-run": lambda: time_ntk_run(options, case)}
    for peer in peers:
        programs[peer] = lambda peer=peer: time_peer(options, case, peer)
    rounds = {name: [] for name in programs}
    for _ in range(options.rounds):
        for name, run in programs.items():
            rounds[name].append(run())
    results = {name: best(list_) for name, list_ in rounds.items()}
    ours = results["ntk-run"]
    for name, result in results.items():
        if "status" in result:
            print(f"{case:5} {name:16} {result['status']}", flush=True)
            continue
        line = (
            f"{case:5} {name:16} run {result['run']:9.4f} s  total {result['total']:8.3f} s"
            f"  memory {result['memory'] / 2**20:7.0f} MiB"
        )
        if "flops" in result:
            line += f"  {result['flops'] / result['run'] / 1e9:6.1f} GFLOP/s"
            line += f"  predicted {result['predicted']:.4f} s"
        elif "status" not in ours:
            line += f"  ratio run {result['run'] / ours['run']:6.2f}"
            line += f"  total {result['total'] / ours['total']:6.2f}"
        print(line, flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="+", help="CASE or CASE:PEER,PEER")
    parser.add_argument("--peers", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--ntk-run", default="build/bin/ntk-run")
    parser.add_argument("--ntk-options", default="", help="more options, split on spaces")
    parser.add_argument("--jax-python", default=sys.executable)
    parser.add_argument("--torch-python", default=sys.executable)
    parser.add_argument("--object", default="full", choices=("full", "trace", "sum"))
    parser.add_argument("--dtype", default="f32", choices=("f32", "f64"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", help="write all numbers to this file")
    options = parser.parse_args()
    options.data = os.path.abspath(options.data)
    results = {}
    for entry in options.cases:
        case, _, peers = entry.partition(":")
        results[case] = compare(options, case, [p for p in peers.split(",") if p])
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
