"""Convolutions in PyTorch, in its default layout and channels last, in three directions.

    pip install torch
    python benches/peers/torch_conv.py

Two threads. The gradients are asked of the very function that its own backward calls, one at a time.
Prints one JSON object a line, with the rows of our bench `conv`.
"""

import torch
import torch.nn.functional as F

from shapes import CONVOLUTIONS, convolution_name
from timing import report, seconds

LAYOUTS = [("torch, NCHW", torch.contiguous_format), ("torch, channels last", torch.channels_last)]


def directions(layer, layout):
    inputs, outputs, kernel, stride, padding, size, batch, transposed = layer
    weight_shape = (inputs, outputs) if transposed else (outputs, inputs)
    x = (torch.rand(batch, inputs, size, size) - 0.5).to(memory_format=layout)
    w = (torch.rand(*weight_shape, kernel, kernel) - 0.5).to(memory_format=layout)
    convolve = F.conv_transpose2d if transposed else F.conv2d
    y = convolve(x, w, None, stride, padding)
    dy = (torch.rand_like(y) - 0.5).to(memory_format=layout)

    def gradient(which):
        wanted = [which == "input", which == "weight", False]
        pair = lambda v: [v, v]
        return torch.ops.aten.convolution_backward(
            dy, x, w, None, pair(stride), pair(padding), pair(1), transposed, pair(0), 1, wanted
        )

    # The same numbers as PyTorch's own backward, before they are timed.
    with torch.inference_mode(False), torch.enable_grad():
        a, b = x.clone().requires_grad_(), w.clone().requires_grad_()
        dx, dw = torch.autograd.grad(convolve(a, b, None, stride, padding), (a, b), dy.clone())
    assert torch.allclose(dx, gradient("input")[0], rtol=1e-3, atol=1e-3)
    assert torch.allclose(dw, gradient("weight")[1], rtol=1e-3, atol=1e-2)
    yield "forward", lambda: convolve(x, w, None, stride, padding)
    yield "input gradient", lambda: gradient("input")
    yield "weight gradient", lambda: gradient("weight")


def main():
    torch.manual_seed(0)
    torch.set_num_threads(2)
    for layer in CONVOLUTIONS:
        for peer, layout in LAYOUTS:
            for direction, work in directions(layer, layout):
                with torch.inference_mode():
                    time = seconds(work)
                report(peer, f"{convolution_name(*layer)}/{direction}", time)


main()
