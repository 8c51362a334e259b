"""The rule profile: what is answered, and marked as degraded, when no model can answer.

It is a scorecard as officers know it: a base rate and points for signs that need no history and
no model, added up in log-odds. Its figures are round numbers chosen by hand, not fitted: it
ranks consignments sensibly for the hours without a model, and its probability is an order of
magnitude, not a calibrated figure.

==========================================  ======
sign                                        points
==========================================  ======
container number malformed or wrong           +0.8
no consignee or importer named                +0.7
transshipped on the way                       +0.5
origin and departure countries differ         +0.4
goods described by nothing or one word        +0.4
groupage (LCL)                                +0.3
preference claimed                            +0.2
trusted trader                                -1.0
empty container                               -0.5
==========================================  ======
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from riskml.explanation import Evidence, Reason

__all__ = ["RULES", "RULE_BASE", "Rule", "RuleScore", "rule_score"]

RULE_BASE = math.log(0.02 / 0.98)
"""Log-odds of a consignment without any sign: about 2 in 100, as suspicious scans were."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """A sign, what it is called, and its points in log-odds."""

    name: str
    code: str
    points: float
    text_en: str
    text_vi: str
    holds: Callable[[Row, Sequence[Row]], bool]


@dataclass(frozen=True)
class RuleScore:
    """The profile's answer for one consignment.

    Attributes
    ----------
    raw_score, probability : float
        Log-odds, and the probability they stand for.
    flags, contributions : ndarray of float64, shape (number of rules,)
        Which signs were seen (0 or 1), and the points given.
    reasons : tuple of Reason
        The signs seen, strongest first.
    """

    raw_score: float
    probability: float
    flags: np.ndarray
    contributions: np.ndarray
    reasons: tuple[Reason, ...]


def rule_score(manifest: Row | None, lines: Sequence[Row]) -> RuleScore:
    """Score a consignment by the rule profile.

    Parameters
    ----------
    manifest : mapping or None
        Manifest row in normal form.
    lines : sequence of mapping
        Declaration lines in normal form; empty at the ``pre_arrival`` stage.
    """
    rows = manifest or {}
    flags = np.array([float(rule.holds(rows, lines)) for rule in RULES])
    contributions = flags * np.array([rule.points for rule in RULES])
    raw = RULE_BASE + float(contributions.sum())
    seen = [RULES[j] for j in np.argsort(-np.abs(contributions), kind="stable") if flags[j]]
    reasons = tuple(_reason(rule) for rule in seen)
    return RuleScore(raw, 1.0 / (1.0 + math.exp(-raw)), flags, contributions, reasons)


def _reason(rule: Rule) -> Reason:
    return Reason(
        code=rule.code,
        direction="raises" if rule.points > 0 else "lowers",
        contribution=rule.points,
        value=1.0,
        text_en=rule.text_en,
        text_vi=rule.text_vi,
        features=(Evidence(rule.name, 1.0, rule.points),),
    )


def _any(manifest: Row, lines: Sequence[Row], column: str) -> list[Any]:
    values = [row.get(column) for row in (manifest, *lines)]
    return [value for value in values if value is not None and value == value]


def _invalid_container(manifest: Row, lines: Sequence[Row]) -> bool:
    return any(_any(manifest, lines, "invalid_container_no"))


def _no_party(manifest: Row, lines: Sequence[Row]) -> bool:
    asked = any("consignee_id" in row or "importer_id" in row for row in (manifest, *lines))
    named = _any(manifest, lines, "consignee_id") or _any(manifest, lines, "importer_id")
    return asked and not named


def _transshipped(manifest: Row, lines: Sequence[Row]) -> bool:
    return bool(_any(manifest, lines, "transshipment_port"))


def _indirect(_manifest: Row, lines: Sequence[Row]) -> bool:
    pairs = [(line.get("origin_country"), line.get("departure_country")) for line in lines]
    return any(a is not None and b is not None and a != b for a, b in pairs)


def _vague(manifest: Row, lines: Sequence[Row]) -> bool:
    asked = any("goods_description" in row for row in (manifest, *lines))
    texts = _any(manifest, lines, "goods_description")
    return asked and all(len(str(text).split()) < 2 for text in texts)


def _is(column: str, *words: str) -> Callable[[Row, Sequence[Row]], bool]:
    def holds(manifest: Row, lines: Sequence[Row]) -> bool:
        return any(str(value).lower() in words for value in _any(manifest, lines, column))

    return holds


def _preference(manifest: Row, lines: Sequence[Row]) -> bool:
    return bool(_any(manifest, lines, "preference_code"))


RULES: tuple[Rule, ...] = (
    Rule(
        "rule_invalid_container", "R-CONTAINER", 0.8,
        "The container number is malformed or fails its check digit.",
        "Số công-te-nơ sai định dạng hoặc sai số kiểm tra.",
        _invalid_container,
    ),
    Rule(
        "rule_no_party", "R-PARTY", 0.7,
        "No consignee or importer is named.",
        "Không có mã người nhận hàng hoặc người nhập khẩu.",
        _no_party,
    ),
    Rule(
        "rule_transshipped", "R-ROUTE", 0.5,
        "The goods were transshipped on the way.",
        "Hàng được trung chuyển trên đường vận chuyển.",
        _transshipped,
    ),
    Rule(
        "rule_indirect", "R-ROUTE", 0.4,
        "Country of origin and country of departure differ.",
        "Nước xuất xứ khác nước xuất hàng.",
        _indirect,
    ),
    Rule(
        "rule_vague", "R-COMMODITY", 0.4,
        "The goods are described by a single word or not at all.",
        "Hàng hóa chỉ được mô tả bằng một từ hoặc không được mô tả.",
        _vague,
    ),
    Rule(
        "rule_groupage", "R-CARRIER", 0.3,
        "The container holds goods of several consignees (LCL).",
        "Công-te-nơ chứa hàng ghép của nhiều người nhận (LCL).",
        _is("cargo_type", "lcl"),
    ),
    Rule(
        "rule_preference", "R-PROCEDURE", 0.2,
        "A tariff preference is claimed.",
        "Có yêu cầu hưởng ưu đãi thuế quan.",
        _preference,
    ),
    Rule(
        "rule_trusted", "R-PARTY", -1.0,
        "The importer is a trusted trader.",
        "Người nhập khẩu là doanh nghiệp ưu tiên.",
        _is("trusted_trader", "true", "yes", "y", "1", "1.0"),
    ),
    Rule(
        "rule_empty", "R-CONTAINER", -0.5,
        "The container is declared empty.",
        "Công-te-nơ được khai là rỗng.",
        _is("cargo_type", "empty"),
    ),
)  # fmt: skip
"""The signs, in the order in which their flags are recorded."""
