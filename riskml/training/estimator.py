"""`RiskClassifier`: the models of this library as a scikit-learn estimator, for notebooks."""

import warnings
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from riskml.bundle import Bundle, Encoder
from riskml.errors import InputError
from riskml.evaluation.metrics import average_precision, observed_over_expected
from riskml.evaluation.splits import prequential_folds
from riskml.explanation import explain, raw_scores
from riskml.explanation.plots import canvas, plot_summary
from riskml.explanation.views import summary
from riskml.history import Progress
from riskml.training.boosting import Design
from riskml.training.columns import columns_of, described, remarks
from riskml.training.inputs import (
    binary_labels,
    definition_of,
    in_time,
    notebook_manifest,
    row_weight,
    shown_bar,
)
from riskml.training.learning import Learned, learn
from riskml.training.plots import draw_reliability, reliability_frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["RiskClassifier"]

FloatArray = npt.NDArray[np.float64]


class RiskClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Calibrated LightGBM whose rounds are chosen on later slices of time.

    It wraps what ``riskml train`` fits: prequential slices stop the boosting early, boosters with
    different seeds are then grown on all rows and merged, and a strictly monotone calibrator is
    fitted on scores of rows its boosters did not see. Rows are taken in order of ``times``, or as
    they stand.

    Parameters
    ----------
    learning_rate, num_leaves, min_data_in_leaf, feature_fraction, bagging_fraction, lambda_l2,
    extra_trees
        LightGBM's parameters; see `riskml.training.definition.LightGBM`.
    max_rounds, patience, folds, first_share, ensemble
        See `riskml.training.definition.Fit`.
    calibration : {"platt", "beta", "intercept"}
        See `riskml.training.definition.Calibration`.
    monotone : mapping of str to {-1, 0, 1}, optional
        Direction in which risk is known to move with a column.
    gap_days : float
        Maturity gap between learning and judging; needs ``times``.
    random_state : int
        All random numbers follow from it.
    progress : bool or callable
        Show a bar, or wrap iterables as `riskml.cli.console.progress` does.

    Attributes
    ----------
    classes_ : ndarray, shape (2,)
        The second is the risk.
    bundle_ : Bundle
        The model; ``bundle_.save(folder)`` keeps it as plain files. No decision point computes its
        columns, so the service refuses it.
    rounds_ : int
        Boosting rounds.
    curve_ : DataFrame
        ``round``, ``loss``: log loss on later slices.
    later_ : DataFrame
        ``row`` (position in ``X``), ``label``, ``probability`` (calibrated) of rows judged by
        boosters that knew only earlier ones.
    notes_ : tuple of str
        Degradations, said aloud; each is a warning as well.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"rate": rng.random(400), "origin": rng.choice(["CN", "DE"], 400)})
    >>> y = rng.random(400) < X["rate"] ** 2
    >>> model = RiskClassifier(ensemble=1, max_rounds=30, monotone={"rate": 1}).fit(X, y)
    >>> model.predict_proba(X).shape
    (400, 2)
    """

    def __init__(
        self,
        *,
        learning_rate: float = 0.08,
        num_leaves: int = 31,
        min_data_in_leaf: int = 20,
        feature_fraction: float = 0.3,
        bagging_fraction: float = 0.8,
        lambda_l2: float = 5.0,
        extra_trees: bool = True,
        max_rounds: int = 400,
        patience: int = 60,
        folds: int = 4,
        first_share: float = 0.3,
        ensemble: int = 5,
        calibration: str = "platt",
        monotone: Mapping[str, int] | None = None,
        gap_days: float = 0.0,
        random_state: int = 7,
        progress: bool | Progress = False,
    ) -> None:
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_data_in_leaf = min_data_in_leaf
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.lambda_l2 = lambda_l2
        self.extra_trees = extra_trees
        self.max_rounds = max_rounds
        self.patience = patience
        self.folds = folds
        self.first_share = first_share
        self.ensemble = ensemble
        self.calibration = calibration
        self.monotone = monotone
        self.gap_days = gap_days
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: Any, sample_weight: Any = None, times: Any = None) -> Self:
        """Fit on labelled rows.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, p)
            Text and categories of a DataFrame are categories; missing values are allowed,
            infinite ones count as missing.
        y : array-like, shape (n,)
            Two classes; the greater one is the risk.
        sample_weight : array-like, shape (n,), optional
            How many arrivals each row stands for, such as inverse propensities.
        times : array-like of datetime, shape (n,), optional
            Decision times; by default the rows stand in their order.

        Raises
        ------
        InputError
            If there is one class only, or a parameter or an input cannot be used; a ValueError.
        """
        definition = definition_of(self)
        columns = self._columns(X, y)
        self.classes_, labels = binary_labels(y, len(columns))
        weights = row_weight(sample_weight, labels)
        order, decided = in_time(times, len(columns), self.gap_days)
        frame, labels, weights = columns.iloc[order], labels[order], weights[order]
        features = described(frame, self.monotone)
        encoder = Encoder.fit(frame, features, **definition.encoding.model_dump())
        design = Design(encoder.encode(frame), labels, weights / weights.mean(), features)
        folds = prequential_folds(
            decided,
            decided,
            folds=self.folds,
            first_share=self.first_share,
            gap=timedelta(days=self.gap_days),
        )
        bar = shown_bar if self.progress is True else (self.progress or None)
        learned = learn(design, list(folds), definition, weights, bar)
        self.notes_ = (*remarks(frame, encoder), *learned.notes)
        for note in self.notes_:
            warnings.warn(note, stacklevel=2)
        manifest = notebook_manifest(definition, features, labels, decided, self.notes_)
        self.bundle_ = Bundle.assemble(learned.text, learned.calibrator, encoder, manifest)
        self._keep(learned, labels, order)
        return self

    def _keep(self, learned: Learned, labels: FloatArray, order: npt.NDArray[np.int64]) -> None:
        folds, judged = learned.folds, learned.folds.fold >= 0
        self.rounds_ = folds.rounds
        self.curve_ = pd.DataFrame({"round": range(1, len(folds.curve) + 1), "loss": folds.curve})
        probability = learned.calibrator.probabilities(folds.raw[judged])
        self.later_ = pd.DataFrame(
            {"row": order[judged], "label": labels[judged], "probability": probability}
        )

    def decision_function(self, X: Any) -> FloatArray:
        """Return calibrated log-odds of the risk, shape (n,)."""
        bundle = self._fitted()
        return bundle.calibrator.log_odds(raw_scores(bundle, self._matrix(X)))

    def predict_proba(self, X: Any) -> FloatArray:
        """Return calibrated probabilities, shape (n, 2), in the order of ``classes_``."""
        bundle = self._fitted()
        p = bundle.probabilities(raw_scores(bundle, self._matrix(X)))
        return np.column_stack([1 - p, p])

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likelier class of each row, shape (n,); rank by `predict_proba` instead."""
        risky = (self.decision_function(X) > 0).astype(int)
        found: npt.NDArray[Any] = self.classes_[risky]
        return found

    def contributions(self, X: Any) -> pd.DataFrame:
        """Return why: exact TreeSHAP values, by the kernel that the service uses.

        Returns
        -------
        DataFrame
            A column per feature and ``base``, in log-odds before calibration; rows sum to the raw
            score. Its index is that of ``X`` if that is a DataFrame.
        """
        found = explain(self._fitted(), self._matrix(X))
        index = X.index if isinstance(X, pd.DataFrame) else None
        frame = pd.DataFrame(
            found.contributions, columns=list(self.bundle_.feature_set.names), index=index
        )
        return frame.assign(base=found.base)

    def plot_contributions(self, X: Any) -> "Figure":
        """Draw how strongly each column moves the scores of ``X``."""
        found = explain(self._fitted(), self._matrix(X))
        return plot_summary(summary(self.bundle_.feature_set, found.contributions))

    def plot_rounds(self) -> "Figure":
        """Draw the log loss on later slices over the rounds, and the rounds chosen."""
        self._judged()
        figure, axes = canvas(4)
        axes.plot(self.curve_["round"], self.curve_["loss"])
        axes.axvline(self.rounds_, linestyle=":", color="grey")
        axes.set_xlabel("boosting rounds")
        axes.set_ylabel("log loss on later slices")
        return figure

    def plot_reliability(self) -> "Figure":
        """Draw expected and observed rates on later slices, with intervals."""
        rows = self._judged()
        figure, axes = canvas(4)
        draw_reliability(axes, reliability_frame(rows["label"], rows["probability"]))
        return figure

    def _judged(self) -> pd.DataFrame:
        self._fitted()
        if self.later_.empty:
            raise InputError("no later slice could be judged", "fit on more rows of both classes")
        return self.later_

    def _columns(self, X: Any, y: Any = "no_validation") -> pd.DataFrame:
        """Check the shape and names of X; remember them when fitting."""
        fitting = not isinstance(y, str)
        options: dict[str, Any] = {"reset": fitting, **({"y": y} if fitting else {})}
        if isinstance(X, pd.DataFrame):
            columns = columns_of(X)
            validate_data(self, X, skip_check_array=True, **options)
            return columns
        found = validate_data(self, X, dtype=np.float64, ensure_all_finite=False, **options)
        return columns_of(found[0] if fitting else found)

    def _fitted(self) -> Bundle:
        check_is_fitted(self)
        bundle: Bundle = self.bundle_
        return bundle

    def _matrix(self, X: Any) -> FloatArray:
        self._fitted()
        return self.bundle_.encode(self._columns(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        text = str(super().__repr__(N_CHAR_MAX))
        if not hasattr(self, "bundle_"):
            return text
        window = self.bundle_.manifest.training_window
        lines = [
            text,
            f"  fitted on {window.rows} rows, {window.positives} of class {self.classes_[1]!r}; "
            f"{self.rounds_} rounds of {self.ensemble} boosters",
        ]
        if self.later_["label"].any():
            y, p = self.later_["label"], self.later_["probability"]
            lines.append(
                f"  on {len(y)} later rows: average precision {average_precision(y, p):.3f} "
                f"(random {y.mean():.3f}), observed over expected "
                f"{observed_over_expected(y, p):.2f}"
            )
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes_)])
