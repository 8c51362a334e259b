"""The probability of having been selected, estimated where nobody logged it.

Assumed is that selection followed what the features hold (and chance): given the features, who
was looked at does not depend on who is in violation. Where officers saw more than that, weights
from these estimates correct for part of the selection only, and what they leave is a bias towards
what officers saw. Where some arrivals can never be selected, no weight speaks for them.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from riskml.bundle import Encoder
from riskml.datasets import Tables
from riskml.errors import DataError
from riskml.evaluation.metrics import roc_auc
from riskml.features import FeatureSet
from riskml.history import Progress
from riskml.training.boosting import Design, cross_fitted_scores
from riskml.training.dataset import TrainingSet, build_training_set
from riskml.training.definition import Fit, LightGBM, ModelDefinition
from riskml.training.weights import ESTIMATED

__all__ = ["Selection", "estimate_propensity", "with_estimated_propensity"]

FloatArray = npt.NDArray[np.float64]

ROUNDS = 80
BLOCKS = 5
SMALLEST = 1e-3
"""Estimates below it say "hardly ever"; how seldom exactly, no sample tells."""
PER_INSPECTED = 3
"""So many arrivals are looked at for each inspected one: more teach the selection no better."""
_MODEL = LightGBM(num_leaves=15, min_data_in_leaf=50, feature_fraction=0.5, lambda_l2=10.0)


@dataclass(frozen=True)
class Selection:
    """Estimated propensities.

    Attributes
    ----------
    propensity : ndarray of float64, shape (n,)
        In ``[SMALLEST, 1]``, by models that did not see the row.
    auc : float
        How well selected and other arrivals are told apart, on rows the models did not see: 0.5
        if selection was at random.
    """

    propensity: FloatArray
    auc: float


def estimate_propensity(
    frame: pd.DataFrame,
    feature_set: FeatureSet,
    selected: npt.NDArray[np.bool_],
    stands_for: FloatArray,
    *,
    seed: int = 0,
) -> Selection:
    """Estimate with which probability each arrival was selected, given its features.

    Parameters
    ----------
    frame : DataFrame, n rows
        Arrivals, selected or not, in order of decision time.
    feature_set : FeatureSet
        Its features: what was known at the decision.
    selected : ndarray of bool, shape (n,)
        Whether each was selected.
    stands_for : ndarray of float64, shape (n,)
        How many arrivals each row stands for, if those not selected are a sample.
    seed : int
        Of the boosters.

    Returns
    -------
    Selection

    Raises
    ------
    DataError
        If all of them were selected, or none.
    """
    if selected.all() or not selected.any():
        what = "all" if selected.all() else "none"
        raise DataError(
            f"{what} of {len(selected)} arrivals were selected, so selection cannot be learned",
            "leave weights.estimate off",
        )
    design = Design(
        Encoder.fit(frame, feature_set).encode(frame),
        selected.astype(np.float64),
        stands_for,
        feature_set,
    )
    fit = Fit(seed=seed, ensemble=1, monotone=False)
    raw = cross_fitted_scores(design, ROUNDS, BLOCKS, _MODEL, fit)
    # A block whose others are of one class has no score: it takes the overall rate.
    share = float((stands_for * selected).sum() / stands_for.sum())
    found = np.where(np.isnan(raw), share, expit(np.nan_to_num(raw)))
    auc = roc_auc(design.y, found, stands_for)
    return Selection(np.clip(found, SMALLEST, 1.0), auc)


def with_estimated_propensity(
    tables: Tables,
    found: TrainingSet,
    definition: ModelDefinition,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> tuple[TrainingSet, tuple[str, ...]]:
    """Add estimates to a training set for rows without a logged propensity.

    Parameters
    ----------
    tables : Tables
        Hold all arrivals.
    found : TrainingSet
        Inspected consignments.
    definition : ModelDefinition
        Names the feature set; its seed draws the arrivals that are looked at.
    until, progress
        See `riskml.training.dataset.build_training_set`.

    Returns
    -------
    tuple of TrainingSet and notes
        The set with a column ``estimated_propensity``, missing where one was logged. It is used
        for weights alone and never stands in for a logged one in a metric.
    """
    frame = found.frame
    missing = frame["propensity"].isna().to_numpy()
    if not missing.any():
        return found, ()
    rng = np.random.default_rng(definition.fit.seed)
    wanted = PER_INSPECTED * len(frame)
    rate = 1.0

    def sample(rows: pd.DataFrame) -> np.ndarray:
        nonlocal rate
        rate = min(1.0, wanted / max(len(rows), 1))
        return rng.random(len(rows)) < rate

    others = build_training_set(
        tables,
        definition.stage,
        until,
        features=found.feature_set,
        keep=sample,
        progress=progress,
    ).frame
    others = others[~others["inspected"].to_numpy(dtype=bool)]
    both = pd.concat([frame.assign(_own=np.arange(len(frame))), others.assign(_own=-1)])
    both = both.sort_values(["decision_time", "consignment_id"], kind="stable")
    both = both.reset_index(drop=True)
    own = both["_own"].to_numpy()
    selected = own >= 0
    stands_for = np.where(selected, 1.0, 1.0 / rate)
    selection = estimate_propensity(
        both, found.feature_set, selected, stands_for, seed=definition.fit.seed
    )
    estimate = np.empty(len(frame))
    estimate[own[selected]] = selection.propensity[selected]
    note = (
        f"the propensity of {int(missing.sum())} of {len(frame)} inspected consignments was not "
        f"logged and is estimated (selected and other arrivals are told apart with an area under "
        f"the ROC curve of {selection.auc:.2f})"
    )
    column = np.where(missing, estimate, np.nan)
    return replace(found, frame=frame.assign(**{ESTIMATED: column})), (note,)
