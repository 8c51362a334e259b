"""Rivals on raw columns: LightGBM, CatBoost and XGBoost, with their defaults or tuned.

They see columns as they stand in the data (categories and numbers), know no history and no
calibration. A tuned rival has a budget of Optuna trials, each judged by average precision on the
last quarter (in time) of what it may learn from; the winner then learns from all of it. CatBoost
and XGBoost are no dependencies of riskml (extra ``peers``); those that are not installed are left
out, and the callers say so.
"""

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.evaluation.metrics import average_precision

__all__ = ["ABSENT", "PEERS", "Raw", "default_scores", "tuned_scores"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Parameters = dict[str, Any]

_NAMES = ("lightgbm", "catboost", "xgboost")
PEERS = tuple(name for name in _NAMES if importlib.util.find_spec(name) is not None)
ABSENT = tuple(name for name in _NAMES if name not in PEERS)
BAGS = 5
"""LightGBM's default is bagged over so many seeds, which it gains much by."""
LAST_SHARE = 0.25


@dataclass(frozen=True)
class Raw:
    """Raw rows to learn from and to judge.

    Attributes
    ----------
    X : DataFrame, shape (n, p)
        Columns of category or float64.
    y : ndarray of float64, shape (n,)
        Outcomes; what stands in rows that are not learned from is not looked at.
    learn, judge : ndarray of bool, shape (n,)
    times : ndarray of datetime64, shape (n,)
        Decision times.
    """

    X: pd.DataFrame
    y: FloatArray
    learn: BoolArray
    judge: BoolArray
    times: npt.NDArray[Any]

    @classmethod
    def of(
        cls, columns: pd.DataFrame, y: FloatArray, learn: BoolArray, judge: BoolArray, times: Any
    ) -> "Raw":
        """Make text a category; numbers stay."""
        X = pd.DataFrame(
            {
                str(name): column.astype("float64")
                if pd.api.types.is_numeric_dtype(column.dtype)
                else column.astype("category")
                for name, column in columns.items()
            }
        )
        return cls(X, y, learn, judge, np.asarray(times))

    def earlier_and_last(self) -> "Raw":
        """Return the same rows, to learn from the earlier and judge on the last ones."""
        cut = np.quantile(self.times[self.learn].astype("int64"), 1 - LAST_SHARE)
        last = self.times.astype("int64") >= cut
        return Raw(self.X, self.y, self.learn & ~last, self.learn & last, self.times)


def default_scores(peer: str, raw: Raw) -> FloatArray:
    """Return the scores of the judged rows by a peer as it comes, shape (n_judged,)."""
    if peer != "lightgbm":
        return _fitted(peer, raw, {}, 0)
    bagging = {"subsample": 0.8, "subsample_freq": 1, "colsample_bytree": 0.8}
    return np.mean([_fitted(peer, raw, bagging, seed) for seed in range(BAGS)], axis=0)


def tuned_scores(peer: str, raw: Raw, trials: int, seed: int = 0) -> tuple[FloatArray, Parameters]:
    """Search a peer's parameters in time, and score the judged rows by the winner.

    Parameters
    ----------
    peer : str
        One of ``PEERS``.
    raw : Raw
    trials, seed : int
        Budget and seed of the search.

    Returns
    -------
    tuple
        Scores, shape (n_judged,), and the parameters that won.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    inner = raw.earlier_and_last()
    labels = raw.y[inner.judge]

    def objective(trial: optuna.Trial) -> float:
        found = _fitted(peer, inner, SPACES[peer](trial), seed)
        return average_precision(labels, found)

    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)
    )
    study.optimize(objective, n_trials=trials)
    best = SPACES[peer](optuna.trial.FixedTrial(study.best_params))
    return _fitted(peer, raw, best, seed), best


def _lightgbm_space(trial: Any) -> Parameters:
    return {
        "n_estimators": trial.suggest_int("n_estimators", 50, 600, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 127, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 5, 100, log=True),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "subsample_freq": 1,
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 100.0, log=True),
        "cat_smooth": trial.suggest_float("cat_smooth", 1.0, 100.0, log=True),
    }


def _catboost_space(trial: Any) -> Parameters:
    return {
        "iterations": trial.suggest_int("iterations", 50, 600, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "depth": trial.suggest_int("depth", 3, 8),
        "l2_leaf_reg": trial.suggest_float("l2_leaf_reg", 1.0, 30.0, log=True),
        "random_strength": trial.suggest_float("random_strength", 0.1, 10.0, log=True),
    }


def _xgboost_space(trial: Any) -> Parameters:
    return {
        "n_estimators": trial.suggest_int("n_estimators", 50, 600, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 10),
        "min_child_weight": trial.suggest_float("min_child_weight", 0.1, 20.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.01, 100.0, log=True),
    }


SPACES: dict[str, Callable[[Any], Parameters]] = {
    "lightgbm": _lightgbm_space,
    "catboost": _catboost_space,
    "xgboost": _xgboost_space,
}
"""What is searched, in each peer's own words."""


def _fitted(peer: str, raw: Raw, parameters: Parameters, seed: int) -> FloatArray:
    """Fit on what may be learned from, and return probabilities of the judged rows."""
    X, y = raw.X[raw.learn], raw.y[raw.learn]
    model = _MAKERS[peer](raw, parameters, seed)
    with warnings.catch_warnings():
        # Feature names with blanks and categories that only the judged rows have.
        warnings.simplefilter("ignore")
        model.fit(_given(peer, X), y)
        found = model.predict_proba(_given(peer, raw.X[raw.judge]))
    return np.asarray(found, dtype=np.float64)[:, 1]


def _given(peer: str, X: pd.DataFrame) -> pd.DataFrame:
    """Return the columns as a peer wants them: CatBoost refuses missing categories."""
    if peer != "catboost":
        return X
    return X.assign(
        **{
            name: X[name].astype(object).where(X[name].notna(), "(missing)").astype(str)
            for name in _categories(X)
        }
    )


def _categories(X: pd.DataFrame) -> list[str]:
    return [str(name) for name in X if isinstance(X[name].dtype, pd.CategoricalDtype)]


def _lightgbm(raw: Raw, parameters: Parameters, seed: int) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(
        random_state=seed, n_jobs=1, verbose=-1, deterministic=True, force_row_wise=True,
        **parameters,
    )  # fmt: skip


def _catboost(raw: Raw, parameters: Parameters, seed: int) -> Any:
    from catboost import CatBoostClassifier

    return CatBoostClassifier(
        random_seed=seed, thread_count=1, verbose=0, allow_writing_files=False,
        cat_features=_categories(raw.X), **parameters,
    )  # fmt: skip


def _xgboost(raw: Raw, parameters: Parameters, seed: int) -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(random_state=seed, n_jobs=1, enable_categorical=True, **parameters)


_MAKERS: dict[str, Callable[[Raw, Parameters, int], Any]] = {
    "lightgbm": _lightgbm,
    "catboost": _catboost,
    "xgboost": _xgboost,
}
