"""Statistics: declared as data, named by one scheme, refused when they make no sense."""

import pytest

from riskml.errors import HistoryError
from riskml.history import KINDS, Statistic


@pytest.mark.parametrize(
    ("statistic", "name"),
    [
        (
            Statistic(("importer_id", "commodity_code"), "hit_rate", days=90.0),
            "importer_id.commodity_code__hit_rate__90d",
        ),
        (
            Statistic(("importer_id",), "distinct", column="commodity_code", days=30),
            "importer_id__distinct_commodity_code__30d",
        ),
        (Statistic(("consignee_id",), "days_since_last"), "consignee_id__days_since_last"),
        (Statistic(("consignee_id",), "count", days=365), "consignee_id__count__365d"),
        (Statistic((), "hit_rate", days=7), "all__hit_rate__7d"),
        (Statistic(("a",), "count"), "a__count"),
        (Statistic(("a",), "count", days=1 / 24), "a__count__0.0416666666667d"),
        (Statistic(("a",), "trend", days=30, long_days=365), "a__trend__30d_365d"),
        (Statistic(("a",), "trend", days=30), "a__trend__30d"),
        (Statistic(("a",), "count", days=30, stream="documents"), "a__documents_count__30d"),
        (Statistic(("a",), "count", stream="lines"), "a__count"),
    ],
)
def test_names_follow_the_scheme(statistic, name):
    assert statistic.name == name


def test_everything_has_two_spellings():
    assert Statistic(("all",), "count") == Statistic((), "count")
    rate = Statistic(("a",), "hit_rate", parent=("all",))
    assert rate == Statistic(("a",), "hit_rate") == Statistic(("a",), "hit_rate", parent=())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kind": "median"}, "unknown kind of statistic 'median'"),
        ({"kind": "count", "days": -1}, "count with days=-1"),
        ({"kind": "count", "days": 0}, "count with days=0"),
        ({"kind": "count", "days": float("nan")}, "count with days=nan"),
        ({"kind": "count", "days": float("inf")}, "count with days=inf"),
        ({"kind": "count", "days": 1e-13}, "a microsecond is the shortest"),
        ({"kind": "count", "days": 1e12}, "count with days=1"),
        ({"kind": "sum"}, "name a number column"),
        ({"kind": "distinct"}, "name a text column"),
        ({"kind": "count", "column": "v"}, "leave column out"),
        ({"kind": "days_since_last", "days": 3}, "leave days out"),
        ({"kind": "count", "parent": ("b",)}, "count with a parent"),
        ({"kind": "hit_rate", "parent": "b"}, "key 'b' is no tuple"),
        ({"kind": "hit_rate", "strength": 0.0}, "strength=0.0"),
        ({"kind": "hit_rate", "strength": float("inf")}, "strength=inf"),
        ({"kind": "mean", "column": "v", "decimals": 13}, "decimals=13"),
        ({"kind": "count", "long_days": 5}, "only trend has a long window"),
        ({"kind": "trend"}, "give days"),
        ({"kind": "trend", "days": 30, "long_days": 30}, "longer than days"),
        ({"kind": "count", "key": "importer_id"}, "no tuple of column names"),
        ({"kind": "count", "key": ("a", "a")}, "names a column twice"),
    ],
)
def test_a_statistic_without_meaning_is_refused(arguments, words):
    with pytest.raises(HistoryError) as caught:
        Statistic(**{"key": ("a",), **arguments})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_kind_knows_its_stream():
    assert {name for name, kind in KINDS.items() if kind.stream == "outcomes"} == {
        "known", "hits", "hit_rate", "days_since_last_hit", "mean_severity",
    }  # fmt: skip
    assert {name for name, kind in KINDS.items() if kind.stream == "findings"} == {
        "findings", "suspicious", "suspicious_rate",
    }  # fmt: skip
