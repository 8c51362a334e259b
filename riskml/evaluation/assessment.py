"""Everything `riskml evaluate` says of a score on a period, as one plain dictionary."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.errors import LabelError
from riskml.evaluation.baselines import random_scores, rule_profile
from riskml.evaluation.burden import burden_table
from riskml.evaluation.calibration import calibration_table, effective_size
from riskml.evaluation.groups import group_table, within_groups
from riskml.evaluation.metrics import RATES
from riskml.evaluation.parties import party_slices
from riskml.evaluation.summary import Rows, difference, summarise
from riskml.features import FeatureSet

__all__ = ["GROUPS", "Plan", "Scored", "assess"]

FloatArray = npt.NDArray[np.float64]

GROUPS = ("party", "consignment", "day", "office")
"""What the bootstrap may draw."""
BURDENED = ("mode", "origin", "size")
"""By what false scans of honest traders are compared."""
MOST_WEIGHT = 1000.0
"""Inverse propensities above it are clipped in estimates for all arrivals, and counted."""


@dataclass(frozen=True)
class Scored:
    """Labelled rows with a model's scores.

    Attributes
    ----------
    frame : DataFrame
        Feature frame with its label columns, every row labelled. Columns ``party``, ``origin``
        and ``size`` (see `riskml.evaluation.traits`) and ``known_party`` (see
        `riskml.evaluation.parties`) are used where they are there.
    feature_set : FeatureSet
        Its features.
    scores, probabilities : ndarray of float64, shape (n,)
        Raw scores, and calibrated probabilities.
    weights : ndarray of float64, shape (n,), optional
        What each row counts; 1 by default.
    """

    frame: pd.DataFrame
    feature_set: FeatureSet
    scores: FloatArray
    probabilities: FloatArray
    weights: FloatArray | None = None

    def take(self, keep: npt.NDArray[np.bool_]) -> "Scored":
        """Return the rows where ``keep`` is true."""
        weights = None if self.weights is None else self.weights[keep]
        frame = self.frame.loc[keep].reset_index(drop=True)
        return Scored(frame, self.feature_set, self.scores[keep], self.probabilities[keep], weights)

    def weighing(self, weights: FloatArray) -> "Scored":
        """Return the same rows with other weights."""
        return Scored(self.frame, self.feature_set, self.scores, self.probabilities, weights)


@dataclass(frozen=True)
class Plan:
    """How uncertainty is measured.

    Attributes
    ----------
    rates : tuple of float
        Inspection rates.
    by : {"party", "consignment", "day", "office"}
        What the bootstrap draws. Consignments of one party share their fate; where no row names a
        party, consignments are drawn, and the answer says so.
    resamples, seed : int
        Of the bootstrap.
    """

    rates: tuple[float, ...] = RATES
    by: str = "party"
    resamples: int = 500
    seed: int = 0


def assess(scored: Scored, plan: Plan | None = None) -> dict[str, Any]:
    """Measure a model beside its baselines.

    Parameters
    ----------
    scored : Scored
        Labelled rows of a period with the model's scores.
    plan : Plan, optional
        Inspection rates and bootstrap.

    Returns
    -------
    dict
        ``rows``, ``positives``, ``base_rate``; ``model`` and ``baselines`` (``random``,
        ``rules``), see `summarise`; ``gain_over_rules`` (paired); ``calibration``;
        ``per_office``, ``per_mode``, ``per_origin``, ``within_office``; ``burden`` (false scans
        of honest traders by mode, origin and size); ``known_party`` and ``unseen_party``,
        ``all_arrivals`` (propensity-weighted) and ``exploration`` (the random slice), each with
        its own ``status``.

    Raises
    ------
    LabelError
        If there is no row.
    """
    if not len(scored.frame):
        raise LabelError("there is no labelled row to judge by", "choose another period")
    plan = _possible(scored.frame, plan or Plan())
    rows = _rows(scored, plan.by)
    profile = rule_profile(scored.frame, scored.feature_set)
    options: dict[str, Any] = {"resamples": plan.resamples, "seed": plan.seed}
    office = scored.frame["office"].to_numpy(dtype=object)
    measured = {**options, "rates": plan.rates}
    return {
        "rows": len(scored.frame),
        "positives": int(rows.labels.sum()),
        "base_rate": float((rows.weights * rows.labels).sum() / rows.weights.sum()),
        "bootstrap": {"by": plan.by, "confidence": 0.95, **options},
        "model": _model_summary(scored, rows, plan),
        "baselines": {
            "random": summarise(rows, random_scores(len(rows.labels)), **measured),
            "rules": {
                **summarise(rows, profile.scores, **measured),
                "rules_used": list(profile.used),
                "rules_without_columns": list(profile.unused),
            },
        },
        "gain_over_rules": difference(rows, scored.scores, profile.scores, **measured),
        "calibration": [
            part.to_dict()
            for part in calibration_table(rows.labels, scored.probabilities, rows.weights)
        ],
        "per_office": group_table(rows, scored.scores, scored.probabilities, office),
        "per_mode": _per(scored, rows, "mode"),
        "per_origin": _per(scored, rows, "origin"),
        "within_office": {
            "model": within_groups(rows, scored.scores, office, **options),
            "rules": within_groups(rows, profile.scores, office, **options),
        },
        "burden": _burden(scored, rows, options),
        **party_slices(
            rows,
            scored.scores,
            scored.probabilities,
            scored.frame.get("known_party"),
            **measured,
        ),
        "all_arrivals": _all_arrivals(scored, plan),
        "exploration": _exploration(scored, plan),
    }


def _possible(frame: pd.DataFrame, plan: Plan) -> Plan:
    """Draw consignments where no row names a party."""
    if plan.by == "party" and ("party" not in frame or frame["party"].isna().all()):
        return replace(plan, by="consignment")
    return plan


def _per(scored: Scored, rows: Rows, name: str) -> list[dict[str, Any]]:
    """Measure each mode or origin on its own; empty where the data does not say."""
    if name not in scored.frame or scored.frame[name].isna().all():
        return []
    groups = scored.frame[name].to_numpy(dtype=object)
    return group_table(rows, scored.scores, scored.probabilities, groups, name=name)


def _burden(scored: Scored, rows: Rows, options: dict[str, Any]) -> dict[str, Any]:
    """Compare false scans of honest traders, group by group."""
    found: dict[str, Any] = {}
    for name in BURDENED:
        table = []
        if name in scored.frame:
            groups = scored.frame[name].to_numpy(dtype=object)
            table = burden_table(rows, scored.scores, groups, **options)
        if table:
            found[name] = {"status": "ok", "groups": table}
            continue
        reason = f"the judged rows do not tell two groups of {name} apart"
        found[name] = {"status": "not_applicable", "reason": reason}
    return found


def _rows(scored: Scored, by: str) -> Rows:
    frame = scored.frame
    return Rows.of(
        frame["label"].to_numpy(dtype=np.float64),
        weights=scored.weights,
        groups=_drawn(frame, by),
        revenue=frame["revenue_recovered"].to_numpy(dtype=np.float64),
    )


def _drawn(frame: pd.DataFrame, by: str) -> pd.Series:
    """Return the name of what the bootstrap draws, for each row."""
    if by == "party":
        # A consignment that names nobody stands for itself.
        return frame["party"].where(frame["party"].notna(), frame["consignment_id"])
    if by == "day":
        day: pd.Series = frame["decision_time"].dt.floor("D")
        return day
    return frame["consignment_id" if by == "consignment" else "office"]


def _model_summary(scored: Scored, rows: Rows, plan: Plan) -> dict[str, Any]:
    return summarise(
        rows,
        scored.scores,
        probabilities=scored.probabilities,
        rates=plan.rates,
        resamples=plan.resamples,
        seed=plan.seed,
    )


def _all_arrivals(scored: Scored, plan: Plan) -> dict[str, Any]:
    """Estimate the metrics over all arrivals from rows with a logged propensity."""
    propensity = scored.frame["propensity"].to_numpy(dtype=np.float64)
    known = propensity > 0
    if not known.any():
        reason = "no propensity was logged, so these figures cannot speak for all arrivals"
        return {"status": "not_applicable", "reason": reason}
    part = scored.take(known)
    inverse = 1.0 / propensity[known]
    weights = np.minimum(inverse, MOST_WEIGHT)
    rows = _rows(part.weighing(weights), plan.by)
    return {
        "status": "ok",
        "rows": int(known.sum()),
        "rows_without_propensity": int((~known).sum()),
        "estimated_arrivals": float(weights.sum()),
        "effective_rows": effective_size(weights),
        "clipped": int((inverse > MOST_WEIGHT).sum()),
        "model": _model_summary(part, rows, plan),
    }


def _exploration(scored: Scored, plan: Plan) -> dict[str, Any]:
    """Measure on the random slice alone: few rows, but nobody chose them."""
    drawn = (scored.frame["channel"] == "exploration").to_numpy(dtype=bool)
    if not drawn.any():
        return {"status": "not_applicable", "reason": "nothing was selected for exploration"}
    part = scored.take(drawn)
    propensity = part.frame["propensity"].to_numpy(dtype=np.float64)
    weights = 1.0 / np.where(propensity > 0, propensity, 1.0)
    rows = _rows(part.weighing(np.minimum(weights, MOST_WEIGHT)), plan.by)
    return {
        "status": "ok",
        "rows": int(drawn.sum()),
        "positives": int(rows.labels.sum()),
        "model": _model_summary(part, rows, plan),
    }
