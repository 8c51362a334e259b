"""Features of arriving consignments, from a live history.

Nothing here computes a feature: batches are filled from payloads instead of tables, and the
history index is fed event by event. Both then go through the code that training uses.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from riskml.datasets import Tables
from riskml.datasets.consignments import known_at, roll_up, with_manifests
from riskml.datasets.plain import PlainRow, frame_of
from riskml.errors import HistoryError
from riskml.features.batch import Batch, batch_of
from riskml.features.catalogue import definitions_of
from riskml.features.changes import OWN_TABLE, events_of_frame, events_of_plain
from riskml.features.compute import FeatureColumns, feature_columns
from riskml.features.descriptions import Told
from riskml.features.events import EVENT_TIMES
from riskml.features.featureset import FeatureSet
from riskml.features.items import Item, batch_of_items
from riskml.features.plan import FeaturePlan
from riskml.features.rows import microseconds
from riskml.features.rowwise import columns_needed
from riskml.features.stage_state import StageState, filled
from riskml.features.store import RowStore
from riskml.history import Events
from riskml.history.container import SnapshotError

__all__ = ["Arrival", "Item", "OnlineFeatures"]

FEW = 256
"""Up to so many rows are taken as they are; more are quicker as a frame."""


@dataclass(frozen=True)
class Arrival:
    """Rows that are new, and what they add to the history of each stage.

    Attributes
    ----------
    table : str
        What the rows are.
    rows : DataFrame or list of mappings
        Those that were not known, in normal form or plain.
    events : mapping of str to list of Events
        By stage.
    told : mapping of str to Told or None
        What the rows say of goods, by stage whose own table they are of.
    rebuilt : mapping of str to StageState
        The stages in whose history something old has changed, built anew.
    """

    table: str
    rows: pd.DataFrame | Sequence[PlainRow]
    events: Mapping[str, list[Events]]
    told: Mapping[str, Told | None]
    rebuilt: Mapping[str, StageState]


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
        self._stages: dict[str, StageState] = {}
        self._prepared = False
        for features in feature_sets.values():
            self.set_features(features)

    @property
    def size(self) -> int:
        """Number of rows known, all tables together."""
        return self._rows.size

    @property
    def sizes(self) -> dict[str, int]:
        """Number of rows known of each table."""
        return self._rows.sizes

    def set_features(self, features: FeatureSet) -> None:
        """Serve another feature set for its stage; nothing happens if it is served already."""
        with self._lock:
            served = self._stages.get(features.stage)
            if served is not None and served.features.digest == features.digest:
                return
            plan = FeaturePlan.of(definitions_of(features))
            self._stages[features.stage] = filled(features, plan, self._rows.tables())

    def append(self, table: str, rows: pd.DataFrame | Sequence[PlainRow]) -> None:
        """Prepare rows and apply them; late, repeated and out-of-order ones are welcome."""
        self.apply(self.prepare(table, rows))

    def prepare(self, table: str, rows: pd.DataFrame | Sequence[PlainRow]) -> Arrival:
        """Work out what rows change, without keeping look-ups waiting.

        Parameters
        ----------
        table : {"manifests", "declarations", "inspections"}
            What the rows are.
        rows : DataFrame or sequence of mappings
            In normal form, or plain (see :mod:`riskml.datasets.plain`), which is quicker for
            some hundreds of rows and fewer.

        Returns
        -------
        Arrival
            For :meth:`apply`, before anything else is prepared.
        """
        self._rows.tidy()
        if self._prepared:
            for served in self._stages.values():
                served.forget()
        for served in self._stages.values():
            served.tidy()
        self._prepared = True
        if not isinstance(rows, pd.DataFrame) and len(rows) > FEW:
            rows = frame_of(table, rows)
        if isinstance(rows, pd.DataFrame):
            fresh: Any = self._rows.unseen(table, rows)
            changes = self._changes_of_frame(table, fresh) if len(fresh) else {}
        else:
            fresh = self._rows.unseen_plain(table, rows)
            changes = self._changes_of_plain(table, fresh) if fresh else {}
        kept = {stage: events for stage, events in changes.items() if events is not None}
        return Arrival(
            table,
            fresh,
            kept,
            {s: self._stages[s].told(fresh) for s in kept if table == OWN_TABLE[s]},
            {
                stage: self._rebuilt(stage, table, fresh)
                for stage, events in changes.items()
                if events is None
            },
        )

    def apply(self, arrival: Arrival) -> None:
        """Let look-ups see what was prepared, all of it at once."""
        with self._lock:
            for stage, events in arrival.events.items():
                self._stages[stage].index.append(*events)
            for stage, told in arrival.told.items():
                self._stages[stage].learn(arrival.rows, told)
            self._stages.update(arrival.rebuilt)
            if len(arrival.rows):
                self._rows.append(arrival.table, arrival.rows)
            self._prepared = False

    def count(self, time: int) -> None:
        """Count the words of a time's month (microseconds since 1970 UTC) before it is asked for.

        Nothing may be appended meanwhile, look-ups go on.
        """
        for served in list(self._stages.values()):
            if served.descriptions is not None:
                served.descriptions.count(time)

    def retain(self, horizon: int) -> int:
        """Drop from the indexes what no decision at ``horizon`` or later can reach.

        The rows themselves stay; nothing may be appended meanwhile, look-ups go on.
        """
        return sum(served.index.retain(horizon) for served in list(self._stages.values()))

    @contextmanager
    def still(self) -> Iterator[dict[str, Any]]:
        """Yield all that is known, for a snapshot; nothing may be appended meanwhile."""
        with ExitStack() as stack:
            indexes = {
                stage: stack.enter_context(served.index.still())
                for stage, served in self._stages.items()
            }
            yield {"rows": self._rows.state(), "indexes": indexes}

    @classmethod
    def restored(
        cls, feature_sets: Mapping[str, FeatureSet], state: Mapping[str, Any]
    ) -> "OnlineFeatures":
        """Return what :meth:`still` yielded, ready to be looked up and to grow.

        Raises
        ------
        SnapshotError
            If it belongs to other feature sets.
        """
        if set(state["indexes"]) != {features.stage for features in feature_sets.values()}:
            raise SnapshotError("the snapshot is of other stages", "history is rebuilt")
        online = cls(feature_sets)
        for stage, served in online._stages.items():
            served.index.restore(state["indexes"][stage])
        online._rows.restore(state["rows"])
        tables = online._rows.tables()
        for served in online._stages.values():
            # Read anew: what goods and parties were said to be is not part of an index.
            served.begin(tables)
        return online

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
            return feature_columns(batch, served.plan, served.past)

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
            return feature_columns(batch, served.plan, served.past)

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

    def _served(self, stage: str) -> StageState:
        if stage not in self._stages:
            raise HistoryError(f"stage {stage} has no feature set", "promote a model for it")
        return self._stages[stage]

    def _changes_of_frame(self, table: str, fresh: pd.DataFrame) -> dict[str, list[Events] | None]:
        before = self._rows.around(table, fresh)
        known = getattr(before, table)
        grown = fresh if known is None else pd.concat([known, fresh], ignore_index=True)
        changed: dict[str, Any] = {table: grown}
        after = replace(before, **changed)
        return {
            stage: events_of_frame(
                stage, served.plan.statistics, table, fresh, before, after, served.ahead
            )
            for stage, served in self._stages.items()
        }

    def _changes_of_plain(
        self, table: str, fresh: Sequence[PlainRow]
    ) -> dict[str, list[Events] | None]:
        needed = columns_needed([place for s in self._stages.values() for place in s.places])
        before = self._rows.around_plain(table, fresh, needed)
        return {
            stage: events_of_plain(
                stage, served.plan.statistics, table, fresh, before, served.places, served.ahead
            )
            for stage, served in self._stages.items()
        }

    def _rebuilt(
        self, stage: str, table: str, fresh: pd.DataFrame | Sequence[PlainRow]
    ) -> StageState:
        """Return a stage built anew: what an old outcome speaks of has changed, which is rare."""
        served, tables = self._stages[stage], self._rows.tables()
        new = fresh if isinstance(fresh, pd.DataFrame) else frame_of(table, fresh)
        known = tables.get(table)
        grown = new if known is None else pd.concat([known, new], ignore_index=True)
        changed: dict[str, Any] = {table: grown}
        return filled(served.features, served.plan, replace(tables, **changed))

    def _known_batch(
        self, stage: str, keys: Mapping[str, str | None], decision_time: datetime
    ) -> Batch | None:
        tables = self._rows.of_keys(keys)
        own = getattr(tables, OWN_TABLE[stage])
        if own is None or not len(own):
            return None
        own = own[known_at(own, EVENT_TIMES[OWN_TABLE[stage]]) <= decision_time]
        if not len(own):
            return None
        rollup = roll_up(replace(tables, **{OWN_TABLE[stage]: own}), stage, "all")
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
