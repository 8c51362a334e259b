"""The counts of a period from a table of inspections."""

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from riskml.config import day_end, day_start, settings
from riskml.datasets import load_tables
from riskml.errors import EmptyTableError, MissingColumnError, UsageError
from riskml.reports.counts import Group, Pending, PeriodCounts, Source, Tally

__all__ = ["count_folder", "count_inspections", "mode_of_inspections"]

NEEDED = ("inspection_id", "office", "scanned_at", "scan_finding", "result")
UNNAMED = ""
"""Name of the group whose rows do not say where they belong."""


@dataclass(frozen=True)
class _Scans:
    """Scanned inspections of a period, and how many were not scanned."""

    rows: pd.DataFrame
    unscanned: int


def count_folder(
    folder: Path, *, first: date | None = None, last: date | None = None, office: str | None = None
) -> PeriodCounts:
    """Count the scans of a period in a data folder; see `count_inspections`.

    Raises
    ------
    UnreadableFileError
        If the folder or its inspections cannot be read.
    """
    tables = load_tables(folder, need=("inspections",))
    inspections = tables.require("inspections")
    with (folder / "inspections.parquet").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    source = Source(f"{folder.resolve().name}/inspections.parquet", digest)
    mode = mode_of_inspections(inspections, tables.manifests, tables.declarations)
    return count_inspections(inspections, source, first=first, last=last, office=office, mode=mode)


def count_inspections(
    inspections: pd.DataFrame,
    source: Source,
    *,
    first: date | None = None,
    last: date | None = None,
    office: str | None = None,
    mode: pd.Series | None = None,
) -> PeriodCounts:
    """Count the scans of a period, by the local business day of ``scanned_at``.

    An inspection counts once, as its latest revision has it, whenever its result became known.

    Parameters
    ----------
    inspections : DataFrame
        The inspections table in normal form.
    source : Source
        Where it comes from.
    first, last : date, optional
        The period, both days included; without them, from the first scan to the last.
    office : str, optional
        Count this office alone.
    mode : Series of str, optional
        Mode of transport by ``inspection_id`` (see `mode_of_inspections`).

    Returns
    -------
    PeriodCounts
        Counts in all, by office, channel, mode and month.

    Raises
    ------
    MissingColumnError
        If the table lacks a column that is counted.
    EmptyTableError
        If the period is not given and no inspection carries a scan time.
    UsageError
        If ``last`` lies before ``first``, or the office does not occur in the table.
    """
    absent = [name for name in NEEDED if name not in inspections]
    if absent:
        raise MissingColumnError(
            f"inspections: no column {absent[0]!r}", "ingest or simulate the table anew"
        )
    rows = _latest(inspections)
    rows = _of_office(rows, office)
    zone = settings().zone()
    first, last = _period(rows, first, last, zone)
    scans = _within(rows, first, last)
    return PeriodCounts(
        _tally(scans.rows),
        () if office else _group(scans.rows, scans.rows["office"]),
        source,
        channels=_group(scans.rows, scans.rows.get("channel")),
        modes=_group(scans.rows, _mode(scans.rows, mode)),
        months=_months(scans.rows, first, last, zone),
        first=first,
        last=last,
        office=office,
        pending=_pending(scans),
    )


def mode_of_inspections(inspections: pd.DataFrame, *tables: pd.DataFrame | None) -> pd.Series:
    """Return the mode of transport of each inspection, from the tables that know it.

    Parameters
    ----------
    inspections : DataFrame
        The inspections table.
    *tables : DataFrame or None
        Manifests and declarations, the better informed first. A bill (a declaration) counts
        where all its rows agree on one mode.

    Returns
    -------
    Series of str
        Mode by ``inspection_id``; missing where nothing tells.
    """
    found = pd.Series(np.nan, index=inspections.index, dtype="str")
    for table in tables:
        for key in ("bill_no", "declaration_id"):
            if table is not None and {key, "mode"} <= set(table) and key in inspections:
                found = found.fillna(inspections[key].map(_one_mode(table, key)))
    found.index = pd.Index(inspections["inspection_id"])
    return found[~found.index.duplicated(keep="last")]


def _one_mode(table: pd.DataFrame, key: str) -> pd.Series:
    pairs = table[[key, "mode"]].dropna().drop_duplicates()
    pairs = pairs[~pairs[key].duplicated(keep=False)]
    return pairs.set_index(key)["mode"]


def _latest(inspections: pd.DataFrame) -> pd.DataFrame:
    if "revision" in inspections:
        inspections = inspections.sort_values("revision", kind="stable")
    return inspections.drop_duplicates("inspection_id", keep="last")


def _of_office(rows: pd.DataFrame, office: str | None) -> pd.DataFrame:
    if office is None:
        return rows
    chosen = rows[rows["office"] == office]
    if chosen.empty:
        known = sorted(rows["office"].dropna().unique())
        raise UsageError(
            f"--office {office!r} does not occur in the inspections",
            f"use one of {', '.join(known[:12])}",
        )
    return chosen


def _period(
    rows: pd.DataFrame, first: date | None, last: date | None, zone: ZoneInfo
) -> tuple[date, date]:
    scanned = rows["scanned_at"].dropna()
    if scanned.empty and (first is None or last is None):
        raise EmptyTableError(
            "inspections: no row has a scanned_at", "give the period with --from and --to"
        )
    first = first or _local_day(scanned.min(), zone)
    last = last or _local_day(scanned.max(), zone)
    if last < first:
        raise UsageError(f"--to {last} lies before --from {first}", "give a later --to")
    return first, last


def _local_day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _within(rows: pd.DataFrame, first: date, last: date) -> _Scans:
    start, end = pd.Timestamp(day_start(first)), pd.Timestamp(day_end(last))
    scanned = rows["scanned_at"]
    unscanned = scanned.isna()
    if "selected_at" in rows:
        unscanned &= (rows["selected_at"] >= start) & (rows["selected_at"] < end)
    return _Scans(rows[(scanned >= start) & (scanned < end)], int(unscanned.sum()))


def _tally(rows: pd.DataFrame) -> Tally:
    suspicious = rows["scan_finding"] == "suspicious"
    violation = rows["result"] == "violation"
    return Tally(
        len(rows), int(suspicious.sum()), int(violation.sum()), int((violation & ~suspicious).sum())
    )


def _group(rows: pd.DataFrame, names: pd.Series | None) -> tuple[Group, ...]:
    """Count by name, most scans first; no groups where no row has a name."""
    if names is None or names.isna().all():
        return ()
    groups = [Group(str(name), _tally(part)) for name, part in rows.groupby(names.fillna(UNNAMED))]
    return tuple(sorted(groups, key=lambda group: (-(group.tally.scans or 0), group.name)))


def _mode(rows: pd.DataFrame, mode: pd.Series | None) -> pd.Series | None:
    return None if mode is None else rows["inspection_id"].map(mode)


def _months(rows: pd.DataFrame, first: date, last: date, zone: ZoneInfo) -> tuple[Group, ...]:
    """Count by local month, months without a scan included."""
    local = rows["scanned_at"].dt.tz_convert(zone)
    name = local.dt.strftime("%Y-%m")
    parts: dict[Hashable, pd.DataFrame] = dict(iter(rows.groupby(name)))
    months = pd.period_range(first, last, freq="M")
    none = rows.iloc[:0]
    return tuple(Group(f"{month}-01", _tally(parts.get(str(month), none))) for month in months)


def _pending(scans: _Scans) -> Pending:
    suspicious = scans.rows["scan_finding"] == "suspicious"
    clear = scans.rows["scan_finding"] == "clear"
    undecided = scans.rows["result"].isna()
    opened = scans.rows["opened_at"].notna() if "opened_at" in scans.rows else ~undecided
    return Pending(
        unread=int(scans.rows["scan_finding"].isna().sum()),
        open_suspicious=int((suspicious & undecided).sum()),
        opened_clear=int((clear & opened).sum()),
        unscanned=scans.unscanned,
    )
