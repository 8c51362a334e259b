"""A feature is declared in one line and shown beside its events; the future is refused."""

import numpy as np
import pytest

from riskml.errors import HistoryError
from riskml.features.trying import try_feature
from riskml.features.wording import describe
from riskml.history import KINDS, Statistic
from tests.support.small_world import small_world

TABLES = small_world(3, bills=40)


def test_ten_decisions_are_shown_with_what_they_counted():
    tried = try_feature(Statistic(("importer_id",), "known", days=365), TABLES, "declaration")
    assert tried.name == "importer_id__known__365d"
    assert tried.description_en == (
        "Number of earlier closed inspections of this importer in the last 365 days"
    )
    assert tried.description_vi.startswith("Số lần kiểm tra")
    assert tried.rows["consignment_id"].nunique() == 10
    values = tried.rows[tried.name]
    assert values.max() > 0
    for row, value in enumerate(values):
        listed = tried.events(row)
        assert len(listed) == (0 if np.isnan(value) else value)
        assert (listed["known_at"] < tried.rows["decision_time"][row]).all()
    counted = tried.counted
    assert counted["event_id"].notna().sum() == values.sum()
    assert {"consignment_id", tried.name, "event_id", "known_at", "hit"} <= set(counted)
    assert tried.description_en in tried._repr_html_()


def test_derived_columns_and_prices_are_fine():
    price = Statistic(
        ("heading", "origin_country"), "price_percentile", column="unit_price", days=90
    )
    assert len(try_feature(price, TABLES, "declaration", decisions=3).rows) >= 3
    assert try_feature(Statistic(("chapter",), "count"), TABLES, "pre_arrival").rows.size


RATE = Statistic(("importer_id",), "hit_rate", parent=("result",))
BEFORE = Statistic(("office",), "distinct", column="importer_id", days=9)


@pytest.mark.parametrize(
    ("statistic", "stage", "words"),
    [
        (Statistic(("violation_type",), "count"), "declaration", "'violation_type' is a column of"),
        (RATE, "declaration", "'result' is a column of inspections"),
        (BEFORE, "pre_arrival", "declarations, which come after the decision at stage pre_arrival"),
    ],
)
def test_what_would_look_into_the_future_is_refused(statistic, stage, words):
    with pytest.raises(HistoryError, match="would look into the future") as caught:
        try_feature(statistic, TABLES, stage)
    assert words in str(caught.value)


def test_a_column_that_nobody_knows_is_named():
    with pytest.raises(HistoryError, match="declarations have no column 'colour'"):
        try_feature(Statistic(("colour",), "count"), TABLES, "declaration")
    with pytest.raises(HistoryError, match="days=-3"):
        Statistic(("office",), "count", days=-3)


def test_every_kind_has_words():
    for name, kind in KINDS.items():
        column = {"number": "quantity", "text": "importer_id"}.get(kind.column)
        days = 30.0 if kind.windowed else None
        english, vietnamese = describe(
            Statistic(("office",), name, column=column, days=days), "max"
        )
        assert english != vietnamese
        assert kind.windowed == ("30" in english), english
