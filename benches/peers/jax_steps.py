"""Training steps in JAX: of the Gaussian GAN an epoch of 250 turns compiled into one scan, JAX's
fastest form, and one compiled turn called from Python; of the MNIST GAN one compiled turn.

    pip install jax
    python benches/peers/jax_steps.py [gaussian] [mnist]

Prints one JSON object a line, with the rows of our bench `train_step`.
"""

import statistics
import time
from functools import partial

import jax
import jax.numpy as jnp

from shapes import GAUSSIAN, MNIST
from timing import parts, report, seconds

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
    # Two of them: a turn that works in place may not get the same buffer twice.
    m, v = [jax.tree.map(jnp.zeros_like, weights) for _ in range(2)]
    return {"weights": weights, "m": m, "v": v}


def adam(player, gradients, t, learning_rate, beta1=BETA1):
    tree = jax.tree.map
    m = tree(lambda m, g: beta1 * m + (1 - beta1) * g, player["m"], gradients)
    v = tree(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, player["v"], gradients)
    c1, c2 = 1 - beta1**t, 1 - BETA2**t
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


def gaussian():
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
    report("jax, epoch compiled into one scan", GAUSSIAN, statistics.median(times))

    single = jax.jit(lambda state, real, key: turn(state, (real, key))[0])
    time_calls(partial(single, real=data[:BATCH], key=keys[5]), start, GAUSSIAN)


def time_calls(turn, state, row):
    """Each turn gets the state of the one before, and nobody looks at it until the end of it."""
    box = [jax.block_until_ready(turn(state))]

    def once():
        box[0] = jax.block_until_ready(turn(box[0]))

    report("jax, one compiled turn a call", row, seconds(once, at_least=0.2))


def uniform(key, shape):
    return jax.random.uniform(key, shape, minval=-1.0, maxval=1.0)


def mnist():
    """As in systems/mnist_gan.rs: the noise of D's step goes through G again."""
    keys = jax.random.split(jax.random.PRNGKey(0), 8)

    def layer(key, inputs, outputs):
        bound = (6 / (inputs + outputs)) ** 0.5
        return {"w": bound * uniform(key, (inputs, outputs)), "b": jnp.zeros(outputs)}

    def mlp(layers, x, activation):
        for hidden in layers[:-1]:
            x = activation(linear(hidden, x))
        return linear(layers[-1], x)

    generate = lambda layers, z: jnp.tanh(mlp(layers, z, jax.nn.relu))
    leaky = lambda x: jax.nn.leaky_relu(x, 0.2)
    score = lambda layers, x: mlp(layers, x, leaky)
    # BCE with logits against the targets 1 and 0.
    is_real = lambda scores: jnp.mean(jax.nn.softplus(-scores))
    is_fake = lambda scores: jnp.mean(jax.nn.softplus(scores))

    generator = [layer(k, *s) for k, s in zip(keys, [(96, 1024), (1024, 1024), (1024, 784)])]
    discriminator = [layer(k, *s) for k, s in zip(keys[3:], [(784, 256), (256, 256), (256, 1)])]
    images = uniform(keys[6], (128, 784))

    @partial(jax.jit, donate_argnums=0)
    def turn(state):
        g, d, t, key, _ = state
        t, (key, draw) = t + 1.0, jax.random.split(key)
        noise = uniform(draw, (128, 96))
        made = generate(g["weights"], noise)
        loss_d = lambda layers: is_real(score(layers, images)) + is_fake(score(layers, made))
        loss, gradients = jax.value_and_grad(loss_d)(d["weights"])
        d = adam(d, gradients, t, 3e-4, beta1=0.5)
        loss_g = lambda layers: is_real(score(d["weights"], generate(layers, noise)))
        g = adam(g, jax.grad(loss_g)(g["weights"]), t, 3e-4, beta1=0.5)
        return g, d, t, key, loss

    state, losses = (fresh_player(generator), fresh_player(discriminator), 0.0, keys[7], 0.0), []
    for _ in range(21):
        state = turn(state)
        losses.append(float(state[4]))
    assert min(losses[1:]) < losses[0], f"D does not learn: {losses}"
    time_calls(turn, state, MNIST)


def main():
    wanted = parts(["gaussian", "mnist"])
    if "gaussian" in wanted:
        gaussian()
    if "mnist" in wanted:
        mnist()


main()
