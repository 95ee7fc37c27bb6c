"""Products and maps in JAX, each compiled.

    pip install jax
    python benches/peers/jax_kernels.py [gemm] [elementwise]

A call makes a new array, as all of JAX's do. Prints one JSON object a line, with the rows of our
benches `gemm`, `elementwise`, `vecmath` and `reduce`.
"""

import jax
import jax.numpy as jnp

from shapes import CLASSES, COLUMNS, SIZES, products
from timing import parts, report, seconds

PEER = "jax"


def uniform(seed, shape, low, high):
    return jax.random.uniform(jax.random.PRNGKey(seed), shape, minval=low, maxval=high)


def time(row, function, *arguments):
    compiled = jax.jit(function)
    report(PEER, row, seconds(lambda: jax.block_until_ready(compiled(*arguments))))


def gemm():
    for row, m, k, n, a_transposed, b_transposed in products():
        a = uniform(1, (k, m) if a_transposed else (m, k), -0.5, 0.5)
        b = uniform(2, (n, k) if b_transposed else (k, n), -0.5, 0.5)
        # The transposes are part of the compiled product, not copies made before it.
        time(row, lambda a, b: (a.T if a_transposed else a) @ (b.T if b_transposed else b), a, b)


def elementwise(n, size):
    signed = [uniform(seed, (n,), -1, 1) for seed in (1, 2, 3)]
    narrow, wide = uniform(4, (n,), -5, 5), uniform(4, (n,), -10, 10)
    positive = uniform(5, (n,), 0.001, 100)
    matrix, bias = signed[0].reshape(-1, COLUMNS), uniform(6, (COLUMNS,), 0.5, 1.5)
    factor, logits = uniform(7, (n // COLUMNS, 1), 0.5, 1.5), uniform(8, (n // CLASSES, CLASSES), -4, 4)
    rows = [
        ("add", jnp.add, *signed[:2]),
        ("mul", jnp.multiply, *signed[:2]),
        ("relu", jax.nn.relu, signed[0]),
        ("select", lambda m, a, b: jnp.where(m > 0, a, b), signed[2], *signed[:2]),
        ("add_row", jnp.add, matrix, bias),
        ("mul_column", jnp.multiply, matrix, factor),
        ("exp", jnp.exp, wide),
        ("ln", jnp.log, positive),
        ("tanh", jnp.tanh, narrow),
        ("sigmoid", jax.nn.sigmoid, wide),
        ("softplus", jax.nn.softplus, wide),
        ("sqrt", jnp.sqrt, positive),
        ("sum", jnp.sum, positive),
        ("max", jnp.max, positive),
        ("sum_rows", lambda x: jnp.sum(x, 1), matrix),
        ("sum_columns", lambda x: jnp.sum(x, 0), matrix),
        ("softmax", lambda x: jax.nn.softmax(x, 1), logits),
        ("log_softmax", lambda x: jax.nn.log_softmax(x, 1), logits),
    ]
    for name, function, *arguments in rows:
        time(f"{name}/{size}", function, *arguments)


def main():
    wanted = parts(["gemm", "elementwise"])
    if "gemm" in wanted:
        gemm()
    if "elementwise" in wanted:
        for n, size in SIZES:
            elementwise(n, size)


main()
