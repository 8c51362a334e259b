"""What this worker knows of the past: base tables, then every event of the ledger, in order."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from riskml.datasets import Tables, load_tables
from riskml.errors import RiskmlError
from riskml.features import FeatureSet
from riskml.features.online import Arrival, Item, OnlineFeatures
from riskml.ledger import StoredEvent
from riskml.scoring import EventLog, base_digest, event_frames
from serving.logs import log
from serving.metrics import HISTORY_LEFT_OUT, HISTORY_ROWS, HISTORY_WATERMARK

__all__ = ["History", "HistoryState", "Keys", "Looked"]

CHUNK = 2000
"""Events appended at a time; between two chunks, requests get their turn."""

_TABLES = ("manifests", "declarations", "inspections")
_EVENT_TIMES = ("submitted_at", "lodged_at", "closed_at", "scanned_at", "recorded_at")

_UNFIT = (RiskmlError, ValueError, TypeError, KeyError)
"""What an event that cannot be appended raises."""

Keys = Mapping[str, str | None]
"""``bill_no`` and ``container_no``, or ``declaration_id``."""


@dataclass(frozen=True, slots=True)
class HistoryState:
    """How far history has come: the last event in it, and when the newest became known."""

    watermark: int
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Looked:
    """Features of n consignments and the state of history in which they were looked up."""

    columns: Mapping[str, np.ndarray]
    state: HistoryState


class History:
    """Online features behind one lock, with the state they are in.

    Parameters
    ----------
    feature_sets : mapping of str to FeatureSet
        What each served stage asks for.
    folder : Path
        Data folder of the base tables; a folder that does not exist is an empty history.

    Attributes
    ----------
    digests : mapping of str to str
        Feature-set digest per stage.
    base_digest : str
        Digest of the base tables, empty when there are none.
    """

    def __init__(self, feature_sets: Mapping[str, FeatureSet], folder: Path) -> None:
        tables = load_tables(folder) if folder.is_dir() else Tables()
        self.digests = {stage: features.digest for stage, features in feature_sets.items()}
        self.base_digest = base_digest(folder)
        self._online = OnlineFeatures(feature_sets, tables)
        self._state = HistoryState(0, None)
        self._lock = threading.Lock()
        self._following = threading.Lock()
        for name in _TABLES:
            frame = tables.get(name)
            if frame is not None:
                self._note(name, frame)

    @property
    def state(self) -> HistoryState:
        """The state of the moment."""
        return self._state

    @property
    def busy(self) -> bool:
        """Whether a look-up would have to wait at this moment."""
        return self._lock.locked()

    def look_up(self, stage: str, items: Sequence[Item]) -> Looked:
        """Compute the features of consignments that carry their content."""
        with self._lock:
            return Looked(self._online.features(stage, items), self._state)

    def look_up_known(self, stage: str, keys: Keys, decision_time: datetime) -> Looked | None:
        """Compute the features of a consignment known from events; None if there is none."""
        with self._lock:
            columns = self._online.known_features(stage, keys, decision_time)
            return None if columns is None else Looked(columns, self._state)

    def identify(
        self, stage: str, keys: Keys, decision_time: datetime
    ) -> dict[str, str | None] | None:
        """Return the identifiers of a consignment known from events; None if there is none."""
        with self._lock:
            return self._online.known_content(stage, keys, decision_time)

    def follow(self, events: EventLog) -> int:
        """Append every event behind the watermark; return how many there were.

        Two threads may follow: one after the other, or the watermark could go back.
        """
        count = 0
        with self._following:
            while found := events.events_after(self._state.watermark, CHUNK):
                self.append(found)
                count += len(found)
        return count

    def append(self, events: Sequence[StoredEvent]) -> None:
        """Append events in the order of the log.

        An event that cannot be appended is reported and left out: one poisoned event must not
        stop history for good.
        """
        arrival = self._prepared(events)
        with self._lock:
            try:
                if arrival is None:
                    self._append(events)
                else:
                    self._online.apply(arrival)
                    self._note(arrival.table, arrival.rows)
            except _UNFIT:
                self._append_singly(events)
            self._state = HistoryState(events[-1].seq, self._state.newest)
        HISTORY_WATERMARK.set(events[-1].seq)

    def _prepared(self, events: Sequence[StoredEvent]) -> Arrival | None:
        """Do beside the look-ups what can be: events of one table, as requests send them."""
        try:
            frames = event_frames(events)
            if len(frames) != 1:
                return None
            ((table, frame),) = frames.items()
            return self._online.prepare(table, frame)
        except _UNFIT:
            return None

    def _append_singly(self, events: Sequence[StoredEvent]) -> None:
        for event in events:
            try:
                self._append([event])
            except _UNFIT as error:
                HISTORY_LEFT_OUT.inc()
                log("event_left_out", seq=event.seq, table=event.table, error=type(error).__name__)

    def _append(self, events: Sequence[StoredEvent]) -> None:
        for table, frame in event_frames(events).items():
            self._online.append(table, frame)
            self._note(table, frame)

    def _note(self, table: str, frame: pd.DataFrame) -> None:
        HISTORY_ROWS.labels(table).inc(len(frame))
        times = [frame[name].max() for name in _EVENT_TIMES if name in frame]
        known = [time.to_pydatetime() for time in times if not pd.isna(time)]
        known += [self._state.newest] if self._state.newest is not None else []
        newest = max(known).astimezone(UTC) if known else None
        self._state = HistoryState(self._state.watermark, newest)
