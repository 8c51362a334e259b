"""What a study did, as tables, and the figures drawn from them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from riskml.training.plots import save_figure
from riskml.training.tuning.trials import TrialRecord

__all__ = ["draw_study", "importance_frame", "trials_frame"]


def trials_frame(trials: Iterable[TrialRecord]) -> pd.DataFrame:
    """Return finished trials in the order of their numbers.

    Returns
    -------
    DataFrame
        ``trial``, ``state`` (``complete``, ``pruned`` or ``refused``), ``value`` (missing unless
        complete), ``best`` so far, number of ``slices`` judged, ``seconds``, then one column per
        searched setting.
    """
    frame = pd.DataFrame(
        [
            {
                "trial": trial.number,
                "state": trial.state,
                "value": np.nan if trial.value is None else trial.value,
                "slices": len(trial.slices),
                "seconds": trial.seconds,
                **trial.parameters,
            }
            for trial in sorted(trials, key=lambda trial: trial.number)
        ]
    )
    frame.insert(3, "best", frame["value"].cummax().ffill())
    return frame


def importance_frame(study: Any) -> pd.DataFrame:
    """Return how much each searched setting decides whether a trial is among the best.

    Returns
    -------
    DataFrame
        ``name``, ``importance`` (shares of 1), the highest first; empty with fewer than two
        evaluated trials.

    Notes
    -----
    S. Watanabe, A. Bansal, F. Hutter (2023), PED-ANOVA, IJCAI, as Optuna computes it. With few
    trials it is a hint, no measurement.
    """
    from optuna.importance import get_param_importances
    from optuna.trial import TrialState

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len({trial.value for trial in complete}) < 2:
        return pd.DataFrame({"name": [], "importance": []})
    found = get_param_importances(study)
    values = [float(value) for value in found.values()]
    return pd.DataFrame({"name": list(found), "importance": values})


def draw_study(trials: pd.DataFrame, importance: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw history and importance as PNG files into a folder; returns them."""
    drawn = [save_figure(folder / "history.png", lambda plot: _history(plot, trials))]
    if len(importance):
        path = folder / "importance.png"
        drawn.append(save_figure(path, lambda plot: _importance(plot, importance)))
    return drawn


def _history(plt: Any, frame: pd.DataFrame) -> None:
    complete = frame[frame["state"] == "complete"]
    plt.plot(complete["trial"], complete["value"], "o", label="trial")
    plt.step(frame["trial"], frame["best"], where="post", label="best so far")
    pruned = frame.loc[frame["state"] == "pruned", "trial"]
    plt.plot(pruned, np.full(len(pruned), complete["value"].min()), "x", label="pruned")
    plt.axhline(complete["value"].iloc[0], linestyle=":", color="grey", label="own parameters")
    plt.xlabel("trial")
    plt.ylabel("objective on the searched slices")
    plt.title("History of the study")
    plt.legend()


def _importance(plt: Any, frame: pd.DataFrame) -> None:
    shown = frame.iloc[::-1]
    plt.barh(shown["name"], shown["importance"])
    plt.xlabel("share of importance (PED-ANOVA)")
    plt.title("What decided whether a trial was among the best")
