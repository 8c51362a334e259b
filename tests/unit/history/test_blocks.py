"""The batch kernel's blocks and running sums where they change form: against the live kernel."""

import numpy as np
import pytest

from riskml.history import Events, HistoryIndex, Queries, Statistic, compute
from riskml.history.blocks import BLOCK
from riskml.history.running import lay_out, summarise
from riskml.history.sweep import ROOM
from tests.oracles.history import recompute, same
from tests.oracles.history_rows import DAY, texts

STATISTICS = [
    Statistic(key, kind, column=column, days=days)
    for key in (("a",), ("a", "b"), ())
    for days in (3.0, 40.0, None)
    for kind, column in (("count", None), ("sum", "v"), ("mean", "v"), ("std", "v"), ("std", "w"))
] + [Statistic(("a",), kind) for kind in ("days_since_last", "days_since_last_hit", "first_seen")]


def make_events(
    stream: str, size: int, scale: float, missing: float, entities: int
) -> tuple[Events, Queries]:
    rng = np.random.default_rng(size)
    keys = {
        "a": texts([f"a{n}" for n in rng.integers(0, entities, size)]),
        "b": texts([None if n == 0 else f"b{n}" for n in rng.integers(0, 9, size)]),
    }
    values = {
        name: np.round(rng.choice([-1, 1], size) * rng.uniform(0.7, 1, size) * scale, 4)
        for name in "vw"
    }
    values["v"][rng.random(size) < missing] = np.nan
    values["hit"] = (rng.random(size) < 0.1).astype(np.float64)
    known = rng.integers(0, 400, size) * (DAY // 4)
    ids, unit = (texts([f"{p}{n % 900}" for n in range(size)]) for p in "eu")
    revision = np.arange(size) // 900  # the later row supersedes, whenever it was known
    events = Events(stream, ids, revision, known, unit, keys, values)
    return events, Queries(known + DAY, unit, keys, {})


@pytest.mark.parametrize("scale", [1.0, 9e11])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_narrow_and_wide_sums_are_the_same_integers(scale, missing):
    lines, queries = make_events("lines", 880, scale, missing, 1)
    outcomes, _ = make_events("outcomes", 880, scale, missing, 1)
    numbers = np.stack([np.rint(np.nan_to_num(lines.values["v"]) * 1e4).astype(np.int64)], 1)
    lay, _ = lay_out(np.array([[0, 5, 0]]), *summarise(numbers))
    assert (lay[0, 2] >= 0) == (scale > 1.0)  # the high word is kept where it is needed, only
    few = Queries(
        queries.decision_time[:9],
        queries.unit[:9],
        {name: column[:9] for name, column in queries.keys.items()},
        {},
    )
    found = compute(STATISTICS, [lines, outcomes], few)
    assert same(found, recompute(STATISTICS, [lines, outcomes], few))


@pytest.mark.parametrize("entities", [2, 40, 4000])
def test_batches_of_many_blocks_equal_single_lookups(entities):
    """Room for running sums is used again: entities longer and shorter than it, and revisions."""
    lines, queries = make_events("lines", 3 * ROOM + 7, 50.0, 0.1, entities)
    outcomes, _ = make_events("outcomes", 20 * BLOCK, 50.0, 0.0, entities)
    index = HistoryIndex(STATISTICS)
    for events in (lines, outcomes):
        index.append(events)
    found = compute(STATISTICS, [lines, outcomes], queries)
    some = np.random.default_rng(1).permutation(len(queries))[:700]
    for query in some.tolist():
        one = Queries(
            queries.decision_time[[query]],
            queries.unit[[query]],
            {name: column[[query]] for name, column in queries.keys.items()},
            {},
        )
        assert same(index.lookup(one), found[[query]]), query


def test_answers_side_by_side_and_scattered_are_the_same():
    """Neighbouring columns are written past the caches; others are not."""
    lines, queries = make_events("lines", 700, 50.0, 0.1, 9)
    side_by_side = compute(STATISTICS[:12], [lines], queries)
    order = np.random.default_rng(2).permutation(len(STATISTICS))
    mixed = compute([STATISTICS[place] for place in order], [lines], queries)
    assert same(mixed[:, np.argsort(order)][:, :12], side_by_side)
