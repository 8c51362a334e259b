"""From contributions to reasons: the few groups of evidence that moved a score most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from riskml.explanation.catalogue import LANGUAGES, Language, Phrase, say
from riskml.explanation.choice_kernel import choose
from riskml.explanation.codes import REASON_CODES, code_of
from riskml.explanation.evidence import sentence_of
from riskml.explanation.numbers import signed
from riskml.explanation.sentences import Places, Sentence, Told, Value
from riskml.features import Feature, FeatureSet

__all__ = ["MEMBERS", "Chosen", "Evidence", "Reason", "ReasonBook", "choose_reasons", "reasons_of"]

RAISING = 4
"""Most reasons for risk that an answer names."""
LOWERING = 2
"""Most reasons against risk that an answer names."""
MOST_HEADS = 10_000
"""Beginnings of reasons that are remembered: one for each code and contribution as it is shown."""
MEMBERS = 3
"""Most features that one reason names."""


class Evidence(NamedTuple):
    """One feature of a reason: its value (None = missing) and its contribution in log-odds."""

    feature: str
    value: float | str | None
    contribution: float


class Reason(NamedTuple):
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
            {"feature": name, "value": value, "contribution": contribution}
            for name, value, contribution in self.features
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


class Chosen(NamedTuple):
    """What the reasons of n rows speak of.

    Attributes
    ----------
    sums : ndarray of float64, shape (n, g)
        Contributions of each code, added up.
    groups : ndarray of int64, shape (n, RAISING + LOWERING)
        The codes to name, the strongest first; -1 behind the last one.
    tops : ndarray of int64, shape (n, RAISING + LOWERING, MEMBERS)
        The features to name of each, the strongest first; -1 behind the last one.
    """

    sums: np.ndarray
    groups: np.ndarray
    tops: np.ndarray


@dataclass(frozen=True)
class ReasonBook:
    """The grouping of one feature set and its wording, prepared once per model.

    Attributes
    ----------
    features : tuple of Feature
        In feature-set order.
    codes : tuple of str
        The codes in use, in the order of :data:`~riskml.explanation.codes.REASON_CODES`.
    membership : ndarray of float64, shape (p, g)
        1 where a feature belongs to a code.
    members : ndarray of int64, shape (p,)
        Positions of the features, sorted by code.
    starts : ndarray of int64, shape (g + 1,)
        Where the features of each code begin among them; then their number.
    numbers, words : tuple of int
        Positions of the features that are numbers, and of the others.
    wording : Wording
        What writes the texts of a reason.
    """

    features: tuple[Feature, ...]
    codes: tuple[str, ...]
    membership: np.ndarray = field(repr=False)
    members: np.ndarray = field(repr=False)
    starts: np.ndarray = field(repr=False)
    numbers: tuple[int, ...] = field(repr=False)
    words: tuple[int, ...] = field(repr=False)
    wording: "Wording" = field(repr=False)

    @classmethod
    def of(cls, feature_set: FeatureSet) -> "ReasonBook":
        """Group the features of a feature set by meaning."""
        given = [code_of(feature) for feature in feature_set.features]
        codes = tuple(code for code in REASON_CODES if code in given)
        membership = np.array([[float(code == own) for code in codes] for own in given])
        membership = membership.reshape(len(given), len(codes))
        sizes = membership.sum(axis=0).astype(np.intp)
        return cls(
            feature_set.features,
            codes,
            membership,
            np.argsort([codes.index(code) for code in given], kind="stable").astype(np.int64),
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            tuple(j for j, f in enumerate(feature_set.features) if f.kind == "number"),
            tuple(j for j, f in enumerate(feature_set.features) if f.kind != "number"),
            Wording.of(feature_set, codes),
        )


@dataclass(frozen=True)
class Wording:
    """How the reasons of one feature set are written in every language.

    Attributes
    ----------
    raises, lowers : tuple of (tuple of Phrase)
        The beginning of a reason, by code and language.
    evidence : tuple of Told
        What writes the evidence of each feature.
    """

    raises: tuple[tuple[Phrase, ...], ...]
    lowers: tuple[tuple[Phrase, ...], ...]
    evidence: tuple[Told, ...]
    _known: dict[tuple[int, str, bool], tuple[str, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, feature_set: FeatureSet, codes: Sequence[str]) -> "Wording":
        """Prepare what does not change from one consignment to the next."""
        numbers = {f.name: j for j, f in enumerate(feature_set.features) if f.kind == "number"}
        raises, lowers = (
            tuple(
                tuple(Phrase(each, name, "amount", title=say(each, code)) for each in LANGUAGES)
                for code in codes
            )
            for name in ("reason.raises", "reason.lowers")
        )
        evidence = tuple(
            Told([_written(feature, Places(j, numbers), each) for each in LANGUAGES])
            for j, feature in enumerate(feature_set.features)
        )
        return cls(raises, lowers, evidence)

    def texts(
        self, group: int, total: float, top: Sequence[int], values: Sequence[Value]
    ) -> list[str]:
        """Say, in each language, what a reason rests on; what means the same is said once."""
        told = zip(*[self.evidence[j](values) for j in top], strict=True)
        found = []
        for head, sentences in zip(self.heads(group, total), told, strict=True):
            once = "; ".join(dict.fromkeys(sentences))
            found.append(f"{head}. {once[:1].upper()}{once[1:]}.")
        return found

    def heads(self, group: int, total: float) -> tuple[str, ...]:
        """Return the beginning of a reason in each language."""
        key = (group, f"{total:+.2f}", total > 0)
        heads = self._known.get(key)
        if heads is None:
            if len(self._known) >= MOST_HEADS:
                self._known.clear()
            phrases = (self.raises if total > 0 else self.lowers)[group]
            heads = self._known[key] = tuple(
                "".join(phrase(signed(total, language)))
                for phrase, language in zip(phrases, LANGUAGES, strict=True)
            )
        return heads


def _written(feature: Feature, places: Places, language: Language) -> tuple[Places, Sentence]:
    return places, sentence_of(feature, places, language)


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
    chosen = choose_reasons(book, contributions)
    # Plain lists: rows are short, and numpy's overhead for each would cost ten times the work.
    rows = zip(
        chosen.sums.tolist(),
        chosen.groups.tolist(),
        chosen.tops.tolist(),
        contributions.tolist(),
        _plain(book, values, len(contributions)),
        strict=True,
    )
    return [
        tuple(
            _reason(book, group, own[group], [j for j in top if j >= 0], given, row)
            for group, top in zip(groups, tops, strict=True)
            if group >= 0
        )
        for own, groups, tops, given, row in rows
    ]


def choose_reasons(book: ReasonBook, contributions: np.ndarray) -> Chosen:
    """Choose what the reasons of each row speak of; see `reasons_of`."""
    sums = contributions @ book.membership
    shape = (len(sums), RAISING + LOWERING)
    groups, tops = np.empty(shape, np.int64), np.empty((*shape, MEMBERS), np.int64)
    order = np.empty(len(book.codes), np.int64)
    choose(sums, contributions, book.starts, book.members, RAISING, order, groups, tops)
    return Chosen(sums, groups, tops)


def _plain(book: ReasonBook, values: Mapping[str, np.ndarray], rows: int) -> list[list[Value]]:
    """Return the values of each row and a None behind them; what is no number is None."""
    plain = np.full((len(book.features) + 1, rows), None, dtype=object)
    if book.numbers:
        given = np.array([values[book.features[j].name] for j in book.numbers], dtype=np.float64)
        given += 0.0  # zero has no sign: a text must not depend on which of the two came first
        known = given.astype(object)
        known[~np.isfinite(given)] = None
        plain[list(book.numbers)] = known
    for j in book.words:
        plain[j] = values[book.features[j].name]
    found: list[list[Value]] = plain.T.tolist()
    return found


def _reason(
    book: ReasonBook,
    group: int,
    total: float,
    top: list[int],
    contributions: list[float],
    values: list[Value],
) -> Reason:
    text_en, text_vi = book.wording.texts(group, total, top, values)
    return Reason(
        code=book.codes[group],
        direction="raises" if total > 0 else "lowers",
        contribution=total,
        value=values[top[0]],
        text_en=text_en,
        text_vi=text_vi,
        features=tuple(Evidence(book.features[j].name, values[j], contributions[j]) for j in top),
    )
