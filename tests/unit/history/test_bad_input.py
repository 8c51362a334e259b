"""What is wrong is named, and nothing is added."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskml.errors import HistoryError
from riskml.history import Events, HistoryIndex, Statistic, compute, store
from tests.oracles.history import same
from tests.oracles.history_rows import events, queries, texts

STATISTICS = [
    Statistic(("importer",), "count"),
    Statistic(("importer",), "sum", column="value"),
    Statistic(("importer",), "std", column="value"),
    Statistic((), "hits"),
]
GOOD = events("lines", {"id": "L1", "day": 1, "importer": "A", "value": 5.0})
QUERY = queries({"day": 9, "importer": "A"})


def bad(**change) -> Events:
    """Two good events with one thing changed."""
    rows = ({"id": f"L{n}", "day": n, "importer": "A", "value": 5.0} for n in (2, 3))
    return replace(events("lines", *rows), **change)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (bad(known_at=np.array([5, -1])), ["known_at is before 1970", "1 of 2 rows", "'L3'"]),
        (bad(known_at=np.array([5, np.iinfo(np.int64).min])), ["before 1970 or missing", "'L3'"]),
        (bad(known_at=np.array([1.0, 2.0])), ["known_at is of type float64", "int64"]),
        (bad(known_at=np.array([1, 2], "datetime64[us]")), ["datetime64", "int64"]),
        (bad(revision=np.array([0.0, 1.0])), ["revision is of type float64"]),
        (bad(revision=np.array([0])), ["revision", "shape (1,)", "give 2 values"]),
        (bad(keys={}), ["column 'importer' is absent", "present: none"]),
        (bad(keys={"exporter": texts(["A", "B"])}), ["'importer' is absent (present: exporter)"]),
        (bad(keys={"importer": texts(["A"])}), ["'importer' has shape (1,)", "give 2 values"]),
        (bad(keys={"importer": np.array(["A", 7], dtype=object)}), ["'importer' holds 7", "int"]),
        (bad(keys={"importer": np.array([1, 2])}), ["'importer' holds 1", "text"]),
        (bad(keys={"importer": np.array(["A", b"B"], dtype=object)}), ["b'B' of type bytes"]),
        (bad(values={}), ["column 'value' is absent"]),
        (bad(values={"value": np.array([1.0, np.inf])}), ["'value' is infinite in event 'L3'"]),
        (bad(values={"value": np.array([-np.inf, 1.0])}), ["'value' is infinite in event 'L2'"]),
        (bad(values={"value": np.array([1.0, 1e12])}), ["'value' is 1e+12", "'L3'", "decimals"]),
        (bad(values={"value": texts(["1", "2"])}), ["'value' is of type object", "float64"]),
        (bad(event_id=texts(["L2", None])), ["event_id is missing in row 1"]),
        (bad(event_id=texts(["L2", "L2"])), ["'L2', revision 0", "row 1", "in row 0"]),
        (bad(event_id=texts(["L2", "L1"])), ["'L1', revision 0", "the same revision stored"]),
    ],
)
def test_a_bad_batch_is_named_and_refused_whole(wrong, words):
    index = HistoryIndex(STATISTICS)
    index.append(GOOD)
    before = index.lookup(QUERY)
    with pytest.raises(HistoryError) as caught:
        index.append(wrong)
    for word in words:
        assert word in str(caught.value)
    assert "lines" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert index.size == 1
    assert same(index.lookup(QUERY), before)
    index.append(bad())  # the same events, corrected, are welcome
    assert index.lookup(QUERY)[0, 1] == 15.0


def test_a_flag_is_zero_one_or_missing():
    outcomes = events("outcomes", {"day": 1, "importer": "A", "hit": 0.5})
    with pytest.raises(HistoryError, match=r"'hit' is 0\.5 in event 'outcomes0'.*0, 1 or NaN"):
        compute(STATISTICS, [outcomes], QUERY)


def test_sums_that_would_overflow_are_refused(monkeypatch):
    monkeypatch.setattr(store, "SQUARES_LIMIT", 2 * (5 * 10**4) ** 2)
    index = HistoryIndex(STATISTICS)
    index.append(GOOD)
    with pytest.raises(HistoryError, match="squares of column 'value'"):
        index.append(bad())
    assert index.size == 1


def test_sums_reach_far_beyond_64_bits():
    rows = [{"id": f"L{n}", "day": 1, "importer": "A", "value": 9e11} for n in range(3000)]
    found = compute(STATISTICS, [events("lines", *rows)], QUERY)
    assert found[0].tolist() == [3000.0, 3000 * 9e11, 0.0, 0.0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (queries({"day": 9}), "column 'importer' is absent"),
        (queries({"day": -9, "importer": "A"}), "decision_time is before 1970"),
        (replace(QUERY, keys={"importer": np.array([3.5], dtype=object)}), "'importer' holds 3.5"),
        (replace(QUERY, decision_time=np.array([9.0])), "decision_time is of type float64"),
        (replace(QUERY, unit=texts(["a", "b"])), "'unit' has shape (2,)"),
    ],
)
def test_a_bad_query_is_named(query, words):
    with pytest.raises(HistoryError) as caught:
        compute(STATISTICS, [GOOD], query)
    assert words in str(caught.value)


def test_an_infinite_own_price_is_named():
    price = Statistic(("importer",), "price_percentile", column="value")
    query = replace(QUERY, values={"value": np.array([np.inf])})
    with pytest.raises(HistoryError, match="queries: column 'value' is infinite in row 0"):
        compute([price], [GOOD], query)


@pytest.mark.parametrize("base_rate", [-0.1, 1.1, float("nan")])
def test_the_base_rate_is_a_probability(base_rate):
    with pytest.raises(HistoryError, match="base_rate"):
        HistoryIndex(STATISTICS, base_rate=base_rate)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_every_spelling_of_missing_is_missing(missing):
    lines = bad(keys={"importer": np.array(["A", missing], dtype=object)})
    found = compute(STATISTICS, [lines], QUERY)
    assert found[0, 0] == 1.0
    asked = replace(QUERY, keys={"importer": np.array([missing], dtype=object)})
    assert np.isnan(compute(STATISTICS, [lines], asked)[0, :3]).all()


def test_read_only_and_pandas_text_columns_are_fine():
    frame = pd.DataFrame({"importer": pd.array(["A", None], dtype="str"), "value": [1.0, 2.0]})
    lines = bad(
        keys={"importer": frame["importer"].to_numpy()}, values={"value": frame["value"].to_numpy()}
    )
    assert compute(STATISTICS, [lines], QUERY)[0].tolist()[:2] == [1.0, 1.0]
