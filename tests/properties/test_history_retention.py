"""What is dropped is what no later look-up can reach: answers stay the same, to the last bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.errors import HistoryError
from riskml.history import Events, HistoryIndex, Statistic, compute
from riskml.history.retention import longest_window
from tests.oracles.history import same
from tests.oracles.history_rows import events, queries
from tests.oracles.history_worlds import AB, DAY, A, B, World, all_statistics, worlds

LONGEST = 7 / DAY


def within_reach(statistic: Statistic) -> bool:
    """Tell whether a statistic lets its stream be thinned."""
    if statistic.kind in ("first_seen", "days_since_last"):
        return True
    days = statistic.long_days if statistic.kind == "trend" else statistic.days
    return days is not None and days <= LONGEST


STATISTICS = [s for s in all_statistics() if within_reach(s)]


def later_events(world: World) -> list[Events]:
    """Return further events, which correct none of the first."""
    return [
        replace(batch, event_id=np.array([f"late {e}" for e in batch.event_id], dtype=object))
        for batch in world.events
    ]


def check_retained(world: World, other: World, horizon: int, data: st.DataObject) -> int:
    index = HistoryIndex(STATISTICS)
    for batch in world.events:
        index.append(batch)
    times = np.maximum(world.queries.decision_time, horizon)
    asked = replace(world.queries, decision_time=times)
    dropped = index.retain(horizon)
    assert same(index.lookup(asked), compute(STATISTICS, world.events, asked))
    later = later_events(other)
    for batch in data.draw(st.permutations([*later, *world.events])):  # new ones, and repeated ones
        index.append(batch)
    index.retain(horizon)
    expected = compute(STATISTICS, [*world.events, *later], asked)
    assert same(index.lookup(asked), expected)
    if horizon:
        with pytest.raises(HistoryError, match="is not retained"):
            index.lookup(replace(asked, decision_time=np.full(len(asked), horizon - 1)))
    return dropped


@settings(max_examples=12, deadline=None)
@given(worlds(size=20), worlds(size=8), st.integers(0, 33), st.data())
def test_dropped_rows_change_no_later_answer(world, other, horizon, data):
    check_retained(world, other, horizon, data)


@pytest.mark.full
@settings(max_examples=300, deadline=None)
@given(worlds(size=40), worlds(size=10), st.integers(0, 33), st.data())
def test_dropped_rows_change_no_later_answer_at_length(world, other, horizon, data):
    check_retained(world, other, horizon, data)


def test_what_is_out_of_reach_is_dropped_and_the_last_of_each_stays():
    wanted = [Statistic(("importer",), "count", days=3), Statistic(("importer",), "first_seen"),
              Statistic(("importer",), "days_since_last")]  # fmt: skip
    index = HistoryIndex(wanted)
    index.append(events("lines", *({"id": f"{n}", "day": n, "importer": "AB"[n > 90]}
                                   for n in range(100))))  # fmt: skip
    asked = queries({"day": 101, "importer": "A"}, {"day": 101, "importer": "B"})
    before = index.lookup(asked)
    assert index.retain(101 * DAY) == 94  # 98 and 99 lie in the window; two of A, two of B stay
    assert index.size == 6
    assert same(index.lookup(asked), before)
    assert before.tolist() == [[0.0, 0.0, 11.0], [2.0, 0.0, 2.0]]


def test_the_whole_past_keeps_its_stream():
    whole = [Statistic(A, "sum", column="v"), Statistic(B, "count", days=5)]
    assert longest_window(whole, "lines", own=False) is None
    assert longest_window(whole[1:], "lines", own=False) == 5 * DAY
    last = [Statistic(AB, "days_since_last"), Statistic(AB, "known", days=2)]
    assert longest_window(last, "lines", own=False) == 0
    assert longest_window(last, "outcomes", own=True) == 2 * DAY
    hits = [Statistic(AB, "days_since_last_hit")]
    assert longest_window(hits, "outcomes", own=True) is None
