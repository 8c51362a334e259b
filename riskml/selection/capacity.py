"""How many containers each office can scan, on which day, of which mode, with which scanner.

A capacity file is a CSV, or TOML with ``[[capacity]]`` tables::

    office,date,mode,scanner_id,capacity,min_rate,exploration
    Hai Phong,,sea,HP-1,40,0.05,0.10
    Hai Phong,,sea,HP-2,25,,
    Hai Phong,2020-09-02,sea,,0,,
    Da Nang,,,,6,,0.2
    *,,,,,0.05,

A blank date means every day, a blank mode all modes not named otherwise, ``*`` every office not
named. The row that says most counts: the office first, then the date, then the mode. Rows that
differ by scanner alone add up. Without a capacity the minimum scan rate sets it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil
from pathlib import Path

from riskml.errors import DataError, EmptyTableError
from riskml.selection.rows import Line, read_day, read_lines

__all__ = ["DEFAULT_EXPLORATION", "Capacity", "Quota", "Scanner", "read_capacity"]

DEFAULT_EXPLORATION = Fraction(1, 10)
"""Share of the capacity that explores where a row says nothing: whoever never looks elsewhere
learns nothing new, and cannot say what was missed."""

EVERY = "*"
COLUMNS = ("office", "date", "mode", "scanner_id", "capacity", "min_rate", "exploration")
LARGEST = 10**6


@dataclass(frozen=True)
class Scanner:
    """What one scanner, or an unnamed one, can do; ``capacity`` None is as much as is asked."""

    scanner_id: str | None
    capacity: int | None


@dataclass(frozen=True)
class Quota:
    """What one office can scan of one mode on one day.

    Attributes
    ----------
    office, mode : str
        ``*`` stands for every one that has no quota of its own.
    day : date or None
        None is every day without a quota of its own.
    scanners : tuple of Scanner
        In the order of the file.
    min_rate, exploration : Fraction
        Share of arrivals that must be scanned; share of the capacity that explores.
    """

    office: str
    day: date | None
    mode: str
    scanners: tuple[Scanner, ...]
    min_rate: Fraction = Fraction(0)
    exploration: Fraction = DEFAULT_EXPLORATION

    @property
    def capacity(self) -> int | None:
        """Scans of all scanners together, None where the minimum rate alone decides."""
        known = [each.capacity for each in self.scanners if each.capacity is not None]
        return sum(known) if known else None

    def minimum(self, arrivals: int) -> int:
        """Return how many of the arrivals the minimum rate asks for."""
        return ceil(self.min_rate * arrivals)

    def budget(self, arrivals: int) -> int:
        """Return how many of the arrivals are selected: never more than capacity or arrivals."""
        capacity = self.minimum(arrivals) if self.capacity is None else self.capacity
        return min(capacity, arrivals)


NOTHING = Quota(EVERY, None, EVERY, (Scanner(None, 0),))
"""The quota of whoever no row speaks of."""


@dataclass(frozen=True)
class Capacity:
    """All quotas of a selection.

    Raises
    ------
    ValueError
        If two quotas are for the same office, day and mode.
    """

    quotas: tuple[Quota, ...]

    def __post_init__(self) -> None:
        names = [(quota.office, quota.day, quota.mode) for quota in self.quotas]
        if len(set(names)) < len(names):
            raise ValueError("two quotas are for the same office, day and mode")

    def of(self, office: str, day: date, mode: str) -> Quota:
        """Return the quota that says most about these arrivals; one of no scans if none does."""
        fitting = [
            quota
            for quota in self.quotas
            if quota.office in {office, EVERY}
            and quota.day in {day, None}
            and quota.mode in {mode, EVERY}
        ]
        return max(fitting, key=_detail, default=NOTHING)

    @classmethod
    def everywhere(cls, rate: float, exploration: float = float(DEFAULT_EXPLORATION)) -> "Capacity":
        """Return the capacity to scan a share of each office's arrivals on each day.

        Examples
        --------
        >>> Capacity.everywhere(0.05).of("Da Nang", date(2020, 7, 1), "sea").budget(101)
        6
        """
        shares = Fraction(str(rate)), Fraction(str(exploration))
        return cls((Quota(EVERY, None, EVERY, (Scanner(None, None),), *shares),))


def read_capacity(path: Path) -> Capacity:
    """Read a capacity file.

    Raises
    ------
    UnreadableFileError, MissingColumnError
        If it cannot be read, or has no column ``office``.
    EmptyTableError
        If it has no row.
    DataError
        If a number is impossible, a row says nothing about capacity, or two rows say the same
        thing twice or contradict each other; the message names the line.
    """
    lines = read_lines(path, "capacity", COLUMNS, ("office",))
    if not lines:
        raise EmptyTableError(f"{path}: no capacity", "give at least one row")
    groups: dict[tuple[str, date | None, str], list[Line]] = {}
    for line in lines:
        if "office" not in line.cells:
            raise DataError(f"{line.place}: no office", f"name one, or {EVERY} for all others")
        mode = line.cells.get("mode", EVERY).casefold()
        name = (line.cells["office"], read_day(line, "date"), mode)
        groups.setdefault(name, []).append(line)
    return Capacity(tuple(_quota(*name, members) for name, members in groups.items()))


def _quota(office: str, day: date | None, mode: str, lines: Sequence[Line]) -> Quota:
    min_rate = _agreed(lines, "min_rate")
    exploration = _agreed(lines, "exploration")
    scanners = []
    for line in lines:
        capacity = _count(line)
        if capacity is None and (min_rate is None or len(lines) > 1):
            raise DataError(f"{line.place}: neither capacity nor min_rate", "give one of them")
        scanners.append(Scanner(line.cells.get("scanner_id"), capacity))
        if [each.scanner_id for each in scanners].count(scanners[-1].scanner_id) > 1:
            raise DataError(
                f"{line.place}: a second row for the same office, date, mode and scanner_id",
                "add them up, or name the scanners",
            )
    return Quota(
        office,
        day,
        mode,
        tuple(scanners),
        Fraction(0) if min_rate is None else min_rate,
        DEFAULT_EXPLORATION if exploration is None else exploration,
    )


def _count(line: Line) -> int | None:
    text = line.cells.get("capacity")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= LARGEST):
        raise DataError(
            f"{line.place}, column capacity: {text[:40]!r} is no number of scans",
            f"give a whole number from 0 to {LARGEST}",
        )
    return int(text)


def _agreed(lines: Iterable[Line], column: str) -> Fraction | None:
    """Return the share that the rows of one quota give, each at most once or all alike."""
    agreed: Fraction | None = None
    for line in lines:
        text = line.cells.get(column)
        if text is None:
            continue
        share = _share(line, column, text)
        if agreed is not None and share != agreed:
            raise DataError(
                f"{line.place}, column {column}: {text!r} contradicts another scanner's row",
                "give it once for all scanners of an office",
            )
        agreed = share
    return agreed


def _share(line: Line, column: str, text: str) -> Fraction:
    try:
        share = Fraction(text.removesuffix("%").strip()) / (100 if text.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if not 0 <= share <= 1 or "/" in text:
        raise DataError(
            f"{line.place}, column {column}: {text[:40]!r} is no share",
            "give a number from 0 to 1, such as 0.05",
        )
    return share


def _detail(quota: Quota) -> tuple[bool, bool, bool]:
    return quota.office != EVERY, quota.day is not None, quota.mode != EVERY
