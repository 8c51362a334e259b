"""What this worker knows of the past: base tables, then every event of the ledger, in order."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import riskml
from riskml.datasets import Tables, load_tables
from riskml.datasets.plain import PlainRow, plain_row
from riskml.errors import RiskmlError
from riskml.features import FeatureSet
from riskml.features.online import Arrival, Item, OnlineFeatures
from riskml.history.container import SnapshotError
from riskml.history.snapshot import code_of, read_snapshot, write_snapshot
from riskml.ledger import StoredEvent
from riskml.scoring import EventLog, base_digest
from serving.logs import log
from serving.metrics import HISTORY_LEFT_OUT, HISTORY_ROWS, HISTORY_WATERMARK

__all__ = ["History", "HistoryState", "Keys", "Looked"]

CHUNK = 2000
"""Events appended at a time; between two chunks, requests get their turn."""

_TABLES = ("manifests", "declarations", "inspections")
_EVENT_TIMES = ("submitted_at", "lodged_at", "closed_at", "scanned_at", "recorded_at")

_FEW_RUNS = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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
    saved : int
        Watermark of the last snapshot that was read or written, -1 if there is none.

    Notes
    -----
    It is empty until :meth:`load` or :meth:`restore` has filled it.
    """

    def __init__(self, feature_sets: Mapping[str, FeatureSet], folder: Path) -> None:
        self.digests = {stage: features.digest for stage, features in feature_sets.items()}
        self.base_digest = base_digest(folder)
        self._feature_sets = feature_sets
        self._folder = folder
        self.saved = -1
        self._online = OnlineFeatures(feature_sets)
        self._state = HistoryState(0, None)
        self._lock = threading.Lock()
        self._following = threading.Lock()

    def load(self) -> None:
        """Start from the base tables; :meth:`follow` takes the events."""
        tables = load_tables(self._folder) if self._folder.is_dir() else Tables()
        self._online = OnlineFeatures(self._feature_sets, tables)
        for name in _TABLES:
            frame = tables.get(name)
            if frame is not None:
                HISTORY_ROWS.labels(name).inc(len(frame))
                self._note(latest_of(frame))

    def restore(self, path: Path, events: EventLog) -> None:
        """Start from a snapshot instead.

        Raises
        ------
        SnapshotError
            If there is none that belongs to this code, these feature sets and base tables, and
            this event log; nothing has changed then.
        """
        tree = read_snapshot(path, code=_code())
        state = HistoryState(tree["watermark"], None)
        for what, found, own in (
            ("other feature sets", tree["features"], self.digests),
            ("other base tables", tree["base"], self.base_digest),
            ("another event log", tree["events"], events.events_digest(state.watermark)),
        ):
            if found != own:
                raise SnapshotError(
                    f"snapshot {path.name} was made of {what}", "history is rebuilt"
                )
        self._online = OnlineFeatures.restored(self._feature_sets, tree["online"])
        self._state = state
        self.saved = state.watermark
        if tree["newest"] is not None:
            self._note([datetime.fromisoformat(tree["newest"])])
        for name, rows in self._online.sizes.items():
            HISTORY_ROWS.labels(name).inc(rows)
        HISTORY_WATERMARK.set(state.watermark)

    def save(self, path: Path, events: EventLog) -> None:
        """Write a snapshot while look-ups go on and events wait.

        Raises
        ------
        SnapshotBusyError
            If another worker is writing it.
        SnapshotError
            If it cannot be written.
        """
        write_snapshot(path, self._still(events), code=_code())

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
            # The first score of a month need not wait until its words are counted.
            self._online.count((datetime.now(UTC) - _EPOCH) // timedelta(microseconds=1))
        return count

    def retain(self, horizon: datetime) -> int:
        """Drop what no decision from ``horizon`` on can reach; return how many rows that was."""
        with self._following:
            return self._online.retain((horizon - _EPOCH) // timedelta(microseconds=1))

    @contextmanager
    def _still(self, events: EventLog) -> Iterator[dict[str, Any]]:
        with self._following, self._online.still() as online:
            state = self._state
            yield {
                "features": self.digests,
                "base": self.base_digest,
                "watermark": state.watermark,
                "events": events.events_digest(state.watermark),
                "newest": None if state.newest is None else state.newest.isoformat(),
                "online": online,
            }
            self.saved = state.watermark

    def append(self, events: Sequence[StoredEvent]) -> None:
        """Append events in the order of the log.

        An event that cannot be appended is reported and left out: one poisoned event must not
        stop history for good.
        """
        runs = [list(run) for _, run in groupby(events, key=lambda event: event.table)]
        # A few runs are worked out beside the look-ups, one by one; many would take longer.
        for part in runs if len(runs) <= _FEW_RUNS else [events]:
            self._append_part(part)

    def _append_part(self, events: Sequence[StoredEvent]) -> None:
        arrival = self._prepared(events)
        with self._lock:
            try:
                if arrival is None:
                    self._append(events)
                else:
                    self._online.apply(arrival)
                    self._count(events)
            except _UNFIT:
                self._append_singly(events)
            self._state = HistoryState(events[-1].seq, self._state.newest)
        HISTORY_WATERMARK.set(events[-1].seq)

    def _prepared(self, events: Sequence[StoredEvent]) -> Arrival | None:
        """Do beside the look-ups what can be: events of one table, as requests send them."""
        try:
            rows = _plain_rows(events)
            if len(rows) != 1:
                return None
            ((table, plain),) = rows.items()
            return self._online.prepare(table, plain)
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
        for table, rows in _plain_rows(events).items():
            self._online.append(table, rows)
        self._count(events)

    def _count(self, events: Sequence[StoredEvent]) -> None:
        for table, rows in _plain_rows(events).items():
            HISTORY_ROWS.labels(table).inc(len(rows))
            times = [row[name] for row in rows for name in _EVENT_TIMES if name in row]
            if times:
                self._note([_EPOCH + timedelta(microseconds=max(times))])

    def _note(self, known: Iterable[datetime]) -> None:
        """Take notice of when something became known."""
        before = [] if self._state.newest is None else [self._state.newest]
        newest = max((*known, *before), default=None)
        newest = None if newest is None else newest.astimezone(UTC)
        self._state = HistoryState(self._state.watermark, newest)


def _plain_rows(events: Sequence[StoredEvent]) -> dict[str, list[PlainRow]]:
    rows: dict[str, list[PlainRow]] = {}
    for event in events:
        rows.setdefault(event.table, []).append(plain_row(event.table, event.payload))
    return rows


def latest_of(frame: pd.DataFrame) -> list[datetime]:
    """Return the latest of each event time of a frame."""
    times = [frame[name].max() for name in _EVENT_TIMES if name in frame]
    return [time.to_pydatetime() for time in times if not pd.isna(time)]


def _code() -> str:
    """Return what the code comes to that says what a snapshot means."""
    return code_of(Path(riskml.__file__).parent)
