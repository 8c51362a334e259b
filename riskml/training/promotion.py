"""Promotion: a challenger serves only after passing the gates of its definition.

Challenger and champion are judged on the same consignments of a later period. With a data folder
and dates that is a period after both were trained; without, it is what their runs kept: the
scores of each run's folds, on the consignments both judged.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from riskml.bundle import Bundle
from riskml.bundle.files import canonical_json, digest_of
from riskml.config import settings
from riskml.datasets import Tables
from riskml.errors import BundleError, GateError
from riskml.evaluation.assessment import Scored
from riskml.features import FeatureSet
from riskml.history import Progress
from riskml.ledger import Ledger
from riskml.training.gates import Contest, PromotionDecision, decide
from riskml.training.judging import judge_period, scored
from riskml.training.tracking import (
    CHAMPION,
    RegisteredModel,
    log_decision,
    read_holdout,
    read_version,
    set_alias,
    tag_version,
)

__all__ = [
    "PROMOTION_RECORD",
    "Candidate",
    "PromotionDecision",
    "carry_out",
    "consider",
    "contest_on_period",
    "contest_on_runs",
    "export_champion",
    "promote",
]


PROMOTION_RECORD = "promotion"
"""Kind of the ledger records that hold decisions on challengers."""


@dataclass(frozen=True)
class Candidate:
    """A version that was judged.

    Attributes
    ----------
    decision : PromotionDecision
    bundle : Bundle
    """

    decision: PromotionDecision
    bundle: Bundle


def contest_on_period(
    tables: Tables,
    challenger: Bundle,
    champion: Bundle | None,
    start: datetime,
    end: datetime,
    progress: Progress | None = None,
) -> Contest:
    """Score both bundles on a period of a data folder, each on its own features.

    Raises
    ------
    GateError
        If the period begins before one of them was trained.
    LabelError
        If the period has no matured label.
    """
    for name, bundle in (("challenger", challenger), ("champion", champion)):
        until = None if bundle is None else bundle.manifest.training_window.until
        if until is not None and datetime.fromisoformat(until) > start:
            raise GateError(
                f"the {name} was trained on labels until {until[:10]}, the period begins "
                f"{start:%Y-%m-%d %H:%M} UTC",
                "choose --from on or after the end of training",
            )
    period = f"decisions from {start.isoformat()} to {end.isoformat()}"
    ours = scored(challenger, judge_period(tables, challenger, start, end, progress).rows)
    if champion is None:
        return Contest(ours, None, period, "no champion serves yet")
    theirs = scored(champion, judge_period(tables, champion, start, end, progress).rows)
    return Contest(ours, theirs, period)


def contest_on_runs(challenger: RegisteredModel, champion: RegisteredModel | None) -> Contest:
    """Compare on the later slices that both runs judged.

    Raises
    ------
    GateError
        If the challenger's run judged nothing.
    """
    ours = read_holdout(challenger.run_id)
    if not len(ours):
        raise GateError(
            f"the run of version {challenger.version} judged no later slice",
            "give --data, --from and --to",
        )
    period = _span(ours)
    features = Bundle.load(challenger.folder).feature_set
    if champion is None:
        return Contest(_kept(ours, features), None, period, "no champion serves yet")
    theirs = read_holdout(champion.run_id)
    key = ["consignment_id", "decision_time"]
    common = ours[key].merge(theirs[key], on=key)
    if not len(common):
        why = "the runs judged no consignment in common"
        return Contest(_kept(ours, features), None, period, why)
    ours, theirs = common.merge(ours, on=key), common.merge(theirs, on=key)
    other = Bundle.load(champion.folder).feature_set
    return Contest(_kept(ours, features), _kept(theirs, other), _span(ours))


def _span(rows: pd.DataFrame) -> str:
    first, last = rows["decision_time"].min(), rows["decision_time"].max()
    return f"later slices of training, {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def _kept(rows: pd.DataFrame, features: FeatureSet) -> Scored:
    raw = rows["raw_score"].to_numpy(dtype=np.float64)
    return Scored(rows, features, raw, rows["probability"].to_numpy(dtype=np.float64))


def consider(
    stage: str,
    version: str,
    *,
    tables: Tables | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    progress: Progress | None = None,
) -> Candidate:
    """Judge a version; the decision is kept in MLflow, as tags and as an artifact of its run.

    Parameters
    ----------
    stage, version : str
        The challenger.
    tables, start, end : optional
        Data and period to judge on; by default the later slices kept with the runs.
    progress : callable, optional
        Wraps an iterable to show how far it is.

    Returns
    -------
    Candidate

    Raises
    ------
    BundleError
        If there is no such version.
    GateError
        If it cannot be judged: the period overlaps training, or no slice was kept.
    """
    name = f"riskml-{stage}"
    challenger = read_version(name, version)
    if challenger is None:
        raise BundleError(f"{name} has no version {version}", "give the version that train printed")
    champion = read_version(name, f"@{CHAMPION}")
    if champion is not None and champion.version == challenger.version:
        champion = None
    bundle = Bundle.load(challenger.folder)
    if tables is not None and start is not None and end is not None:
        rival = None if champion is None else Bundle.load(champion.folder)
        contest = contest_on_period(tables, bundle, rival, start, end, progress)
    else:
        contest = contest_on_runs(challenger, champion)
    decision = decide(
        contest,
        challenger.definition.gates,
        bundle,
        version=challenger.version,
        champion_version=None if champion is None else champion.version,
    )
    tag_version(name, challenger.version, _decision_tags(decision))
    log_decision(name, challenger.version, decision.champion_version, decision.to_dict())
    return Candidate(decision, bundle)


def carry_out(candidate: Candidate) -> Path:
    """Make a candidate that passed the champion; returns the champion folder.

    The decision enters the ledger, whichever way it went.

    Raises
    ------
    GateError
        If a gate refused it; nothing has changed then.
    """
    decision = candidate.decision
    with Ledger.open(settings().ledger_url) as ledger:
        ledger.append_record(PROMOTION_RECORD, decision.to_dict(), "riskml promote")
    if not decision.promoted:
        raise GateError(
            f"{decision.model_name} version {decision.version} was refused: {decision.reason}",
            "train a better model, or change the gates of its definition",
        )
    # The files first: a champion that is named but not there could not serve.
    folder = export_champion(candidate.bundle, decision.stage, decision.version)
    set_alias(decision.model_name, CHAMPION, decision.version)
    return folder


def promote(
    stage: str,
    version: str,
    *,
    tables: Tables | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    progress: Progress | None = None,
) -> PromotionDecision:
    """Judge a version and, if every gate lets it pass, make it the champion.

    See `consider` for the parameters and `carry_out` for what is raised when it is refused.
    """
    candidate = consider(stage, version, tables=tables, start=start, end=end, progress=progress)
    carry_out(candidate)
    return candidate.decision


def _decision_tags(decision: PromotionDecision) -> dict[str, str]:
    return {
        "promotion.decision": "promoted" if decision.promoted else "refused",
        "promotion.reason": decision.reason[:4900],
        "promotion.period": decision.period,
        "promotion.champion": decision.champion_version or "none",
        "promotion.evidence": json.dumps(decision.to_dict(), default=str)[:4900],
    }


def export_champion(bundle: Bundle, stage: str, version: str) -> Path:
    """Put a bundle where the service looks for the stage's champion.

    The bundle is written beside, under the digest of its manifest, and the champion folder is a
    link to it that is replaced in one step: a reader sees the old bundle or the new one, whatever
    happens. Its registered version is noted beside it.

    Returns
    -------
    Path
        The link.
    """
    link = settings().champion_folder(stage)
    store = link.parent / f".{stage}"
    target = store / digest_of(canonical_json(bundle.manifest.to_dict()))[:16]
    try:
        store.mkdir(parents=True, exist_ok=True)
        if not _is_intact(target):
            bundle.save(target)
        note = {"name": bundle.manifest.model_name, "version": version}
        target.with_name(f"{target.name}.json").write_bytes(canonical_json(note))
        temporary = Path(tempfile.mkdtemp(dir=link.parent)) / link.name
        temporary.symlink_to(os.path.relpath(target, link.parent))
        if link.is_dir() and not link.is_symlink():
            raise BundleError(f"{link} is a folder, not a link of ours", "move it away")
        temporary.replace(link)
        temporary.parent.rmdir()
    except OSError as error:
        reason = error.strerror or str(error)
        raise BundleError(f"cannot export to {link}: {reason}", "check RISKML_HOME") from error
    return link


def _is_intact(folder: Path) -> bool:
    """Return whether a bundle is there already; a serving one must not be written again."""
    try:
        Bundle.load(folder)
    except BundleError:
        return False
    return True
