"""Labels of consignments as they were known at a time.

An uninspected consignment has no label, never a zero. A clear, unopened scan that was closed is a
zero that nobody verified and says so. A label counts only once its inspection is closed, and
decisions younger than the maturity gap are left out: among them quick clearances would be
over-represented.
"""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from riskml.datasets.consignments import Rollup, known_at, match_inspections
from riskml.datasets.tables import Tables

__all__ = ["LABEL_COLUMNS", "label_consignments", "maturity_gap"]

LABEL_COLUMNS = (
    "inspected", "label", "label_verified", "suspicious", "label_known_at", "matured",
    "propensity", "channel", "revenue_recovered", "severity",
)  # fmt: skip


def maturity_gap(
    decision_time: pd.Series, label_known_at: pd.Series, quantile: float = 0.9
) -> timedelta:
    """Return the age below which decisions have not matured.

    Parameters
    ----------
    decision_time, label_known_at : Series of datetime64[us, UTC]
        Of labelled consignments.
    quantile : float
        Share of delays that the gap covers.

    Returns
    -------
    timedelta
        Zero when there is no label.
    """
    delay = (label_known_at - decision_time).dropna()
    if not len(delay):
        return timedelta(0)
    return timedelta(seconds=float(np.quantile(delay.dt.total_seconds(), quantile)))


def label_consignments(
    rollup: Rollup, tables: Tables, as_of: datetime | None = None, quantile: float = 0.9
) -> pd.DataFrame:
    """Label consignments with what was known strictly before ``as_of``.

    Parameters
    ----------
    rollup : Rollup
        Decisions of one stage.
    tables : Tables
        Holds the inspections (all revisions).
    as_of : datetime, optional
        Aware instant; by default just after everything in the tables.
    quantile : float
        Share of delays that the maturity gap covers.

    Returns
    -------
    DataFrame
        ``LABEL_COLUMNS``, aligned with ``rollup.consignments``: ``label`` is 1.0, 0.0 or missing;
        a consignment inspected more than once is in violation if any inspection found one.
    """
    size = len(rollup)
    if tables.inspections is None or not len(tables.inspections) or not size:
        return _unlabelled(size)
    instant = pd.Timestamp.max.tz_localize("UTC") if as_of is None else pd.Timestamp(as_of)
    inspections = _as_known(tables.inspections, instant)
    pairs = match_inspections(rollup, inspections, tables.declarations)
    stated = _stated(inspections, rollup, pairs, instant)
    labels = _combined(stated, size)
    decided = rollup.consignments["decision_time"]
    last = labels["label_known_at"].max() if as_of is None else instant
    gap = maturity_gap(decided, labels["label_known_at"], quantile)
    labels["matured"] = labels["label"].notna() & (decided < last - gap)
    return labels[list(LABEL_COLUMNS)]


def _as_known(inspections: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """Keep of each inspection the latest revision known before an instant.

    Where none was closed and recorded by then, the first one stands in: what it says of times
    before the instant (a scan finding) was known already.
    """
    rows = inspections[inspections["selected_at"] < instant]
    if "revision" not in rows or not rows["inspection_id"].duplicated().any():
        return rows
    closed = known_at(rows, "closed_at").fillna(known_at(rows, "selected_at"))
    in_time = closed < instant
    rank = rows["revision"].where(in_time, -rows["revision"])
    order = rows.assign(_in_time=in_time, _rank=rank).sort_values(["_in_time", "_rank"])
    return rows.loc[order.drop_duplicates("inspection_id", keep="last").index.sort_values()]


def _column(rows: pd.DataFrame, name: str, missing: object = np.nan) -> pd.Series:
    return rows[name] if name in rows else pd.Series(missing, index=rows.index)


def _stated(
    inspections: pd.DataFrame, rollup: Rollup, pairs: pd.DataFrame, instant: pd.Timestamp
) -> pd.DataFrame:
    """Return one row per inspection and consignment, blank where nothing was known in time."""
    rows = inspections.iloc[pairs["inspection"].to_numpy()].reset_index(drop=True)
    decided = rollup.consignments["decision_time"].iloc[pairs["consignment"].to_numpy()]
    decided = decided.reset_index(drop=True)
    closed = known_at(rows, "closed_at")
    closed = closed.where(closed >= decided, decided).where(rows["closed_at"].notna())
    in_time = closed < instant
    result, finding = _column(rows, "result"), _column(rows, "scan_finding")
    scanned = known_at(rows, "scanned_at") if "scanned_at" in rows else closed
    saw = finding.notna() & (scanned.where(scanned >= decided, decided) < instant)
    # Closed without a result is a zero that nobody verified: only a clear scan ends like that.
    label = np.where(result == "violation", 1.0, 0.0)
    return pd.DataFrame(
        {
            "consignment": pairs["consignment"].to_numpy(),
            "label": np.where(in_time, label, np.nan),
            "verified": (in_time & result.notna()).to_numpy(dtype=bool),
            "suspicious": np.where(saw, (finding == "suspicious").astype(float), np.nan),
            "known": closed.where(in_time),
            "selected_at": rows["selected_at"],
            "propensity": _column(rows, "propensity").to_numpy(dtype=np.float64),
            "channel": _column(rows, "channel"),
            "revenue": np.where(in_time, _column(rows, "revenue_recovered"), np.nan),
            "severity": np.where(in_time, _column(rows, "severity"), np.nan),
        }
    )


def _combined(stated: pd.DataFrame, size: int) -> pd.DataFrame:
    """Combine the inspections of each consignment."""
    stated = stated.sort_values(["consignment", "selected_at"], kind="stable")
    groups = stated.groupby("consignment")
    highest = groups[["label", "suspicious", "severity"]].max()
    first = groups[["propensity", "channel"]].first()
    hits = stated[stated["label"] == 1.0].groupby("consignment")["known"].min()
    out = pd.DataFrame(index=np.arange(size))
    out["inspected"] = out.index.isin(highest.index)
    out["label"] = highest["label"]
    out["label_verified"] = groups["verified"].any().reindex(out.index, fill_value=False)
    out["suspicious"] = highest["suspicious"]
    # A violation is known when first found; that there is none, when the last case is closed.
    out["label_known_at"] = hits.reindex(out.index).fillna(groups["known"].max())
    out["propensity"] = first["propensity"]
    out["channel"] = first["channel"].astype("str")
    revenue = groups["revenue"].sum(min_count=1)
    out["revenue_recovered"] = revenue
    out["severity"] = highest["severity"]
    return out


def _unlabelled(size: int) -> pd.DataFrame:
    empty = pd.DataFrame(index=np.arange(size))
    for column in LABEL_COLUMNS:
        empty[column] = np.nan
    for column in ("inspected", "label_verified", "matured"):
        empty[column] = False
    empty["label_known_at"] = pd.Series(pd.NaT, index=empty.index, dtype="datetime64[us, UTC]")
    empty["channel"] = empty["channel"].astype("str")
    return empty
