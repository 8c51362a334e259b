"""The period report: the reference quarter's table for any period and office."""

from datetime import date

import riskml
from riskml.reports import period_wording as words
from riskml.reports.content import (
    Block,
    Cell,
    Column,
    Facts,
    KeyFigure,
    KeyFigures,
    Missing,
    Paragraph,
    Rate,
    Report,
    Row,
    Section,
    Table,
)
from riskml.reports.counts import PeriodCounts, Tally
from riskml.reports.estimates import rate
from riskml.reports.formatting import (
    format_count,
    format_day,
    format_percent,
    format_period,
)
from riskml.reports.period_groups import group_section, month_section, office_section
from riskml.reports.wording import Language, Message

__all__ = ["period_report"]


def period_report(counts: PeriodCounts, language: Language, prepared: date) -> Report:
    """Return the period report as data.

    Parameters
    ----------
    counts : PeriodCounts
        Counts from any source.
    language : {"en", "vi"}
        Language of its words and numbers.
    prepared : date
        The day that stands in its footer.

    Returns
    -------
    Report
        Key figures, the three ratios, and a section for every division of the scans that the
        counts know.
    """
    sections = [
        Section("", (_key_figures(counts.total, language), *_lead(counts.total, language))),
        Section(words.RATIOS(language), (_ratios(counts.total, language),)),
        office_section(counts, language),
        group_section(counts.modes, counts.total, words.MODES, words.MODE, language),
        group_section(counts.channels, counts.total, words.CHANNELS, words.CHANNEL, language),
        month_section(counts, language),
        _pending(counts, language),
        _method(counts, language),
    ]
    return Report(
        words.TITLE(language),
        language,
        tuple(section for section in sections if section is not None),
        kicker=_kicker(counts, language),
        subtitle=_subtitle(counts, language),
        footer=_footer(counts, language, prepared),
    )


def _kicker(counts: PeriodCounts, language: Language) -> str:
    return " · ".join(filter(None, (words.KICKER(language), counts.title)))


def _subtitle(counts: PeriodCounts, language: Language) -> str:
    office = counts.office
    where = words.ONE_OFFICE(language, office=office) if office else words.ALL_OFFICES(language)
    if counts.first is None or counts.last is None:
        return where
    return f"{format_period(counts.first, counts.last, language)} · {where}"


def _key_figures(total: Tally, language: Language) -> KeyFigures:
    per_scan = _note(words.OF_SCANS, rate(total.suspicious, total.scans), language)
    hits = _note(words.OF_SCANS, rate(total.violations, total.scans), language)
    confirmed = _note(words.OF_SUSPICIOUS, rate(total.confirmed, total.suspicious), language)
    return KeyFigures(
        (
            KeyFigure(words.SCANS(language), _known(total.scans)),
            KeyFigure(words.SUSPICIOUS(language), _known(total.suspicious), notes=per_scan),
            KeyFigure(words.VIOLATIONS(language), _known(total.violations), notes=confirmed + hits),
        )
    )


def _note(message: Message, share: Rate | Missing, language: Language) -> tuple[str, ...]:
    if isinstance(share, Missing):
        return ()
    return (message(language, rate=format_percent(share.value, language)),)


def _known(count: int | None) -> Cell:
    return Missing.UNKNOWN if count is None else count


def _lead(total: Tally, language: Language) -> tuple[Paragraph, ...]:
    if total.scans == 0:
        return (Paragraph(words.NO_SCANS(language), "lead"),)
    suspicious = rate(total.suspicious, total.scans)
    violations = rate(total.violations, total.scans)
    if isinstance(violations, Missing):
        return ()
    doubt = words.UNCERTAIN(
        language,
        low=format_percent(violations.low, language),
        high=format_percent(violations.high, language),
    )
    if violations.successes == 0:
        doubt = words.NO_VIOLATION(language, high=format_percent(violations.high, language))
    if isinstance(suspicious, Missing):
        return (Paragraph(doubt, "lead"),)
    found = words.LEAD(
        language,
        scans=format_count(violations.trials, language),
        suspicious=format_count(suspicious.successes, language),
        suspicious_rate=format_percent(suspicious.value, language),
        violations=format_count(violations.successes, language),
        violation_rate=format_percent(violations.value, language),
    )
    return (Paragraph(f"{found} {doubt}", "lead"),)


def _ratios(total: Tally, language: Language) -> Table:
    ratios = (
        (words.SUSPICIOUS_PER_SCAN, total.suspicious, total.scans),
        (words.VIOLATIONS_PER_SUSPICIOUS, total.confirmed, total.suspicious),
        (words.VIOLATIONS_PER_SCAN, total.violations, total.scans),
    )
    rows = []
    for name, few, many in ratios:
        share = rate(few, many)
        rows.append(Row((name(language), _known(few), _known(many), share, share)))
    return Table(
        words.RATIOS(language),
        (
            Column(words.RATIO(language)),
            Column(words.COUNT(language), "count"),
            Column(words.OUT_OF(language), "count"),
            Column(words.RATE(language), "rate"),
            Column(words.INTERVAL(language), "interval"),
        ),
        tuple(rows),
    )


def _pending(counts: PeriodCounts, language: Language) -> Section | None:
    pending, found = counts.pending, counts.total.violations_clear or 0
    items: list[tuple[Message, int]] = []
    if pending is not None:
        items = [
            (words.OPEN_SUSPICIOUS, pending.open_suspicious),
            (words.UNREAD, pending.unread),
            (words.OPENED_CLEAR, pending.opened_clear),
            (words.UNSCANNED, pending.unscanned),
        ]
    items.append((words.CLEAR_VIOLATIONS, found))
    facts = tuple((name(language), format_count(n, language)) for name, n in items if n)
    if not facts:
        return None
    blocks: tuple[Block, ...] = (Facts(facts),)
    if pending is not None and (pending.open_suspicious or pending.unread):
        blocks += (Paragraph(words.PENDING_TEXT(language), "note"),)
    return Section(words.PENDING(language), blocks)


def _method(counts: PeriodCounts, language: Language) -> Section:
    notes = [words.METHOD_INTERVALS]
    if len(counts.offices) > 1:
        notes.append(words.METHOD_RANKS)
    notes.append(words.METHOD_MISSING)
    if counts.total.violations_clear:
        notes.append(words.METHOD_CLEAR)
    return Section(
        words.METHOD(language), tuple(Paragraph(note(language), "note") for note in notes)
    )


def _footer(counts: PeriodCounts, language: Language, prepared: date) -> tuple[str, ...]:
    source = counts.source
    name = f"{source.note} ({source.name})" if source.note else source.name
    lines = [words.SOURCE(language, name=name)]
    if source.digest:
        lines.append(words.DIGEST(language, digest=source.digest))
    day = format_day(prepared, language)
    lines.append(words.PREPARED(language, day=day, version=riskml.__version__))
    return tuple(lines)
