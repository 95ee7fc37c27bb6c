"""The Gaussian GAN's turn in JAX: an epoch of 250 turns compiled into one scan, JAX's fastest form,
and one compiled turn called from Python.

    pip install jax
    python benches/peers/jax_gaussian.py

Prints one JSON object a line: {"row": ..., "microseconds": ...}. The rows are those of
`cargo bench --bench train_step`.
"""

import json
import statistics
import time

import jax
import jax.numpy as jnp

BATCH, POINTS, TURNS = 4, 1000, 250
LEARNING_RATES = {"generator": 0.01, "discriminator": 0.05}
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def linear_weights(key, inputs, outputs):
    return {"w": 0.02 * jax.random.normal(key, (inputs, outputs)), "b": jnp.zeros(outputs)}


def linear(layer, x):
    return x @ layer["w"] + layer["b"]


def discriminate(layers, x):
    first, second, last = layers
    return linear(last, jnp.tanh(linear(second, jnp.tanh(linear(first, x)))))


def cross_entropy(logits, label):
    return -jnp.mean(jax.nn.log_softmax(logits)[:, label])


def fresh_player(weights):
    zeros = jax.tree.map(jnp.zeros_like, weights)
    return {"weights": weights, "m": zeros, "v": zeros}


def adam(player, gradients, t, learning_rate):
    tree = jax.tree.map
    m = tree(lambda m, g: BETA1 * m + (1 - BETA1) * g, player["m"], gradients)
    v = tree(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, player["v"], gradients)
    c1, c2 = 1 - BETA1**t, 1 - BETA2**t
    moved = tree(
        lambda w, m, v: w - learning_rate * (m / c1) / (jnp.sqrt(v / c2) + EPSILON),
        player["weights"], m, v,
    )
    return {"weights": moved, "m": m, "v": v}


def turn(state, batch):
    real, key = batch
    generator, discriminator, t = state
    t = t + 1.0
    noise = jax.random.normal(key, (BATCH, 2))
    fake = linear(generator["weights"], noise)

    def loss_d(layers):
        return cross_entropy(discriminate(layers, real), 1) + cross_entropy(discriminate(layers, fake), 0)

    gradients = jax.grad(loss_d)(discriminator["weights"])
    discriminator = adam(discriminator, gradients, t, LEARNING_RATES["discriminator"])

    def loss_g(layer):
        return cross_entropy(discriminate(discriminator["weights"], linear(layer, noise)), 1)

    gradients = jax.grad(loss_g)(generator["weights"])
    generator = adam(generator, gradients, t, LEARNING_RATES["generator"])
    return (generator, discriminator, t), None


def main():
    keys = jax.random.split(jax.random.PRNGKey(0), 6)
    a = jnp.array([[1.0, 2.0], [-0.1, 0.5]])
    data = jax.random.normal(keys[0], (POINTS, 2)) @ a + jnp.array([1.0, 2.0])
    sizes = [(2, 5), (5, 3), (3, 2)]
    layers = [linear_weights(key, *size) for key, size in zip(keys[1:4], sizes)]
    start = (fresh_player(linear_weights(keys[4], 2, 2)), fresh_player(layers), 0.0)

    @jax.jit
    def epoch(state, key):
        order, noise = jax.random.split(key)
        batches = jax.random.permutation(order, data).reshape(TURNS, BATCH, 2)
        return jax.lax.scan(turn, state, (batches, jax.random.split(noise, TURNS)))[0]

    state = jax.block_until_ready(epoch(start, keys[5]))  # compiles
    state, times = start, []
    for i in range(10):
        begin = time.perf_counter()
        state = jax.block_until_ready(epoch(state, jax.random.PRNGKey(i)))
        times.append((time.perf_counter() - begin) / TURNS)
    covariance = state[0]["weights"]["w"].T @ state[0]["weights"]["w"]
    assert 0.5 < covariance[1, 1] < 10.0, f"it did not learn: {covariance}"
    report("jax, epoch compiled into one scan", statistics.median(times))

    single = jax.jit(lambda state, real, key: turn(state, (real, key))[0])
    state = jax.block_until_ready(single(start, data[:BATCH], keys[5]))
    begin = time.perf_counter()
    for i in range(1000):
        state = single(state, data[:BATCH], keys[5])
    jax.block_until_ready(state)
    report("jax, one compiled turn a call", (time.perf_counter() - begin) / 1000)


def report(peer, seconds):
    row = "gaussian_gan/Softmax/batch 4"
    print(json.dumps({"row": row, "peer": peer, "microseconds": round(seconds * 1e6, 3)}))


main()
