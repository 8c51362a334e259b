"""The additive statistics against SQL, on one larger random history without revisions."""

from dataclasses import replace

import numpy as np
import pytest

from riskml.history import Events, HistoryIndex, Queries, Statistic, compute
from tests.oracles.history import same
from tests.oracles.history_rows import texts
from tests.oracles.history_sql import DAY, additive

KEYS = (("a",), ("a", "b"), ("b", "c"), ())
WINDOWS = (0.5, 30.0, None)
SUMS = ("sum", "mean", "std")


def draw_texts(rng: np.random.Generator, prefix: str, distinct: int, size: int) -> np.ndarray:
    ranks = np.minimum(rng.zipf(1.3, size), distinct)
    return texts([None if rng.random() < 0.05 else f"{prefix}{rank}" for rank in ranks])


def make_history(seed: int, size: int, asked: int) -> tuple[Events, Events, Queries]:
    rng = np.random.default_rng(seed)

    def keys(rows: int) -> dict[str, np.ndarray]:
        return {
            name: draw_texts(rng, name, n, rows) for name, n in (("a", 200), ("b", 9), ("c", 4))
        }

    def times(rows: int) -> np.ndarray:
        return rng.integers(0, 200, rows) * (DAY // 2)  # half days: many ties

    def units(rows: int) -> np.ndarray:
        return texts([f"u{n}" for n in rng.integers(0, asked, rows)])

    values = np.round(rng.lognormal(3.0, 3.0, size), 4) * rng.choice([-1.0, 1.0], size)
    values[rng.random(size) < 0.1] = np.nan
    identity = texts([f"e{n}" for n in range(size)])
    zero = np.zeros(size, dtype=np.int64)
    lines = Events("lines", identity, zero, times(size), units(size), keys(size), {"v": values})
    hit = (rng.random(size) < 0.3).astype(np.float64)
    found = Events("outcomes", identity, zero, times(size), units(size), keys(size), {"hit": hit})
    queries = Queries(times(asked), texts([f"u{n}" for n in range(asked)]), keys(asked), {})
    return lines, found, queries


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("days", [0.5, 30.0, None])
def test_additive_statistics_equal_sql(seed, days):
    lines, outcomes, queries = make_history(seed, 1500, 150)
    for key in KEYS:
        for stream in (lines, outcomes):
            expected = additive(key, days, stream, queries)
            statistics = [
                Statistic(key, kind, column="v" if kind in SUMS else None, days=days)
                for kind in expected
            ]
            found = compute(statistics, [lines, outcomes], queries)
            for statistic, column in zip(statistics, found.T, strict=True):
                if statistic.kind == "std":  # SQL adds floats: close, not equal
                    np.testing.assert_allclose(column, expected["std"], rtol=1e-6)
                else:
                    assert same(column, expected[statistic.kind]), statistic.name


@pytest.mark.parametrize("days", [0.5, 30.0])
def test_windows_of_lodging_equal_sql(days):
    _, outcomes, queries = make_history(5, 1500, 150)
    delays = np.random.default_rng(5).integers(0, 60, 1500) * (DAY // 2)
    lodged = np.maximum(outcomes.known_at - delays, 0).astype(np.float64)
    outcomes = replace(outcomes, values={**outcomes.values, "lodged_at": lodged})
    for key in KEYS:
        expected = additive(key, days, outcomes, queries, at="lodged_at")
        statistics = [Statistic(key, kind, days=days, lodged=True) for kind in expected]
        index = HistoryIndex(statistics)
        index.append(outcomes)
        for found in (compute(statistics, [outcomes], queries), index.lookup(queries)):
            for statistic, column in zip(statistics, found.T, strict=True):
                assert same(column, expected[statistic.kind]), statistic.name
        assert not same(found[:, 0], additive(key, days, outcomes, queries)["known"])


@pytest.mark.parametrize("seed", [3, 4])
def test_growing_by_small_batches_gives_the_same_bits(seed):
    """Segments move, late events come between, revisions demote rows: the answer is the same."""
    lines, outcomes, queries = make_history(seed, 3000, 200)
    rng = np.random.default_rng(seed)
    identity = texts([f"e{n}" for n in rng.integers(0, 2500, 3000)])
    revision = np.arange(3000, dtype=np.int64)  # later rows supersede, whenever they were known
    lines = Events(
        "lines", identity, revision, lines.known_at, lines.unit, lines.keys, lines.values
    )
    statistics = [
        Statistic(key, kind, column=column, days=days)
        for key in KEYS
        for days in WINDOWS
        for kind, column in (("count", None), ("std", "v"), ("hits", None), ("distinct", "c"))
    ]
    index = HistoryIndex(statistics)
    index.append(lines.take(np.arange(3000) < 1500))
    for first in range(1500, 3000, 50):
        part = np.isin(np.arange(3000), rng.permutation(np.arange(first, first + 50)))
        index.append(lines.take(part))
        index.append(outcomes.take(part))
        index.lookup(queries)
    index.append(outcomes)  # half of it is repeated, the rest is late
    assert same(index.lookup(queries), compute(statistics, [outcomes, lines], queries))
