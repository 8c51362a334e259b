"""Judge a bundle on a period of a data folder: features, scores, metrics, coded checks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.bundle import Bundle
from riskml.datasets import Tables
from riskml.datasets.consignments import roll_up
from riskml.errors import LabelError
from riskml.evaluation.assessment import Plan, Scored, assess
from riskml.evaluation.checks import Evidence, raw_columns, run_checks
from riskml.evaluation.parties import learned_before
from riskml.evaluation.traits import with_traits
from riskml.history import Progress
from riskml.training.dataset import build_training_set

__all__ = ["JudgedPeriod", "evaluate_bundle", "judge_period", "scored"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class JudgedPeriod:
    """Labelled consignments of a period, and those that came before.

    Attributes
    ----------
    frame : DataFrame
        Feature frame of labelled rows decided before ``end``, labels as known today.
    earlier, later : ndarray of int64
        Row numbers: decided and known before ``start``; decided in the period and matured.
    arrivals, labelled : int
        Consignments of the period, inspected or not; and those with a label, matured or not.
    raw : DataFrame
        Raw columns row by row with ``frame``.
    start, end : datetime
        The period, ``[start, end)``.
    """

    frame: pd.DataFrame
    earlier: npt.NDArray[np.int64]
    later: npt.NDArray[np.int64]
    arrivals: int
    labelled: int
    raw: pd.DataFrame
    start: datetime
    end: datetime

    @property
    def rows(self) -> pd.DataFrame:
        """The rows that are judged on."""
        return self.frame.iloc[self.later].reset_index(drop=True)


def judge_period(
    tables: Tables,
    bundle: Bundle,
    start: datetime,
    end: datetime,
    progress: Progress | None = None,
) -> JudgedPeriod:
    """Compute what a bundle is judged on.

    Parameters
    ----------
    tables : Tables
        All of the data; every row sees only what was known before its decision.
    bundle : Bundle
        Says which stage and which features.
    start, end : datetime
        Decisions in ``[start, end)`` are judged.
    progress : callable, optional
        See `build_training_set`.

    Returns
    -------
    JudgedPeriod

    Raises
    ------
    LabelError
        If no matured label lies in the period; the message says where labels are.
    """
    stage = bundle.manifest.stage
    found = build_training_set(
        tables,
        stage,
        features=bundle.feature_set,
        only_inspected=True,
        keep=lambda rows: (rows["decision_time"] < end).to_numpy(),
        progress=progress,
    )
    frame = found.frame[found.frame["label"].notna()].reset_index(drop=True)
    decided = frame["decision_time"]
    inside = (decided >= start) & (decided < end)
    later = np.flatnonzero(inside & frame["matured"])
    if not len(later):
        raise LabelError(
            f"no matured label lies between {start:%Y-%m-%d %H:%M} and {end:%Y-%m-%d %H:%M} UTC",
            _where(frame),
        )
    earlier = np.flatnonzero((decided < start) & (frame["label_known_at"] < start))
    rollup = roll_up(tables, stage)
    arrived = rollup.consignments["decision_time"]
    arrivals = int(((arrived >= start) & (arrived < end)).sum())
    raw = raw_columns(rollup, frame)
    frame = with_traits(frame, rollup, stage)
    judged = pd.Series(pd.Timestamp(start), index=frame.index)
    frame["known_party"] = learned_before(
        frame["party"], frame["label_known_at"], frame["party"], judged
    )
    return JudgedPeriod(frame, earlier, later, arrivals, int(inside.sum()), raw, start, end)


def _where(frame: pd.DataFrame) -> str:
    matured = frame.loc[frame["matured"].to_numpy(dtype=bool), "decision_time"]
    if not len(matured):
        return "no decision before its end has a matured label: choose a later period"
    first, last = matured.min(), matured.max()
    return f"choose --from and --to between {first:%Y-%m-%d} and {last:%Y-%m-%d}"


def scored(bundle: Bundle, rows: pd.DataFrame) -> Scored:
    """Score labelled rows of a feature frame."""
    raw = bundle.raw_scores(bundle.encode(rows))
    return Scored(rows, bundle.feature_set, raw, bundle.probabilities(raw))


def evaluate_bundle(
    tables: Tables,
    bundle: Bundle,
    start: datetime,
    end: datetime,
    *,
    plan: Plan | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Evaluate a bundle on a period.

    Parameters
    ----------
    tables, bundle, start, end, progress
        See `judge_period`.
    plan : Plan, optional
        Inspection rates and bootstrap.

    Returns
    -------
    dict
        What `assess` says, and ``arrivals``, ``labelled``, ``immature`` (labelled, but too young
        to count) and ``checks``.
    """
    period = judge_period(tables, bundle, start, end, progress)
    judged = scored(bundle, period.rows)
    evidence = Evidence(
        period.frame,
        bundle.feature_set,
        period.earlier,
        period.later,
        judged.scores,
        period.raw,
        period.arrivals,
        pd.Timestamp(bundle.manifest.training_window.until),
    )
    return {
        "arrivals": period.arrivals,
        "labelled": period.labelled,
        "immature": period.labelled - len(period.later),
        **assess(judged, plan),
        "checks": [finding.to_dict() for finding in run_checks(evidence)],
    }
