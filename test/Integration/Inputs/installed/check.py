"""check.py FOLDER MODEL: the numbers in FOLDER/theta.txt are the model's kernel."""

import subprocess
import sys

import numpy as np

folder, model = sys.argv[1:]
x = np.arange(12, dtype=np.float32).reshape(2, 6) / 8 - 0.5
np.save(f"{folder}/x.npy", x)
subprocess.run(["ntk-run", model, "--x1", f"{folder}/x.npy", "-o", f"{folder}/theta.npy",
                "--dtype", "f64", "--quiet"], check=True)
expected = np.load(f"{folder}/theta.npy").reshape(-1)
found = np.loadtxt(f"{folder}/theta.txt")
assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max(), (found, expected)
