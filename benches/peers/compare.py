"""Our benches and other frameworks on the same work, in turn, in one run.

    python benches/peers/compare.py [--only gemm|conv|pools|elementwise|steps] [--rounds 3]
        [--python torch=/path/to/python jax=/path/to/python ...] [--markdown FILE]

Each round runs our benches, then each peer's scripts. Prints a table: our median over the rounds, each
peer's, and the ratio of the best peer's to ours, above 1 where ours is faster. Let nothing else run
meanwhile.

A peer that cannot be imported is left out, with a line that says so. `--python` names the interpreter
of each peer; without it a peer runs with this one.
"""

import argparse
import json
import math
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KERNELS = ("-p", "adversaria-kernels")

# What is compared: our benches, the rows that count among theirs, and the peers' scripts.
PARTS = {
    "gemm": {
        "benches": [(*KERNELS, "--bench", "gemm")],
        "rows": r"^(tiny/4x2x5 |squares/(64|128|256|512|1024|2048)x|gan/)"
        r".*/(gemm|matrixmultiply|gemm-crate|gemm-crate-threads)$",
        "peers": {"torch": ["torch_kernels.py gemm"], "jax": ["jax_kernels.py gemm"]},
    },
    "conv": {
        "benches": [(*KERNELS, "--bench", "conv")],
        "rows": "^conv/",
        "peers": {"torch": ["torch_conv.py"]},
    },
    "pools": {
        "benches": [("--bench", "pool_norm_resize")],
        "rows": ".",
        "peers": {"torch": ["torch_pools.py"]},
    },
    "elementwise": {
        "benches": [
            (*KERNELS, "--bench", bench)
            for bench in ("elementwise", "vecmath", "reduce", "optimisers")
        ],
        "rows": "^(add|mul|relu|select|add_row|mul_column|exp|ln|tanh|sigmoid|softplus|sqrt|sum|max|"
        "(sum|moments)_(rows|columns)|softmax|log_softmax|cross_entropy|bce|adam)/",
        "peers": {"torch": ["torch_kernels.py elementwise"], "jax": ["jax_kernels.py elementwise"]},
    },
    "steps": {
        "benches": [("--bench", "train_step"), ("--bench", "dcgan_step")],
        "rows": "^(gaussian_gan/Softmax|mnist_gan|keras_dcgan|radford_dcgan)/",
        "peers": {
            "torch": ["torch_steps.py"],
            "jax": ["jax_steps.py"],
            "tensorflow": ["tensorflow_steps.py"],
            "mxnet": ["mxnet_steps.py"],
        },
    },
}

# Functions in a group of our bench of products that are peers: crates, timed by criterion as well.
CRATES = ("matrixmultiply", "gemm-crate", "gemm-crate-threads")
PEERS = ["torch", "jax", "tensorflow", "mxnet"]


def criterion_folder():
    """Where criterion keeps its records: below the target folder that cargo itself names."""
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps"]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return pathlib.Path(json.loads(run.stdout)["target_directory"]) / "criterion"


def ours(part, filters):
    """Yields the row, the name and the median in microseconds of all that the benches of a part time,
    from those of criterion's records that this run has written."""
    records = criterion_folder()
    for bench in part["benches"]:
        before = {path: path.stat().st_mtime_ns for path in records.glob("**/new/estimates.json")}
        command = ["cargo", "bench", "--quiet", *bench, "--", "--noplot", filters or part["rows"]]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{run.stderr[-2000:]}")
        written = {path: path.stat().st_mtime_ns for path in records.glob("**/new/estimates.json")}
        fresh = [path for path in written if written[path] != before.get(path)]
        for path in sorted(fresh, key=written.get):  # in the order of the bench
            row = json.loads(path.with_name("benchmark.json").read_text())["full_id"]
            median = json.loads(path.read_text())["median"]["point_estimate"] / 1000
            group, _, function = row.rpartition("/")
            crate = function in CRATES
            yield (f"{group}/gemm" if crate else row), (function if crate else "ours"), median


def theirs(interpreter, scripts):
    for script in scripts:
        name, *arguments = script.split()
        command = [interpreter, str(HERE / name), *arguments]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{run.stderr[-2000:]}")
        print(run.stderr[-500:], end="", file=sys.stderr)
        for line in run.stdout.splitlines():
            if line.startswith("{"):
                result = json.loads(line)
                yield result["row"], result["peer"], result["microseconds"]


def installed(peer, interpreter):
    """Whether the interpreter imports the peer; its version if it does."""
    command = [interpreter, "-c", f"import {peer}; print({peer}.__version__)"]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        run = subprocess.run(command, capture_output=True, text=True, env=environment)
    except OSError as error:
        sys.exit(f"--python {peer}={interpreter}: {error.strerror}")
    return run.stdout.split()[-1] if run.returncode == 0 else None


def machine():
    """Processor, threads and commit, without which a table means little."""
    cpu = platform.processor() or platform.machine()
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return f"{cpu}, {os.cpu_count()} threads, commit {commit or 'unknown'}"


def number(microseconds):
    if microseconds is None:
        return ""
    return f"{microseconds:,.0f}" if microseconds >= 1000 else f"{microseconds:.3g}"


def table(times):
    """Header and rows, from {row: {name: [microseconds of each round]}}."""
    medians = {
        row: {name: statistics.median(samples) for name, samples in names.items()}
        for row, names in times.items()
    }
    present = dict.fromkeys(name for names in medians.values() for name in names)
    peers = [name for name in present if name != "ours"]
    rows, ratios, lonely = [], [], []
    for row, names in medians.items():
        best = min((names[peer] for peer in peers if peer in names), default=None)
        if best is None or "ours" not in names:
            lonely.append(row)
            continue
        ratio = best / names["ours"]
        ratios.append(ratio)
        rows.append([row, *(number(names.get(name)) for name in ["ours", *peers]), f"{ratio:.2f}"])
    if ratios:
        mean = math.exp(statistics.mean(math.log(ratio) for ratio in ratios))
        rows.append(["geometric mean", *[""] * (len(peers) + 1), f"{mean:.2f}"])
    return ["row, times in us", "ours", *peers, "best peer / ours"], rows, lonely


def plain(header, rows):
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]
    for line in [header, *rows]:
        cells = [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:]))]
        yield "  ".join(cells)


def markdown(header, rows):
    yield "| " + " | ".join(header) + " |"
    yield "|---" + "|---:" * (len(header) - 1) + "|"
    for line in rows:
        yield "| " + " | ".join(line) + " |"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=PARTS, help="one part of the comparison")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (default 3)")
    parser.add_argument("--python", nargs="+", default=[], metavar="PEER=PATH")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE", help="also write the table")
    parser.add_argument("--rows", metavar="REGEX", help="only rows of ours that match this")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds: at least 1")
    options.interpreters = dict.fromkeys(PEERS, sys.executable)
    for pair in options.python:
        peer, equals, path = pair.partition("=")
        if peer not in PEERS or not equals:
            parser.error(f"--python: {pair} is not one of {'=PATH, '.join(PEERS)}=PATH")
        options.interpreters[peer] = path
    return options


def main():
    options = arguments()
    parts = [PARTS[options.only]] if options.only else list(PARTS.values())
    wanted = [peer for peer in PEERS if any(peer in part["peers"] for part in parts)]
    versions = {peer: installed(peer, options.interpreters[peer]) for peer in wanted}
    for peer in wanted:
        if not versions[peer]:
            print(f"{peer} is left out: {options.interpreters[peer]} does not import it")
    head, times = machine(), {}
    for turn in range(options.rounds):
        for part in parts:
            print(f"round {turn + 1} of {options.rounds}: {part['rows']}", file=sys.stderr)
            results = list(ours(part, options.rows))
            for peer, scripts in part["peers"].items():
                if versions[peer]:
                    results += theirs(options.interpreters[peer], scripts)
            for row, name, microseconds in results:
                times.setdefault(row, {}).setdefault(name, []).append(microseconds)
    if options.rows:
        times = {row: names for row, names in times.items() if re.search(options.rows, row)}
    header, rows, lonely = table(times)
    present = ", ".join(f"{peer} {version}" for peer, version in versions.items() if version)
    head = f"{head}; {present or 'no peers'}; medians of {options.rounds} rounds."
    print(head, *plain(header, rows), sep="\n")
    if lonely:
        print(f"without a counterpart: {', '.join(lonely)}")
    if options.markdown:
        options.markdown.write_text("\n".join([head, "", *markdown(header, rows), ""]))


main()
