"""Figures of the global views, drawn from their frames (matplotlib, the ``training`` extra)."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["canvas", "plot_dependence", "plot_interaction", "plot_stability", "plot_summary"]

UP, DOWN, LEVEL = "#a3321f", "#1c6b45", "#0b5a73"
MOST = 20


def plot_summary(frame: pd.DataFrame) -> "Figure":
    """Draw `riskml.explanation.views.summary`: spread of the strongest, the strongest on top."""
    shown = frame.head(MOST).iloc[::-1]
    figure, axes = canvas(0.6 + 0.3 * len(shown))
    place = np.arange(len(shown))
    axes.hlines(place, shown["q05"], shown["q95"], color=LEVEL, linewidth=2)
    axes.hlines(place, shown["q25"], shown["q75"], color=LEVEL, linewidth=7)
    axes.plot(shown["q50"], place, "o", color="white", markeredgecolor=LEVEL, markersize=5)
    axes.axvline(0, color="#888888", linewidth=1)
    axes.set_yticks(place, shown["name"])
    axes.set_xlabel("contribution in log-odds: median, quartiles, 5 to 95 %")
    return figure


def plot_dependence(frame: pd.DataFrame) -> "Figure":
    """Draw `riskml.explanation.views.dependence`: median and 10 to 90 % over the bins."""
    figure, axes = canvas(4)
    place = np.arange(len(frame))
    axes.fill_between(place, frame["q10"], frame["q90"], color=LEVEL, alpha=0.25, linewidth=0)
    axes.plot(place, frame["q50"], "o-", color=LEVEL)
    axes.axhline(0, color="#888888", linewidth=1)
    axes.set_xticks(place, frame["bin"], rotation=30, ha="right")
    axes.set_xlabel(str(frame["feature"].iloc[0]))
    axes.set_ylabel("contribution in log-odds")
    return figure


def plot_interaction(frame: pd.DataFrame) -> "Figure":
    """Draw `riskml.explanation.views.interaction`: one line for each bin of the other feature."""
    figure, axes = canvas(4)
    table = frame.pivot_table(index="bin", columns="other_bin", values="mean", sort=False)
    for column in table:
        axes.plot(np.arange(len(table)), table[column], "o-", label=str(column))
    axes.axhline(0, color="#888888", linewidth=1)
    axes.set_xticks(np.arange(len(table)), table.index, rotation=30, ha="right")
    axes.set_xlabel(f"{frame['feature'].iloc[0]}, strength {frame['strength'].iloc[0]:.2f}")
    axes.set_ylabel("mean contribution in log-odds")
    axes.legend(title=str(frame["other"].iloc[0]), frameon=False)
    return figure


def plot_stability(frame: pd.DataFrame) -> "Figure":
    """Draw `riskml.explanation.views.stability`: share of rows by code over time."""
    figure, axes = canvas(4)
    table = frame.pivot_table(index="period", columns="code", values="share", sort=False)
    strongest = table.mean().sort_values(ascending=False).index[:8]
    for code in strongest:
        axes.plot(np.arange(len(table)), table[code], "o-", label=str(code))
    axes.set_xticks(np.arange(len(table)), table.index, rotation=30, ha="right")
    axes.set_ylabel("share of consignments with this reason")
    axes.legend(frameon=False, fontsize="small")
    return figure


def canvas(height: float) -> tuple["Figure", "Axes"]:
    """Return a figure of so many inches, outside of pyplot, and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, height), layout="constrained")
    axes = figure.subplots()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes
