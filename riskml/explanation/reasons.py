"""From contributions to reasons: the few groups of evidence that moved a score most."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskml.explanation.catalogue import Language, say
from riskml.explanation.codes import REASON_CODES, code_of
from riskml.explanation.evidence import Sentence, sentence_of
from riskml.explanation.numbers import signed
from riskml.features import Feature, FeatureSet

__all__ = ["Evidence", "Reason", "ReasonBook", "reasons_of"]

RAISING = 4
"""Most reasons for risk that an answer names."""
LOWERING = 2
"""Most reasons against risk that an answer names."""
MEMBERS = 3
"""Most features that one reason names."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One feature of a reason: its value (None = missing) and its contribution in log-odds."""

    feature: str
    value: float | str | None
    contribution: float


@dataclass(frozen=True, slots=True)
class Reason:
    """A group of features and how much it moved the score.

    Attributes
    ----------
    code : str
        Stable reason code.
    direction : str
        ``raises`` or ``lowers`` the risk.
    contribution : float
        Sum over *all* features of the group, in log-odds.
    value : float, str or None
        Value of the feature that moved the score most within the group.
    text_en, text_vi : str
        The evidence in words.
    features : tuple of Evidence
        The features of the group that moved the score most, strongest first.
    """

    code: str
    direction: str
    contribution: float
    value: float | str | None
    text_en: str
    text_vi: str
    features: tuple[Evidence, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        members = [
            {"feature": e.feature, "value": e.value, "contribution": e.contribution}
            for e in self.features
        ]
        return {
            "code": self.code,
            "direction": self.direction,
            "contribution": self.contribution,
            "value": self.value,
            "text_en": self.text_en,
            "text_vi": self.text_vi,
            "features": members,
        }


@dataclass(frozen=True)
class ReasonBook:
    """The grouping of one feature set, prepared once per model.

    Attributes
    ----------
    features : tuple of Feature
        In feature-set order.
    codes : tuple of str
        The codes in use, in the order of :data:`~riskml.explanation.codes.REASON_CODES`.
    membership : ndarray of float64, shape (p, g)
        1 where a feature belongs to a code.
    members : tuple of tuple of int
        Positions of the features of each code.
    sentences : tuple of callable
        What writes the evidence of each feature.
    """

    features: tuple[Feature, ...]
    codes: tuple[str, ...]
    membership: np.ndarray = field(repr=False)
    members: tuple[tuple[int, ...], ...] = field(repr=False)
    sentences: tuple[Sentence, ...] = field(repr=False)

    @classmethod
    def of(cls, feature_set: FeatureSet) -> "ReasonBook":
        """Group the features of a feature set by meaning."""
        given = [code_of(feature) for feature in feature_set.features]
        codes = tuple(code for code in REASON_CODES if code in given)
        membership = np.array([[float(code == own) for code in codes] for own in given])
        membership = membership.reshape(len(given), len(codes))
        members = tuple(
            tuple(position for position, own in enumerate(given) if own == code) for code in codes
        )
        sentences = tuple(sentence_of(feature) for feature in feature_set.features)
        return cls(feature_set.features, codes, membership, members, sentences)


def reasons_of(
    book: ReasonBook, contributions: np.ndarray, values: Mapping[str, np.ndarray]
) -> list[tuple[Reason, ...]]:
    """Name the strongest reasons for and against the risk of each row.

    Parameters
    ----------
    book : ReasonBook
        Grouping of the model's feature set.
    contributions : ndarray of float64, shape (n, p)
        In feature-set order, log-odds.
    values : mapping of str to ndarray, shape (n,)
        Feature values as they were before encoding: float64, or object (text, None = missing).

    Returns
    -------
    list of tuple of Reason
        Per row at most four reasons that raise the risk and two that lower it, the strongest
        first; groups that did not move the score are left out.
    """
    columns = {feature.name: values[feature.name].tolist() for feature in book.features}
    groups = (contributions @ book.membership).tolist()
    # Plain lists: rows are short, and numpy's overhead for each would cost ten times the work.
    return [
        tuple(_reason(book, j, sums[j], own, columns, row) for j in _strongest(sums))
        for row, (sums, own) in enumerate(zip(groups, contributions.tolist(), strict=True))
    ]


def _strongest(sums: list[float]) -> list[int]:
    """Return positions of the groups to name, by falling strength, ties in order of code."""
    order = sorted(range(len(sums)), key=lambda j: -abs(sums[j]))
    raising = [j for j in order if sums[j] > 0][:RAISING]
    lowering = [j for j in order if sums[j] < 0][:LOWERING]
    chosen = {*raising, *lowering}
    return [j for j in order if j in chosen]


def _reason(
    book: ReasonBook,
    group: int,
    total: float,
    contributions: list[float],
    columns: Mapping[str, Sequence[Any]],
    row: int,
) -> Reason:
    # Evidence in the group's own direction: it is what the sentence is about.
    agreeing = [j for j in book.members[group] if _agree(contributions[j], total)]
    top = sorted(agreeing, key=lambda j: -abs(contributions[j]))[:MEMBERS]
    shown = [plain_value(columns[book.features[j].name][row]) for j in top]
    code = book.codes[group]

    def known(name: str) -> float | None:
        column = columns.get(name)
        value = None if column is None else plain_value(column[row])
        return value if isinstance(value, float) else None

    def text(language: Language) -> str:
        told = (book.sentences[j](v, known, language) for j, v in zip(top, shown, strict=True))
        return _text(code, total, told, language)

    return Reason(
        code=code,
        direction="raises" if total > 0 else "lowers",
        contribution=total,
        value=shown[0],
        text_en=text("en"),
        text_vi=text("vi"),
        features=tuple(
            Evidence(book.features[j].name, value, contributions[j])
            for j, value in zip(top, shown, strict=True)
        ),
    )


def _text(code: str, total: float, evidence: Iterable[str], language: Language) -> str:
    """Say what a reason rests on; two features of one meaning say it once."""
    head = say(
        language,
        "reason.raises" if total > 0 else "reason.lowers",
        title=say(language, code),
        amount=signed(total, language),
    )
    told = "; ".join(dict.fromkeys(evidence))
    return f"{head}. {told[:1].upper()}{told[1:]}." if told else f"{head}."


def plain_value(value: Any) -> float | str | None:
    """Return a feature's value as JSON holds it; missing (None, NaN) and infinite become None."""
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    return number if math.isfinite(number) else None


def _agree(contribution: float, total: float) -> bool:
    # Not by the sign of the product: that of two tiny numbers is zero.
    return contribution > 0 if total > 0 else contribution < 0
