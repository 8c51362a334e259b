"""Counts as they stood in a file, checked one by one and against each other."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from riskml.errors import DataError, EmptyTableError
from riskml.reports.counts import Group, PeriodCounts, Source, Tally, remainder, sum_tallies

__all__ = ["COUNTS", "GROUPS", "KEYS", "Document", "Entry", "build_counts"]

COUNTS = ("scans", "suspicious", "violations", "violations_clear")
"""The names of the counts in every file format."""

GROUPS = ("office", "channel", "mode", "month")
"""What the period's scans may be divided by."""

KEYS = ("title", "from", "to", "source")
"""What a file may say about itself."""

LARGEST = 10**12
_UNKNOWN = {"", "-", "–", "?", "unknown", "none", "null", "n/a", "na", "nan", "không rõ"}
_PLAIN = re.compile(r"\d{1,15}(\.0+)?")
_GROUPED = re.compile(r"\d{1,3}([,.\u00a0\u202f ]\d{3})+")


@dataclass
class Entry:
    """One row or table of a counts file, unchecked.

    Attributes
    ----------
    place : str
        Where it stands, as the user would look for it.
    name : str
        Office, channel, mode or month; blank for the total.
    counts : mapping of str to object
        Values as parsed, by count.
    """

    place: str
    name: str
    counts: Mapping[str, Any]


@dataclass
class Document:
    """A counts file, parsed but unchecked."""

    path: Path
    keys: dict[str, str] = field(default_factory=dict)
    total: Entry | None = None
    groups: dict[str, list[Entry]] = field(default_factory=dict)


def build_counts(document: Document, source: Source) -> PeriodCounts:
    """Check a parsed file and return its counts.

    Raises
    ------
    EmptyTableError
        If there is neither a total nor an office.
    DataError
        If a count or a date is impossible, or counts contradict each other; the message names
        the file, the place, the count, its value and the remedy.
    """
    groups = {kind: _groups(document, kind) for kind in GROUPS}
    if document.total is None and not groups["office"]:
        raise EmptyTableError(f"{document.path}: no counts", "give a total, or one row per office")
    if document.total is None:
        total = sum_tallies(group.tally for group in groups["office"])
    else:
        total = _tally(document.path, document.total)
    for kind, members in groups.items():
        _check_parts(document.path, kind, total, members)
    first, last = _day(document, "from"), _day(document, "to")
    if first and last and last < first:
        raise DataError(f"{document.path}: 'to' {last} lies before 'from' {first}", "swap them")
    return PeriodCounts(
        total,
        groups["office"],
        source,
        channels=groups["channel"],
        modes=groups["mode"],
        months=groups["month"],
        first=first,
        last=last,
        title=document.keys.get("title", ""),
    )


def _groups(document: Document, kind: str) -> tuple[Group, ...]:
    seen: dict[str, str] = {}
    groups = []
    for entry in document.groups.get(kind, []):
        if entry.name in seen:
            raise DataError(
                f"{document.path}: {entry.place}: {kind} {entry.name!r} already stands in"
                f" {seen[entry.name]}",
                "give it once, with the sum of both",
            )
        seen[entry.name] = entry.place
        groups.append(Group(entry.name, _tally(document.path, entry)))
    if kind == "month":
        return tuple(_month(document.path, group) for group in groups)
    return tuple(groups)


def _tally(path: Path, entry: Entry) -> Tally:
    where = f"{path}: {entry.place}"
    tally = Tally(**{name: _count(where, name, entry.counts.get(name)) for name in COUNTS})
    confirmed = tally.confirmed
    _check_within(where, "suspicious", tally.suspicious, "scans", tally.scans)
    _check_within(where, "violations", tally.violations, "scans", tally.scans)
    _check_within(where, "violations_clear", tally.violations_clear, "violations", tally.violations)
    if confirmed is not None and tally.suspicious is not None and confirmed > tally.suspicious:
        raise DataError(
            f"{where}, column violations: {confirmed} violations of {tally.suspicious} suspicious",
            "correct one of them, or give those found in clear images as violations_clear",
        )
    return tally


def _check_within(where: str, part: str, few: int | None, whole: str, many: int | None) -> None:
    if few is not None and many is not None and few > many:
        raise DataError(
            f"{where}, column {part}: {few} is more than the {many} of {whole}",
            "correct one of the two",
        )


def _count(where: str, name: str, value: Any) -> int | None:
    """Return a count, None for a blank, in the notations a spreadsheet may have left."""
    if value is None or (isinstance(value, str) and value.strip().casefold() in _UNKNOWN):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST:
        value = int(value)
    text = str(value).strip()
    if isinstance(value, bool) or not (_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text)):
        raise DataError(
            f"{where}, column {name}: {text[:40]!r} is no count",
            "give a whole number of 0 or more, or leave it blank if unknown",
        )
    digits = text.partition(".")[0] if _PLAIN.fullmatch(text) else re.sub(r"\D", "", text)
    if int(digits) > LARGEST:
        raise DataError(f"{where}, column {name}: {text[:40]!r} is too large", "correct it")
    return int(digits)


def _check_parts(path: Path, kind: str, total: Tally, groups: Sequence[Group]) -> None:
    """Refuse groups that hold more than the total, or leave a rest that cannot be."""
    for name in COUNTS:
        whole = getattr(total, name)
        named = _known_sum(getattr(group.tally, name) for group in groups)
        if whole is not None and named > whole:
            raise DataError(
                f"{path}: {kind}, column {name}: the rows sum to {named}, the total is {whole}",
                "correct the rows or the total",
            )
    rest = remainder(total, groups) if groups else None
    if rest is None or rest.scans is None:
        return
    for name in ("suspicious", "violations"):
        left = getattr(rest, name)
        if left is not None and left > rest.scans:
            raise DataError(
                f"{path}: {kind}, column {name}: the total leaves {left} {name} in the"
                f" {rest.scans} scans of no named {kind}",
                "correct the total, or add the missing rows",
            )


def _known_sum(counts: Iterable[int | None]) -> int:
    return sum(count for count in counts if count is not None)


def _day(document: Document, key: str) -> date | None:
    text = document.keys.get(key, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DataError(
            f"{document.path}: {key!r} {text!r} is no date", "write it as YYYY-MM-DD"
        ) from error


def _month(path: Path, group: Group) -> Group:
    try:
        first = date.fromisoformat(f"{group.name[:7]}-01")
    except ValueError as error:
        raise DataError(
            f"{path}: month {group.name!r} is no month", "write its name as YYYY-MM"
        ) from error
    return Group(first.isoformat(), group.tally)
