"""What the live index costs: a lookup, an append, an event in memory, a replay, a snapshot.

``python -m benchmarks.history_live`` prints them for a million lines.
"""

import argparse
import gc
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.history_data import KEYS, WINDOWS, additive, events_of, make_lines
from riskml.history import Events, HistoryIndex, Queries, Statistic
from riskml.history.snapshot import load_index, save_index

__all__ = ["measure_live"]

_LOOKUPS = 2000
_BATCH = 5000


def live_statistics() -> list[Statistic]:
    """Return the additive statistics of the batch, and those of outcomes."""
    found = additive(KEYS)
    kinds = ("known", "hits", "hit_rate")
    return found + [Statistic(key, kind, days=d) for key in KEYS for d in WINDOWS for kind in kinds]


def measure_live(frame: pd.DataFrame, lines: Events, outcomes: Events) -> None:
    """Print lookup, append, memory and replay of a filled index."""
    for name, wanted, streams in (
        ("lines, 7 additive statistics", additive(KEYS), [lines]),
        ("lines and outcomes, 10 statistics", live_statistics(), [lines, outcomes]),
    ):
        print(f"\nlive index, {name} x 4 windows x 8 keys, {len(lines)} lines")
        _measure(wanted, streams, lines)


def _measure(wanted: list[Statistic], streams: list[Events], lines: Events) -> None:
    index = HistoryIndex(wanted)
    index.append(lines.take(np.arange(len(lines)) < 10))
    index.lookup(_single(lines, 5))
    index, total = HistoryIndex(wanted), 0
    gc.collect()
    start, used = time.perf_counter(), time.process_time()
    for stream in streams:
        for first in range(0, len(stream) - 2000 if stream is lines else len(stream), _BATCH):
            part = stream.take(slice(first, min(first + _BATCH, len(stream) - 2000)))
            index.append(part)
            total += len(part)
    wall, processor = time.perf_counter() - start, time.process_time() - used
    print(f"{total / wall:9.0f} events a second replayed, {total / processor:.0f} (processor)")
    held = lines.take(slice(len(lines) - 2000, None))
    queries = [_single(lines, row) for row in range(len(lines) - _LOOKUPS, len(lines))]
    answers = [_timed(index, query) for query in queries]
    middle, tail = statistics.median(answers), statistics.quantiles(answers, n=100)[-1]
    print(
        f"{middle * 1e6:9.1f} us one lookup of {len(wanted)} statistics (p50), p99 {tail * 1e6:.1f}"
    )
    start = time.process_time()
    for first in range(0, 2000, 100):
        index.append(held.take(slice(first, first + 100)))
    print(f"{(time.process_time() - start) / 2000 * 1e6:9.1f} us one event appended, 100 at a time")
    print(f"{index.memory_bytes / index.size:9.0f} bytes an event, texts and identities included")
    _measure_snapshot(index, wanted)


def _measure_snapshot(index: HistoryIndex, wanted: list[Statistic]) -> None:
    with tempfile.TemporaryDirectory(prefix="riskml-history-") as folder:
        path = Path(folder) / "index.snapshot"
        start = time.perf_counter()
        save_index(index, path)
        saved = time.perf_counter() - start
        start = time.perf_counter()
        load_index(path, wanted)
        loaded = time.perf_counter() - start
        size = path.stat().st_size / index.size
    print(
        f"{saved:9.2f} s to write a snapshot of {size:.0f} bytes an event, {loaded:.2f} s to load"
    )


def _single(lines: Events, row: int) -> Queries:
    place = slice(row, row + 1)
    return Queries(
        lines.known_at[place],
        lines.unit[place],
        {name: column[place] for name, column in lines.keys.items()},
        {name: column[place] for name, column in lines.values.items()},
    )


def _timed(index: HistoryIndex, query: Queries) -> float:
    start = time.perf_counter()
    index.lookup(query)
    return time.perf_counter() - start


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    frame = make_lines(rows, 7)
    lines = events_of(frame, "lines", "known_at")
    outcomes = events_of(frame[frame["inspected"]], "outcomes", "closed_at")
    measure_live(frame, lines, outcomes)


if __name__ == "__main__":
    main()
