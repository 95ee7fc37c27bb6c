"""Training steps in PyTorch.

    pip install torch
    python benches/peers/torch_steps.py [gaussian] [mnist] [keras] [radford]

A turn: noise drawn, D's step, G's step, the batches at hand, on random images. Two threads. Eager,
and where it works compiled by torch.compile. Prints one JSON object a line, with the rows of our
benches `train_step` and `dcgan_step`.
"""

import sys

import torch
from torch import nn

from shapes import GAUSSIAN, KERAS_BATCHES, KERAS_DCGAN, MNIST, RADFORD_DCGAN
from timing import parts, report, seconds


def uniform(*shape):
    return torch.rand(*shape) * 2 - 1


def move(optimiser, loss):
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss


def gaussian():
    """As in systems/gaussian.rs: the fakes are made once, and G's step uses them again."""
    a, b = torch.tensor([[1.0, 2.0], [-0.1, 0.5]]), torch.tensor([1.0, 2.0])
    data = torch.randn(1000, 2) @ a + b
    generator = nn.Linear(2, 2)
    layers = [nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 2)]
    discriminator = nn.Sequential(*layers)
    for layer in [generator, *layers[::2]]:
        nn.init.normal_(layer.weight, std=0.02)
        nn.init.zeros_(layer.bias)
    adam_g = torch.optim.Adam(generator.parameters(), lr=0.01)
    adam_d = torch.optim.Adam(discriminator.parameters(), lr=0.05)
    loss = nn.CrossEntropyLoss()
    real, fake = torch.ones(4, dtype=torch.long), torch.zeros(4, dtype=torch.long)
    batches = iter_forever(data.split(4))

    def turn():
        made = generator(torch.randn(4, 2))
        scores = discriminator(next(batches)), discriminator(made.detach())
        loss_d = move(adam_d, loss(scores[0], real) + loss(scores[1], fake))
        move(adam_g, loss(discriminator(made), real))
        return loss_d

    return turn


def iter_forever(batches):
    while True:
        yield from batches


def mnist():
    """As in systems/mnist_gan.rs: the noise of D's step goes through G again."""
    leaky = lambda: nn.LeakyReLU(0.2)
    discriminator = nn.Sequential(
        nn.Linear(784, 256), leaky(), nn.Linear(256, 256), leaky(), nn.Linear(256, 1)
    )
    generator = nn.Sequential(
        nn.Linear(96, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(),
        nn.Linear(1024, 784), nn.Tanh(),
    )
    adam = lambda model: torch.optim.Adam(model.parameters(), lr=3e-4, betas=(0.5, 0.999))
    adam_g, adam_d = adam(generator), adam(discriminator)
    bce, images = nn.BCEWithLogitsLoss(), uniform(128, 784)
    ones, zeros = torch.ones(128, 1), torch.zeros(128, 1)

    def turn():
        noise = uniform(128, 96)
        with torch.no_grad():
            made = generator(noise)
        loss_d = move(adam_d, bce(discriminator(images), ones) + bce(discriminator(made), zeros))
        discriminator.requires_grad_(False)
        move(adam_g, bce(discriminator(generator(noise)), ones))
        discriminator.requires_grad_(True)
        return loss_d

    return turn


def keras(batch, layout):
    """As in systems/keras_dcgan.rs: a joined batch, and D's fakes made in evaluation."""
    generator = nn.Sequential(
        nn.Linear(100, 1024), nn.Tanh(),
        nn.Linear(1024, 6272), nn.BatchNorm1d(6272, eps=1e-3, momentum=0.01), nn.Tanh(),
        nn.Unflatten(1, (128, 7, 7)),
        nn.Upsample(scale_factor=2), nn.Conv2d(128, 64, 5, padding=2), nn.Tanh(),
        nn.Upsample(scale_factor=2), nn.Conv2d(64, 1, 5, padding=2), nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(1, 64, 5, padding=2), nn.Tanh(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 5), nn.Tanh(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3200, 1024), nn.Tanh(), nn.Linear(1024, 1),
    )
    check_size(generator, 6_751_233)
    check_size(discriminator, 3_485_441)
    generator, discriminator = [m.to(memory_format=layout) for m in (generator, discriminator)]
    sgd = lambda model: torch.optim.SGD(model.parameters(), lr=5e-4, momentum=0.9, nesterov=True)
    sgd_g, sgd_d = sgd(generator), sgd(discriminator)
    bce, images = nn.BCEWithLogitsLoss(), uniform(batch, 1, 28, 28).to(memory_format=layout)
    ones = torch.ones(batch, 1)
    labels = torch.cat([ones, torch.zeros(batch, 1)])

    def turn():
        generator.eval()
        with torch.no_grad():
            made = generator(uniform(batch, 100))
        generator.train()
        loss_d = move(sgd_d, bce(discriminator(torch.cat([images, made])), labels))
        discriminator.requires_grad_(False)
        move(sgd_g, bce(discriminator(generator(uniform(batch, 100))), ones))
        discriminator.requires_grad_(True)
        return loss_d

    return turn


def radford(layout, batch=64):
    """As in systems/radford_dcgan.rs: two batches, and the fakes are made once."""
    up = lambda i, o, *sliding: nn.ConvTranspose2d(i, o, 4, *sliding, bias=False)
    down = lambda i, o, *sliding: nn.Conv2d(i, o, 4, *sliding, bias=False)
    leaky = lambda: nn.LeakyReLU(0.2)
    generator = nn.Sequential(
        nn.Unflatten(1, (100, 1, 1)),
        up(100, 256, 1, 0), nn.BatchNorm2d(256), nn.ReLU(),
        up(256, 128, 2, 1), nn.BatchNorm2d(128), nn.ReLU(),
        up(128, 64, 2, 1), nn.BatchNorm2d(64), nn.ReLU(),
        up(64, 3, 2, 1), nn.Tanh(),
    )
    discriminator = nn.Sequential(
        down(3, 64, 2, 1), leaky(),
        down(64, 128, 2, 1), nn.BatchNorm2d(128), leaky(),
        down(128, 256, 2, 1), nn.BatchNorm2d(256), leaky(),
        down(256, 1, 1, 0), nn.Flatten(),
    )
    check_size(generator, 1_068_928)
    check_size(discriminator, 663_296)
    generator, discriminator = [m.to(memory_format=layout) for m in (generator, discriminator)]
    adam = lambda model: torch.optim.Adam(model.parameters(), lr=2e-4, betas=(0.5, 0.999))
    adam_g, adam_d = adam(generator), adam(discriminator)
    bce, images = nn.BCEWithLogitsLoss(), uniform(batch, 3, 32, 32).to(memory_format=layout)
    ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)

    def turn():
        made = generator(torch.randn(batch, 100))
        scores = discriminator(images), discriminator(made.detach())
        loss_d = move(adam_d, bce(scores[0], ones) + bce(scores[1], zeros))
        discriminator.requires_grad_(False)
        move(adam_g, bce(discriminator(made), ones))
        discriminator.requires_grad_(True)
        return loss_d

    return turn


def check_size(model, parameters):
    found = sum(p.numel() for p in model.parameters())
    assert found == parameters, f"{found} parameters instead of {parameters}"


def time(peer, row, turn, turns):
    """Times a turn, after so many of them have shown that D learns."""
    first, *later = [turn().item() for _ in range(1 + turns)]
    assert min(later) < first, f"{peer}, {row}: D's loss went from {first} to {later}"
    report(peer, row, seconds(turn, at_least=0.2))


def main():
    torch.set_num_threads(2)
    wanted = parts(["gaussian", "mnist", "keras", "radford"])
    layouts = [("torch, NCHW", torch.contiguous_format), ("torch, channels last", torch.channels_last)]
    if "gaussian" in wanted:
        # On so few numbers threads only cost, so PyTorch may have it both ways.
        for threads, name in ((1, "torch, 1 thread"), (2, "torch")):
            torch.set_num_threads(threads)
            torch.manual_seed(0)
            time(name, GAUSSIAN, gaussian(), 20)
    if "mnist" in wanted:
        torch.manual_seed(0)
        time("torch", MNIST, mnist(), 20)
        try:
            compiled = torch.compile(mnist())
            compiled()
        except Exception as error:  # it wants a C++ compiler, among other things
            print(f"torch.compile does not work here: {str(error).splitlines()[0]}", file=sys.stderr)
        else:
            time("torch.compile", MNIST, compiled, 20)
    for name, layout in layouts:
        if "keras" in wanted:
            for batch in KERAS_BATCHES:
                torch.manual_seed(0)
                time(name, KERAS_DCGAN.format(batch), keras(batch, layout), 5)
        if "radford" in wanted:
            torch.manual_seed(0)
            time(name, RADFORD_DCGAN, radford(layout), 5)


if __name__ == "__main__":
    main()
