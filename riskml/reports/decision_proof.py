"""The sections of the decision report that prove it, and its numbers for programs."""

from dataclasses import asdict
from typing import Any

from riskml.reports import decision_wording as words
from riskml.reports.content import Block, Column, Facts, Paragraph, Row, Section, Table
from riskml.reports.decision_facts import Decision
from riskml.reports.decision_wording import named
from riskml.reports.formatting import format_count, format_time
from riskml.reports.wording import Language

__all__ = ["access_section", "decision_numbers", "proof_section", "recomputation_section"]


def recomputation_section(decision: Decision, language: Language) -> Section:
    """Return what computing the score again came to."""
    return Section(words.AGAIN(language), (*_recomputation(decision, language),))


def _recomputation(decision: Decision, language: Language) -> list[Block]:
    again = decision.recomputation
    if again is None:
        return [Paragraph(words.FAILED(language, why=decision.failure))]
    columns = (
        Column(words.WHAT(language)),
        Column(words.RECORDED(language)),
        Column(words.RECOMPUTED(language)),
        Column(words.AGREES(language)),
    )
    rows = tuple(
        Row((each.what, each.recorded, each.recomputed, _yes_or_no(each.same, language)))
        for each in again.comparisons
    )
    verdict = words.SAME if again.ok else words.OTHER
    return [Paragraph(verdict(language), "lead"), Table(words.AGAIN(language), columns, rows)]


def proof_section(decision: Decision, language: Language) -> Section:
    """Return where the score stands in its hash chain, and whether it fits there."""
    proof = decision.proof
    signed = words.NOT_SIGNED(language)
    if proof.checkpoint is not None:
        signed = words.BY_CHECKPOINT(language, number=format_count(proof.checkpoint, language))
    facts = (
        (words.CHAIN(language), f"scores / {proof.writer}"),
        (words.POSITION(language), format_count(proof.position, language)),
        (words.HASH_BEFORE(language), proof.prev_hash),
        (words.HASH(language), proof.row_hash),
        (words.SIGNED(language), signed),
    )
    verdict = words.INTACT if proof.intact else words.BROKEN
    return Section(words.PROOF(language), (Paragraph(verdict(language), "lead"), Facts(facts)))


def access_section(decision: Decision, language: Language) -> Section:
    """Return who looked at the explanation."""
    title = words.LOOKED(language)
    if not decision.accesses:
        return Section(title, (Paragraph(words.NOBODY(language)),))
    columns = (
        Column(words.WHEN(language)),
        Column(words.WHO(language)),
        Column(words.ROLE(language)),
        Column(words.WHERE(language)),
    )
    rows = tuple(
        Row((format_time(each.at, language), each.who, named(each.role, language), each.what))
        for each in decision.accesses
    )
    return Section(title, (Table(title, columns, rows),))


def decision_numbers(decision: Decision) -> dict[str, Any]:
    """Return everything that the report says, for programs; times are ISO 8601 in UTC."""
    again, content = decision.recomputation, decision.content
    numbers = {
        **decision.explanation,
        "documents": {"manifest": content.manifest, "lines": list(content.lines)},
        "similar": None if decision.similar is None else [asdict(s) for s in decision.similar],
        "case": None if decision.case is None else asdict(decision.case),
        "timeline": [asdict(step) for step in decision.timeline],
        "recomputation": {
            "same": None if again is None else again.ok,
            "comparisons": [] if again is None else again.rows(),
            "failure": decision.failure or None,
        },
        "proof": asdict(decision.proof),
        "accesses": [asdict(access) for access in decision.accesses],
    }
    plain: dict[str, Any] = _plain(numbers)
    return plain


def _plain(value: Any) -> Any:
    """Return what JSON can hold: instants as text."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _yes_or_no(value: bool, language: Language) -> str:
    return (words.YES if value else words.NO)(language)
