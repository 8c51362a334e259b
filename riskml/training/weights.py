"""What a labelled row counts: how many arrivals it stands for.

Only selected consignments have labels. A row selected with propensity ``p`` stands for ``1 / p``
arrivals; sums so weighted are unbiased for all arrivals if every arrival had a positive,
correctly logged propensity. Stabilised weights are divided by their mean; clipping bounds what
one row can do, at the price of a bias towards what was selected often.
"""

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.errors import DataError
from riskml.evaluation.calibration import effective_size
from riskml.training.definition import Weights

__all__ = ["ESTIMATED", "RowWeights", "arrival_weights", "defined_weights", "row_weights"]

FloatArray = npt.NDArray[np.float64]

ESTIMATED = "estimated_propensity"
"""Column of estimates for rows without a logged propensity; see `riskml.training.propensity`."""


@dataclass(frozen=True)
class WeightReport:
    """What weighting did, for the record.

    Attributes
    ----------
    rows, with_propensity, estimated, clipped, unverified : int
        Labelled rows; of these with a logged and with an estimated propensity, clipped, and zeros
        nobody verified.
    largest, effective_rows, effective_positives : float
        Largest weight in units of the mean, and Kish's effective sizes.
    """

    rows: int
    with_propensity: int
    estimated: int
    clipped: int
    unverified: int
    largest: float
    effective_rows: float
    effective_positives: float

    def to_dict(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)


@dataclass(frozen=True)
class RowWeights:
    """Weights with mean 1, and how they came about.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
    report : WeightReport
    """

    values: FloatArray
    report: WeightReport


def arrival_weights(propensity: pd.Series) -> FloatArray:
    """Return how many arrivals each row stands for, shape (n,).

    Parameters
    ----------
    propensity : Series of float64
        Probability with which each was selected; missing where none was logged: such a row stands
        for itself alone, as one that was certain to be selected.

    Raises
    ------
    DataError
        If a propensity is not in (0, 1].
    """
    p = propensity.to_numpy(dtype=np.float64)
    wrong = np.flatnonzero((p <= 0) | (p > 1))
    if len(wrong):
        raise DataError(
            f"inspections: propensity {p[wrong[0]]:g} is no probability above 0 "
            f"({len(wrong)} rows)",
            "correct the column, or leave it out",
        )
    return 1.0 / np.where(np.isnan(p), 1.0, p)


def row_weights(
    frame: pd.DataFrame,
    *,
    use_propensity: bool = True,
    clip: float = 10.0,
    unverified: float = 1.0,
    severity: float = 0.0,
    half_life_days: float | None = None,
) -> RowWeights:
    """Return the training weights of labelled rows.

    Parameters
    ----------
    frame : DataFrame
        Labelled rows with ``label``, ``label_verified``, ``propensity``, ``decision_time``, and
        perhaps ``estimated_propensity``, used where none was logged.
    use_propensity : bool
        Weigh by inverse propensity; else every row counts 1.
    clip : float
        Largest weight, in units of the mean before clipping.
    unverified : float
        Factor for zeros that nobody verified.
    severity : float
        Up to how much a violation counts by its severity, see `riskml.training.definition`; one
        without a severity counts as a mean one.
    half_life_days : float, optional
        Age (from the newest row) at which a row counts half.

    Returns
    -------
    RowWeights
        Scaled to mean 1 (unless all are zero).
    """
    size = len(frame)
    logged = frame["propensity"]
    estimate = frame[ESTIMATED] if ESTIMATED in frame else pd.Series(np.nan, index=frame.index)
    estimated = logged.isna() & estimate.notna()
    w = arrival_weights(logged.where(~estimated, estimate)) if use_propensity else np.ones(size)
    w = w / w.mean() if size else w
    clipped = w > clip
    w = np.minimum(w, clip)
    label = frame["label"].to_numpy(dtype=np.float64)
    open_zero = (label == 0) & ~frame["label_verified"].to_numpy(dtype=bool)
    w = w * np.where(open_zero, unverified, 1.0)
    if severity > 0:
        w = w * (1 + severity * (_relative_severity(frame, label == 1) - 1))
    if half_life_days is not None and size:
        decided = frame["decision_time"]
        age = (decided.max() - decided).dt.total_seconds().to_numpy() / 86400
        w = w * 0.5 ** (age / half_life_days)
    if w.sum() > 0:
        w = w / w.mean()
    report = WeightReport(
        size,
        int(logged.notna().sum()) if use_propensity else 0,
        int(estimated.sum()) if use_propensity else 0,
        int(clipped.sum()),
        int(open_zero.sum()),
        float(w.max(initial=0.0)),
        effective_size(w),
        effective_size(w[label == 1]),
    )
    return RowWeights(w, report)


def _relative_severity(frame: pd.DataFrame, hits: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the severity of violations in units of their mean; 1 for all other rows."""
    found = frame["severity"].to_numpy(dtype=np.float64)
    known = hits & (found > 0)
    relative = np.ones(len(found))
    if known.any():
        relative[known] = found[known] / found[known].mean()
    return relative


def defined_weights(
    frame: pd.DataFrame, part: Weights, use: Literal["boosters", "calibrator"]
) -> RowWeights:
    """Return the weights that a definition asks for, for one of their two uses."""
    growing = use == "boosters"
    return row_weights(
        frame,
        use_propensity=part.boosters if growing else part.calibrator,
        clip=part.clip if growing else part.calibration_clip,
        unverified=part.unverified,
        severity=part.severity if growing else 0.0,
        half_life_days=part.half_life_days,
    )
