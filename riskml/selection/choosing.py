"""The day's list: who is scanned, through which channel, and how probable that was."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.errors import DataError, MissingColumnError, UsageError
from riskml.selection.capacity import Capacity
from riskml.selection.scanners import assign_scanners
from riskml.selection.strata import IntArray, Stratum, draw_strata
from riskml.selection.watchlist import WatchEntry, find_watched

__all__ = ["PICK_COLUMNS", "RANKINGS", "Selection", "select"]

RANKINGS = ("probability", "expected_revenue")
"""What the model channel ranks by: the calibrated probability, or that times the revenue."""

PICK_COLUMNS = (
    "date", "office", "mode", "scanner_id", "rank", "channel", "propensity", "reason", "stratum",
    "seed", "consignment_id", "bill_no", "container_no", "declaration_id", "stage",
    "decision_time", "probability",
)  # fmt: skip
"""Columns of a selection file."""

MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Selection:
    """A selection with everything that is needed to check it.

    Attributes
    ----------
    picks : DataFrame
        The selected, `PICK_COLUMNS`, by date, stratum and rank.
    arrivals : DataFrame
        All arrivals that could be selected, with ``stratum``, ``selected`` and ``propensity``
        (0 only where nothing explores): what an unbiased estimate needs.
    strata : DataFrame
        One row per office, day and mode: ``stratum, date, office, mode, arrivals, capacity,
        budget, mandatory, model, exploration, expected_exploration, overflow, minimum,
        minimum_met``.
    overflow : DataFrame
        Mandatory arrivals for which there was no room, with their reason.
    seed : int
    by : str
    """

    picks: pd.DataFrame
    arrivals: pd.DataFrame
    strata: pd.DataFrame
    overflow: pd.DataFrame
    seed: int
    by: str


def select(
    arrivals: pd.DataFrame,
    capacity: Capacity,
    *,
    seed: int,
    watchlist: Sequence[WatchEntry] = (),
    by: str = "probability",
) -> Selection:
    """Fill each office's capacity: the mandatory, the most probable, and some at random.

    A stratum is what competes for one quota: an office, a day, and a mode where the quota names
    one. In each, exactly ``min(capacity, arrivals)`` are selected. Mandatory are the arrivals
    that the watch list names and those whose column ``mandatory`` is true; where they exceed the
    capacity the most probable stay and the others are reported. Days are filled in order, and
    who was selected on one is not selected again on a later one.

    Parameters
    ----------
    arrivals : DataFrame
        From `riskml.selection.arrivals.prepare_arrivals`.
    capacity : Capacity
        What can be scanned.
    seed : int
        From 0 below 2**63; logged with every pick. Keep it secret until the list is made:
        whoever knows it can foresee the draw.
    watchlist : sequence of WatchEntry
        Additional mandatory picks.
    by : {"probability", "expected_revenue"}
        What the model channel ranks by.

    Returns
    -------
    Selection
        The same for the same arrivals in any order.

    Raises
    ------
    UsageError
        If the seed or ``by`` is impossible.
    MissingColumnError
        If ``expected_revenue`` or a watched column is absent.
    DataError
        If an expected revenue is missing or negative.
    """
    if not 0 <= seed <= MAX_SEED:
        raise UsageError(f"seed {seed} is impossible", f"give one from 0 to {MAX_SEED}")
    reasons = _reasons(arrivals, watchlist)
    strata = tuple(draw_strata(arrivals, _values(arrivals, by), reasons.notna(), capacity, seed))
    return Selection(
        _picks(arrivals, reasons, strata, seed),
        _log(arrivals, strata),
        pd.DataFrame([_summary(stratum) for stratum in strata]),
        _overflow(arrivals, reasons, strata),
        seed,
        by,
    )


def _values(arrivals: pd.DataFrame, by: str) -> pd.Series:
    if by not in RANKINGS:
        raise UsageError(f"unknown ranking {by!r}", f"use one of {', '.join(RANKINGS)}")
    probability = arrivals["probability"].astype(np.float64)
    if by == "probability":
        return probability
    if by not in arrivals:
        raise MissingColumnError(f"the scores have no column {by!r}", "add it, or rank without")
    revenue = arrivals[by].astype(np.float64)
    bad = ~(np.isfinite(revenue) & (revenue >= 0))
    if bad.any():
        key = arrivals.loc[bad, "key"].iloc[0]
        raise DataError(
            f"scores, {key}: expected_revenue {revenue[bad].iloc[0]} ({int(bad.sum())} such rows)",
            "give a number of 0 or more, or rank by probability",
        )
    return probability * revenue


def _reasons(arrivals: pd.DataFrame, watchlist: Sequence[WatchEntry]) -> pd.Series:
    """Return why each arrival is mandatory, missing where it is not."""
    reasons = find_watched(arrivals, watchlist)
    if "mandatory" in arrivals:
        ruled = _is_true(arrivals["mandatory"])
        wording = pd.Series("mandatory rule", index=arrivals.index, dtype="str")
        if "mandatory_reason" in arrivals:
            wording = arrivals["mandatory_reason"].astype("str").fillna(wording)
        reasons = reasons.mask(ruled & reasons.isna(), wording)
    return reasons


def _is_true(flags: pd.Series) -> pd.Series:
    """Read flags as they come from Parquet (bool) or CSV (text); a missing one is no."""
    if isinstance(flags.dtype, pd.StringDtype):
        return flags.str.strip().str.casefold().isin(["true", "1", "yes"])
    return flags.eq(True)


def _picks(
    arrivals: pd.DataFrame, reasons: pd.Series, strata: Sequence[Stratum], seed: int
) -> pd.DataFrame:
    rows = _join([stratum.selected for stratum in strata])
    picks = arrivals.iloc[rows].reset_index(drop=True)
    channel = pd.Series([c for each in strata for c in each.drawn.channel], dtype="str")
    reason = reasons.iloc[rows].reset_index(drop=True)
    counts = [len(stratum.drawn.selected) for stratum in strata]
    labels = np.repeat(np.array([each.label for each in strata], dtype=object), counts)
    scanners = [
        name
        for stratum, count in zip(strata, counts, strict=True)
        for name in assign_scanners(stratum.quota, count)
    ]
    return picks.assign(
        scanner_id=pd.Series(scanners, dtype="str"),
        rank=_join([np.arange(1, count + 1) for count in counts]),
        channel=channel,
        propensity=_chances(strata),
        reason=reason.where(channel == "mandatory", channel.map(_REASON)),
        stratum=pd.Series(labels, dtype="str"),
        seed=np.int64(seed),
        consignment_id=picks["key"],
    )[list(PICK_COLUMNS)]


_REASON = {"model": "ranked highest by the model", "exploration": "drawn at random"}


def _log(arrivals: pd.DataFrame, strata: Sequence[Stratum]) -> pd.DataFrame:
    """Return all arrivals that competed, in their order, with what the design gave them."""
    selected = np.zeros(len(arrivals), dtype=bool)
    propensity = np.full(len(arrivals), np.nan)
    label = np.full(len(arrivals), "", dtype=object)
    for stratum in strata:
        selected[stratum.selected] = True
        propensity[stratum.rows] = stratum.drawn.propensity
        label[stratum.rows] = stratum.label
    log = arrivals.assign(
        stratum=pd.Series(label, index=arrivals.index, dtype="str"),
        selected=selected,
        propensity=propensity,
    )
    return log[log["stratum"] != ""].reset_index(drop=True)


def _overflow(
    arrivals: pd.DataFrame, reasons: pd.Series, strata: Sequence[Stratum]
) -> pd.DataFrame:
    rows = _join([stratum.overflow for stratum in strata])
    labels = [each.label for each in strata for _ in each.overflow]
    left = arrivals.iloc[rows].reset_index(drop=True)
    return pd.DataFrame(
        {
            "stratum": pd.Series(labels, dtype="str"),
            "consignment_id": left["key"],
            "reason": reasons.iloc[rows].reset_index(drop=True),
            "probability": left["probability"],
        }
    )


def _summary(stratum: Stratum) -> dict[str, object]:
    arrivals, channels = len(stratum.rows), stratum.drawn.channel
    minimum = stratum.quota.minimum(arrivals)
    return {
        "stratum": stratum.label,
        "date": stratum.name[0],
        "office": stratum.name[1],
        "mode": stratum.name[2],
        "arrivals": arrivals,
        "capacity": stratum.quota.capacity,
        "budget": len(channels),
        "mandatory": channels.count("mandatory"),
        "model": channels.count("model"),
        "exploration": channels.count("exploration"),
        "expected_exploration": float(stratum.drawn.expected_exploration),
        "overflow": len(stratum.drawn.overflow),
        "minimum": minimum,
        "minimum_met": len(channels) >= minimum,
    }


def _chances(strata: Sequence[Stratum]) -> npt.NDArray[np.float64]:
    chances = [stratum.drawn.propensity[stratum.drawn.selected] for stratum in strata]
    return np.concatenate([np.empty(0), *chances])


def _join(parts: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])
