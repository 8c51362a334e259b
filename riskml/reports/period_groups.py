"""The period's scans divided by office, channel, mode and month."""

from collections.abc import Sequence
from datetime import date

from riskml.reports import period_wording as words
from riskml.reports.content import (
    Block,
    Cell,
    Column,
    Dot,
    DotChart,
    Figure,
    Missing,
    Paragraph,
    Rate,
    Row,
    RowRole,
    Section,
    Table,
)
from riskml.reports.counts import Group, PeriodCounts, Tally, remainder
from riskml.reports.estimates import Ranking, rank, rate
from riskml.reports.formatting import format_count, format_month, format_percent
from riskml.reports.wording import Language, Message

__all__ = ["by_scans", "group_section", "month_section", "office_section"]

LISTED_PAIRS = 6
"""Distinguishable pairs of offices that are spelt out."""


def by_scans(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Return groups with most scans first: an order that claims nothing about their rates."""
    return tuple(sorted(groups, key=lambda group: (-(group.tally.scans or 0), group.name)))


def office_section(counts: PeriodCounts, language: Language) -> Section | None:
    """Return share and rate per office, with the ranks that the intervals allow."""
    if not counts.offices:
        return None
    offices = by_scans(counts.offices)
    hit_rates = [rate(group.tally.violations, group.tally.scans) for group in offices]
    ranking = rank(hit_rates)
    blocks: list[Block] = [_office_table(counts, offices, ranking, language)]
    if sum(isinstance(item, Rate) for item in hit_rates) > 1:
        blocks.append(_order(offices, ranking, language))
    names = [_named(group.name, language) for group in offices]
    blocks.append(_chart(words.OFFICE_CHART, names, hit_rates, counts.total, language))
    return Section(words.OFFICES(language), tuple(blocks))


def group_section(
    groups: Sequence[Group], total: Tally, title: Message, column: Message, language: Language
) -> Section | None:
    """Return counts and rates of groups that are not ranked: modes, channels."""
    if not groups:
        return None
    rows = [_row(_named(group.name, language), group.tally, total) for group in by_scans(groups)]
    rows.append(_row(words.TOTAL(language), total, total, "total"))
    return Section(
        title(language),
        (Table(title(language), _columns(Column(column(language)), language), tuple(rows)),),
    )


def month_section(counts: PeriodCounts, language: Language) -> Section | None:
    """Return the series by month, where the period has more than one."""
    if len(counts.months) < 2:
        return None
    months = [(date.fromisoformat(group.name), group.tally) for group in counts.months]
    first = Column(words.MONTH(language), "month")
    table = Table(
        words.MONTHS(language),
        _columns(first, language),
        tuple(_row(month, tally, counts.total) for month, tally in months),
    )
    rates = [rate(tally.violations, tally.scans) for _, tally in months]
    names = [format_month(month, language) for month, _ in months]
    chart = _chart(words.MONTH_CHART, names, rates, counts.total, language)
    return Section(words.MONTHS(language), (table, chart))


def _office_table(
    counts: PeriodCounts, offices: Sequence[Group], ranking: Ranking, language: Language
) -> Table:
    columns = _columns(Column(words.OFFICE(language)), language)
    ranked = len(offices) > 1
    if ranked:
        columns += (Column(words.RANK(language), "rank"),)
    rows = []
    for group, ranks in zip(offices, ranking.ranges, strict=True):
        row = _row(_named(group.name, language), group.tally, counts.total)
        rows.append(Row((*row.cells, ranks)) if ranked else row)
    rest = remainder(counts.total, offices)
    if rest is not None:
        row = _row(words.OTHER_OFFICES(language), rest, counts.total, "rest")
        rows.append(Row((*row.cells, ""), row.role) if ranked else row)
    row = _row(words.TOTAL(language), counts.total, counts.total, "total")
    rows.append(Row((*row.cells, ""), row.role) if ranked else row)
    return Table(words.OFFICES(language), columns, tuple(rows))


def _columns(first: Column, language: Language) -> tuple[Column, ...]:
    return (
        first,
        Column(words.SCANS(language), "count"),
        Column(words.SHARE(language), "share"),
        Column(words.SUSPICIOUS(language), "count"),
        Column(words.VIOLATIONS(language), "count"),
        Column(words.HIT_RATE(language), "rate"),
        Column(words.INTERVAL(language), "interval"),
    )


def _row(name: Cell, tally: Tally, total: Tally, role: RowRole = "plain") -> Row:
    share = rate(tally.scans, total.scans)
    hits = rate(tally.violations, tally.scans)
    counts = (tally.scans, tally.suspicious, tally.violations)
    scans, suspicious, violations = (Missing.UNKNOWN if n is None else n for n in counts)
    part: Cell = share.value if isinstance(share, Rate) else share
    return Row((name, scans, part, suspicious, violations, hits, hits), role)


def _order(offices: Sequence[Group], ranking: Ranking, language: Language) -> Paragraph:
    """Say which offices the figures tell apart, if any."""
    if not ranking.above:
        return Paragraph(words.NO_ORDER(language))
    pairs = [
        words.ABOVE(language, higher=offices[i].name, lower=offices[j].name)
        for i, j in ranking.above[:LISTED_PAIRS]
    ]
    further = len(ranking.above) - LISTED_PAIRS
    if further > 0:
        pairs.append(words.MORE_PAIRS(language, n=format_count(further, language)))
    return Paragraph(words.SOME_ORDER(language, pairs="; ".join(pairs)))


def _chart(
    title: Message,
    names: Sequence[str],
    rates: Sequence[Rate | Missing],
    total: Tally,
    language: Language,
) -> Figure:
    dots = tuple(Dot(name, item) for name, item in zip(names, rates, strict=True))
    whole = rate(total.violations, total.scans)
    if isinstance(whole, Missing):
        chart = DotChart(dots)
    else:
        label = words.REFERENCE(language, rate=format_percent(whole.value, language))
        chart = DotChart(dots, whole.value, label)
    return Figure(title(language), words.OFFICE_CHART_TEXT(language), chart)


def _named(name: str, language: Language) -> str:
    """Return the wording of a coded name; offices and other names of their own stay as they are."""
    if not name:
        return words.UNNAMED(language)
    return words.NAMES[name](language) if name in words.NAMES else name
