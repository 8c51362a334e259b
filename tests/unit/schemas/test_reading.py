"""Every reader: what it accepts, what it calls unreadable, and that neither becomes missing."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from riskml.schemas.reading import Reading, read_flag, read_number, read_text, read_time


def text(*values):
    return pd.Series(values, dtype="str")


def utc(*values):
    return [pd.NaT if value is None else pd.Timestamp(value, tz="UTC") for value in values]


def test_text_is_trimmed_and_blank_is_missing():
    result = read_text(text(" a ", "", "  ", None, "b\tc"))
    assert result.dtype == "str"
    assert result.tolist()[0] == "a"
    assert result.isna().tolist() == [False, True, True, True, False]


def test_text_in_two_unicode_forms_becomes_equal():
    composed, decomposed = "Hải Phòng", "Ha\u0309i Pho\u0300ng"
    assert composed != decomposed
    assert len(set(read_text(text(composed, decomposed)))) == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series([40.0, np.nan, 1.5]), ["40", None, "1.5"]),
        (pd.Series([7, 8]), ["7", "8"]),
        (pd.Series([True, False]), ["true", "false"]),
        (pd.Series([b"caf\xc3\xa9", None], dtype=object), ["caf\u00e9", None]),
        (pd.Series([Decimal("3.10"), "x"], dtype=object), ["3.10", "x"]),
        (pd.Series(["a", None], dtype="category"), ["a", None]),
        (pd.Series([1, None], dtype="Int64"), ["1", None]),
    ],
)
def test_text_of_other_dtypes(values, expected):
    result = read_text(values)
    assert [None if pd.isna(value) else value for value in result] == expected


@pytest.mark.parametrize("given", ["12", " 12 ", "+12", "12.0", "1.2e1", "12."])
def test_number_forms(given):
    numbers, unreadable = read_number(text(given))
    assert numbers.tolist() == [12.0]
    assert not unreadable.any()


@pytest.mark.parametrize("given", ["1,000", "0x10", "1_000", "twelve", "٣", "1 2", "12kg", "--1"])
def test_number_unreadable(given):
    numbers, unreadable = read_number(text(given, "5"))
    assert np.isnan(numbers[0])
    assert unreadable.tolist() == [True, False]
    assert numbers[1] == 5.0


@pytest.mark.parametrize("given", ["inf", "-Infinity", "NaN", "1e999"])
def test_endless_numbers_stay_visible(given):
    numbers, unreadable = read_number(text(given, None))
    assert np.isinf(numbers[0])
    assert np.isnan(numbers[1])
    assert not unreadable.any()


def test_number_is_read_to_the_last_bit():
    numbers, _ = read_number(text("6.735841199999999", "0.1", "x"))
    assert numbers[:2].tolist() == [6.735841199999999, 0.1]


def test_number_marks_and_multipliers():
    german = Reading(decimal=",", thousands=".")
    assert read_number(text("1.234,5"), german)[0].tolist() == [1234.5]
    units = Reading(multiplier=np.array([1.0, 0.001, np.nan]))
    numbers, unreadable = read_number(text("5", "500", "7"), units)
    np.testing.assert_array_equal(numbers, [5.0, 0.5, np.nan])
    assert not unreadable.any()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2020-01-02", "2020-01-02T00:00:00"),
        ("20200102", "2020-01-02T00:00:00"),
        ("2020-01-02 10:30", "2020-01-02T10:30:00"),
        ("2020-01-02T10:30:00Z", "2020-01-02T10:30:00"),
        ("2020-01-02T10:30:00+07:00", "2020-01-02T03:30:00"),
        ("20200102T103000-0700", "2020-01-02T17:30:00"),
        ("2020-01-02T00:00:00.123456789", "2020-01-02T00:00:00.123456"),
        ("9999-12-31", "9999-12-31T00:00:00"),
    ],
)
def test_iso_times(given, expected):
    times, unreadable = read_time(text(given))
    assert times.dtype == pd.DatetimeTZDtype("us", "UTC")
    assert times.tolist() == utc(expected)
    assert not unreadable.any()


@pytest.mark.parametrize(
    "given", ["now", "today", "12", "2020", "2020-02-30", "31/12/2020", "x", "2020-13-01"]
)
def test_unreadable_times(given):
    times, unreadable = read_time(text(given, "2020-01-01", None))
    assert times.tolist() == utc(None, "2020-01-01", None)
    assert unreadable.tolist() == [True, False, False]


def test_one_odd_time_does_not_change_its_neighbours():
    """A nanosecond or year 9999 in one row must not change the unit of all others."""
    times, unreadable = read_time(text("9999-12-31", "2020-01-01T00:00:00.123456789", "1700-01-01"))
    assert times.notna().all()
    assert not unreadable.any()


def test_formats_are_tried_in_order_and_words_are_no_times():
    how = Reading(formats=("%d/%m/%Y", "%d.%m.%Y %H:%M"))
    times, unreadable = read_time(text("31/12/2020", "1.2.2021 10:11", "now"), how)
    assert times.tolist() == utc("2020-12-31", "2021-02-01T10:11", None)
    assert unreadable.tolist() == [False, False, True]


def test_local_times_become_utc():
    seoul = Reading(timezone="Asia/Seoul")
    given = text("2020-01-01", "2020-01-01T00:00:00Z", "2020-01-01T00:00+02:00")
    assert read_time(given, seoul)[0].tolist() == utc(
        "2019-12-31T15:00", "2020-01-01", "2019-12-31T22:00"
    )
    berlin = Reading(timezone="Europe/Berlin")
    clock_changes = text("2021-10-31 02:30", "2021-03-28 02:30")
    assert read_time(clock_changes, berlin)[0].tolist() == utc(
        "2021-10-31T01:30", "2021-03-28T01:00"
    )


def test_offsets_and_typed_times():
    how = Reading(offset_days=1.5)
    assert read_time(text("2020-01-01"), how)[0].tolist() == utc("2020-01-02T12:00")
    typed = [
        pd.Series(pd.to_datetime(["2020-01-01"])).dt.as_unit("ns"),
        pd.Series(pd.to_datetime(["2020-01-01"])).dt.tz_localize("UTC"),
        pd.Series([dt.date(2020, 1, 1)], dtype=object),
        pd.Series([20200101]),
    ]
    for values in typed:
        assert read_time(values, how)[0].tolist() == utc("2020-01-02T12:00")


def test_empty_columns():
    assert read_time(text())[0].dtype == pd.DatetimeTZDtype("us", "UTC")
    assert read_number(text())[0].dtype == np.float64
    assert read_text(text()).dtype == "str"
    assert read_time(pd.Series([None, None], dtype=object))[0].isna().all()


def test_flags():
    assert read_flag(pd.Series([True, False])).tolist() == [True, False]
    assert read_flag(text("True", "0", None, "1")).tolist() == [True, False, False, True]
