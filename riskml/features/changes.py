"""What arriving rows change in the history of a stage."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from riskml.datasets import Tables
from riskml.datasets.consignments import roll_up
from riskml.datasets.plain import PlainRow
from riskml.features.events import line_events, outcome_events
from riskml.features.groups import PartyGroups
from riskml.features.rowwise import Place, line_events_of, new_outcomes, outcomes_of
from riskml.history import Events, Statistic

__all__ = ["OWN_TABLE", "events_of_frame", "events_of_plain"]

OWN_TABLE = {"pre_arrival": "manifests", "declaration": "declarations"}
"""The table whose rows a stage decides on."""


def events_of_plain(
    stage: str,
    statistics: Sequence[Statistic],
    table: str,
    fresh: Sequence[PlainRow],
    before: Mapping[str, Sequence[PlainRow]],
    places: Sequence[Place],
    groups: PartyGroups | None = None,
) -> list[Events] | None:
    """Return the events that are new to a stage; None if something old has changed.

    Parameters
    ----------
    stage : str
        The decision point.
    statistics : sequence of Statistic
        What will be asked.
    table : str
        What the new rows are.
    fresh : sequence of mappings
        The new rows, plain.
    before : mapping of str to sequence of mappings
        The rows known before that bear on the same outcomes, by table.
    places : sequence of Place
        The streams and keys of outcomes (:func:`riskml.features.events.outcome_keys`).
    groups : PartyGroups, optional
        Takes in the new rows; needed where a statistic is about a group.
    """
    after = {**before, table: [*before[table], *fresh]}
    inspected = bool(after["inspections"])
    old = outcomes_of(stage, before, places, groups) if inspected else {}
    added = []
    if table == OWN_TABLE[stage]:
        if groups is not None and groups.append(fresh):
            return None
        added.append(line_events_of(table, fresh, statistics, groups))
    if not inspected:
        return added
    outcomes = new_outcomes(old, outcomes_of(stage, after, places, groups))
    return None if outcomes is None else [*added, *outcomes]


def events_of_frame(
    stage: str,
    statistics: Sequence[Statistic],
    table: str,
    fresh: pd.DataFrame,
    before: Tables,
    after: Tables,
    groups: PartyGroups | None = None,
) -> list[Events] | None:
    """Return the same for rows in normal form; ``after`` are those of ``before`` and the new."""
    inspected = after.inspections is not None and len(after.inspections) > 0
    old = _outcomes(before, stage, statistics, groups) if inspected else {}
    added = []
    if table == OWN_TABLE[stage]:
        if groups is not None and groups.append(fresh):
            return None
        added.append(line_events(table, fresh, statistics, groups))
    if not inspected:
        return added
    new = _outcomes(after, stage, statistics, groups)
    added += [events for key, events in new.items() if key not in old]
    for key, events in old.items():
        rest = _without(new.get(key), events)
        if rest is None:
            return None
        added.append(rest)
    return added


def _outcomes(
    tables: Tables, stage: str, statistics: Sequence[Statistic], groups: PartyGroups | None
) -> dict[tuple[str, tuple[str, ...]], Events]:
    own = tables.get(OWN_TABLE[stage])
    if own is None or not len(own):
        return {}
    events = outcome_events(tables, roll_up(tables, stage), statistics, groups)
    return {(e.stream, e.only or ()): e for e in events}


def _without(new: Events | None, old: Events) -> Events | None:
    """Return the events of ``new`` that ``old`` lacks; None if an old one is gone or changed."""
    if new is None:
        return None if len(old.event_id) else old
    content = _contents(new)
    if any(content.get(key) != value for key, value in _contents(old).items()):
        return None
    known = set(zip(old.event_id.tolist(), old.revision.tolist(), strict=True))
    pairs = zip(new.event_id.tolist(), new.revision.tolist(), strict=True)
    return new.take(np.array([pair not in known for pair in pairs], dtype=bool))


def _contents(events: Events) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    keys = zip(events.event_id.tolist(), events.revision.tolist(), strict=True)
    columns = [events.known_at, *events.keys.values(), *events.values.values()]
    return dict(zip(keys, zip(*(c.tolist() for c in columns), strict=True), strict=True))
