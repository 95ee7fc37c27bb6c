"""Which products, sizes and layers are timed? The names are those of our benches."""

# m, k, n of C = A B, as in benches/gemm.rs.
TINY = [(4, 2, 5)]
SQUARES = [(n, n, n) for n in (64, 128, 256, 512, 1024, 2048)]
LAYERS = [(128, 784, 256), (128, 96, 1024), (128, 1024, 1024), (128, 1024, 784), (6400, 1600, 128)]


def products():
    """Row, m, k, n, whether A and whether B are stored transposed."""
    for group, sizes in (("tiny", TINY), ("squares", SQUARES)):
        for m, k, n in sizes:
            yield f"{group}/{m}x{k}x{n} nn/gemm", m, k, n, False, False
    for m, k, n in LAYERS:
        # The layer, and the two products that its gradients are: dX = dY W^T, dW = X^T dY.
        yield f"gan/{m}x{k}x{n} nn/gemm", m, k, n, False, False
        yield f"gan/{m}x{n}x{k} nt/gemm", m, n, k, False, True
        yield f"gan/{k}x{m}x{n} tn/gemm", k, m, n, True, False


# Elements of an array, as in benches/roof.rs, and the columns of its matrices in benches/reduce.rs.
SIZES = [(1 << 10, "1K"), (1 << 16, "64K"), (1 << 22, "4M")]
COLUMNS, CLASSES = 256, 16

# inputs, outputs, kernel, stride, padding, size, batch, transposed, as in benches/conv.rs.
CONVOLUTIONS = [
    (1, 64, 5, 1, 2, 28, 64, False),
    (64, 128, 5, 1, 0, 14, 64, False),
    (128, 64, 5, 1, 2, 14, 64, False),
    (64, 1, 5, 1, 2, 28, 64, False),
    (64, 128, 4, 2, 1, 16, 64, False),
    (128, 256, 4, 2, 1, 8, 64, False),
    (256, 128, 4, 2, 1, 4, 64, True),
    (128, 64, 4, 2, 1, 8, 64, True),
    (64, 3, 4, 2, 1, 16, 64, True),
    (64, 64, 3, 1, 1, 32, 32, False),
    (128, 128, 3, 1, 1, 16, 32, False),
    (256, 256, 1, 1, 0, 16, 32, False),
]


def convolution_name(inputs, outputs, kernel, stride, padding, size, batch, transposed):
    kind = "transposed " if transposed else ""
    sliding = f"s{stride} p{padding}" if stride > 1 else f"p{padding}" if padding else "valid"
    return f"conv/{kind}{inputs}-{outputs} {kernel}x{kernel} {sliding} {size}x{size} b{batch}"


GAUSSIAN = "gaussian_gan/Softmax/batch 4"
MNIST = "mnist_gan/batch 128"
KERAS_DCGAN = "keras_dcgan/batch {}"
KERAS_BATCHES = [32, 64, 128]
RADFORD_DCGAN = "radford_dcgan/batch 64"
