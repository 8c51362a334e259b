"""The arrivals that a selection chooses from: a scores file in one sure form."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from riskml.config import settings
from riskml.datasets.tables import read_parquet
from riskml.errors import (
    DataError,
    EmptyTableError,
    MissingColumnError,
    UnreadableFileError,
    UsageError,
)
from riskml.selection.spreadsheet import unprotect

__all__ = ["prepare_arrivals", "read_scores"]

NEEDED = ("office", "decision_time", "probability")
TEXTS = ("bill_no", "container_no", "declaration_id", "stage", "office", "mode")
NUMBERS = ("probability", "raw_score", "expected_revenue", "propensity")
WHOLE_NUMBERS = ("rank", "seed")


def read_scores(path: Path) -> pd.DataFrame:
    """Read what ``riskml score`` or ``riskml select`` wrote, as Parquet or CSV.

    Returns
    -------
    DataFrame
        As it stands in the file; numbers and times of a CSV are parsed.

    Raises
    ------
    UnreadableFileError
        If it cannot be read.
    DataError
        If a number or a time of a CSV cannot be parsed.
    """
    if path.suffix.lower() != ".csv":
        return read_parquet(path)
    try:
        frame = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
    except FileNotFoundError as error:
        raise UnreadableFileError(f"{path} does not exist", "give a scores file") from error
    except (OSError, ValueError) as error:
        raise UnreadableFileError(f"{path}: no CSV ({error})", "score again") from error
    for name in frame:
        if name in NUMBERS:
            frame[name] = _parsed(path, frame, name, frame[name].map(_number, na_action="ignore"))
        elif name in WHOLE_NUMBERS:
            numbers = pd.to_numeric(frame[name], errors="coerce")
            frame[name] = _parsed(path, frame, name, numbers)
        elif name == "decision_time":
            times = pd.to_datetime(frame[name], errors="coerce", utc=True, format="ISO8601")
            frame[name] = _parsed(path, frame, name, times.dt.as_unit("us"))
        else:
            frame[name] = frame[name].map(unprotect, na_action="ignore")
    return frame


def prepare_arrivals(scores: pd.DataFrame, day: date | None = None) -> pd.DataFrame:
    """Return the scored consignments of a day, or of every day, one row for each.

    A consignment that was scored several times on a day counts as it was scored last.

    Parameters
    ----------
    scores : DataFrame
        ``office, decision_time, probability`` and the consignment's identifiers; ``mode``,
        ``mandatory`` (bool), ``expected_revenue`` and any other column may be there.
    day : date, optional
        The local business day of the decision.

    Returns
    -------
    DataFrame
        The columns of ``scores``, the text columns all present, plus ``key`` (text, what names
        the consignment) and ``date`` (the business day), sorted by date and key.

    Raises
    ------
    MissingColumnError
        If the scores lack a column.
    DataError
        If a probability or a time is missing or impossible, or a row names no consignment.
    UsageError
        If no consignment was decided on ``day``.
    EmptyTableError
        If there is no score at all.
    """
    _check(scores)
    arrivals = scores.reset_index(drop=True)
    for name in TEXTS:
        column = arrivals[name] if name in arrivals else pd.Series(np.nan, arrivals.index)
        arrivals[name] = column.astype("str")
    arrivals["key"] = _key(arrivals)
    local = arrivals["decision_time"].dt.tz_convert(settings().zone())
    arrivals["date"] = local.dt.date
    order = ["date", "key", "decision_time", "probability"]
    arrivals = arrivals.sort_values(order, kind="stable").drop_duplicates(
        ["date", "key"], keep="last"
    )
    if day is not None:
        arrivals = _of_day(arrivals, day)
    return arrivals.reset_index(drop=True)


def _check(scores: pd.DataFrame) -> None:
    if not len(scores):
        raise EmptyTableError("the scores have no row", "score a day that has arrivals")
    for name in NEEDED:
        if name not in scores:
            raise MissingColumnError(
                f"the scores have no column {name!r}", "write them with riskml score"
            )
    if not isinstance(scores["decision_time"].dtype, pd.DatetimeTZDtype):
        raise DataError("the scores' decision_time has no time zone", "give it in UTC")
    _refuse(scores, scores["decision_time"].isna(), "decision_time")
    probability = pd.to_numeric(scores["probability"], errors="coerce")
    _refuse(scores, ~probability.between(0, 1), "probability")
    _refuse(scores, scores["office"].isna(), "office")


def _refuse(scores: pd.DataFrame, bad: pd.Series, column: str) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0])
        value = scores[column].iloc[row]
        raise DataError(
            f"scores, row {row + 1}, column {column}: {value} cannot be used"
            f" ({int(bad.sum())} such rows)",
            "score these consignments again, or leave them out",
        )


def _key(arrivals: pd.DataFrame) -> pd.Series:
    """Return what names each consignment: as given, else by bill and container (DESIGN 1)."""
    bill, container = arrivals["bill_no"], arrivals["container_no"]
    alone = bill.where(bill.notna(), "declaration:" + arrivals["declaration_id"])
    key = (bill + "|" + container).fillna(alone)
    if "consignment_id" in arrivals:
        key = arrivals["consignment_id"].astype("str").fillna(key)
    _refuse(arrivals, key.isna(), "bill_no")
    return key


def _of_day(arrivals: pd.DataFrame, day: date) -> pd.DataFrame:
    chosen = arrivals[arrivals["date"] == day]
    if chosen.empty:
        first, last = arrivals["date"].iloc[0], arrivals["date"].iloc[-1]
        raise UsageError(
            f"--date {day}: nothing was scored on that day", f"choose from {first} to {last}"
        )
    return chosen


def _number(text: str) -> float:
    """Read a number to its last digit, which pandas' own parsers may miss."""
    try:
        return float(text)
    except ValueError:
        return np.nan


def _parsed(path: Path, frame: pd.DataFrame, name: str, parsed: pd.Series) -> pd.Series:
    bad = parsed.isna() & frame[name].notna()
    if bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0])
        raise DataError(
            f"{path}: row {row + 1}, column {name}: {frame[name].iloc[row]!r} cannot be read",
            "write the scores again",
        )
    return parsed
