"""The watch list: what must be scanned, on whose word, why, and until when.

A CSV, or TOML with ``[[watch]]`` tables::

    column,value,valid_from,valid_to,owner,reason
    container_no,MSCU1234566,2020-07-01,2020-07-31,Anti-smuggling team,Seal broken at Singapore

An entry concerns the arrivals whose ``column`` holds ``value`` (spaces and case aside), whatever
column of the scores that is. Both days of its validity are included; a blank one leaves that
side open. Every entry has an owner and a reason, because somebody will ask.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from riskml.errors import DataError, MissingColumnError
from riskml.selection.rows import Line, read_day, read_lines

__all__ = ["WatchEntry", "find_watched", "read_watchlist"]

COLUMNS = ("column", "value", "valid_from", "valid_to", "owner", "reason")
NEEDED = ("column", "value", "owner", "reason")


@dataclass(frozen=True)
class WatchEntry:
    """One entry of the watch list.

    Attributes
    ----------
    column, value : str
        What it looks for.
    owner, reason : str
        Who wants it, and why.
    valid_from, valid_to : date or None
        Business days on which it holds, both included.
    place : str
        Where it stands, for messages.
    """

    column: str
    value: str
    owner: str
    reason: str
    valid_from: date | None = None
    valid_to: date | None = None
    place: str = "watch list"

    def holds_on(self, days: pd.Series) -> pd.Series:
        """Return for each day whether the entry is valid then."""
        valid = pd.Series(True, index=days.index)
        if self.valid_from is not None:
            valid &= days >= self.valid_from
        if self.valid_to is not None:
            valid &= days <= self.valid_to
        return valid


def read_watchlist(path: Path) -> tuple[WatchEntry, ...]:
    """Read a watch list.

    Raises
    ------
    UnreadableFileError, MissingColumnError
        If it cannot be read or lacks a column.
    DataError
        If an entry lacks its owner, reason, column or value, or ends before it begins.
    """
    return tuple(_entry(line) for line in read_lines(path, "watch", COLUMNS, NEEDED))


def find_watched(arrivals: pd.DataFrame, entries: Iterable[WatchEntry]) -> pd.Series:
    """Return for each arrival why it must be scanned, missing where nothing says so.

    Parameters
    ----------
    arrivals : DataFrame
        With a column ``date`` of dates and whatever the entries look at.
    entries : iterable of WatchEntry
        The first that fits gives the reason.

    Raises
    ------
    MissingColumnError
        If an entry looks at a column that the arrivals do not have: it could never fit, and
        nobody would notice.
    """
    reasons: list[str | None] = [None] * len(arrivals)
    for entry in entries:
        for position in np.flatnonzero(_fits(arrivals, entry)):
            if reasons[position] is None:
                reasons[position] = f"watch list: {entry.reason} ({entry.owner})"
    return pd.Series(reasons, index=arrivals.index, dtype="str")


def _fits(arrivals: pd.DataFrame, entry: WatchEntry) -> pd.Series:
    if entry.column not in arrivals:
        raise MissingColumnError(
            f"{entry.place}: the scores have no column {entry.column!r}",
            f"watch one of {', '.join(map(str, arrivals.columns))}",
        )
    given = arrivals[entry.column].astype("str").str.strip().str.casefold()
    return (given == entry.value.strip().casefold()) & entry.holds_on(arrivals["date"])


def _entry(line: Line) -> WatchEntry:
    for name in NEEDED:
        if name not in line.cells:
            raise DataError(f"{line.place}: no {name}", f"give the entry its {name}")
    valid_from, valid_to = read_day(line, "valid_from"), read_day(line, "valid_to")
    if valid_from and valid_to and valid_to < valid_from:
        raise DataError(
            f"{line.place}: valid_to {valid_to} lies before valid_from {valid_from}", "swap them"
        )
    texts = {name: line.cells[name] for name in NEEDED}
    return WatchEntry(**texts, valid_from=valid_from, valid_to=valid_to, place=line.place)
