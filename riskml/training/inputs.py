"""What an estimator's ``fit`` needs beside the columns: labels, weights, times, parameters."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ValidationError
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from riskml.bundle import Manifest, TrainingWindow
from riskml.errors import InputError
from riskml.features import FeatureSet
from riskml.training.definition import ModelDefinition
from riskml.training.fitting import package_versions

__all__ = [
    "binary_labels",
    "definition_of",
    "in_time",
    "notebook_manifest",
    "row_weight",
    "shown_bar",
]

FloatArray = npt.NDArray[np.float64]
EPOCH = pd.Timestamp("1970-01-01", tz="UTC")


def binary_labels(y: Any, size: int) -> tuple[npt.NDArray[Any], FloatArray]:
    """Return the two classes, sorted, and labels of 0 and 1, shape (n,).

    Raises
    ------
    InputError
        If there is one class, or more than two, or another number of rows.
    """
    y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    _same_length("y", y, size)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise InputError(
            f"y holds one class only ({classes[0]!r}) in {size} rows", "give rows of both classes"
        )
    if len(classes) > 2:
        raise InputError(
            "Only binary classification is supported. The type of the target is "
            f"{type_of_target(y)}",
            "make one class the risk",
        )
    return classes, codes.astype(np.float64)


def row_weight(given: Any, labels: FloatArray) -> FloatArray:
    """Return how many arrivals each row stands for, shape (n,); 1 by default.

    Raises
    ------
    InputError
        If a weight is negative, or all of a class are zero, or their number is another.
    """
    size = len(labels)
    if given is None:
        return np.ones(size)
    found = check_array(given, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if found.ndim != 1:
        raise InputError("Sample weights must be 1D array or scalar", "give one per row")
    _same_length("sample_weight", found, size)
    if (found < 0).any():
        raise InputError("a sample_weight is negative", "give weights of at least 0")
    if not 0 < (found * labels).sum() < found.sum():
        raise InputError(
            "one class is left, the other has a sample_weight of zero everywhere", "weigh both"
        )
    return np.asarray(found, dtype=np.float64)


def in_time(
    times: Any, size: int, gap_days: float
) -> tuple[npt.NDArray[np.int64], "pd.Series[pd.Timestamp]"]:
    """Return the order of the rows in time, and their times in that order.

    Raises
    ------
    InputError
        If a time is missing or none, or a gap is asked for without times.
    """
    if times is None:
        if gap_days:
            raise InputError("gap_days needs times", "give fit the decision times")
        steps = pd.to_timedelta(np.arange(size), "s")
        return np.arange(size), pd.Series(EPOCH + steps).dt.as_unit("us")
    try:
        found = pd.Series(pd.to_datetime(np.asarray(times), utc=True)).dt.as_unit("us")
    except (TypeError, ValueError) as error:
        raise InputError(f"times hold no times ({error})", "give datetimes") from error
    _same_length("times", found, size)
    if found.isna().any():
        raise InputError("a time is missing", "leave such rows out")
    order = np.argsort(found.to_numpy(), kind="stable").astype(np.int64)
    return order, found.iloc[order].reset_index(drop=True)


def notebook_manifest(
    definition: ModelDefinition,
    features: FeatureSet,
    labels: FloatArray,
    decided: "pd.Series[pd.Timestamp]",
    notes: tuple[str, ...],
) -> Manifest:
    """Return the manifest of a model made in a notebook, for no decision point of ours."""
    first, last = (moment.isoformat() for moment in (decided.iloc[0], decided.iloc[-1]))
    window = TrainingWindow(first, last, last, len(labels), int(labels.sum()), 0.0)
    return Manifest(
        stage=features.stage,
        model_name=features.name,
        created_at=last,
        training_window=window,
        data_digests={},
        feature_set_digest=features.digest,
        definition_digest=definition.digest,
        packages=package_versions(),
        notes=notes,
    )


def _same_length(name: str, values: Any, size: int) -> None:
    if len(values) != size:
        raise InputError(f"{name} has {len(values)} rows, X has {size}", "give one per row")


def definition_of(estimator: Any) -> ModelDefinition:
    """Return the model definition that an estimator's parameters make.

    Raises
    ------
    InputError
        If one is impossible; it is named.
    """
    names = (
        "learning_rate", "num_leaves", "min_data_in_leaf", "feature_fraction",
        "bagging_fraction", "lambda_l2", "extra_trees",
    )  # fmt: skip
    fit = ("max_rounds", "patience", "folds", "first_share", "ensemble")
    given = {
        "stage": "declaration",
        "lightgbm": {name: getattr(estimator, name) for name in names},
        "fit": {"seed": estimator.random_state, **{name: getattr(estimator, name) for name in fit}},
        "calibration": {"method": estimator.calibration},
    }
    try:
        return ModelDefinition.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][-1]).replace("method", "calibration")
        name = name.replace("seed", "random_state")
        raise InputError(
            f"{name} = {first['input']!r}: {first['msg']}", "correct the parameter"
        ) from error


def shown_bar(items: Iterable[Any], label: str, total: int | None = None) -> Iterable[Any]:
    """Show a bar in a notebook or a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    silent = not (console.is_terminal or console.is_jupyter)
    yield from track(
        items, description=label, total=total, console=console, transient=True, disable=silent
    )
