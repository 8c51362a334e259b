"""The decision report: what was known of a consignment, why it scored so, and every proof of it."""

from datetime import date
from typing import Any

import riskml
from riskml.cases.comparison import Pair, compare
from riskml.config import settings
from riskml.explanation import REASON_CODES
from riskml.explanation.numbers import change, signed
from riskml.explanation.similar import SimilarCase
from riskml.reports import decision_wording as words
from riskml.reports.content import (
    Block,
    Cell,
    Column,
    Facts,
    KeyFigure,
    KeyFigures,
    Missing,
    Paragraph,
    Report,
    Row,
    Section,
    Table,
)
from riskml.reports.decision_facts import Decision
from riskml.reports.decision_proof import access_section, proof_section, recomputation_section
from riskml.reports.decision_wording import named
from riskml.reports.formatting import (
    format_count,
    format_day,
    format_number,
    format_percent,
    format_time,
)
from riskml.reports.period_wording import PREPARED
from riskml.reports.wording import Language
from riskml.scoring.explained import by_reason

__all__ = ["decision_report"]


def decision_report(decision: Decision, language: Language, prepared: date) -> Report:
    """Return the report of one score as data.

    Parameters
    ----------
    decision : Decision
        As `riskml.reports.decision_facts.gather` gives it.
    language : {"en", "vi"}
        Language of its words and numbers.
    prepared : date
        The day that stands in its footer.

    Returns
    -------
    Report
        The score, why, what was known, similar cases, the case, recomputation, proof, accesses.
    """
    record = decision.record
    sections = (
        Section("", (_figures(decision, language), *_lead(decision, language))),
        *_reasons(decision, language),
        Section(words.WAY(language), (_way(decision, language),)),
        Section(words.KNOWN(language), (*_documents(decision, language),)),
        Section(words.SIMILAR(language), (_similar(decision, language),)),
        Section(words.CASE(language), (*_case(decision, language),)),
        recomputation_section(decision, language),
        proof_section(decision, language),
        access_section(decision, language),
        Section(words.ALL_FEATURES(language), (_features(decision, language),)),
    )
    return Report(
        record.bill_no or record.declaration_id or record.score_id,
        language,
        sections,
        kicker=words.KICKER(language),
        subtitle=words.SUBTITLE(
            language,
            stage=named(record.stage, language),
            time=format_time(record.decision_time, language),
            office=record.office or "–",
        ),
        footer=(
            record.score_id,
            PREPARED(language, day=format_day(prepared, language), version=riskml.__version__),
        ),
    )


def _figures(decision: Decision, language: Language) -> KeyFigures:
    record, numbers = decision.record, decision.explanation["numbers"]
    return KeyFigures(
        (
            KeyFigure(words.PROBABILITY(language), _percent(record.probability, language), "text"),
            KeyFigure(words.RAW_SCORE(language), signed(numbers["raw_score"], language), "text"),
            KeyFigure(words.BASE_VALUE(language), signed(numbers["base_value"], language), "text"),
        )
    )


def _lead(decision: Decision, language: Language) -> list[Block]:
    record = decision.record
    time = format_time(record.decision_time, language)
    told = words.LEAD(language, probability=_percent(record.probability, language), time=time)
    blocks: list[Block] = [Paragraph(told, "lead")]
    if record.degraded:
        blocks.append(Paragraph(words.DEGRADED(language)))
    model = " ".join(filter(None, (record.model_name, record.model_version)))
    facts = (
        (words.SCORE(language), record.score_id),
        (words.BILL(language), record.bill_no),
        (words.CONTAINER(language), record.container_no),
        (words.DECLARATION(language), record.declaration_id),
        (words.OFFICE(language), record.office),
        (words.STAGE(language), named(record.stage, language)),
        (words.DECIDED(language), time),
        (words.SCORED(language), format_time(record.scored_at, language)),
        (words.MODEL(language), model or words.RULE_PROFILE(language)),
        (words.MODEL_DIGEST(language), record.model_digest),
        (words.FEATURE_SET_DIGEST(language), record.feature_set_digest),
        (words.WATERMARK(language), format_count(record.history_watermark, language)),
    )
    return [*blocks, Facts(tuple((label, value or "–") for label, value in facts))]


def _reasons(decision: Decision, language: Language) -> list[Section]:
    given = decision.record.reasons if isinstance(decision.record.reasons, list) else []
    columns = (
        Column(words.CONTRIBUTION(language)),
        Column(words.REASON(language), "prose"),
        Column(words.CODE(language)),
    )
    sections = []
    for direction, title in (("raises", words.RAISES), ("lowers", words.LOWERS)):
        rows = tuple(
            Row((signed(each["contribution"], language), each[f"text_{language}"], each["code"]))
            for each in given
            if each.get("direction") == direction
        )
        if rows:
            table = Table(title(language), columns, rows)
            sections.append(Section(title(language), (table,)))
    none = Section(words.WHY(language), (Paragraph(words.NO_REASON(language)),))
    return sections or [none]


def _way(decision: Decision, language: Language) -> Table:
    """Lay out how the base value and the reasons add up to the raw score."""
    numbers = decision.explanation["numbers"]
    steps = [
        Row((_title(code, language), signed(amount, language)))
        for code, amount in by_reason(decision.explanation["features"])
    ]
    base = Row((words.BASE_VALUE(language), signed(numbers["base_value"], language)), "total")
    ends = (
        Row((words.RAW_SCORE(language), signed(numbers["raw_score"], language)), "total"),
        Row((words.CALIBRATED(language), format_percent(numbers["probability"], language, 3))),
    )
    columns = (Column(words.STEP(language)), Column(words.CONTRIBUTION(language)))
    return Table(words.WAY(language), columns, (base, *steps, *ends), note=words.WAY_NOTE(language))


def _title(code: str, language: Language) -> str:
    found = REASON_CODES.get(code)
    return code if found is None else getattr(found, f"title_{language}")


def _documents(decision: Decision, language: Language) -> list[Block]:
    content = decision.content
    pairs = compare(content.manifest, content.lines)
    if not pairs:
        return [Paragraph(words.NOT_HELD(language))]
    columns = (
        Column(words.WHAT(language)),
        Column(words.MANIFEST(language), "prose"),
        Column(words.DECLARATION(language), "prose"),
        Column(words.DIFFERS(language)),
    )
    rows = tuple(
        Row(
            (
                words.DOCUMENTS[pair.code](language),
                _side(pair, pair.manifest, language),
                _side(pair, pair.declaration, language),
                _difference(pair, language),
            )
        )
        for pair in pairs
    )
    return [Table(words.BESIDE(language), columns, rows)]


def _side(pair: Pair, value: str | float | None, language: Language) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if pair.kind == "money":
        return f"{format_count(round(value), language)} {settings().reporting_currency}"
    return format_number(value, language, 0 if pair.kind == "count" else 1)


def _difference(pair: Pair, language: Language) -> str:
    if not pair.differs:
        return ""
    return words.YES(language) if pair.share is None else change(pair.share, language)


def _similar(decision: Decision, language: Language) -> Block:
    if decision.similar is None:
        return Paragraph(words.MODEL_GONE(language))
    if not decision.similar:
        return Paragraph(words.NO_SIMILAR(language))
    columns = (
        Column(words.SIMILARITY(language), "share"),
        Column(words.CONSIGNMENT(language), "prose"),
        Column(words.DECIDED(language), "prose"),
        Column(words.FINDING(language)),
        Column(words.RESULT(language)),
        Column(words.REVENUE(language), "number"),
    )
    rows = tuple(Row(_other(each, language)) for each in decision.similar)
    return Table(words.SIMILAR(language), columns, rows, note=words.SIMILAR_NOTE(language))


def _other(case: SimilarCase, language: Language) -> tuple[Cell, ...]:
    numbers = (case.bill_no or case.declaration_id, case.container_no, case.office)
    finding = {None: "–", True: "suspicious", False: "no_finding"}[case.suspicious]
    result = words.NOT_OPENED(language)
    if case.violation or case.verified:
        result = named("violation" if case.violation else "no_violation", language)
    revenue = Missing.UNKNOWN if case.revenue_recovered is None else case.revenue_recovered
    return (
        case.similarity,
        " · ".join(filter(None, numbers)) or "–",
        format_time(case.decision_time, language),
        named(finding, language),
        result,
        revenue,
    )


def _case(decision: Decision, language: Language) -> list[Block]:
    case = decision.case
    if case is None:
        return [Paragraph(words.NO_CASE(language))]
    facts = (
        (words.STATE(language), named(case.state, language)),
        (words.CHANNEL(language), named(case.channel, language)),
        (words.LEVEL(language), named(case.level, language)),
        (words.RESULT(language), named(case.result, language)),
    )
    columns = (
        Column(words.WHEN(language)),
        Column(words.WHO(language)),
        Column(words.ROLE(language)),
        Column(words.ACTION(language)),
        Column(words.STATE(language)),
        Column(words.WHY(language), "prose"),
    )
    rows = tuple(
        Row(
            (
                format_time(step.at, language),
                step.who,
                named(step.role, language),
                named(step.action, language),
                named(step.state, language),
                step.why,
            )
        )
        for step in decision.timeline
    )
    shown = Facts(tuple((label, value or "–") for label, value in facts))
    return [shown, Table(words.TIMELINE(language), columns, rows)]


def _features(decision: Decision, language: Language) -> Table:
    columns = (
        Column(words.FEATURE(language)),
        Column(words.MEANING(language), "prose"),
        Column(words.VALUE(language)),
        Column(words.CONTRIBUTION(language)),
    )
    given: list[dict[str, Any]] = decision.explanation["features"]
    ordered = sorted(given, key=lambda each: -abs(each["contribution"]))
    rows = tuple(
        Row(
            (
                each["feature"],
                each[f"description_{language}"],
                _value(each["value"], language),
                f"{each['contribution']:+.4f}",
            )
        )
        for each in ordered
    )
    return Table(words.ALL_FEATURES(language), columns, rows)


def _value(value: float | str | None, language: Language) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else format_number(value, language, 4)


def _percent(probability: float, language: Language) -> str:
    """Write a probability; a small one keeps two significant digits."""
    return format_percent(probability, language, 1 if probability >= 0.01 else 2)
