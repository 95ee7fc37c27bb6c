"""Pools, norms, resizing and pads in PyTorch, in its default layout and channels last, forward and back.

    pip install torch
    python benches/peers/torch_pools.py

Two threads. Forward without recording, the gradient of a recorded output in the input and the weights.
Prints one JSON object a line, with the rows of our bench `pool_norm_resize`.
"""

import torch
import torch.nn.functional as F

from timing import report, seconds

LAYOUTS = [("torch, NCHW", torch.contiguous_format), ("torch, channels last", torch.channels_last)]


def layers():
    """What our row calls it; batch, height, width, channels; the layer; the shapes of its weights."""
    for size in [(128, 28, 28, 64), (128, 10, 10, 128)]:
        yield "max_pool 2x2", size, lambda x: F.max_pool2d(x, 2), []
    yield "avg_pool 2x2", (64, 32, 32, 64), lambda x: F.avg_pool2d(x, 2), []
    yield "global_avg_pool", (64, 8, 8, 128), lambda x: x.mean((2, 3)), []
    features = (64, 16, 16, 64)
    yield "group_norm 8", features, lambda x, w, b: F.group_norm(x, 8, w, b), [(64,), (64,)]
    yield "instance_norm", features, lambda x: F.instance_norm(x), []
    yield "layer_norm", features, layer_norm, [(64,), (64,)]
    for size in [(128, 7, 7, 128), (128, 14, 14, 64)]:
        yield "upsample 2x", size, lambda x: F.interpolate(x, scale_factor=2), []
    yield "bilinear 2x", features, lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), []
    yield "pixel_shuffle 2", (64, 16, 16, 256), lambda x: F.pixel_shuffle(x, 2), []
    yield "pixel_unshuffle 2", (64, 32, 32, 64), lambda x: F.pixel_unshuffle(x, 2), []
    for size in [(32, 32, 32, 64), (32, 64, 64, 3)]:
        yield "zero_pad 1", size, lambda x: F.pad(x, (1, 1, 1, 1)), []
        yield "reflect_pad 3", size, lambda x: F.pad(x, (3, 3, 3, 3), mode="reflect"), []


def layer_norm(x, w, b):
    """Over the channels of each pixel."""
    return F.layer_norm(x.permute(0, 2, 3, 1), w.shape, w, b).permute(0, 3, 1, 2)


def uniform(shape, layout=torch.contiguous_format):
    return (torch.rand(shape) + 0.5).to(memory_format=layout)


def image(size, layout):
    n, h, w, c = size
    return uniform((n, c, h, w), layout).requires_grad_()


def forward(work):
    with torch.no_grad():
        return seconds(work)


def gradient(y, wrt):
    dy = torch.rand_like(y) + 0.5
    return seconds(lambda: torch.autograd.grad(y, wrt, dy, retain_graph=True))


def name(layer, size):
    n, h, w, c = size
    return f"{layer} {h}x{w}x{c} b{n}"


def batch_norm(peer, size, layout):
    x, c = image(size, layout), size[3]
    w, b = (uniform(c).requires_grad_() for _ in range(2))
    running = torch.zeros(c), torch.ones(c)
    layer = lambda training: F.batch_norm(x, *running, w, b, training)
    row = name("batch_norm", size)
    report(peer, f"{row}/apply", forward(lambda: layer(False)))
    report(peer, f"{row}/train", seconds(lambda: layer(True)))
    report(peer, f"{row}/gradient", gradient(layer(True), (x, w, b)))


def upsample_conv(peer, size, outputs, taps, layout):
    """Two steps: to be compared with our one op."""
    x, w = image(size, layout), uniform((outputs, size[3], taps, taps), layout).requires_grad_()
    layer = lambda: F.conv2d(F.interpolate(x, scale_factor=2), w, padding=taps // 2)
    row = name(f"upsample_conv {taps}x{taps} to {outputs}", size)
    report(peer, f"{row}/forward, one op", forward(layer))
    report(peer, f"{row}/gradient, one op", gradient(layer(), (x, w)))


def main():
    torch.manual_seed(0)
    torch.set_num_threads(2)
    for peer, layout in LAYOUTS:
        for layer, size, work, shapes in layers():
            x, weights = image(size, layout), [uniform(s).requires_grad_() for s in shapes]
            report(peer, f"{name(layer, size)}/forward", forward(lambda: work(x, *weights)))
            time = gradient(work(x, *weights), (x, *weights))
            report(peer, f"{name(layer, size)}/gradient", time)
        for size in [(128, 1, 1, 6272), (64, 16, 16, 64), (64, 8, 8, 128)]:
            batch_norm(peer, size, layout)
        upsample_conv(peer, (64, 7, 7, 128), 64, 5, layout)
        upsample_conv(peer, (32, 16, 16, 64), 64, 3, layout)


main()
