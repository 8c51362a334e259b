"""Who and what a consignment is, for judging by group: party, origin, size of the trader.

These columns are never features: they say whose consignments a model catches or bothers.
"""

import numpy as np
import pandas as pd

from riskml.datasets.consignments import Rollup
from riskml.evaluation.checks.battery import raw_columns

__all__ = ["TRAITS", "size_bands", "with_traits"]

TRAITS = ("party", "origin", "size")
"""Columns that `with_traits` adds."""

_PARTY = {"pre_arrival": "consignee_id", "declaration": "importer_id"}
_ORIGIN = {"pre_arrival": "port_of_loading", "declaration": "origin_country"}
BANDS = ((0.0, "new"), (12.0, "1 to 12 a year"), (104.0, "13 to 104 a year"), (np.inf, "more"))
"""Upper bounds of consignments in the year before, and names of the bands."""


def with_traits(frame: pd.DataFrame, rollup: Rollup, stage: str) -> pd.DataFrame:
    """Add what consignments are judged by.

    Parameters
    ----------
    frame : DataFrame
        Rows named by ``consignment_id`` and ``decision_time``.
    rollup : Rollup
        Decisions with their lines.
    stage : str
        ``pre_arrival`` or ``declaration``.

    Returns
    -------
    DataFrame
        ``party`` (importer, before arrival the consignee), ``origin`` (country of origin of the
        first line, before arrival the country of loading) and ``size`` (band of the party's
        consignments in the year before); missing where the data does not say.
    """
    raw = raw_columns(rollup, frame)
    nothing = pd.Series(None, index=raw.index, dtype=object)
    party = raw.get(_PARTY[stage], nothing).astype(object)
    origin = raw.get(_ORIGIN[stage], nothing).astype(object)
    if stage == "pre_arrival":
        # The first two letters of a UN/LOCODE are a country.
        origin = origin.where(origin.isna(), origin.astype(str).str[:2])
    count = frame.get(f"{_PARTY[stage]}__count__365d", pd.Series(np.nan, index=frame.index))
    size = size_bands(count.to_numpy(dtype=np.float64), party.notna().to_numpy())
    added = {"party": party.to_numpy(), "origin": origin.to_numpy(), "size": size}
    return frame.assign(**added)


def size_bands(count: np.ndarray, named: np.ndarray) -> np.ndarray:
    """Return the band of each trader by its consignments in the year before.

    Parameters
    ----------
    count : ndarray of float64, shape (n,)
        Consignments; missing where unknown.
    named : ndarray of bool, shape (n,)
        Whether the trader is known at all; without a name it has no size.

    Returns
    -------
    ndarray of object, shape (n,)

    Examples
    --------
    >>> size_bands(np.array([0.0, 5.0, 500.0, 5.0]), np.array([True, True, True, False])).tolist()
    ['new', '1 to 12 a year', 'more', None]
    """
    bounds = np.array([bound for bound, _ in BANDS])
    names = np.array([*(name for _, name in BANDS), None], dtype=object)
    known = named & np.isfinite(count)
    found = np.searchsorted(bounds, np.where(known, count, 0.0), side="left")
    return np.asarray(names[np.where(known, found, len(BANDS))], dtype=object)
