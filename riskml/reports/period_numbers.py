"""The period report's numbers for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from riskml.reports.content import Missing, RankRange, Rate
from riskml.reports.counts import Group, PeriodCounts, Tally, remainder
from riskml.reports.estimates import CONFIDENCE, rank, rate
from riskml.reports.period_groups import by_scans

__all__ = ["FORMAT", "period_numbers"]

FORMAT = 1
"""Version of the layout; it changes when a key changes its meaning or goes."""


def period_numbers(counts: PeriodCounts) -> dict[str, Any]:
    """Return what the report says as plain data.

    Rates are shares of one, unrounded. A count that is unknown is null, a rate that cannot be
    given is null with the reason in ``missing``: ``unknown`` or ``not_applicable``.

    Returns
    -------
    dict
        ``format``, ``title``, ``from``, ``to``, ``office``, ``source``, ``confidence``,
        ``total``, ``offices``, ``other_offices``, ``modes``, ``channels``, ``months``,
        ``distinguishable`` (pairs of offices, the higher first) and ``pending``.
    """
    offices = by_scans(counts.offices)
    rest = remainder(counts.total, offices) if offices else None
    ranking = rank([rate(group.tally.violations, group.tally.scans) for group in offices])
    rows = _groups(offices, counts.total)
    for row, ranks in zip(rows, ranking.ranges, strict=True):
        row["possible_ranks"] = _ranks(ranks)
    return {
        "format": FORMAT,
        "title": counts.title,
        "from": counts.first.isoformat() if counts.first else None,
        "to": counts.last.isoformat() if counts.last else None,
        "office": counts.office,
        "source": asdict(counts.source),
        "confidence": CONFIDENCE,
        "total": _numbers(counts.total, counts.total),
        "offices": rows,
        "other_offices": None if rest is None else _numbers(rest, counts.total),
        "modes": _groups(by_scans(counts.modes), counts.total),
        "channels": _groups(by_scans(counts.channels), counts.total),
        "months": _groups(counts.months, counts.total),
        "distinguishable": [[offices[i].name, offices[j].name] for i, j in ranking.above],
        "pending": None if counts.pending is None else asdict(counts.pending),
    }


def _groups(groups: Sequence[Group], total: Tally) -> list[dict[str, Any]]:
    return [{"name": group.name or None, **_numbers(group.tally, total)} for group in groups]


def _numbers(tally: Tally, total: Tally) -> dict[str, Any]:
    share = rate(tally.scans, total.scans)
    return {
        **asdict(tally),
        "share_of_scans": share.value if isinstance(share, Rate) else None,
        "suspicious_per_scan": _rate(tally.suspicious, tally.scans),
        "violations_per_suspicious": _rate(tally.confirmed, tally.suspicious),
        "violations_per_scan": _rate(tally.violations, tally.scans),
    }


def _rate(successes: int | None, trials: int | None) -> dict[str, Any]:
    found = rate(successes, trials)
    if isinstance(found, Missing):
        return {"value": None, "low": None, "high": None, "missing": found.value}
    return {"value": found.value, "low": found.low, "high": found.high}


def _ranks(ranks: RankRange | Missing) -> list[int] | None:
    return None if isinstance(ranks, Missing) else [ranks.best, ranks.worst]
