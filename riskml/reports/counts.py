"""The counts of a period: scans, suspicious images, violations, in all and by group.

A count that we were not told is ``None``, which is not zero. Whatever the source (a table of
inspections, the ledger, a published figure), these are the only numbers the period report is
made from.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from riskml.errors import UsageError

__all__ = [
    "Group",
    "Pending",
    "PeriodCounts",
    "Source",
    "Tally",
    "remainder",
    "restrict",
    "sum_tallies",
]


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one group of scans; ``None`` is unknown.

    Attributes
    ----------
    scans : int or None
        Containers scanned.
    suspicious : int or None
        Scans whose image was read as suspicious.
    violations : int or None
        Scans whose inspection ended in a violation.
    violations_clear : int or None
        Those of them whose image had been read as clear (or not read): found because it was
        opened all the same, and kept apart from what suspicion led to.
    """

    scans: int | None
    suspicious: int | None
    violations: int | None
    violations_clear: int | None = None

    @property
    def confirmed(self) -> int | None:
        """Violations among the suspicious; all of them where nothing else was reported."""
        if self.violations is None:
            return None
        return self.violations - (self.violations_clear or 0)


@dataclass(frozen=True, slots=True)
class Group:
    """A named part of the period's scans: an office, a channel, a mode, a month."""

    name: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Pending:
    """What has not been decided yet, so that violations can still rise.

    Attributes
    ----------
    unread : int
        Scans without a finding.
    open_suspicious : int
        Suspicious scans without a result.
    opened_clear : int
        Scans read as clear that were opened all the same.
    unscanned : int
        Inspections selected in the period that carry no scan.
    """

    unread: int
    open_suspicious: int
    opened_clear: int
    unscanned: int


@dataclass(frozen=True, slots=True)
class Source:
    """Where counts come from, for the footer of the report.

    Attributes
    ----------
    name : str
        File, folder or database.
    digest : str
        SHA-256 of its content, where it has one.
    note : str
        Who published it, and where.
    """

    name: str
    digest: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PeriodCounts:
    """Everything the period report is made from.

    Attributes
    ----------
    total : Tally
        All scans of the period (of the office, where only one is asked for).
    offices, channels, modes, months : tuple of Group
        Parts of the total; a month is named by its first day (ISO). Offices may be named in
        part only; then the rest is the total less those named.
    source : Source
        Where the counts come from.
    first, last : date or None
        The period, both days included.
    title : str
        What the source calls itself.
    office : str or None
        The one office that was asked for.
    pending : Pending or None
        What is undecided, where the source can tell.
    """

    total: Tally
    offices: tuple[Group, ...]
    source: Source
    channels: tuple[Group, ...] = ()
    modes: tuple[Group, ...] = ()
    months: tuple[Group, ...] = ()
    first: date | None = None
    last: date | None = None
    title: str = ""
    office: str | None = None
    pending: Pending | None = None


def sum_tallies(tallies: Iterable[Tally]) -> Tally:
    """Add tallies up; a sum with an unknown part is unknown.

    Examples
    --------
    >>> sum_tallies([Tally(10, None, 1), Tally(20, 3, 0)])
    Tally(scans=30, suspicious=None, violations=1, violations_clear=None)
    """
    parts = tuple(tallies)
    return Tally(
        _sum(part.scans for part in parts),
        _sum(part.suspicious for part in parts),
        _sum(part.violations for part in parts),
        _sum(part.violations_clear for part in parts),
    )


def remainder(total: Tally, groups: Iterable[Group]) -> Tally | None:
    """Return what the total holds beyond the named groups, or None if they make it up.

    Examples
    --------
    >>> remainder(Tally(100, 9, 4), [Group("A", Tally(70, None, 4))])
    Tally(scans=30, suspicious=None, violations=0, violations_clear=None)
    """
    named = sum_tallies(group.tally for group in groups)
    rest = Tally(
        _subtract(total.scans, named.scans),
        _subtract(total.suspicious, named.suspicious),
        _subtract(total.violations, named.violations),
    )
    return rest if any((rest.scans, rest.suspicious, rest.violations)) else None


def restrict(
    counts: PeriodCounts, *, first: date | None, last: date | None, office: str | None
) -> PeriodCounts:
    """Return published counts as asked for: they cannot be cut, but an office can be picked.

    Parameters
    ----------
    counts : PeriodCounts
        Counts of a fixed period.
    first, last : date or None
        Stand in for what the source does not say about its period.
    office : str or None
        The one office to report.

    Raises
    ------
    UsageError
        If the counts are of another period, or do not name the office.
    """
    for option, asked, given in (("--from", first, counts.first), ("--to", last, counts.last)):
        if asked and given and asked != given:
            raise UsageError(
                f"{option} {asked}: the counts of {counts.source.name} say {given}",
                f"leave out {option}, or give the counts of that period",
            )
    first, last = counts.first or first, counts.last or last
    if first and last and last < first:
        raise UsageError(f"--to {last} lies before --from {first}", "give a later --to")
    counts = replace(counts, first=first, last=last)
    return counts if office is None else _pick(counts, office)


def _pick(counts: PeriodCounts, office: str) -> PeriodCounts:
    tallies = {group.name: group.tally for group in counts.offices}
    if office not in tallies:
        known = ", ".join(sorted(tallies)) or "none"
        raise UsageError(f"--office {office!r} is not in {counts.source.name}", f"it names {known}")
    return replace(
        counts,
        total=tallies[office],
        office=office,
        offices=(),
        channels=(),
        modes=(),
        months=(),
        pending=None,
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = tuple(counts)
    return None if None in known else sum(count for count in known if count is not None)


def _subtract(whole: int | None, part: int | None) -> int | None:
    return None if whole is None or part is None else whole - part
