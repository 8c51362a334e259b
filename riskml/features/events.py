"""Event streams of a stage: its own lines, and the outcomes joined to their parties."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from riskml.datasets.consignments import Rollup, known_at, match_inspections
from riskml.datasets.tables import Tables
from riskml.features.batch import NO_TIME, Columns, columns_of, numbers_of, text_of
from riskml.features.derived import SOURCES, add_derived
from riskml.features.groups import PartyGroups
from riskml.history import KINDS, LINES, Events, Statistic

__all__ = [
    "EVENT_TIMES",
    "IDENTITY",
    "SAID",
    "events_of_stated",
    "joined",
    "line_events",
    "needed_columns",
    "outcome_events",
    "outcome_keys",
    "wanted_columns",
]

EVENT_TIMES = {"manifests": "submitted_at", "declarations": "lodged_at"}
SAID = ("hit", "suspicious", "lodged_at")
"""The value columns of evidence; ``lodged_at`` is the decision time of its consignment."""

_MANY = 5_000
"""Above so many rows pandas is quicker than a loop."""

IDENTITY = {
    "manifests": ("bill_no", "container_no_raw"),
    "declarations": ("declaration_id", "line_no"),
}


def line_events(
    table: str,
    rows: pd.DataFrame,
    statistics: Sequence[Statistic],
    groups: PartyGroups | None = None,
) -> Events:
    """Return the stream of a stage's own rows.

    Parameters
    ----------
    table : {"manifests", "declarations"}
        Where the rows come from.
    rows : DataFrame
        All revisions of all rows, in normal form.
    statistics : sequence of Statistic
        What will be asked; only their columns are carried.
    groups : PartyGroups, optional
        Which has these rows; needed where a statistic is about a group.
    """
    keys, values = wanted_columns(statistics)
    party = [groups.kinship.party] if groups is not None else []
    needed = needed_columns(rows, [*IDENTITY[table], *keys, *values, *party])
    columns = add_derived(columns_of(needed), len(rows))
    if groups is not None:
        columns = {**columns, **groups.known_column(columns, len(rows))}
    identity = [columns[name] for name in IDENTITY[table]]
    known = known_at(rows, EVENT_TIMES[table])
    return Events(
        stream="lines",
        event_id=joined(identity, len(rows)),
        revision=_revision(rows),
        known_at=known.dt.as_unit("us").astype("int64").to_numpy(),
        unit=np.full(len(rows), None, dtype=object),
        keys={name: text_of(columns, name, len(rows)) for name in keys},
        values={name: numbers_of(columns, name, len(rows)) for name in values},
    )


def outcome_events(
    tables: Tables,
    rollup: Rollup,
    statistics: Iterable[Statistic],
    groups: PartyGroups | None = None,
) -> list[Events]:
    """Return the streams of closed outcomes and of scan findings, for each key.

    An outcome speaks of every consignment it names, and counts once for each different value
    that a key takes on that consignment's lines as they were known at its decision. It is known
    when it was closed and recorded, never before its consignment's decision.
    """
    inspections = tables.inspections
    if inspections is None or not len(inspections) or not len(rollup):
        return []
    pairs = match_inspections(rollup, inspections, tables.declarations)
    stated = _outcomes_of(inspections, rollup, pairs)
    starts = np.searchsorted(rollup.owner, stated["consignment"].to_numpy())
    ends = np.searchsorted(rollup.owner, stated["consignment"].to_numpy(), side="right")
    row = np.repeat(np.arange(len(stated)), ends - starts)
    places = outcome_keys(statistics)
    names = {name for _, key in places for name in key}
    # Few lines have an outcome: only these are turned into arrays, one for each place in ``row``.
    names |= set(groups.kinship.columns) if groups is not None else set()
    spoken_of = needed_columns(rollup.lines, sorted(names)).iloc[_ranges(starts, ends)]
    lines = add_derived(columns_of(spoken_of), len(spoken_of))
    if groups is not None:
        lines = {**lines, **groups.column_as_of(lines, lines["decision_time"])}
    return events_of_stated(columns_of(stated), lines, row, places)


def events_of_stated(
    stated: Columns,
    lines: Columns,
    row: np.ndarray,
    places: Sequence[tuple[str, tuple[str, ...]]],
) -> list[Events]:
    """Return the streams of outcomes and scan findings that are stated of consignments.

    Parameters
    ----------
    stated : mapping of ndarray, shape (n,)
        ``event_id, unit`` (text; the consignment's identifier), ``revision``, ``outcomes`` and
        ``findings`` (when either was known, microseconds; ``NO_TIME`` where it is not), and the
        float64 columns `SAID`.
    lines : mapping of ndarray, shape (m,)
        Lines of the consignments, derived columns included, once for each that is stated of them.
    row : ndarray of int64, shape (m,)
        What is stated of each line: its place in ``stated``.
    places : sequence of (stream, key)
        See `outcome_keys`.
    """
    said = {s: np.flatnonzero(stated[s][row] != NO_TIME) for s in {stream for stream, _ in places}}
    return [
        _outcomes_of_key(stream, key, stated, lines, row[said[stream]], said[stream])
        for stream, key in places
    ]


def outcome_keys(statistics: Iterable[Statistic]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the streams of evidence, each with each key that it is counted under."""
    places: dict[tuple[str, tuple[str, ...]], None] = {}
    for statistic in statistics:
        if statistic.source == LINES:
            continue
        # A rate is shrunk to its parent's, and that one to the rate of everything.
        wider = [] if statistic.parent is None else [statistic.parent, ()]
        places.update({(statistic.source, key): None for key in (statistic.key, *wider)})
    return list(places)


def _outcomes_of(inspections: pd.DataFrame, rollup: Rollup, pairs: pd.DataFrame) -> pd.DataFrame:
    rows = inspections.iloc[pairs["inspection"].to_numpy()].reset_index(drop=True)
    heads = rollup.consignments.iloc[pairs["consignment"].to_numpy()].reset_index(drop=True)
    closed = known_at(rows, "closed_at")
    if "scanned_at" in rows:  # a finding without a time of its own was known at the end
        scanned = known_at(rows.assign(at=rows["scanned_at"].fillna(rows["closed_at"])), "at")
    else:
        scanned = closed
    decided = heads["decision_time"]
    finding = rows["scan_finding"] if "scan_finding" in rows else pd.Series(np.nan, rows.index)
    return pd.DataFrame(
        {
            "event_id": rows["inspection_id"] + "@" + heads["consignment_id"],
            "revision": _revision(rows),
            "unit": heads["consignment_id"],
            "consignment": pairs["consignment"],
            "outcomes": closed.where(closed >= decided, decided).where(rows["closed_at"].notna()),
            "findings": scanned.where(scanned >= decided, decided).where(finding.notna()),
            "lodged_at": decided.dt.as_unit("us").astype("int64").to_numpy(dtype=np.float64),
            "hit": (rows["result"] == "violation").to_numpy(dtype=np.float64, na_value=0.0),
            "suspicious": (finding == "suspicious").to_numpy(dtype=np.float64),
        }
    )


def _outcomes_of_key(
    stream: str,
    key: tuple[str, ...],
    stated: Columns,
    lines: Columns,
    row: np.ndarray,
    line: np.ndarray,
) -> Events:
    size = len(lines["decision_time"])
    values = {name: text_of(lines, name, size)[line] for name in key}
    first = _first_of_each(row, values)
    row = row[first]
    values = {name: column[first] for name, column in values.items()}
    # Different lines of one consignment are told apart by what the key says of them.
    name = np.full(len(row), ".".join(key), dtype=object)
    return Events(
        stream=stream,
        event_id=joined([stated["event_id"][row], name, *values.values()], len(row)),
        revision=stated["revision"][row].astype(np.int64),
        known_at=stated[stream][row],
        unit=stated["unit"][row],
        keys=values,
        values={name: stated[name][row] for name in SAID},
        only=key,
    )


def needed_columns(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Leave out the columns that neither ``names`` nor columns derived for them need."""
    wanted = {*names, *SOURCES, "decision_time"}
    return rows[[column for column in rows if column in wanted]]


def _first_of_each(row: np.ndarray, values: Columns) -> np.ndarray:
    """Return which places hold a combination of row and values for the first time."""
    if len(row) > _MANY:
        return ~pd.DataFrame({"row": row, **values}).duplicated().to_numpy()
    first = dict[tuple[object, ...], int]()
    for place, combination in enumerate(zip(row.tolist(), *values.values(), strict=True)):
        first.setdefault(combination, place)
    mask = np.zeros(len(row), dtype=bool)
    mask[list(first.values())] = True
    return mask


def wanted_columns(statistics: Iterable[Statistic]) -> tuple[list[str], list[str]]:
    """Return the text and the number columns of lines that statistics read."""
    keys: dict[str, None] = {}
    values: dict[str, None] = {}
    for statistic in statistics:
        if statistic.source != LINES:
            continue
        keys.update(dict.fromkeys(statistic.key))
        if statistic.column is not None:
            wanted = keys if KINDS[statistic.kind].column == "text" else values
            wanted[statistic.column] = None
    return list(keys), list(values)


def _revision(rows: pd.DataFrame) -> np.ndarray:
    if "revision" not in rows:
        return np.zeros(len(rows), dtype=np.int64)
    return rows["revision"].to_numpy(dtype=np.int64)


def joined(parts: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Join columns to one text per row; the separator occurs in no identifier."""
    texts = [["" if v is None else str(v) for v in part.tolist()] for part in parts]
    joined = np.empty(size, dtype=object)
    joined[:] = ["\x1f".join(row) for row in zip(*texts, strict=True)]
    return joined


def _ranges(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return ``arange(start, end)`` of each pair, one behind the other."""
    sizes = ends - starts
    total = int(sizes.sum())
    offsets = np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.asarray(np.arange(total) - offsets + np.repeat(starts, sizes))
