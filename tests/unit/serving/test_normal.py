"""The row-by-row normal form against the batch validation, which is the law."""

import math
from typing import Any

import msgspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.ledger import StoredEvent
from riskml.schemas import TABLES, validate
from riskml.scoring import event_frames
from serving.errors import ApiError
from serving.normal import event_of, normal_row
from serving.payloads import decode_row

MANIFEST = {
    "bill_no": "B1",
    "container_no": "CSQU3054383",
    "submitted_at": "2020-07-01T08:00:00+07:00",
    "office": "HP",
    "mode": "sea",
}
LINE = {
    "declaration_id": "D1",
    "line_no": 1,
    "lodged_at": "2020-07-01T08:00:00.123456Z",
    "office": "HP",
    "mode": "sea",
    "commodity_code": "8703.23",
}
INSPECTION = {
    "inspection_id": "I1",
    "bill_no": "B1",
    "office": "HP",
    "selected_at": "2020-07-01T08:00:00Z",
}
BASE = {"manifests": MANIFEST, "declarations": LINE, "inspections": INSPECTION}


def normal(table: str, system: Any = "HS", **changes: Any) -> dict[str, Any]:
    row = {k: v for k, v in {**BASE[table], **changes}.items() if v is not None}
    given, extra = decode_row(table, msgspec.json.encode(row))
    return normal_row(table, given, extra, commodity_system=system)


def batch(table: str, system: Any = "HS", **changes: Any) -> pd.Series:
    row = {k: v for k, v in {**BASE[table], **changes}.items() if v is not None}
    validated = validate(pd.DataFrame([row]), table, commodity_system=system)
    assert len(validated.good) == 1, validated.quarantine
    return validated.good.iloc[0]


def assert_same(one: dict[str, Any], whole: pd.Series) -> None:
    for name, value in whole.items():
        if pd.isna(value):
            mine = one.get(str(name))
            assert mine is None or (isinstance(mine, float) and math.isnan(mine)), name
        else:
            assert one[str(name)] == value, name


CORPUS = [
    "VN", "vn ", "XX", "CN", "VNHPH", "vnhph", "VN HPH", "XXABC", "VNHP1", "VNHP2", "V", "-",
    "CSQU3054383", "csqu 305438-3", "CSQU3054384", "CSQU305438", "MSKU0000000", "8703", "87.03 23",
    "87A3", "12345678901", "870", "\u00e9", "e\u0301", "Vải bông", "Vải bông", "ＶＮ", "a\u00a0",
]  # fmt: skip
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp", "Cn", "Co"]),
    min_size=1,
    max_size=12,
)


def assert_batch_agrees(table: str, rows: list[dict[str, Any]], system: Any) -> None:
    """Compare each row alone with all of them validated together."""
    numbered = {
        "manifests": "bill_no", "declarations": "declaration_id", "inspections": "inspection_id",
    }[table]  # fmt: skip
    rows = [{**row, numbered: f"N{number}"} for number, row in enumerate(rows)]
    frame = pd.DataFrame([{**BASE[table], **row} for row in rows])
    whole = validate(frame, table, commodity_system=system).good
    assert len(whole) == len(rows)
    for position, row in enumerate(rows):
        assert_same(normal(table, system, **row), whole.iloc[position])


def _manifests(values: list[str]) -> list[dict[str, Any]]:
    return [
        {"port_of_loading": v, "commodity_code": v, "container_no": v, "goods_description": v}
        for v in values
    ]


def _lines(values: list[str]) -> list[dict[str, Any]]:
    return [{"origin_country": v, "commodity_code": v, "importer_name": v} for v in values]


@pytest.mark.parametrize("system", ["HS", "other"])
def test_rows_read_as_the_batch_reads_them(system: str) -> None:
    assert_batch_agrees("manifests", _manifests(CORPUS), system)
    assert_batch_agrees("declarations", _lines(CORPUS), system)


@settings(max_examples=4, deadline=None)
@given(st.lists(words, min_size=30, max_size=60))
def test_any_text_reads_as_the_batch_reads_it(values: list[str]) -> None:
    assert_batch_agrees("manifests", _manifests(values), "HS")


def test_every_column_of_the_table_is_there_but_missing_times() -> None:
    row = normal("manifests")
    times = {c.name for c in TABLES["manifests"].columns if c.kind == "time"}
    assert set(TABLES["manifests"].names) - set(row) == times - {"submitted_at"}
    assert row["revision"] == 0
    assert math.isnan(row["gross_mass_kg"])
    assert row["vessel"] is None


@pytest.mark.parametrize("table", ["manifests", "declarations", "inspections"])
def test_what_the_log_keeps_replays_into_the_normal_form(table: str) -> None:
    changes: dict[str, Any] = {"container_no": "nonsense", "x_own": 4.5, "recorded_at":
                               "2020-07-02T00:00:00Z"}  # fmt: skip
    row = normal(table, **changes)
    plain = msgspec.json.decode(msgspec.json.encode(event_of(row)))
    stored = StoredEvent(1, table, ("B1",), 0, row["recorded_at"], plain)
    replayed = event_frames([stored])[table].iloc[0]
    assert_same(row, replayed)
    assert_same(row, batch(table, **changes))
    assert replayed["invalid_container_no"]
    assert replayed["container_no_raw"] == "nonsense"


def test_a_row_in_normal_form_may_be_sent_again() -> None:
    row = normal("declarations", origin_country="XX", container_no="bad")
    again = event_of(row)
    assert event_of(normal("declarations", **msgspec.to_builtins(again))) == again


@pytest.mark.parametrize(
    ("table", "changes", "field"),
    [
        ("manifests", {"office": "  "}, "office"),
        ("manifests", {"container_no": None}, "container_no"),
        ("manifests", {"submitted_at": "1979-12-31T00:00:00Z"}, "submitted_at"),
        ("manifests", {"submitted_at": "0001-01-01T00:00:00+14:00"}, "submitted_at"),
        ("manifests", {"arrival_at": "9999-12-31T23:59:59-12:00"}, "arrival_at"),
        ("inspections", {"bill_no": None}, "bill_no"),
        ("inspections", {"result": "violation"}, "closed_at"),
    ],
)
def test_what_a_table_forbids_is_refused_with_its_field(
    table: str, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ApiError) as caught:
        normal(table, **changes)
    assert caught.value.field == field
