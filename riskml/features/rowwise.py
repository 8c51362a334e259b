"""Events of a few plain rows, without a frame: what :mod:`riskml.features.events` makes of many.

A frame costs milliseconds however few rows it has, and a live history takes its events a few at
a time. Property tests compare the two.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from riskml.datasets.plain import PlainRow
from riskml.features.batch import numbers_of, text_of
from riskml.features.derived import SOURCES, add_derived
from riskml.features.events import EVENT_TIMES, IDENTITY, joined, wanted_columns
from riskml.features.groups import PartyGroups
from riskml.features.kinship import GROUPS
from riskml.features.matching import Consignment, consignments_of, matched
from riskml.features.rows import RowColumns, extended, objects
from riskml.history import LINES, Events, Statistic

__all__ = [
    "Outcomes",
    "Place",
    "columns_needed",
    "line_events_of",
    "new_outcomes",
    "outcomes_of",
]

Place = tuple[str, tuple[str, ...]]
"""A stream and a key."""


class Said(NamedTuple):
    """What an outcome says under one key: since when, of which entity, and what."""

    known: int
    entity: tuple[str | None, ...]
    hit: float
    suspicious: float
    lodged: int
    unit: str


Outcomes = dict[Place, dict[tuple[str, int], Said]]
"""By stream and key, then by event and revision."""

_INSPECTED = (
    "inspection_id", "bill_no", "container_no", "declaration_id", "selected_at", "scanned_at",
    "closed_at", "recorded_at", "revision", "scan_finding", "result",
)  # fmt: skip
_SHIPPED = (
    "bill_no", "container_no", "container_no_raw", "submitted_at", "recorded_at", "revision",
)  # fmt: skip
_DECLARED = (
    "declaration_id", "line_no", "bill_no", "container_no", "lodged_at", "recorded_at", "revision",
)  # fmt: skip


def line_events_of(
    table: str,
    rows: Sequence[PlainRow],
    statistics: Sequence[Statistic],
    groups: PartyGroups | None = None,
) -> Events:
    """Return what :func:`riskml.features.events.line_events` does, for plain rows."""
    keys, values = wanted_columns(statistics)
    size = len(rows)
    columns = add_derived(RowColumns(rows), size)
    if groups is not None:
        columns = extended(columns, groups.known_column(columns, size))
    return Events(
        stream=LINES,
        event_id=joined(
            [text_of(columns, n, size) if n != "line_no" else columns[n] for n in IDENTITY[table]],
            size,
        ),
        revision=np.array([row.get("revision") or 0 for row in rows], dtype=np.int64),
        known_at=np.array([known(row, EVENT_TIMES[table]) for row in rows], dtype=np.int64),
        unit=np.full(size, None, dtype=object),
        keys={name: text_of(columns, name, size) for name in keys},
        values={name: numbers_of(columns, name, size) for name in values},
    )


def columns_needed(places: Iterable[Place]) -> dict[str, list[str]]:
    """Return the columns of each table that :func:`outcomes_of` looks at."""
    keys = {name for _, key in places for name in key}
    keys |= {c for kinship in GROUPS.values() if kinship.group in keys for c in kinship.columns}
    wanted = [*sorted(keys), *SOURCES]
    return {
        "manifests": list(dict.fromkeys((*_SHIPPED, *wanted))),
        "declarations": list(dict.fromkeys((*_DECLARED, *wanted))),
        "inspections": list(_INSPECTED),
    }


def outcomes_of(
    stage: str,
    rows: Mapping[str, Sequence[PlainRow]],
    places: Sequence[Place],
    groups: PartyGroups | None = None,
) -> Outcomes:
    """Return what :func:`riskml.features.events.outcome_events` does, for plain rows by table."""
    found: Outcomes = {place: {} for place in places}
    if not rows["inspections"]:
        return found
    names = sorted({name for _, key in places for name in key})
    consignments = consignments_of(stage, rows)
    entities: dict[str, list[dict[str, str | None]]] = {}
    for inspection, consignment in matched(consignments, rows):
        unit = consignment.consignment_id
        if unit not in entities:
            entities[unit] = _entities(consignment, names, groups)
        event, revision = f"{inspection['inspection_id']}@{unit}", inspection.get("revision") or 0
        times = _times(inspection, consignment.decided)
        hit = float(inspection.get("result") == "violation")
        suspicious = float(inspection.get("scan_finding") == "suspicious")
        for stream, key in places:
            since = times[stream]
            if since is None:
                continue
            for line in entities[unit]:
                entity = tuple(line[name] for name in key)
                name = _joined(event, ".".join(key), *entity)
                said = Said(since, entity, hit, suspicious, consignment.decided, unit)
                found[stream, key][name, revision] = said
    return found


def new_outcomes(old: Outcomes, new: Outcomes) -> list[Events] | None:
    """Return the events of ``new`` that ``old`` lacks; None if an old one is gone or changed."""
    for place, before in old.items():
        after = new[place]
        if any(after.get(name) != said for name, said in before.items()):
            return None
    return [
        _events(place, [(*name, s) for name, s in after.items() if name not in old[place]])
        for place, after in new.items()
        if len(after) > len(old[place])
    ]


def known(row: PlainRow, event_time: str) -> Any:
    """Return when a row could be known: the later of its event and its recording."""
    event, recorded = row.get(event_time), row.get("recorded_at")
    if event is None or recorded is None:
        return recorded if event is None else event
    return max(event, recorded)


def _times(inspection: PlainRow, decided: int) -> dict[str, int | None]:
    """Return since when the outcome and the finding are known, None for what there is not."""
    closed = scanned = None
    if inspection.get("closed_at") is not None:
        closed = max(known(inspection, "closed_at"), decided)
    if inspection.get("scan_finding") is not None:
        column = "scanned_at" if inspection.get("scanned_at") is not None else "closed_at"
        scanned = max(known(inspection, column) or decided, decided)
    return {"outcomes": closed, "findings": scanned}


def _entities(
    consignment: Consignment, names: Sequence[str], groups: PartyGroups | None
) -> list[dict[str, str | None]]:
    """Return the texts of each line of a consignment, derived ones included."""
    size = len(consignment.lines)
    columns = add_derived(RowColumns(consignment.lines), size)
    if groups is not None:
        times = np.full(size, consignment.decided, dtype=np.int64)
        columns = extended(columns, groups.column_as_of(columns, times))
    texts = [text_of(columns, name, size).tolist() for name in names]
    return (
        [dict(zip(names, line, strict=True)) for line in zip(*texts, strict=True)]
        if names
        else [{}]
    )


def _events(place: Place, found: Sequence[tuple[str, int, Said]]) -> Events:
    stream, key = place
    names, revisions, said = zip(*found, strict=True)
    entities = list(zip(*(each.entity for each in said), strict=True)) if key else []
    return Events(
        stream=stream,
        event_id=objects(names),
        revision=np.array(revisions, dtype=np.int64),
        known_at=np.array([each.known for each in said], dtype=np.int64),
        unit=objects(each.unit for each in said),
        keys={name: objects(texts) for name, texts in zip(key, entities, strict=True)},
        values={
            "hit": np.array([each.hit for each in said]),
            "suspicious": np.array([each.suspicious for each in said]),
            "lodged_at": np.array([each.lodged for each in said], dtype=np.float64),
        },
        only=key,
    )


def _joined(*parts: Any) -> str:
    return "\x1f".join("" if part is None else str(part) for part in parts)
