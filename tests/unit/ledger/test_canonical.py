import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.errors import LedgerError
from riskml.ledger.canonical import (
    canonical_json,
    clean_text,
    finite,
    from_micros,
    iso,
    plain_row,
    to_micros,
)

moments = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - the time zone comes from the strategy
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours))),
)
finite_floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers() | finite_floats | st.text()
contents = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@given(moments)
def test_times_survive_to_the_microsecond(moment: datetime) -> None:
    micros = to_micros(moment, "moment")
    assert from_micros(micros) == moment
    assert from_micros(micros).tzinfo is UTC
    assert to_micros(pd.Timestamp(moment), "moment") == micros


@given(moments)
def test_iso_text_reads_back_and_sorts_like_time(moment: datetime) -> None:
    text = iso(moment)
    assert len(text) == 27
    assert datetime.fromisoformat(text) == moment
    assert iso(moment + timedelta(microseconds=1)) > text


def test_naive_times_are_refused() -> None:
    with pytest.raises(LedgerError, match="scored_at has no time zone"):
        to_micros(datetime(2020, 1, 1), "scored_at")  # noqa: DTZ001 - that is the point


@pytest.mark.slow
@settings(max_examples=50)
@given(contents)
def test_canonical_json_is_a_fixed_point(content: object) -> None:
    text = canonical_json(content)
    assert text.isascii()
    assert canonical_json(json.loads(text)) == text


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical_json({"b": 1, "a": [1.5, "ế\0"]}) == '{"a":[1.5,"\\u1ebf\\u0000"],"b":1}'


@pytest.mark.parametrize("content", [float("nan"), float("inf"), {1, 2}, b"bytes"])
def test_what_json_cannot_hold_is_refused(content: object) -> None:
    with pytest.raises(LedgerError, match="cannot be written as JSON"):
        canonical_json({"x": content})


def test_endless_nesting_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(LedgerError, match="cannot be written as JSON"):
        canonical_json(loop)


def test_finite_keeps_bits_but_for_negative_zero() -> None:
    assert finite(0.1 + 0.2, "x") == 0.1 + 0.2
    assert str(finite(-0.0, "x")) == "0.0"
    with pytest.raises(LedgerError, match="raw_score is nan"):
        finite(float("nan"), "raw_score")


@pytest.mark.parametrize(
    ("text", "what"),
    [("a\0b", "NUL"), ("\ud800", "half a character"), ("x" * 501, "501 characters"), (7, "int")],
)
def test_text_that_a_database_refuses_is_refused_first(text: str, what: str) -> None:
    with pytest.raises(LedgerError, match=what):
        clean_text(text, "bill_no")


def test_a_row_reads_the_same_from_a_frame_and_over_http() -> None:
    over_http = {
        "inspection_id": "I1",
        "scanned_at": "2020-07-01T10:00:00+07:00",
        "severity": 2,
        "revenue_recovered": 12.5,
    }
    frame = pd.DataFrame(
        {
            "inspection_id": pd.Series(["I1"], dtype="str"),
            "scanned_at": pd.to_datetime(["2020-07-01T03:00:00Z"]).as_unit("us"),
            "closed_at": pd.to_datetime([None], utc=True),
            "severity": [2.0],
            "revenue_recovered": np.array([12.5]),
            "result": pd.Series([None], dtype="str"),
        }
    )
    from_frame = frame.to_dict("records")[0]
    expected = {**over_http, "scanned_at": "2020-07-01T03:00:00.000000Z"}
    assert plain_row(from_frame, "row 0") == plain_row(over_http, "row 0") == expected


def test_numpy_scalars_become_python_ones() -> None:
    row = {"a": np.int64(3), "b": np.float64(0.5), "c": np.bool_(True), "d": pd.NA, "e": np.nan}
    plain = plain_row(row, "row 0")
    assert plain == {"a": 3, "b": 0.5, "c": True}
    assert [type(value) for value in plain.values()] == [int, float, bool]


@pytest.mark.parametrize(
    "value",
    [float("inf"), [1], "next tuesday", datetime(2020, 1, 1)],  # noqa: DTZ001
)
def test_a_bad_value_is_named_with_its_place(value: object) -> None:
    with pytest.raises(LedgerError, match="manifests, row 4, column recorded_at"):
        plain_row({"recorded_at": value}, "manifests, row 4")
