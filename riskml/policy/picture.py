"""The picture of a rehearsal, drawn from its daily frame (matplotlib, the ``training`` extra)."""

import io
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from riskml.explanation.plots import canvas
from riskml.policy.summary import WINDOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_rehearsals", "moving", "picture_bytes"]


def moving(daily: pd.DataFrame, measure: str = "expected") -> pd.DataFrame:
    """Return the sum of a measure over the last 28 days, one row per day, one column per policy."""
    wide = daily.pivot_table(index="date", columns="policy", values=measure, aggfunc="sum")
    wide = wide[list(dict.fromkeys(daily["policy"]))]
    return wide.rolling(WINDOW, min_periods=WINDOW).sum().dropna()


def picture_bytes(daily: pd.DataFrame, shift: date | None = None) -> bytes:
    """Return the picture of `draw_rehearsals` as PNG; the same frame gives the same bytes."""
    buffer = io.BytesIO()
    figure = draw_rehearsals(daily, shift)
    figure.savefig(buffer, dpi=120, metadata={"Software": None})
    return buffer.getvalue()


def draw_rehearsals(daily: pd.DataFrame, shift: date | None = None) -> "Figure":
    """Draw expected violations found in the last 28 days, and how they add up.

    Parameters
    ----------
    daily : DataFrame
        From `riskml.policy.account.account`, of several policies.
    shift : date, optional
        Marked by a line.

    Returns
    -------
    matplotlib Figure
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure, first = canvas(8)
    first.remove()
    axes = figure.subplots(2, 1, sharex=True)
    found = moving(daily)
    wide = daily.pivot_table(index="date", columns="policy", values="expected", aggfunc="sum")
    for name in found:
        _line(axes[0], found.index, found[name].to_numpy(), str(name))
        _line(axes[1], wide.index, wide[name].cumsum().to_numpy(), str(name))
    axes[0].set_ylabel("expected violations, 28 days")
    axes[1].set_ylabel("expected violations, all")
    for panel in axes:
        panel.set_ylim(bottom=0)
        if shift is not None:
            panel.axvline(np.datetime64(shift), linestyle=":", color="grey")
    axes[0].legend(frameon=False, fontsize="small", ncols=2)
    # Whole dates would run into one another.
    where = AutoDateLocator()
    axes[1].xaxis.set_major_locator(where)
    axes[1].xaxis.set_major_formatter(ConciseDateFormatter(where))
    return figure


def _line(axes: "Axes", days: pd.Index, values: np.ndarray, name: str) -> None:
    dashed = "--" if name in {"oracle", "full_information"} else "-"
    axes.plot(pd.to_datetime(days), values, dashed, label=name, linewidth=1.4)
