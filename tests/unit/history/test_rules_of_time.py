"""The rules of time, one small story each."""

import math

import numpy as np
import pytest

from riskml.history import HistoryIndex, Statistic, compute
from tests.oracles.history import same
from tests.oracles.history_rows import events, queries

IMPORTER = ("importer",)


def one(statistic, history, query):
    """Answer one statistic for one query, by both ways in."""
    index = HistoryIndex([statistic])
    for batch in history:
        index.append(batch)
    found = compute([statistic], history, queries(query))
    assert same(found, index.lookup(queries(query)))
    return found[0, 0]


def test_an_event_at_the_decision_time_is_not_seen():
    lines = events("lines", {"day": 1, "importer": "A"}, {"day": 2, "importer": "A"})
    count = Statistic(IMPORTER, "count")
    assert one(count, [lines], {"day": 2, "importer": "A"}) == 1.0
    assert one(count, [lines], {"day": 2.0001, "importer": "A"}) == 2.0


def test_a_window_includes_its_first_instant():
    lines = events("lines", {"day": 10, "importer": "A"})
    count = Statistic(IMPORTER, "count", days=5)
    assert one(count, [lines], {"day": 15, "importer": "A"}) == 1.0
    assert one(count, [lines], {"day": 15.0001, "importer": "A"}) == 0.0


def test_only_the_latest_known_revision_counts_at_its_own_time():
    lines = events(
        "lines",
        {"id": "X", "revision": 0, "day": 1, "importer": "A", "value": 100.0},
        {"id": "X", "revision": 1, "day": 9, "importer": "A", "value": 70.0},
    )
    total = Statistic(IMPORTER, "sum", column="value", days=5)
    for day, expected in ((2, 100.0), (6, 100.0), (6.5, 0.0), (9, 0.0), (9.5, 70.0), (15, 0.0)):
        assert one(total, [lines], {"day": day, "importer": "A"}) == expected


def test_a_revision_may_move_an_event_to_another_entity():
    lines = events(
        "lines",
        {"id": "X", "revision": 0, "day": 1, "importer": "A"},
        {"id": "X", "revision": 1, "day": 3, "importer": "B"},
    )
    count = Statistic(IMPORTER, "count")
    assert one(count, [lines], {"day": 2, "importer": "A"}) == 1.0
    assert one(count, [lines], {"day": 4, "importer": "A"}) == 0.0
    assert one(count, [lines], {"day": 4, "importer": "B"}) == 1.0


def test_a_revision_known_no_earlier_than_a_higher_one_never_counts():
    lines = events(
        "lines",
        {"id": "X", "revision": 2, "day": 1, "importer": "A", "value": 1.0},
        {"id": "X", "revision": 1, "day": 3, "importer": "A", "value": 50.0},
        {"id": "X", "revision": 0, "day": 1, "importer": "A", "value": 900.0},
    )
    total = Statistic(IMPORTER, "sum", column="value")
    assert one(total, [lines], {"day": 5, "importer": "A"}) == 1.0


def test_a_corrected_outcome_is_no_retraction():
    """Once the correction is known the violation is gone, never minus one violation."""
    outcomes = events(
        "outcomes",
        {"id": "I", "revision": 0, "day": 1, "importer": "A", "hit": 1.0},
        {"id": "I", "revision": 1, "day": 8, "importer": "A", "hit": 0.0},
    )
    hits = Statistic(IMPORTER, "hits", days=5)
    for day, expected in ((2, 1.0), (8, 0.0), (9, 0.0)):
        assert one(hits, [outcomes], {"day": day, "importer": "A"}) == expected


def test_own_outcomes_are_never_seen_but_own_lines_are():
    lines = events("lines", {"day": 1, "importer": "A", "unit": "ship"})
    outcomes = events(
        "outcomes",
        {"day": 1, "importer": "A", "unit": "ship", "hit": 1.0},
        {"day": 1, "importer": "A", "unit": "other", "hit": 0.0},
    )
    history, query = [lines, outcomes], {"day": 2, "importer": "A", "unit": "ship"}
    assert one(Statistic(IMPORTER, "count"), history, query) == 1.0
    assert one(Statistic(IMPORTER, "known"), history, query) == 1.0
    assert one(Statistic(IMPORTER, "hits"), history, query) == 0.0
    assert math.isnan(one(Statistic(IMPORTER, "days_since_last_hit"), history, query))
    assert one(Statistic(IMPORTER, "hits"), history, {"day": 2, "importer": "A"}) == 1.0


def test_rates_shrink_towards_the_parent_and_that_to_everything():
    outcomes = events(
        "outcomes",
        {"day": 1, "importer": "A", "goods": "tea", "hit": 1.0},
        {"day": 1, "importer": "B", "goods": "tea", "hit": 0.0},
        {"day": 1, "importer": "B", "goods": "oil", "hit": 0.0},
    )
    rate = Statistic(("importer", "goods"), "hit_rate", parent=("goods",), strength=10.0)
    everything = (1 + 10.0 * 0.01) / (3 + 10.0)
    tea = (1 + 10.0 * everything) / (2 + 10.0)
    query = {"day": 2, "importer": "A", "goods": "tea"}
    assert one(rate, [outcomes], query) == (1 + 10.0 * tea) / (1 + 10.0)
    assert one(rate, [outcomes], {**query, "importer": "new"}) == tea


def test_a_missing_parent_is_skipped():
    outcomes = events("outcomes", {"day": 1, "importer": "A", "office": "HP", "hit": 1.0})
    rate = Statistic(IMPORTER, "hit_rate", parent=("office",))
    everything = (1 + 20.0 * 0.01) / 21.0
    found = one(rate, [outcomes], {"day": 2, "importer": "new", "office": None})
    assert found == (0 + 20.0 * everything) / 20.0


def test_the_base_rate_is_all_there_is_before_the_first_outcome():
    rate = Statistic((), "hit_rate", days=30)
    found = compute([rate], [], queries({"day": 1}), base_rate=0.25)
    assert found[0, 0] == 0.25


ALL_KINDS = [
    Statistic(IMPORTER, "count", days=30),
    Statistic(IMPORTER, "sum", column="value", days=30),
    Statistic(IMPORTER, "mean", column="value", days=30),
    Statistic(IMPORTER, "std", column="value", days=30),
    Statistic(IMPORTER, "distinct", column="goods", days=30),
    Statistic(IMPORTER, "share", column="goods", days=30),
    Statistic(IMPORTER, "trend", days=5, long_days=30),
    Statistic(IMPORTER, "days_since_last"),
    Statistic(IMPORTER, "first_seen"),
    Statistic(IMPORTER, "price_count", column="value", days=30),
    Statistic(IMPORTER, "price_percentile", column="value", days=30),
    Statistic(IMPORTER, "price_log_ratio", column="value", days=30),
    Statistic(IMPORTER, "hits", days=30),
    Statistic(IMPORTER, "hit_rate", days=30),
    Statistic(IMPORTER, "mean_severity", days=30),
]


def story():
    lines = events(
        "lines",
        {"day": 1, "importer": "A", "goods": "tea", "value": 2.0},
        {"day": 8, "importer": "A", "goods": "oil", "value": 4.0},
        {"day": 9, "importer": "A", "goods": None, "value": np.nan},
    )
    outcomes = events("outcomes", {"day": 3, "importer": "A", "hit": 1.0, "severity": 2.5})
    return [lines, outcomes]


def test_every_kind_by_hand():
    query = queries({"day": 11, "importer": "A", "goods": "tea", "value": 3.0})
    found = dict(zip(ALL_KINDS, compute(ALL_KINDS, story(), query)[0], strict=True))
    values = {statistic.kind: value for statistic, value in found.items()}
    middle_of_two = 2.0 * (1 + 0.5 / 64)
    assert values == {
        "count": 3.0,
        "sum": 6.0,
        "mean": 3.0,
        "std": math.sqrt(2e8) / 1e4,  # in units of four decimals
        "distinct": 2.0,
        "share": 1 / 3,
        "trend": 2 / 3,
        "days_since_last": 2.0,
        "first_seen": 0.0,
        "price_count": 2.0,
        "price_percentile": 0.5,
        "price_log_ratio": math.log(3.0) - math.log(middle_of_two),
        "hits": 1.0,
        "hit_rate": (1 + 20 * ((1 + 20 * 0.01) / 21)) / 21,
        "mean_severity": 2.5,
    }


def test_an_unseen_entity_has_an_empty_history():
    query = queries({"day": 11, "importer": "new", "goods": "tea", "value": 3.0})
    found = compute(ALL_KINDS, story(), query)[0]
    for statistic, value in zip(ALL_KINDS, found, strict=True):
        if statistic.kind in ("count", "sum", "distinct", "price_count", "hits"):
            assert value == 0.0, statistic.name
        elif statistic.kind == "first_seen":
            assert value == 1.0
        elif statistic.kind == "hit_rate":
            assert value == (20 * ((1 + 20 * 0.01) / 21)) / 20
        else:
            assert math.isnan(value), statistic.name


def test_a_missing_key_has_missing_values():
    query = queries({"day": 11, "importer": None, "goods": "tea", "value": 3.0})
    assert np.isnan(compute(ALL_KINDS, story(), query)).all()


def test_an_empty_history_answers():
    query = queries({"day": 11, "importer": "A", "goods": "tea", "value": 3.0})
    found = compute(ALL_KINDS, [], query)[0]
    assert found[0] == 0.0
    assert found[8] == 1.0
    assert found[13] == 0.01


def test_no_query_and_no_statistic():
    nothing = queries({"day": 1, "importer": "A", "goods": "tea", "value": 1.0})
    assert compute([], story(), nothing).shape == (1, 0)
    empty = events("queries")
    assert compute([Statistic((), "count")], story(), queries()).shape == (0, 1)
    assert len(empty) == 0


@pytest.mark.parametrize("own", [-5.0, 0.0, math.nan])
def test_a_price_that_is_none_has_no_position(own):
    query = queries({"day": 11, "importer": "A", "goods": "tea", "value": own})
    found = compute(ALL_KINDS, story(), query)[0]
    assert np.isnan(found[10:12]).all()
    assert found[9] == 2.0


def test_events_of_one_key_count_under_that_key_alone():
    """An outcome that speaks of two lines counts once for the importer, once for each good."""
    by_importer = events(
        "outcomes", {"id": "I/imp", "day": 1, "importer": "A", "hit": 1.0}, only=IMPORTER
    )
    by_goods = events(
        "outcomes",
        {"id": "I/tea", "day": 1, "goods": "tea", "hit": 1.0},
        {"id": "I/oil", "day": 1, "goods": "oil", "hit": 1.0},
        only=("goods",),
    )
    query = {"day": 2, "importer": "A", "goods": "oil"}
    for key, expected in ((IMPORTER, 1.0), (("goods",), 1.0), ((), 0.0)):
        assert one(Statistic(key, "hits"), [by_importer, by_goods], query) == expected
