"""How much memory does a step of the Keras DCGAN take at its peak, ours and PyTorch's?

    python benches/peers/memory.py [--torch PYTHON]

Each runs in a process of its own, six steps at batch 128; ours runs those of 32 and 64 images before. Printed
is the most that was resident, in MiB, and what PyTorch's process held before its first step. Linux only.
"""

import argparse
import json
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
STEPS = 6

TORCH = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import torch, torch_steps
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
torch.set_num_threads(2)
torch.manual_seed(0)
before = peak()
turn = torch_steps.keras(128, getattr(torch, sys.argv[2]))
for _ in range(int(sys.argv[3])):
    turn().item()
print(before, peak())
"""


def build():
    """The path of the bench's program."""
    command = ["cargo", "bench", "--bench", "dcgan_step", "--no-run", "--message-format", "json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    artifacts = (json.loads(line) for line in lines.splitlines())
    programs = [a["executable"] for a in artifacts if a.get("executable") and a["target"]["name"] == "dcgan_step"]
    return programs[-1]


def ours(program):
    """With --test each row runs once after its verification, which takes six steps."""
    child = subprocess.Popen([program, "--bench", "--test", "keras"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{program} failed")
    return usage.ru_maxrss


def main():
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--torch", default=sys.executable, metavar="PYTHON")
    flags = flags.parse_args()
    print(f"adversaria            {ours(build()) / 1024:7.0f} MiB in all")
    here = os.path.dirname(os.path.abspath(__file__))
    for layout in ("contiguous_format", "channels_last"):
        command = [flags.torch, "-c", TORCH, here, layout, str(STEPS)]
        before, peak = map(int, subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split())
        print(f"torch {layout:17} {peak / 1024:5.0f} MiB in all, {before / 1024:5.0f} before its first step")


if __name__ == "__main__":
    main()
