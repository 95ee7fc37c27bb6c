"""What do the scripts share: which parts run, how work is timed, how a time is printed?"""

import json
import statistics
import sys
import time

REPETITIONS = 7


def parts(known):
    """The parts that the command line names, or all."""
    named = sys.argv[1:] or known
    for part in named:
        if part not in known:
            sys.exit(f"{sys.argv[0]}: {part} is not one of {', '.join(known)}")
    return named


def seconds(work, at_least=0.1):
    """The median time of a call: of several repetitions, each of as many calls as take a while."""
    work()
    calls = 1
    while True:
        begin = time.perf_counter()
        for _ in range(calls):
            work()
        elapsed = time.perf_counter() - begin
        if elapsed >= at_least:
            break
        calls = max(2 * calls, int(calls * at_least / max(elapsed, 1e-9)))
    times = [elapsed / calls]
    for _ in range(REPETITIONS - 1):
        begin = time.perf_counter()
        for _ in range(calls):
            work()
        times.append((time.perf_counter() - begin) / calls)
    return statistics.median(times)


def report(peer, row, time_of_a_call):
    """Prints one line; `row` is the name that our bench gives the same work."""
    line = {"peer": peer, "row": row, "microseconds": round(time_of_a_call * 1e6, 4)}
    print(json.dumps(line), flush=True)
