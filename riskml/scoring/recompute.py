"""A recorded score computed again from the recorded events: the same bits, or the difference."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from riskml.bundle import Bundle
from riskml.config import settings
from riskml.datasets import Tables, load_tables
from riskml.errors import BundleError, LedgerError, RiskmlError
from riskml.features import FeatureSet
from riskml.features.online import Item, OnlineFeatures
from riskml.ledger import Ledger, ScoreRecord
from riskml.scoring.batch import score_columns
from riskml.scoring.replay import base_digest, event_frames, events_until, normal_values
from riskml.scoring.rules import RULE_BASE, rule_score

__all__ = ["Comparison", "Recomputation", "bundle_of", "recompute"]

CONTRIBUTION_TOLERANCE = 1e-10
"""Contributions may differ by that between builds of LightGBM, and between it and our kernel;
all else must have equal bits."""


@dataclass(frozen=True)
class Comparison:
    """One thing that was compared."""

    what: str
    recorded: str
    recomputed: str
    same: bool


@dataclass(frozen=True)
class Recomputation:
    """What computing a score again came to.

    Attributes
    ----------
    score_id : str
        Which score.
    comparisons : tuple of Comparison
        History, features that differ, raw score, probability, contributions.
    """

    score_id: str
    comparisons: tuple[Comparison, ...]

    @property
    def ok(self) -> bool:
        """Whether everything is as it was."""
        return all(comparison.same for comparison in self.comparisons)

    def rows(self) -> list[dict[str, Any]]:
        """Return the comparisons as rows of a table."""
        return [dict(vars(comparison)) for comparison in self.comparisons]


@dataclass(frozen=True)
class _Again:
    """What was computed again."""

    names: tuple[str, ...]
    features: np.ndarray
    contributions: np.ndarray
    raw: float
    probability: float


def recompute(
    score_id: str, *, ledger: Ledger | None = None, history: Path | None = None
) -> Recomputation:
    """Compute a recorded score again and compare.

    Parameters
    ----------
    score_id : str
        A score of the ledger.
    ledger : Ledger, optional
        The ledger of the settings by default.
    history : Path, optional
        Folder of the base tables; by default the service's: ``RISKML_HISTORY_DIR``, or
        ``history`` in the home folder.

    Raises
    ------
    LedgerError
        If there is no such score.
    BundleError
        If its model is not among the champions any more.
    """
    if ledger is None:
        with Ledger.open(settings().ledger_url) as own:
            return recompute(score_id, ledger=own, history=history)
    record = ledger.score(score_id)
    if record is None:
        raise LedgerError(f"there is no score {score_id!r}", "give the score_id of an answer")
    folder = history or _history_folder()
    kept = str((record.request or {}).get("history", ""))
    found = base_digest(folder)
    same_base = Comparison("base tables", kept[:12] or "none", found[:12] or "none", kept == found)
    again = (_by_model if record.model_digest else _by_rules)(record, ledger, folder)
    return Recomputation(score_id, (same_base, *_compared(record, again)))


def _history_folder() -> Path:
    given = os.environ.get("RISKML_HISTORY_DIR")
    return Path(given) if given else settings().home / "history"


def _by_model(record: ScoreRecord, ledger: Ledger, folder: Path) -> _Again:
    bundle = bundle_of(record)
    online = _history_of(record, ledger, folder, {record.stage: bundle.feature_set})
    scores = score_columns(bundle, _columns(record, online))
    return _Again(
        bundle.feature_set.names,
        scores.matrix[0],
        np.append(scores.explanation.contributions[0], scores.explanation.base[0]),
        float(scores.raw[0]),
        float(scores.probability[0]),
    )


def _history_of(
    record: ScoreRecord, ledger: Ledger, folder: Path, feature_sets: Mapping[str, FeatureSet]
) -> OnlineFeatures:
    """Return history as it was when the score was made."""
    tables = load_tables(folder) if folder.is_dir() else Tables()
    online = OnlineFeatures(feature_sets, tables)
    for events in events_until(ledger, record.history_watermark):
        for table, frame in event_frames(events).items():
            online.append(table, frame)
    return online


def _columns(record: ScoreRecord, online: OnlineFeatures) -> Mapping[str, np.ndarray]:
    keys = record.request.get("keys")
    if keys is None:
        return online.features(record.stage, [_item_of(record)])
    columns = online.known_features(record.stage, keys, record.decision_time)
    if columns is None:
        raise _unspoken(record)
    return columns


def _unspoken(record: ScoreRecord) -> LedgerError:
    return LedgerError(
        f"the events up to number {record.history_watermark} do not speak of the consignment",
        "verify the ledger",
    )


def _item_of(record: ScoreRecord) -> Item:
    manifest = record.request.get("manifest")
    return Item(
        manifest=None if manifest is None else normal_values("manifests", manifest),
        lines=[normal_values("declarations", line) for line in record.request.get("lines", [])],
        decision_time=record.decision_time,
    )


def _by_rules(record: ScoreRecord, ledger: Ledger, folder: Path) -> _Again:
    keys = record.request.get("keys")
    if keys is None:
        item = _item_of(record)
        score = rule_score(item.manifest, item.lines)
    else:
        online = _history_of(record, ledger, folder, {})
        known = online.known_content(record.stage, keys, record.decision_time)
        if known is None:
            raise _unspoken(record)
        score = rule_score(known, ())
    names = tuple(f"rule {number}" for number in range(len(score.flags)))
    contributions = np.append(score.contributions, RULE_BASE)
    return _Again(names, score.flags, contributions, score.raw_score, score.probability)


def bundle_of(record: ScoreRecord) -> Bundle:
    """Find the model that answered among the champions that are, and that were.

    Raises
    ------
    BundleError
        If it is none of them.
    """
    champion = settings().champion_folder(record.stage)
    for folder in (champion, *sorted(champion.parent.glob(f".{record.stage}/*"))):
        try:
            bundle = Bundle.load(folder)
        except (RiskmlError, OSError):
            continue
        if bundle.manifest.model_digest == record.model_digest:
            return bundle
    raise BundleError(
        f"model {record.model_digest[:12]} is not in {champion.parent}",
        "put its bundle into a folder there under a hidden folder named after the stage",
    )


def _compared(record: ScoreRecord, again: _Again) -> list[Comparison]:
    recorded = np.frombuffer(record.features, dtype="<f8")
    contributions = np.frombuffer(record.contributions, dtype="<f8")
    if len(recorded) != len(again.features):
        return [_numbers("number of features", len(recorded), len(again.features))]
    # Bits are compared, not values: NaN must meet NaN, and zero keep its sign.
    ours = np.ascontiguousarray(again.features, dtype="<f8")
    differing = np.flatnonzero(recorded.view("<i8") != ours.view("<i8"))
    features = [
        _numbers(again.names[position], recorded[position], ours[position], same=False)
        for position in differing
    ]
    count = f"{len(recorded)} values"
    agreeing = f"{len(recorded) - len(differing)} the same"
    gap = float(np.abs(contributions - again.contributions).max(initial=0.0))
    return [
        Comparison("features", count, agreeing, not len(differing)),
        *features,
        _numbers("raw score", record.raw_score, again.raw),
        _numbers("probability", record.probability, again.probability),
        Comparison(
            "contributions", "", f"largest difference {gap:g}", gap <= CONTRIBUTION_TOLERANCE
        ),
    ]


def _numbers(what: str, recorded: float, again: float, same: bool | None = None) -> Comparison:
    # Adding zero removes the sign of a zero, which SQLite cannot keep.
    equal = recorded + 0.0 == again + 0.0 if same is None else same
    return Comparison(what, repr(float(recorded)), repr(float(again)), equal)
