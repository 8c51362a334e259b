"""The history engine against general tools, on the same rows, in one interleaved run.

``python -m benchmarks.history`` prints, for a million rows, the median time of every contender
(on the clock and on the processor) and the ratios: seven additive statistics in four windows
of eight keys; distinct, share and quantile apart; the gain of a second thread; what ten times
the rows cost; and what the live index costs for each lookup, append and event.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.history_data import KEYS, additive, apart, columns_of, events_of, make_lines
from benchmarks.history_floor import only_written
from benchmarks.history_live import measure_live
from benchmarks.history_peers import PEERS, additive_of, apart_of, own_form, polars_ordered
from riskml.history import Events, Queries, Statistic, compute
from riskml.history.batch import room_for

APART_DAYS = 90.0


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return how long ``work`` takes, on the clock and on the processor."""
    start, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - used


def batch(wanted: list[Statistic], lines: Events, threads: int = 1) -> Callable[[], object]:
    """Return the work of a batch, after one run that compiles it and settles its memory."""
    out = room_for((len(lines), len(wanted)), None)
    queries = columns_of(lines)

    def work() -> object:
        return compute(wanted, [lines], queries, out=out, threads=threads)

    work()
    return work


def peer_keys(count: int) -> tuple[tuple[str, ...], ...]:
    """Return keys to measure peers on, as many of one column as of two."""
    return tuple(key for pair in zip(KEYS[:4], KEYS[4:], strict=True) for key in pair)[:count]


def measure(contenders: dict[str, Callable[[], object]], repeats: int) -> dict[str, np.ndarray]:
    """Run contenders in turns; print and return the median of each."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, work in contenders.items():
            taken[name].append(seconds(work))
            wall, processor = np.median(taken[name], axis=0)
            if len(taken[name]) == repeats:
                print(f"{wall:9.2f} s wall {processor:9.2f} s processor  {name}", flush=True)
    return {name: np.median(times, axis=0) for name, times in taken.items()}


def measure_additive(frame: pd.DataFrame, lines: Events, options: argparse.Namespace) -> None:
    """Print the ratios for the additive statistics."""
    keys = peer_keys(options.peer_keys)
    contenders = {
        "riskml, 8 keys, one thread": batch(additive(KEYS), lines),
        "only writing its answers": only_written(frame),
    }
    for peer in options.peer:
        rows = own_form(peer, frame)
        for key in keys:
            contenders[f"{peer}, {'.'.join(key)}"] = lambda peer=peer, rows=rows, key=key: (
                additive_of(peer, rows, key)
            )
    print(f"\n7 additive statistics x 4 windows, {len(frame)} rows, {options.repeats} repeats")
    middle = measure(contenders, options.repeats)
    ours = middle["riskml, 8 keys, one thread"]
    if len(keys) < len(KEYS):
        print(f"          peers ran {len(keys)} of 8 keys; times {len(KEYS) / len(keys):g} below")
    for peer in options.peer:
        theirs = sum(middle[f"{peer}, {'.'.join(key)}"] for key in keys) * len(KEYS) / len(keys)
        print(f"{theirs[1] / ours[1]:9.1f} x {peer} (processor), {theirs[0] / ours[0]:.1f} (clock)")


def measure_apart(frame: pd.DataFrame, lines: Events, options: argparse.Namespace) -> None:
    """Print the ratios for what does not add up."""
    print(f"\ndistinct, share, quantile in {APART_DAYS:.0f} days, one at a time")
    contenders: dict[str, Callable[[], object]] = {}
    forms = {peer: own_form(peer, frame) for peer in options.peer}
    for kind in ("distinct", "share", "quantile"):
        contenders[f"{kind}, riskml"] = batch(apart(kind, APART_DAYS), lines)
        for peer in options.peer:
            if (peer, kind) != ("pandas", "distinct"):  # pandas' rolling has none
                contenders[f"{kind}, {peer}"] = lambda peer=peer, kind=kind: apart_of(
                    peer, kind, forms[peer], APART_DAYS
                )
    middle = measure(contenders, options.repeats)
    for kind in ("distinct", "share", "quantile"):
        ours = middle[f"{kind}, riskml"][1]
        theirs = {p: middle[f"{kind}, {p}"][1] for p in options.peer if f"{kind}, {p}" in middle}
        fastest = min(theirs, key=lambda peer: theirs[peer])
        print(f"{theirs[fastest] / ours:9.1f} x the fastest, {fastest}: {kind} (processor)")


def measure_ordered(frame: pd.DataFrame, lines: Events, options: argparse.Namespace) -> None:
    """Print the ratio to Polars where it answers in the order of the rows too."""
    if "polars" not in options.peer:
        return
    print("\nPolars in the order of the rows, as riskml answers")
    rows = own_form("polars", frame)
    contenders = {}
    for key in peer_keys(options.peer_keys):
        contenders[f"riskml, {'.'.join(key)}"] = batch(additive((key,)), lines)
        contenders[f"polars, {'.'.join(key)}"] = lambda key=key: polars_ordered(rows, key)
    middle = measure(contenders, options.repeats)
    for key in peer_keys(options.peer_keys):
        name = ".".join(key)
        ratio = middle[f"polars, {name}"][1] / middle[f"riskml, {name}"][1]
        print(f"{ratio:9.1f} x polars in order, {name} (processor)")


def measure_threads(lines: Events, repeats: int) -> None:
    """Print the gain of a second thread."""
    print("\na second thread (clock; meaningful on an otherwise idle machine)")
    wanted = additive(KEYS)
    contenders = {f"{n} thread": batch(wanted, lines, n) for n in (1, 2)}
    one, two = measure(contenders, repeats).values()
    print(f"{one[0] / two[0]:9.2f} x with a second thread")


def measure_growth(rows: int, options: argparse.Namespace) -> None:
    """Print what ten times the rows cost, key by key so that the answer fits in memory."""
    print("\nten times the rows, 8 keys one at a time")
    taken = []
    for size in (rows, 10 * rows):
        lines = events_of(make_lines(size, options.seed), "lines", "known_at")
        times = [np.min([seconds(w) for _ in range(2)], 0) for w in per_key(lines)]
        taken.append(np.sum(times, axis=0))
        print(f"{taken[-1][0]:9.2f} s wall {taken[-1][1]:9.2f} s processor  {size} rows")
    print(f"{taken[1][1] / taken[0][1]:9.2f} x the time for 10 x the rows (processor)")


def per_key(lines: Events) -> list[Callable[[], object]]:
    """Return the additive work of each key, with one answer for all of them."""
    queries: Queries = columns_of(lines)
    out = room_for((len(lines), len(additive(KEYS[:1]))), None)
    return [lambda key=key: compute(additive((key,)), [lines], queries, out=out) for key in KEYS]


def main() -> None:
    """Run what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = ("additive", "apart", "ordered", "threads", "growth", "live")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer-keys", type=int, default=2, choices=(2, 4, 6, 8))
    parser.add_argument("--peer", action="append", choices=PEERS, help="default: all installed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", action="append", choices=parts, help="default: all of them")
    options = parser.parse_args()
    chosen, options.peer = options.part or parts, options.peer or PEERS
    frame = make_lines(options.rows, options.seed)
    lines = events_of(frame, "lines", "known_at")
    if "additive" in chosen:
        measure_additive(frame, lines, options)
    if "apart" in chosen:
        measure_apart(frame, lines, options)
    if "ordered" in chosen:
        measure_ordered(frame, lines, options)
    if "threads" in chosen:
        measure_threads(lines, options.repeats)
    if "live" in chosen:
        measure_live(frame, lines, events_of(frame[frame["inspected"]], "outcomes", "closed_at"))
    if "growth" in chosen:
        measure_growth(options.rows, options)


if __name__ == "__main__":
    main()
