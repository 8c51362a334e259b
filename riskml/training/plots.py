"""Figures of a training run; each is drawn from a frame that can be had on its own."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.bundle import Bundle
from riskml.evaluation.baselines import rule_profile
from riskml.evaluation.calibration import calibration_table
from riskml.evaluation.metrics import check_rows
from riskml.evaluation.ranking import rank
from riskml.explanation import explain

__all__ = ["draw_plots", "draw_reliability", "gain_frame", "reliability_frame", "save_figure"]

FloatArray = npt.NDArray[np.float64]
SHAP_ROWS = 1000
SHAP_FEATURES = 20


def gain_frame(
    labels: npt.ArrayLike, scores: dict[str, FloatArray], points: int = 101
) -> pd.DataFrame:
    """Return the share of violations caught at every inspection rate.

    Parameters
    ----------
    labels : array-like, shape (n,)
        0 or 1.
    scores : dict of str to ndarray, shape (n,)
        Rival scores by name.
    points : int
        Number of rates from 0 to 1.

    Returns
    -------
    DataFrame
        ``rate``, one column per score, and ``random``.
    """
    y, w = check_rows(labels)
    rates = np.linspace(0, 1, points)
    found = {"rate": rates}
    for name, values in scores.items():
        caught = rank(values).caught(y, w, rates * w.sum())
        found[name] = caught / max(float(y.sum()), 1.0)
    return pd.DataFrame({**found, "random": rates})


def reliability_frame(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> pd.DataFrame:
    """Return expected and observed rates with intervals, one row per bin."""
    return pd.DataFrame([part.to_dict() for part in calibration_table(labels, probabilities)])


def draw_plots(bundle: Bundle, holdout: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw gain, reliability and SHAP summary as PNG files.

    Parameters
    ----------
    bundle : Bundle
        The model.
    holdout : DataFrame
        Judged rows of `FittedModel.holdout`, not empty.
    folder : Path
        Where the files go.

    Returns
    -------
    list of Path
    """
    labels = holdout["label"].to_numpy(dtype=np.float64)
    rivals = {
        "model": holdout["raw_score"].to_numpy(dtype=np.float64),
        "rules": rule_profile(holdout, bundle.feature_set).scores,
    }
    gain = gain_frame(labels, rivals)
    reliability = reliability_frame(labels, holdout["probability"].to_numpy(dtype=np.float64))
    matrix = bundle.encode(holdout.tail(SHAP_ROWS))
    return [
        save_figure(folder / "gain.png", lambda plot: _gain(plot, gain)),
        save_figure(
            folder / "reliability.png", lambda plot: draw_reliability(plot.gca(), reliability)
        ),
        save_figure(folder / "shap_summary.png", lambda plot: _shap(plot, bundle, matrix)),
    ]


def save_figure(path: Path, draw: Callable[[Any], None]) -> Path:
    """Draw with pyplot and save as PNG; the same figure is the same bytes."""
    import matplotlib as mpl

    with mpl.rc_context({"figure.dpi": 110, "savefig.bbox": "tight"}):
        mpl.use("Agg")
        from matplotlib import pyplot as plt

        plt.figure(figsize=(7, 5))
        try:
            draw(plt)
            # Wall-clock time is left out of the file: the same figures are the same bytes.
            plt.savefig(path, metadata={"Software": None})
        finally:
            plt.close("all")
    return path


def _gain(plt: Any, frame: pd.DataFrame) -> None:
    for name in frame.columns[1:]:
        plt.plot(frame["rate"], frame[name], label=name, linestyle=":" if name == "random" else "-")
    plt.xlabel("share of arrivals inspected")
    plt.ylabel("share of violations caught")
    plt.title("Gain on later slices")
    plt.legend()


def draw_reliability(axes: Any, frame: pd.DataFrame) -> None:
    """Draw `reliability_frame` on axes."""
    highest = max(float(frame["high"].max()), float(frame["expected"].max()))
    axes.plot([0, highest], [0, highest], linestyle=":", color="grey")
    below, above = frame["observed"] - frame["low"], frame["high"] - frame["observed"]
    axes.errorbar(frame["expected"], frame["observed"], yerr=[below, above], fmt="o", capsize=3)
    axes.set_xlabel("expected rate of violations")
    axes.set_ylabel("observed rate, 95 % interval")
    axes.set_title("Reliability on later slices")


def _shap(plt: Any, bundle: Bundle, matrix: FloatArray) -> None:
    values = explain(bundle, matrix).contributions
    with warnings.catch_warnings():
        # shap 0.51 builds its colours through interfaces that matplotlib and NumPy retire; nothing
        # of it concerns the figure. Remove when shap does not.
        warnings.simplefilter("ignore")
        import shap

        shap.summary_plot(
            values,
            matrix,
            feature_names=list(bundle.feature_set.names),
            max_display=SHAP_FEATURES,
            show=False,
            rng=np.random.default_rng(0),
        )
    plt.title("Contributions to the raw score (log-odds)")
