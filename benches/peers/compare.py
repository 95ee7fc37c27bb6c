"""Our training step and other frameworks' on the same work, in turn, in one run.

    pip install jax
    python benches/peers/compare.py [--rounds 3]

Each round runs `cargo bench --bench train_step` and then each peer's script with this Python.
Prints a table of medians over the rounds and of ratios to ours. Let nothing else run meanwhile.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ROW = "gaussian_gan/Softmax/batch 4"
PEERS = ["jax_gaussian.py"]


def ours():
    """The median time of our row in microseconds, from criterion's own record."""
    command = ["cargo", "bench", "--bench", "train_step", "--", ROW]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    folder = target / "criterion" / ROW.replace("/", "_") / "new"
    estimates = json.loads((folder / "estimates.json").read_text())
    return estimates["median"]["point_estimate"] / 1000


def peers():
    for script in PEERS:
        run = subprocess.run([sys.executable, HERE / script], capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"{script} failed:\n{run.stderr}")
        yield from (json.loads(line) for line in run.stdout.splitlines())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    times = {}
    for _ in range(rounds):
        times.setdefault("ours", []).append(ours())
        for result in peers():
            times.setdefault(result["peer"], []).append(result["microseconds"])
    mine = statistics.median(times["ours"])
    print(f"{ROW}, median of {rounds} rounds")
    print(f"{'':36}{'us':>8}{'ratio':>8}")
    for name, samples in times.items():
        median = statistics.median(samples)
        print(f"{name:36}{median:8.1f}{median / mine:8.2f}")


main()
