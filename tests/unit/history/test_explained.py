"""A number beside the events that made it."""

import numpy as np
import pytest
from hypothesis import given, settings

from riskml.errors import HistoryError
from riskml.history import KINDS, Statistic, compute, explain_feature
from tests.oracles.history_rows import events, queries
from tests.oracles.history_worlds import World, all_statistics, worlds

COUNTED = [s for s in all_statistics() if s.kind in ("count", "known", "findings")]


def test_the_events_of_a_sum_are_listed_oldest_first():
    lines = events(
        "lines",
        {"id": "X", "revision": 0, "day": 1, "importer": "A", "value": 100.0},
        {"id": "X", "revision": 1, "day": 4, "importer": "A", "value": 70.0},
        {"id": "Y", "day": 3, "importer": "A", "value": 5.0},
        {"id": "Z", "day": 3, "importer": "B", "value": 9.0},
        {"id": "W", "day": 9, "importer": "A", "value": 1.0},
    )
    total = Statistic(("importer",), "sum", column="value", days=30)
    asked = queries({"day": 9, "importer": "A"})
    found = explain_feature(0, total.name, [total], [lines], asked)
    assert found["event_id"].tolist() == ["Y", "X"]
    assert found["days_before"].tolist() == [6.0, 5.0]
    assert found["value"].sum() == compute([total], [lines], asked)[0, 0] == 75.0


def test_what_cannot_be_explained_is_named():
    count = Statistic(("importer",), "count")
    asked = queries({"day": 9, "importer": "A"})
    with pytest.raises(HistoryError, match=r"no statistic 'size'.*importer__count"):
        explain_feature(0, "size", [count], [], asked)
    with pytest.raises(HistoryError, match="no row 4: give 0 to 0"):
        explain_feature(4, count.name, [count], [], asked)
    assert explain_feature(0, count.name, [count], [], asked).empty
    assert "count" in KINDS


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(worlds(size=16, questions=3))
def test_as_many_events_are_listed_as_were_counted(world: World) -> None:
    found = compute(COUNTED, world.events, world.queries)
    for row, column in np.argwhere(~np.isnan(found)):
        name = COUNTED[column].name
        listed = explain_feature(int(row), name, COUNTED, world.events, world.queries)
        assert len(listed) == found[row, column], name
