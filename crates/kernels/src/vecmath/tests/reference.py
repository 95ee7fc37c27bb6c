"""Prints reference.txt: 100 values of each function, by mpmath in 60 digits, at random f64 arguments, and some at hard
ones.

A line is: function, x, y = f(x) rounded to f64 (both as bits), and (exact - y) in ULPs of y.
"""

import random
import struct
from mpmath import mp, mpf

mp.dps = 60
rng = random.Random(20)


def bits(x):
    return struct.pack(">d", x).hex()


def nearest(x):
    """x as f64, rounded once, also where f64 is subnormal; and the spacing there."""
    _, exponent = mp.frexp(x)
    spacing = mp.ldexp(1, max(exponent, -1021) - 53)
    return float(mp.nint(x / spacing) * spacing), spacing


FUNCTIONS = {
    "exp": (mp.exp, [(-745, 709.7), (-745, -708), (-1, 1), (-1e-3, 1e-3)]),
    "ln": (mp.log, [(0, 5e-324 * 2**40), (0, 1e300), (0.5, 2), (0.999, 1.001)]),
    "tanh": (mp.tanh, [(-20, 20), (-2, 2), (0.5, 0.75), (-1e-3, 1e-3)]),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), [(-745, -700), (-40, 40), (-3, 3), (-1e-3, 1e-3)]),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), [(-745, -700), (-40, 40), (-3, 3), (-1e-3, 1e-3)]),
}

# Where tanh is wrong by 2.14 ULP if a - n ln 2 is rounded before it is used.
HARD = {"tanh": [0.21807659714741584]}

for name, (f, ranges) in FUNCTIONS.items():
    at_random = [rng.uniform(low, high) for low, high in ranges for _ in range(25)]
    for x in at_random + HARD.get(name, []):
        exact = f(mpf(x))
        y, spacing = nearest(exact)
        print(name, bits(x), bits(y), f"{float((exact - mpf(y)) / spacing):.3f}")
