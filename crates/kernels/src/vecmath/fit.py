"""Prints the polynomial coefficients of single.rs and double.rs.  Needs mpmath.

Each polynomial p minimises the largest |w(x) (p(x) - f(x))| on an interval, by Remez' exchange; w is chosen so that
this is the relative error of the whole function. Coefficients are rounded to the format at the end, and the error
printed beside them is that of the rounded ones.
"""

import struct
from mpmath import mp, mpf, atanh, exp, linspace, lu_solve, matrix, sqrt, log

mp.dps = 120


def remez(f, w, low, high, terms):
    """The minimax polynomial of `terms` coefficients, lowest first."""
    grid = [low + (high - low) * (1 - mp.cos(mp.pi * i / 2000)) / 2 for i in range(2001)]
    grid = [x for x in grid if w(x) != 0]
    target = [f(x) for x in grid]
    weight = [w(x) for x in grid]
    points = [round(i * (len(grid) - 1) / terms) for i in range(terms + 1)]
    for _ in range(30):
        rows = [[weight[i] * grid[i] ** k for k in range(terms)] + [(-1) ** j] for j, i in enumerate(points)]
        solution = lu_solve(matrix(rows), matrix([weight[i] * target[i] for i in points]))
        c = list(solution[:terms])
        error = [weight[i] * (mp.polyval(c[::-1], grid[i]) - target[i]) for i in range(len(grid))]
        # The largest error of each run of one sign; then the best stretch of `terms + 1` runs.
        peaks = [0]
        for i in range(1, len(grid)):
            if error[i] * error[peaks[-1]] <= 0:
                peaks.append(i)
            elif abs(error[i]) > abs(error[peaks[-1]]):
                peaks[-1] = i
        while len(peaks) > terms + 1:
            peaks.pop(0 if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else -1)
        if peaks == points or len(peaks) < terms + 1:
            break
        points = peaks
    return c


def report(name, f, w, low, high, terms):
    for bits, pattern in ((24, "f"), (53, "d")):
        c = remez(f, w, low, high, terms[pattern])
        c = [struct.unpack(pattern, struct.pack(pattern, float(x)))[0] for x in c]
        grid = linspace(low, high, 20001)
        worst = max(abs(w(x) * (mp.polyval([mpf(k) for k in c[::-1]], x) - f(x))) for x in grid if w(x) != 0)
        print(f"{name}, {bits} bits: relative error at most {mp.nstr(worst, 2)} = 2^{mp.nstr(log(worst, 2), 4)}")
        for x in c:
            print(f"    {shortest(x, pattern)},")


def shortest(x, pattern):
    """The shortest decimal that reads back as x."""
    for digits in range(1, 18):
        text = f"{x:.{digits}g}"
        if struct.pack(pattern, float(text)) == struct.pack(pattern, x):
            return text


# exp(r) = 1 + r + r^2 p(r) on |r| <= ln(2)/2 and a little more.
report("EXP", lambda r: (exp(r) - 1 - r) / r**2, lambda r: r**2 / exp(r), mpf("-0.35"), mpf("0.35"), {"f": 5, "d": 10})

# ln((1 + s)/(1 - s)) = 2 s + s z p(z) with z = s^2 on 0 <= s <= 1/5.
report(
    "LN",
    lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z if z else mpf(2) / 3,
    lambda z: z * sqrt(z) / (2 * atanh(sqrt(z))) if z else 0,
    mpf(0), mpf("0.04"), {"f": 3, "d": 8},
)
