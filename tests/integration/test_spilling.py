"""Workers without memory for what they hold: it goes to disk, and the bits stay the same."""

from collections.abc import Iterator
from sys import getsizeof
from typing import Any

import numpy as np
import pytest

from riskml.cluster import Cluster
from riskml.history import Events, Queries, Statistic, compute
from riskml.history.distributed import Shuffle, compute_distributed

ROWS, DAY = 40_000, 86_400_000_000
KEYS = (("a",), ("b",), ("a", "b"))
STATISTICS = [
    Statistic(key, kind, column=column, days=days)
    for key in KEYS
    for days in (30.0, 365.0)
    for kind, column in (("count", None), ("sum", "v"), ("std", "v"))
]
MEMORY, HELD = 2_000_000_000, 200_000
"""Bytes a worker is given, and how many of them may hold data: a chunk takes more."""


def many_lines() -> tuple[Events, Queries]:
    rng = np.random.default_rng(11)
    known = np.sort(rng.integers(0, 700 * DAY, ROWS))
    ids = np.array([f"l{row}" for row in range(ROWS)], dtype=object)
    keys = {
        name: np.array([f"{name}{code}" for code in rng.zipf(1.6, ROWS) % 500], dtype=object)
        for name in "ab"
    }
    values = {"v": np.round(rng.lognormal(5, 2, ROWS), 2)}
    lines = Events("lines", ids, np.zeros(ROWS, np.int64), known, ids, keys, values)
    return lines, Queries(known, ids, keys, {})


@pytest.fixture
def small_workers() -> Iterator[Cluster]:
    import dask
    from distributed import Client, LocalCluster

    fractions = {"target": HELD / MEMORY, "spill": False, "pause": False, "terminate": False}
    limits = {f"distributed.worker.memory.{name}": part for name, part in fractions.items()}
    with (
        dask.config.set(limits),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            memory_limit=MEMORY,
        ) as local,
        Client(local, direct_to_workers=True) as client,
    ):
        yield Cluster(client)


def written(dask_worker: Any) -> float:
    """Return how many bytes a worker has moved to disk."""
    return float(dask_worker.data.cumulative_metrics["disk-write", "bytes"])


def test_what_travels_tells_its_size() -> None:
    lines, queries = many_lines()
    shuffle = Shuffle(STATISTICS, [lines], queries, parts=2, chunk=ROWS // 4)
    sizes = [getsizeof(chunk) for chunk in shuffle.chunks]
    known_alone = lines.known_at.nbytes + queries.decision_time.nbytes
    assert sum(sizes) > 2 * known_alone
    assert min(sizes) > HELD


@pytest.mark.full
@pytest.mark.integration
def test_workers_that_spill_give_the_same_bits(small_workers: Cluster) -> None:
    lines, queries = many_lines()
    found = compute_distributed(
        small_workers, STATISTICS, [lines], queries, parts=6, chunk=ROWS // 8
    )
    assert found.tobytes() == compute(STATISTICS, [lines], queries).tobytes()
    assert min(small_workers.everywhere(written).values()) > HELD
