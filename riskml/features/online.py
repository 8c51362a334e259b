"""Features of arriving consignments, from a live history.

Nothing here computes a feature: batches are filled from payloads instead of tables, and the
history index is fed event by event. Both then go through the code that training uses.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from riskml.datasets import Tables
from riskml.datasets.consignments import known_at, roll_up, with_manifests
from riskml.errors import HistoryError
from riskml.features.batch import Batch, batch_of
from riskml.features.catalogue import definitions_of
from riskml.features.compute import FeatureColumns, feature_columns, stage_events
from riskml.features.events import line_events, outcome_events
from riskml.features.featureset import FeatureSet
from riskml.features.items import Item, batch_of_items
from riskml.features.plan import FeaturePlan
from riskml.features.rows import microseconds
from riskml.features.store import RowStore
from riskml.history import Events, HistoryIndex, Statistic

__all__ = ["Arrival", "Item", "OnlineFeatures"]

_OWN_TABLE = {"pre_arrival": "manifests", "declaration": "declarations"}
_EVENT_TIME = {"manifests": "submitted_at", "declarations": "lodged_at"}


@dataclass(frozen=True)
class Arrival:
    """Rows that are new, and the events they add to the history of each stage.

    Attributes
    ----------
    table : str
        What the rows are.
    rows : DataFrame
        Those that were not known.
    events : mapping of str to (list of Events or None)
        By stage; None where something old has changed, and history is to be built anew.
    """

    table: str
    rows: pd.DataFrame
    events: Mapping[str, list[Events] | None]


@dataclass
class _Stage:
    """What one stage needs to answer."""

    features: FeatureSet
    plan: FeaturePlan
    index: HistoryIndex = field(init=False)

    def __post_init__(self) -> None:
        self.index = HistoryIndex(self.plan.statistics)


class OnlineFeatures:
    """Computes features of consignments as they arrive.

    Parameters
    ----------
    feature_sets : mapping of str to FeatureSet
        The feature set that each served stage asks for.
    tables : Tables, optional
        History known at the start.

    Notes
    -----
    Any number of threads may look up; one at a time may append. A look-up waits only for
    :meth:`apply`.
    """

    def __init__(
        self, feature_sets: Mapping[str, FeatureSet], tables: Tables | None = None
    ) -> None:
        self._lock = threading.RLock()
        self._rows = RowStore(tables)
        self._stages: dict[str, _Stage] = {}
        for features in feature_sets.values():
            self.set_features(features)

    @property
    def size(self) -> int:
        """Number of rows known, all tables together."""
        return self._rows.size

    def set_features(self, features: FeatureSet) -> None:
        """Serve another feature set for its stage; nothing happens if it is served already."""
        with self._lock:
            served = self._stages.get(features.stage)
            if served is not None and served.features.digest == features.digest:
                return
            plan = FeaturePlan.of(definitions_of(features))
            self._stages[features.stage] = self._filled(features, plan)

    def append(self, table: str, rows: pd.DataFrame) -> None:
        """Prepare rows and apply them; late, repeated and out-of-order ones are welcome."""
        self.apply(self.prepare(table, rows))

    def prepare(self, table: str, rows: pd.DataFrame) -> Arrival:
        """Work out what rows change, without keeping look-ups waiting.

        Parameters
        ----------
        table : {"manifests", "declarations", "inspections"}
            What the rows are.
        rows : DataFrame
            In normal form.

        Returns
        -------
        Arrival
            For :meth:`apply`, before anything else is prepared.
        """
        fresh = self._rows.unseen(table, rows)
        if not len(fresh):
            return Arrival(table, fresh, {})
        before = self._rows.around(table, fresh)
        known = getattr(before, table)
        grown = fresh if known is None else pd.concat([known, fresh], ignore_index=True)
        changed: dict[str, Any] = {table: grown}
        after = replace(before, **changed)
        events = {
            stage: _events_of(stage, served.plan.statistics, table, fresh, before, after)
            for stage, served in self._stages.items()
        }
        return Arrival(table, fresh, events)

    def apply(self, arrival: Arrival) -> None:
        """Let look-ups see what was prepared, all of it at once."""
        with self._lock:
            stages = dict(self._stages)
            for stage, events in arrival.events.items():
                for each in events or ():
                    stages[stage].index.append(each)
            if len(arrival.rows):
                self._rows.append(arrival.table, arrival.rows)
            for stage, events in arrival.events.items():
                if events is None:
                    # What an old outcome speaks of has changed: rare, so simply begin anew.
                    served = stages[stage]
                    self._stages[stage] = self._filled(served.features, served.plan)

    def features(self, stage: str, items: Sequence[Item]) -> FeatureColumns:
        """Compute the features of items that carry their content.

        Parameters
        ----------
        stage : str
            The decision point.
        items : sequence of Item
            Content and decision time of each consignment.

        Returns
        -------
        dict of ndarray, shape (n_items,)
            In feature-set order.

        Raises
        ------
        HistoryError
            If the stage is not served.
        """
        served = self._served(stage)
        batch = batch_of_items(stage, items)
        with self._lock:
            return feature_columns(batch, served.plan, served.index.lookup)

    def known_features(
        self, stage: str, keys: Mapping[str, str | None], decision_time: datetime
    ) -> FeatureColumns | None:
        """Compute the features of a consignment known from events, or None if there is none.

        Parameters
        ----------
        stage : str
            The decision point.
        keys : mapping
            ``bill_no`` and ``container_no``, or ``declaration_id``.
        decision_time : datetime
            Aware instant; only content known by then is used.
        """
        served = self._served(stage)
        with self._lock:
            batch = self._known_batch(stage, keys, decision_time)
            if batch is None:
                return None
            return feature_columns(batch, served.plan, served.index.lookup)

    def known_content(
        self, stage: str, keys: Mapping[str, str | None], decision_time: datetime
    ) -> dict[str, Any] | None:
        """Return identifiers of a consignment known from events, or None if there is none."""
        with self._lock:
            batch = self._known_batch(stage, keys, decision_time)
        if batch is None:
            return None
        names = ("bill_no", "container_no", "declaration_id", "office", "mode")
        return {name: batch.text(name, "head")[0] for name in names}

    def _served(self, stage: str) -> _Stage:
        if stage not in self._stages:
            raise HistoryError(f"stage {stage} has no feature set", "promote a model for it")
        return self._stages[stage]

    def _filled(self, features: FeatureSet, plan: FeaturePlan) -> _Stage:
        stage = _Stage(features, plan)
        tables = self._rows.tables()
        if getattr(tables, _OWN_TABLE[features.stage]) is not None:
            stage.index.extend(stage_events(tables, features.stage, plan.statistics))
        return stage

    def _known_batch(
        self, stage: str, keys: Mapping[str, str | None], decision_time: datetime
    ) -> Batch | None:
        tables = self._rows.of_keys(keys)
        own = getattr(tables, _OWN_TABLE[stage])
        if own is None or not len(own):
            return None
        own = own[known_at(own, _EVENT_TIME[_OWN_TABLE[stage]]) <= decision_time]
        if not len(own):
            return None
        rollup = roll_up(replace(tables, **{_OWN_TABLE[stage]: own}), stage, "all")
        chosen = np.ones(len(rollup), dtype=bool)
        for name, value in keys.items():
            if value is not None and name in ("bill_no", "container_no"):
                chosen &= (rollup.consignments[name] == value).to_numpy(dtype=bool)
        positions = np.flatnonzero(chosen)
        if not len(positions):
            return None
        last = np.zeros(len(rollup), dtype=bool)
        last[positions[-1]] = True
        batch = batch_of(with_manifests(rollup.take(last), tables))
        decided = np.array([microseconds(decision_time)])
        return replace(batch, head={**batch.head, "decision_time": decided})


def _events_of(
    stage: str,
    statistics: Sequence[Statistic],
    table: str,
    fresh: pd.DataFrame,
    before: Tables,
    after: Tables,
) -> list[Events] | None:
    """Return the events that are new to a stage; None if something old has changed."""
    added = [line_events(table, fresh, statistics)] if table == _OWN_TABLE[stage] else []
    if after.inspections is None or not len(after.inspections):
        return added
    old, new = _outcomes(before, stage, statistics), _outcomes(after, stage, statistics)
    added += [events for key, events in new.items() if key not in old]
    for key, events in old.items():
        rest = _without(new.get(key), events)
        if rest is None:
            return None
        added.append(rest)
    return added


def _outcomes(
    tables: Tables, stage: str, statistics: Sequence[Statistic]
) -> dict[tuple[str, tuple[str, ...]], Events]:
    own = getattr(tables, _OWN_TABLE[stage])
    if own is None or not len(own):
        return {}
    events = outcome_events(tables, roll_up(tables, stage), statistics)
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
