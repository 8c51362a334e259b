"""From what a file holds (text, mostly) to text, numbers and times in normal form.

Each reader answers with the values and with a mask of what was given but could not be read, so
that nothing turns into "missing" unseen.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "PLAIN",
    "TIME_DTYPE",
    "Reading",
    "read_flag",
    "read_number",
    "read_text",
    "read_time",
]

STR_DTYPE: Any = pd.StringDtype("pyarrow", na_value=np.nan)
TIME_DTYPE = pd.DatetimeTZDtype("us", "UTC")

_NUMBER = r"(?i)^[+-]?((\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|inf|infinity|nan)$"
_ISO_DATE = r"^\d{4}-?\d{2}-?\d{2}(?:[T ]|$)"
_OFFSET = r"(?i)\d(?:z|[+-]\d{2}(?::?\d{2})?)$"
_BEYOND_MICROSECONDS = r"(\.\d{6})\d+"
_DAY = np.timedelta64(86_400_000_000, "us")


@dataclass(frozen=True)
class Reading:
    """How the given values of one column are to be read.

    Attributes
    ----------
    formats : tuple of str
        ``strptime`` formats of a time, tried in this order; empty means ISO 8601.
    timezone : str
        IANA zone of times written without an offset.
    offset_days : float
        Days added to a time.
    multiplier : float or ndarray of shape (n_rows,)
        What a number is multiplied by; NaN makes the value missing.
    decimal, thousands : str
        Decimal mark, and the mark between groups of digits (none if empty).
    number : bool
        Whether an extra ``x_*`` column holds numbers.
    """

    formats: tuple[str, ...] = ()
    timezone: str = "UTC"
    offset_days: float = 0.0
    multiplier: float | np.ndarray = 1.0
    decimal: str = "."
    thousands: str = ""
    number: bool = False


PLAIN = Reading()
"""ISO 8601 times in UTC, numbers with a decimal point."""


def read_text(values: pd.Series) -> pd.Series:
    """Return values as trimmed text in Unicode form NFC; blank becomes missing.

    Parameters
    ----------
    values : Series
        Of any dtype. Whole floats lose their ``.0`` and booleans become ``true`` and ``false``,
        since identifiers are often stored as numbers.

    Returns
    -------
    Series of str
        Same index; missing is NaN.
    """
    text = pc.utf8_trim_whitespace(_arrow_text(_as_text(values)))
    if not pc.all(pc.string_is_ascii(text)).as_py():
        text = _compose(text)
    blank = pc.equal(text, "")
    if pc.any(blank).as_py():
        text = pc.if_else(blank, pa.scalar(None, text.type), text)
    return pd.Series(STR_DTYPE.__from_arrow__(text), index=values.index)


def read_number(values: pd.Series, how: Reading = PLAIN) -> tuple[np.ndarray, np.ndarray]:
    """Return values as float64, and a mask of those that could not be read.

    Returns
    -------
    numbers : ndarray of float64, shape (n,)
        NaN where missing or unreadable; the words ``inf`` and ``NaN`` give infinity, so that the
        check for finite numbers names them.
    unreadable : ndarray of bool, shape (n,)
    """
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype="float64", na_value=np.nan)
        return numbers * how.multiplier, np.zeros(len(values), dtype=bool)
    text = _arrow_text(read_text(values))
    if how.thousands:
        text = pc.replace_substring(text, how.thousands, "")
    if how.decimal != ".":
        text = pc.replace_substring(text, how.decimal, ".")
    given = _mask(pc.is_valid(text))
    try:
        numbers = _cast(text)
        readable = given
    except pa.ArrowInvalid:  # one at least cannot be read: find out which
        well_formed = pc.match_substring_regex(text, _NUMBER)
        numbers = _cast(pc.if_else(well_formed, text, pa.scalar(None, text.type)))
        readable = _mask(well_formed)
    numbers = np.where(readable & np.isnan(numbers), np.inf, numbers)
    return numbers * how.multiplier, given & ~readable


def read_time(values: pd.Series, how: Reading = PLAIN) -> tuple[pd.Series, np.ndarray]:
    """Return values as UTC times in microseconds, and a mask of those that could not be read.

    Parameters
    ----------
    values : Series
        Times of any unit and zone, dates, or text. What carries no offset is local to
        ``how.timezone``; an hour that a clock change repeats is the later one (standard time),
        an hour that it skips moves forward.

    Returns
    -------
    times : Series of datetime64[us, UTC]
    unreadable : ndarray of bool, shape (n,)
    """
    if values.dtype.kind == "M":
        times = _to_utc(values, how.timezone)
        return _shift(times, how.offset_days), np.zeros(len(values), dtype=bool)
    text = read_text(values)
    codes, distinct = pd.factorize(text)
    times = _parse_times(pd.Series(distinct, dtype="str"), how)
    # Position -1 of a missing value must stay missing, so one NaT is put at the end.
    pool = np.append(times.to_numpy(dtype="datetime64[us]"), np.datetime64("NaT", "us"))
    whole = pd.Series(pool[codes], index=values.index).dt.tz_localize("UTC")
    unreadable = (codes >= 0) & np.isnat(pool[codes])
    return _shift(whole, how.offset_days), unreadable


def read_flag(values: pd.Series) -> np.ndarray:
    """Return a stored flag as booleans; missing is False."""
    if values.dtype == bool:
        return values.to_numpy()
    return read_text(values).str.lower().isin(["true", "1", "yes"]).to_numpy(dtype=bool)


def _parse_times(text: pd.Series, how: Reading) -> pd.Series:
    """Parse distinct texts; each format fills what the ones before it could not read."""
    found = pd.Series(pd.NaT, index=text.index, dtype=TIME_DTYPE)
    for layout in how.formats or ("",):
        left = found.isna()
        found = found.where(~left, _parse_layout(text.where(left), layout, how.timezone))
    return found


def _parse_layout(text: pd.Series, layout: str, timezone: str) -> pd.Series:
    if layout:
        # pandas reads the words "now" and "today" under any format: they hold no digit.
        text = text.where(text.str.contains(r"\d", na=False))
        return _to_utc(_strptime(text, layout), timezone)
    text = text.where(text.str.contains(_ISO_DATE, na=False))
    text = text.str.replace(_BEYOND_MICROSECONDS, r"\1", regex=True)
    offset = text.str.slice(8).str.contains(_OFFSET, na=False)
    aware = pd.to_datetime(text.where(offset), format="ISO8601", errors="coerce", utc=True)
    naive = pd.to_datetime(text.where(~offset), format="ISO8601", errors="coerce")
    return _to_utc(aware, "UTC").where(offset, _to_utc(naive, timezone))


def _strptime(text: pd.Series, layout: str) -> pd.Series:
    has_offset = "%z" in layout or "%Z" in layout
    return pd.to_datetime(text, format=layout, errors="coerce", utc=has_offset)


def _to_utc(times: pd.Series, timezone: str) -> pd.Series:
    if times.dt.tz is None:
        standard = np.zeros(len(times), dtype=bool)
        zone = ZoneInfo(timezone)
        times = times.dt.as_unit("us").dt.tz_localize(
            zone, ambiguous=standard, nonexistent="shift_forward"
        )
    utc: pd.Series = times.dt.tz_convert("UTC").dt.as_unit("us")
    return utc


def _shift(times: pd.Series, days: float) -> pd.Series:
    return times + days * _DAY if days else times


def _compose(text: pa.Array) -> pa.Array:
    """Return text in Unicode form NFC (Arrow's own ``utf8_normalize`` decomposes under NFC)."""
    encoded = pc.dictionary_encode(text)
    composed = [unicodedata.normalize("NFC", value) for value in encoded.dictionary.to_pylist()]
    return pc.take(pa.array(composed, type=pa.large_string()), encoded.indices)


def _as_text(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.StringDtype):
        return values
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _as_text(values.astype(values.cat.categories.dtype))
    if pd.api.types.is_bool_dtype(values):
        return values.map({True: "true", False: "false"}).astype("str")
    if pd.api.types.is_float_dtype(values):
        return _whole_without_fraction(values)
    if values.dtype == object:
        return _objects_as_text(values)
    return values.astype("str")


def _whole_without_fraction(values: pd.Series) -> pd.Series:
    text = values.astype("str")
    return text.str.replace(r"\.0$", "", regex=True)


def _objects_as_text(values: pd.Series) -> pd.Series:
    def one(value: object) -> object:
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return value if value is None or isinstance(value, str) else str(value)

    missing = values.isna().to_numpy()
    cells: Sequence[object] = [
        None if gone else one(value) for value, gone in zip(values, missing, strict=True)
    ]
    return pd.Series(cells, index=values.index, dtype="str")


def _arrow_text(text: pd.Series) -> pa.Array:
    array = pa.array(text.array, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array if pa.types.is_large_string(array.type) else array.cast(pa.large_string())


def _cast(text: pa.Array) -> np.ndarray:
    numbers: np.ndarray = pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)
    return numbers


def _mask(array: pa.Array) -> np.ndarray:
    mask: np.ndarray = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return mask
