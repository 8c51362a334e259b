"""The history engine against DuckDB's RANGE frames, on the same rows, in one interleaved run.

``python benchmarks/history.py --rows 1000000`` prints seconds (median of the repeats) and
the ratio for the additive statistics of one key, then the time of all eight keys.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd

from riskml.history import Events, HistoryIndex, Queries, Statistic, compute

DAY = 86_400_000_000
WINDOWS = (7.0, 30.0, 90.0, 365.0)
KEYS = (
    ("importer_id",),
    ("declarant_id",),
    ("commodity_code",),
    ("origin_country",),
    ("importer_id", "commodity_code"),
    ("importer_id", "origin_country"),
    ("commodity_code", "origin_country"),
    ("declarant_id", "importer_id"),
)
CARDINALITY = {
    "importer_id": 50_000,
    "declarant_id": 2_000,
    "commodity_code": 5_000,
    "origin_country": 150,
}


def zipf(rng: np.random.Generator, size: int, distinct: int) -> np.ndarray:
    """Draw from a Zipf law over ``distinct`` names."""
    weights = 1.0 / np.arange(1, distinct + 1)
    return rng.choice(distinct, size=size, p=weights / weights.sum())


def make_lines(rows: int, seed: int) -> pd.DataFrame:
    """Return declaration lines of three years, with the outcome of one in twenty."""
    rng = np.random.default_rng(seed)
    known = np.sort(rng.integers(0, 3 * 365 * DAY, rows))
    frame = pd.DataFrame({"known_at": known, "value": np.round(rng.lognormal(8, 2, rows), 2)})
    for name, distinct in CARDINALITY.items():
        codes = zipf(rng, rows, distinct)
        names = np.array([f"{name[:3]}{i}" for i in range(distinct)], dtype=object)
        frame[name] = pd.Series(names[codes], dtype=object)
    frame["unit"] = pd.Series([f"c{i}" for i in range(rows)], dtype=object)
    frame["inspected"] = rng.random(rows) < 0.05
    frame["hit"] = (rng.random(rows) < 0.02).astype(float)
    frame["closed_at"] = known + rng.integers(0, 30 * DAY, rows)
    return frame


def events_of(frame: pd.DataFrame, stream: str, time_column: str, value: str) -> Events:
    """Return rows as events of a stream."""
    return Events(
        stream=stream,
        event_id=frame["unit"].to_numpy(),
        revision=np.zeros(len(frame), dtype=np.int64),
        known_at=frame[time_column].to_numpy(),
        unit=frame["unit"].to_numpy(),
        keys={name: frame[name].to_numpy() for name in CARDINALITY},
        values={value: frame[value].to_numpy()},
    )


def additive(keys: tuple[tuple[str, ...], ...], *, outcomes: bool) -> list[Statistic]:
    """Return the statistics of the benchmark."""
    found = []
    for key in keys:
        for days in WINDOWS:
            kinds = ("count", "hits", "known", "hit_rate") if outcomes else ("count",)
            found += [Statistic(key, kind, days=days) for kind in kinds]
            sums = ("sum", "mean", "std")
            found += [Statistic(key, kind, column="value", days=days) for kind in sums]
    return found


def moving(days: float) -> list[Statistic]:
    """Return the statistics that do not add up."""
    return [
        Statistic(("importer_id",), "distinct", column="commodity_code", days=days),
        Statistic(("commodity_code",), "price_percentile", column="value", days=days),
    ]


def duckdb_frames(frame: pd.DataFrame) -> None:
    """Compute count, sum, mean and standard deviation of four windows by importer in SQL."""
    parts, frames = [], []
    for days in WINDOWS:
        name = f"w{days:.0f}"
        parts += [f"{f}(value) OVER {name}" for f in ("count", "sum", "avg", "stddev_samp")]
        frames.append(
            f"{name} AS (PARTITION BY importer_id ORDER BY known_at "
            f"RANGE BETWEEN {int(days * DAY)} PRECEDING AND 1 PRECEDING)"
        )
    query = f"SELECT {', '.join(parts)} FROM lines WINDOW {', '.join(frames)}"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("lines", frame[["importer_id", "known_at", "value"]])
        connection.execute(query).fetchnumpy()


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return how long ``work`` takes, on the clock and on the processor."""
    start, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - used


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    frame = make_lines(options.rows, options.seed)
    lines = events_of(frame, "lines", "known_at", "value")
    outcomes = events_of(frame[frame["inspected"]], "outcomes", "closed_at", "hit")
    queries = Queries(
        frame["known_at"].to_numpy(), frame["unit"].to_numpy(), lines.keys, lines.values
    )
    one, all_keys = additive(KEYS[:1], outcomes=False), additive(KEYS, outcomes=True)
    small = Queries(
        queries.decision_time[:10],
        queries.unit[:10],
        {name: column[:10] for name, column in queries.keys.items()},
        {name: column[:10] for name, column in queries.values.items()},
    )
    compute([*all_keys, *moving(90.0)], [lines, outcomes], small)  # compile

    contenders: dict[str, Callable[[], object]] = {
        "riskml, importer_id, count sum mean std x 4 windows": lambda: compute(
            one, [lines], queries
        ),
        "DuckDB RANGE frames, the same": lambda: duckdb_frames(frame),
        f"riskml, {len(KEYS)} keys x 4 windows x 7 statistics": lambda: compute(
            all_keys, [lines, outcomes], queries
        ),
        "riskml, distinct and price percentile, 90 days": lambda: compute(
            moving(90.0), [lines], queries
        ),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(options.repeats):
        for name, work in contenders.items():
            taken[name].append(seconds(work))
    middle = {name: np.median(times, axis=0) for name, times in taken.items()}
    for name, (wall, processor) in middle.items():
        print(f"{wall:9.2f} s wall {processor:9.2f} s processor  {name}")
    ours, theirs, *_ = middle.values()
    print(f"{theirs[1] / ours[1]:9.1f} x DuckDB (processor time), {options.rows} rows, one key")
    measure_online(all_keys, lines, outcomes, queries)


def measure_online(
    wanted: list[Statistic], lines: Events, outcomes: Events, queries: Queries
) -> None:
    """Print what one lookup and one append cost in a filled index."""
    index = HistoryIndex(wanted)
    held_back = np.zeros(len(lines), dtype=bool)
    held_back[-1000:] = True
    index.append(lines.take(~held_back))
    index.append(outcomes)
    singles = [
        Queries(
            queries.decision_time[[row]],
            queries.unit[[row]],
            {name: column[[row]] for name, column in queries.keys.items()},
            {name: column[[row]] for name, column in queries.values.items()},
        )
        for row in range(len(lines) - 300, len(lines))
    ]
    index.lookup(singles[0])
    lookups = [seconds(lambda query=query: index.lookup(query))[0] for query in singles]
    late = lines.take(held_back)
    index.append(late.take(np.arange(len(late)) < 10))
    append, _ = seconds(lambda: index.append(late.take(np.arange(len(late)) >= 10)))
    print(f"{statistics.median(lookups) * 1e6:9.0f} us one lookup, {len(wanted)} statistics (p50)")
    print(f"{append / 990 * 1e6:9.1f} us one append, in a batch of 990")
    print(f"{index.memory_bytes / index.size:9.0f} bytes an event, texts and identities left out")


if __name__ == "__main__":
    main()
