"""History on disk between two starts: read when a worker starts, written on a schedule.

All workers of a service share one file. Whoever finds it too old writes it; the lock beside it
keeps the others from writing at the same moment, and its age from writing right after.
"""

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from riskml.features import FeatureSet
from riskml.history.container import SnapshotError
from riskml.history.publishing import SnapshotBusyError
from riskml.scoring import EventLog
from serving.history import History
from serving.logs import log
from serving.metrics import SNAPSHOT_WATERMARK

__all__ = ["Snapshots"]

MANY = 10_000
"""Events whose replay at the next start would take longer than a stop may spend on writing."""


class Snapshots:
    """The snapshot file of a service.

    Parameters
    ----------
    path : Path or None
        Where it lies; None if none is kept.
    interval : float
        Seconds after which it is written anew, if there were events.
    margin : timedelta, optional
        How far back a decision may lie; what only earlier ones can reach is dropped before
        history is written.
    """

    def __init__(self, path: Path | None, interval: float, margin: timedelta | None = None) -> None:
        self._path = path
        self._margin = margin
        self._interval = interval
        self._saved: tuple[Mapping[str, str], int] | None = None

    @property
    def pause(self) -> float:
        """Seconds between two looks at the file."""
        return min(self._interval, 10.0)

    def start(
        self, feature_sets: Mapping[str, FeatureSet], folder: Path, events: EventLog
    ) -> History:
        """Return history as the snapshot has it, or else as the base tables have it.

        What came after is in the event log; :meth:`History.follow` takes it.
        """
        history = History(feature_sets, folder)
        began = time.perf_counter()
        if self._path is not None:
            try:
                history.restore(self._path, events)
                self._note(history)
                log("snapshot_read", watermark=history.state.watermark,
                    seconds=round(time.perf_counter() - began, 3))  # fmt: skip
                return history
            except SnapshotError as error:
                level = logging.WARNING if self._path.exists() else logging.INFO
                log("snapshot_not_used", level=level, reason=str(error))
        history.load()
        return history

    def keep(self, history: History, events: EventLog, *, now: bool = False) -> bool:
        """Write the snapshot if it is time; return whether it was written.

        Parameters
        ----------
        history : History
        events : EventLog
        now : bool, default False
            The worker stops: write it before its time if many events have come since the last.

        Raises
        ------
        SnapshotError
            If it cannot be written; a half-written one is not left behind.
        """
        if self._path is None or not self._due(history, now=now):
            return False
        began = time.perf_counter()
        if self._margin:
            dropped = history.retain(datetime.now(UTC) - self._margin)
            log("history_thinned", rows=dropped, seconds=round(time.perf_counter() - began, 3))
        try:
            history.save(self._path, events)
        except SnapshotBusyError:
            return False
        self._note(history)
        log("snapshot_written", watermark=history.saved, bytes=self._path.stat().st_size,
            seconds=round(time.perf_counter() - began, 3))  # fmt: skip
        return True

    def _due(self, history: History, *, now: bool) -> bool:
        assert self._path is not None  # noqa: S101 - the caller has looked
        try:
            age = time.time() - self._path.stat().st_mtime
        except OSError:
            return True
        digests, saved = self._saved or ({}, -1)
        behind = history.state.watermark - saved
        if digests == history.digests and not behind:
            return False
        return age >= self._interval or (now and (digests != history.digests or behind >= MANY))

    def _note(self, history: History) -> None:
        self._saved = (history.digests, history.saved)
        SNAPSHOT_WATERMARK.set(history.saved)
