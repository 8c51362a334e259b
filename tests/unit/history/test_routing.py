"""How a heavy entity is shared out: evenly, and each part with all that its queries can see."""

import numpy as np
import pytest

from riskml.history import Events, Queries, Statistic, compute
from riskml.history.arrays import MISSING, WHOLE
from riskml.history.decomposed import Assembly, decompose
from riskml.history.distributed import Shuffle
from riskml.history.partitions import Chunk, answer, deal
from riskml.history.routing import Reach, Routing, hashed, make_routing

DAY = 86_400_000_000
KEY = ("importer_id",)
WINDOWED = [
    Statistic(KEY, "count", days=30),
    Statistic(KEY, "sum", column="value", days=90),
    Statistic(KEY, "hit_rate", days=90),
]
LATEST = [Statistic(KEY, "days_since_last"), Statistic(KEY, "first_seen")]
PARTS = 6


def skewed(rows: int) -> tuple[list[Events], Queries]:
    """Three years of lines; one importer has a third of them."""
    rng = np.random.default_rng(5)
    known = np.sort(rng.integers(0, 1000 * DAY, rows))
    names = np.array([f"i{n}" for n in rng.integers(1, 400, rows)], dtype=object)
    names[rng.random(rows) < 1 / 3] = "giant"
    units = np.array([f"u{n}" for n in range(rows)], dtype=object)
    values = {"value": np.round(rng.lognormal(5, 2, rows), 2)}
    keys = {"importer_id": names}
    zeros = np.zeros(rows, np.int64)
    lines = Events("lines", units, zeros, known, units, keys, values)
    closed = known + rng.integers(0, 40 * DAY, rows)
    hits = {"hit": (rng.random(rows) < 0.1).astype(float)}
    outcomes = Events("outcomes", units, zeros, closed, units, keys, hits)
    return [lines, outcomes], Queries(known, units, keys, {})


def pieces_of(statistics: list[Statistic], rows: int) -> tuple[Shuffle, list[list[Chunk]]]:
    events, queries = skewed(rows)
    shuffle = Shuffle(decompose(statistics).parts, events, queries, parts=PARTS, chunk=5000)
    (job,) = [job for job in shuffle.jobs if job.key == KEY]
    dealt = [deal(job, chunk) for chunk in shuffle.chunks]
    return shuffle, [list(pieces) for pieces in zip(*dealt, strict=True)]


def sizes(pieces: list[list[Chunk]], stream: str) -> list[int]:
    return [sum(len(piece.streams[stream].rows.known) for piece in each) for each in pieces]


def test_no_partition_has_much_more_than_its_share_of_the_queries() -> None:
    rows = 20_000
    _, pieces = pieces_of(WINDOWED + LATEST, rows)
    asked = [sum(len(piece.asking.rows) for piece in each) for each in pieces]
    assert sum(asked) == rows
    assert max(asked) < 1.3 * rows / PARTS


def test_a_part_of_a_heavy_entity_has_its_windows_and_the_latest_event_before_them() -> None:
    rows = 20_000
    _, pieces = pieces_of(WINDOWED + LATEST, rows)
    windowed = sizes(pieces, "lines")
    # The later of the giant's two spans sees 90 days of the earlier one's 500 as well.
    assert sum(windowed) < rows * (1 + 0.15 / 3)
    assert max(windowed) < 1.4 * rows / PARTS
    _, pieces = pieces_of([Statistic(KEY, "count")], rows)
    assert sum(sizes(pieces, "lines")) > rows * (1 + 0.4 / 3)


@pytest.mark.parametrize("more", [[], LATEST, [Statistic(KEY, "mean", column="value")]])
def test_a_heavy_entity_is_answered_like_any_other(more: list[Statistic]) -> None:
    statistics = WINDOWED + more
    events, queries = skewed(4000)
    found = decompose(statistics)
    shuffle = Shuffle(found.parts, events, queries, parts=PARTS, chunk=900)
    assert max(len(job.routing.heavy) for job in shuffle.jobs) > 0
    assembly = Assembly(found, np.empty((len(queries), len(statistics))))
    for job in shuffle.jobs:
        for pieces in zip(*(deal(job, chunk) for chunk in shuffle.chunks), strict=True):
            rows, values = answer(job, pieces)
            assembly.take(rows, job.columns, values)
    expected = compute(statistics, events, queries)
    assert assembly.finish(0.01).tobytes() == expected.tobytes()


def test_an_event_goes_to_every_span_whose_queries_can_see_it() -> None:
    code = hashed([np.zeros(1, np.int32)], 1)[0]
    routing = Routing(1, code, (np.array([100, 200]),))
    known = np.array([10, 99, 100, 150, 250])
    entities, yes = np.repeat(code, 5), np.ones(5, dtype=bool)

    def spans(reach: Reach) -> list[list[int]]:
        return [known[rows].tolist() for rows in routing.events(entities, known, yes, yes, reach)]

    # A query at 100 sees [70, 100) in a window of 30: the first cut belongs to the second span.
    assert spans(Reach(30)) == [[], [10, 99], [99, 100, 150], [250]]
    assert spans(Reach(30, latest=True)) == [[], [10, 99], [10, 99, 100, 150], [150, 250]]
    assert spans(Reach(WHOLE)) == [[], [10, 99], [10, 99, 100, 150], known.tolist()]
    times = np.array([0, 99, 100, 199, 200, 500])
    asked = routing.queries(np.repeat(code, 6), times, np.ones(6, dtype=bool))
    assert [times[rows].tolist() for rows in asked] == [[], [0, 99], [100, 199], [200, 500]]


def test_a_missing_part_of_a_key_is_in_no_partition() -> None:
    codes = [np.array([0, 1, MISSING, 3], np.int32), np.array([0, MISSING, 2, 3], np.int32)]
    entities, present = hashed(codes, 4)
    assert present.tolist() == [True, False, False, True]
    routing = Routing(2, entities[:0], ())
    asked = routing.queries(entities, np.arange(4), present)
    assert sorted(np.concatenate(asked).tolist()) == [0, 3]


def test_keys_that_differ_in_order_or_place_have_different_hashes() -> None:
    a, b = np.array([1, 2], np.int32), np.array([2, 1], np.int32)
    both, _ = hashed([a, b], 2)
    alone, _ = hashed([a], 2)
    assert len({*both.tolist(), *alone.tolist()}) == 4


def test_one_query_is_in_one_partition() -> None:
    routing = make_routing([np.zeros(1, np.int32)], np.array([5]), 4)
    entities, present = hashed([np.zeros(1, np.int32)], 1)
    asked = routing.queries(entities, np.array([5]), present)
    assert [len(rows) for rows in asked].count(1) == 1
