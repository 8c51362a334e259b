"""The rules a row must keep, by the name under which the quarantine reports them."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from riskml.schemas.columns import RAW_CONTAINER, Column, TableSchema
from riskml.schemas.naming import flag_name

__all__ = ["RULES", "column_rules", "row_rules"]

RULES = {
    "missing_value": "a required value is missing",
    "unreadable_time": "a time was given that cannot be read",
    "unreadable_number": "a number was given that cannot be read",
    "not_finite": "a number is infinite, or the word NaN",
    "negative": "a mass, an amount of money or a count is below zero",
    "out_of_range": "a number or a time is outside what is possible",
    "not_whole": "a whole number was expected",
    "not_a_choice": "a value is not in the list of choices",
    "too_long": "a text is longer than allowed",
    "control_character": "a text holds characters that cannot be printed",
    "no_consignment_key": "an inspection names neither bill, container nor declaration",
    "result_without_closing": "a result was given, but not when it became known",
    "duplicate": "the same identity and revision stand in an earlier row",
    "wrong_field_count": "a line of the file has more or fewer fields than its header",
}
"""Every rule with its sentence."""

Mask = Callable[[pd.Series], pd.Series]
RowMask = Callable[[pd.DataFrame], pd.Series]

EARLIEST = pd.Timestamp("1980-01-01", tz="UTC")
LATEST = pd.Timestamp("2100-01-01", tz="UTC")
LONGEST_TEXT = 10_000
LONGEST_IDENTIFIER = 200

_CONTROL = r"[\x00-\x1f\x7f]"
_KEYS = ("bill_no", RAW_CONTAINER, "declaration_id")


def column_rules(column: Column) -> dict[str, Mask]:
    """Return what each value of a column must satisfy, by rule; missing values are not asked."""
    if column.kind == "choice":
        return {"not_a_choice": lambda values: values.isin(column.choices)}
    if column.kind == "time":
        return {"out_of_range": lambda values: (values >= EARLIEST) & (values < LATEST)}
    if column.is_number:
        return _number_rules(column)
    if column.kind == "text":
        return {"too_long": _shorter_than(LONGEST_TEXT), "control_character": _without("\x00")}
    if column.is_coded and column.kind != "commodity":
        return {}
    return {"too_long": _shorter_than(LONGEST_IDENTIFIER), "control_character": _printable}


def row_rules(schema: TableSchema) -> list[tuple[str, str, RowMask]]:
    """Return rules over several columns: rule, column to report, what must hold for a row."""
    rules = [
        ("missing_value", column.name, _given(column)) for column in schema.coded if column.required
    ]
    if schema.name == "inspections":
        rules.append(("no_consignment_key", "bill_no", _has_consignment_key))
        rules.append(("result_without_closing", "closed_at", _closed_if_result))
    return rules


def _number_rules(column: Column) -> dict[str, Mask]:
    # Each looks at finite numbers only, so that an infinite one is named once.
    rules: dict[str, Mask] = {"not_finite": _finite}
    if column.low == 0.0:
        rules["negative"] = lambda values: (values >= 0.0) | np.isinf(values)
    rules["out_of_range"] = lambda values: _in_range(values, column)
    if column.whole:
        rules["not_whole"] = lambda values: (values == np.floor(values)) | np.isinf(values)
    return rules


def _in_range(values: pd.Series, column: Column) -> pd.Series:
    if column.above_low:
        inside = (values > column.low) | (values < 0.0)
    elif column.low == 0.0:
        inside = pd.Series(True, index=values.index)
    else:
        inside = values >= column.low
    possible: pd.Series = (inside & (values <= column.high)) | np.isinf(values)
    return possible


def _finite(values: pd.Series) -> pd.Series:
    finite: pd.Series = ~np.isinf(values)
    return finite


def _shorter_than(length: int) -> Mask:
    return lambda values: values.str.len() <= length


def _without(character: str) -> Mask:
    return lambda values: ~values.str.contains(character, regex=False).astype(bool)


def _printable(values: pd.Series) -> pd.Series:
    return ~values.str.contains(_CONTROL, regex=True).astype(bool)


def _given(column: Column) -> RowMask:
    """Say whether a required code was given, known or not: an unknown one is evidence too."""
    return lambda rows: rows[column.name].notna() | rows[flag_name(column.name)]


def _has_consignment_key(rows: pd.DataFrame) -> pd.Series:
    found = pd.Series(False, index=rows.index)
    for key in _KEYS:
        if key in rows:
            found |= rows[key].notna()
    return found


def _closed_if_result(rows: pd.DataFrame) -> pd.Series:
    if "result" not in rows:
        return pd.Series(True, index=rows.index)
    closed = rows["closed_at"].notna() if "closed_at" in rows else False
    return rows["result"].isna() | closed
