"""How good a model was: at inspection rates, overall, and what the checks found."""

from collections.abc import Mapping
from typing import Any

from riskml.reports import model_wording as words
from riskml.reports.content import (
    Column,
    Dot,
    DotChart,
    Estimate,
    Figure,
    Missing,
    Paragraph,
    Row,
    Section,
    Table,
)
from riskml.reports.formatting import format_count, format_number, format_percent
from riskml.reports.wording import Language

__all__ = ["lead", "quality_sections"]

LEAD_RATE = "0.05"
"""The inspection rate of the opening sentence."""

LEAK_CHECKS = ("RK001", "RK002")
"""A finding of these casts doubt on every figure."""


def lead(metrics: Mapping[str, Any], language: Language) -> Paragraph:
    """Return the opening sentence: hit rate and lift at one inspection rate, and doubts."""
    at = metrics.get("model", {}).get("at", {})
    found = at.get(LEAD_RATE) or next(iter(at.values()), None)
    if found is None or found["hit_rate"]["value"] is None or found["lift"]["value"] is None:
        return Paragraph(words.NOT_JUDGED(language), "lead")
    rate = LEAD_RATE if LEAD_RATE in at else next(iter(at))
    text = words.LEAD(
        language,
        rate=_rate_name(rate, language),
        hit_rate=format_percent(found["hit_rate"]["value"], language),
        lift=format_number(found["lift"]["value"], language, 1),
    )
    leaks = [code for code in LEAK_CHECKS if metrics.get("checks", {}).get(code) == "found"]
    if leaks:
        text = f"{text} {words.SUSPECT(language, codes=', '.join(leaks))}"
    return Paragraph(text, "lead")


def quality_sections(metrics: Mapping[str, Any], language: Language) -> list[Section]:
    """Return what is known of a model's quality; nothing if it was never judged.

    Parameters
    ----------
    metrics : mapping
        ``rows``, ``positives``, ``base_rate``, ``model`` (see
        `riskml.evaluation.summary.summarise`) and ``checks`` of a bundle's manifest.
    language : {"en", "vi"}
        Language of its words and numbers.
    """
    model = metrics.get("model")
    if not model:
        return []
    note = words.AT_RATES_NOTE(
        language,
        rows=format_count(metrics["rows"], language),
        positives=format_count(metrics["positives"], language),
        slices=words.LATER_SLICES(language),
    )
    sections = [
        Section(
            words.AT_RATES(language),
            (
                _at_rates(model["at"], note, language),
                _chart(model["at"], metrics["base_rate"], language),
            ),
        ),
        Section(words.OVERALL(language), (_overall(model, language),)),
    ]
    if metrics.get("checks"):
        sections.append(_checks(metrics["checks"], language))
    return sections


def _at_rates(at: Mapping[str, Any], note: str, language: Language) -> Table:
    columns = (
        Column(words.INSPECTION_RATE(language)),
        Column(words.INSPECTED(language), "number"),
        Column(words.HITS(language), "number"),
        Column(words.HIT_RATE(language), "estimated_share"),
        Column(words.RECALL(language), "estimated_share"),
        Column(words.LIFT(language), "estimate"),
    )
    rows = tuple(
        Row(
            (
                _rate_name(rate, language),
                round(found["inspected"], 1),
                round(found["hits"], 1),
                *(_estimate(found[name]) for name in ("hit_rate", "recall", "lift")),
            )
        )
        for rate, found in at.items()
    )
    return Table(words.AT_RATES(language), columns, rows, note)


def _chart(at: Mapping[str, Any], base_rate: float, language: Language) -> Figure:
    dots = []
    for rate, found in at.items():
        label = words.HIGHEST(language, rate=_rate_name(rate, language))
        dots.append(Dot(label, _estimate(found["hit_rate"])))
    reference = words.CHANCE(language, rate=format_percent(base_rate, language))
    chart = DotChart(tuple(dots), base_rate, reference)
    return Figure(words.CHART(language), words.CHART_TEXT(language), chart)


def _overall(model: Mapping[str, Any], language: Language) -> Table:
    columns = (
        Column(words.METRIC(language)),
        Column(words.VALUE(language), "estimate"),
        Column(words.BEST(language), "count"),
    )
    rows = [
        Row((name(language), _estimate(model[key]), best))
        for key, (name, best) in words.METRICS.items()
        if key in model
    ]
    return Table(words.OVERALL(language), columns, tuple(rows))


def _checks(checks: Mapping[str, str], language: Language) -> Section:
    columns = (
        Column(words.CODE(language)),
        Column(words.CHECK(language), "prose"),
        Column(words.STATUS(language)),
    )
    rows = []
    for code, status in checks.items():
        sought = words.CHECK_NAMES[code](language) if code in words.CHECK_NAMES else ""
        said = words.STATUSES[status](language) if status in words.STATUSES else status
        rows.append(Row((code, sought, said)))
    return Section(words.CHECKS(language), (Table(words.CHECKS(language), columns, tuple(rows)),))


def _rate_name(rate: str, language: Language) -> str:
    return f"{format_number(100 * float(rate), language, 2)} %"


def _estimate(found: Mapping[str, float | None]) -> Estimate | Missing:
    value = found["value"]
    return Missing.NOT_APPLICABLE if value is None else Estimate(value, found["low"], found["high"])
