"""The Gaussian GAN's turn in MXNet, the engine of the tutorial that it comes from.

    pip install mxnet==1.9.1 numpy==1.23.5      (Python 3.11 or older)
    python benches/peers/mxnet_steps.py

The last MXNet there is; it does not import with a newer NumPy. Prints one JSON object a line, with
the row of our bench `train_step`.
"""

import itertools

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn

from shapes import GAUSSIAN
from timing import report, seconds

BATCH = 4


def game():
    a, b = nd.array([[1.0, 2.0], [-0.1, 0.5]]), nd.array([1.0, 2.0])
    data = nd.dot(nd.random.normal(shape=(1000, 2)), a) + b
    batches = itertools.cycle([data[i : i + BATCH] for i in range(0, 1000, BATCH)])
    generator = nn.Dense(2, in_units=2)
    discriminator = nn.Sequential()
    discriminator.add(nn.Dense(5, in_units=2, activation="tanh"))
    discriminator.add(nn.Dense(3, in_units=5, activation="tanh"))
    discriminator.add(nn.Dense(2, in_units=3))
    trainers = []
    for model, rate in ((generator, 0.01), (discriminator, 0.05)):
        model.initialize(mx.init.Normal(0.02))
        trainers.append(gluon.Trainer(model.collect_params(), "adam", {"learning_rate": rate}))
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    real, fake = nd.ones(BATCH), nd.zeros(BATCH)

    def turn():
        noise = nd.random.normal(shape=(BATCH, 2))
        with autograd.record():
            of_real = loss(discriminator(next(batches)), real)
            made = generator(noise)
            loss_d = of_real + loss(discriminator(made.detach()), fake)
            loss_d.backward()
        trainers[1].step(BATCH)
        with autograd.record():
            loss_g = loss(discriminator(made), real)
            loss_g.backward()
        trainers[0].step(BATCH)
        # MXNet runs behind Python's back: without waiting nothing but the queue is timed.
        loss_g.wait_to_read()
        return loss_d

    return turn


def main():
    mx.random.seed(0)
    turn = game()
    first = turn().mean().asscalar()
    later = min(turn().mean().asscalar() for _ in range(50))
    assert later < first, f"D's loss went from {first} to {later}"
    report("mxnet", GAUSSIAN, seconds(turn, at_least=0.2))
    nd.waitall()


main()
