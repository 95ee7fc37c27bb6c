"""Products, maps, sums, softmax and Adam's step in PyTorch.

    pip install torch
    python benches/peers/torch_kernels.py [gemm] [elementwise]

Two threads, inference mode, outputs written to arrays at hand where PyTorch offers that. Prints one
JSON object a line, with the rows of our benches `gemm`, `elementwise`, `vecmath`, `reduce` and
`optimisers`.
"""

import torch
import torch.nn.functional as F

from shapes import CLASSES, COLUMNS, SIZES, products
from timing import parts, report, seconds

PEER = "torch"


def uniform(shape, low, high):
    return torch.rand(shape) * (high - low) + low


def gemm():
    for row, m, k, n, a_transposed, b_transposed in products():
        a = uniform((k, m), -0.5, 0.5).T if a_transposed else uniform((m, k), -0.5, 0.5)
        b = uniform((n, k), -0.5, 0.5).T if b_transposed else uniform((k, n), -0.5, 0.5)
        out = torch.empty(m, n)
        report(PEER, row, seconds(lambda: torch.mm(a, b, out=out)))


def maps(n, size):
    out = torch.empty(n)
    signed = [uniform(n, -1, 1) for _ in range(3)]
    wide, positive = uniform(n, -10, 10), uniform(n, 0.001, 100)
    narrow = uniform(n, -5, 5)
    rows = {
        "add": lambda: torch.add(signed[0], signed[1], out=out),
        "mul": lambda: torch.mul(signed[0], signed[1], out=out),
        "relu": lambda: torch.clamp_min(signed[0], 0, out=out),
        "select": lambda: torch.where(signed[2] > 0, signed[0], signed[1], out=out),
        "exp": lambda: torch.exp(wide, out=out),
        "ln": lambda: torch.log(positive, out=out),
        "tanh": lambda: torch.tanh(narrow, out=out),
        "sigmoid": lambda: torch.sigmoid(wide, out=out),
        "softplus": lambda: F.softplus(wide),
        "sqrt": lambda: torch.sqrt(positive, out=out),
    }
    matrix, out2 = signed[0].view(-1, COLUMNS), out.view(-1, COLUMNS)
    bias, factor = uniform(COLUMNS, 0.5, 1.5), uniform((n // COLUMNS, 1), 0.5, 1.5)
    rows["add_row"] = lambda: torch.add(matrix, bias, out=out2)
    rows["mul_column"] = lambda: torch.mul(matrix, factor, out=out2)
    for name, work in rows.items():
        report(PEER, f"{name}/{size}", seconds(work))


def sums(n, size):
    x = uniform(n, 0.5, 1.5)
    matrix = x.view(-1, COLUMNS)
    logits, targets = uniform((n // CLASSES, CLASSES), -4, 4), uniform((n // CLASSES, CLASSES), 0, 1)
    rows = {
        "sum": lambda: torch.sum(x),
        "max": lambda: torch.max(x),
        "sum_rows": lambda: torch.sum(matrix, 1),
        "sum_columns": lambda: torch.sum(matrix, 0),
        "moments_rows": lambda: torch.var_mean(matrix, 1, correction=0),
        "moments_columns": lambda: torch.var_mean(matrix, 0, correction=0),
        "softmax": lambda: torch.softmax(logits, 1),
        "log_softmax": lambda: torch.log_softmax(logits, 1),
        "cross_entropy": lambda: F.cross_entropy(logits, targets, reduction="none"),
        "bce": lambda: F.binary_cross_entropy_with_logits(logits, targets, reduction="sum"),
    }
    for name, work in rows.items():
        report(PEER, f"{name}/{size}", seconds(work))


def adam(n, size):
    """Both of PyTorch's: the plain one, and the one that is a single kernel."""
    for peer, fused in ((PEER, False), ("torch, fused", True)):
        w = torch.nn.Parameter(uniform(n, -1, 1))
        w.grad = uniform(n, -1, 1)
        optimiser = torch.optim.Adam([w], lr=1e-4, fused=fused)
        report(peer, f"adam/{size}", seconds(optimiser.step))


def main():
    torch.manual_seed(0)
    torch.set_num_threads(2)
    wanted = parts(["gemm", "elementwise"])
    with torch.inference_mode():
        if "gemm" in wanted:
            gemm()
        if "elementwise" in wanted:
            for n, size in SIZES:
                maps(n, size)
                sums(n, size)
    if "elementwise" in wanted:
        for n, size in SIZES:
            adam(n, size)


main()
