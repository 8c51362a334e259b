"""A worker's living parts: ledger, models, history, and the threads that keep them fresh."""

import gc
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from riskml.cases import Worklist
from riskml.config import STAGES, settings
from riskml.errors import BundleError, DataError, HistoryError, RiskmlError
from riskml.ledger import Ledger
from riskml.scoring.explained import MODEL_RECORD
from serving.auth import Authenticator
from serving.engine import ServingState
from serving.errors import ApiError
from serving.history import History
from serving.logs import log
from serving.metrics import HISTORY_LAG, note_memory
from serving.models import ROOT, ChampionWatch, Served, announce, champion_folder, refuse
from serving.settings import ServiceSettings
from serving.snapshots import Snapshots
from serving.warmup import warm_up

__all__ = ["Runtime", "writer_name"]

Made = TypeVar("Made")

_UNFIT = (BundleError, DataError, HistoryError)
"""A model asks for what this version cannot compute, or does not add up."""

RETRY_SECONDS = 1.0


def writer_name(worker: int) -> str:
    """Return the name of this worker's hash chain: stable over restarts, unique among workers."""
    return f"service@{socket.gethostname()}#{worker}"[:200]


class Runtime:
    """Opens the parts in the background and keeps them fresh until closed.

    Parameters
    ----------
    options : ServiceSettings
        Intervals and folders.
    worker : int
        Number of this worker process.

    Attributes
    ----------
    state : ServingState or None
        What answers are made of; None until the service is ready. It is replaced as a whole.
    """

    def __init__(self, options: ServiceSettings, worker: int = 1) -> None:
        self.options = options
        self.writer = writer_name(worker)
        self.state: ServingState | None = None
        self._ledger: Ledger | None = None
        self._authenticator: Authenticator | None = None
        self._watch = ChampionWatch({stage: champion_folder(stage) for stage in STAGES})
        self._snapshots = Snapshots(
            options.snapshot_file(),
            options.snapshot_interval_seconds,
            timedelta(days=options.retention_margin_days),
        )
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._threads: list[threading.Thread] = []
        self._pending: dict[str, Served] = {}
        self._failing: dict[str, str] = {}

    @property
    def ready(self) -> bool:
        """Whether requests can be answered."""
        return self.state is not None

    @property
    def ledger(self) -> Ledger:
        """The open ledger.

        Raises
        ------
        ApiError
            If it is not open yet.
        """
        if self._ledger is None:
            raise _not_ready()
        return self._ledger

    @property
    def authenticator(self) -> Authenticator:
        """Knows the keys.

        Raises
        ------
        ApiError
            If the ledger is not open yet.
        """
        if self._authenticator is None:
            raise _not_ready()
        return self._authenticator

    def current(self) -> ServingState:
        """Return the state of the moment.

        Raises
        ------
        ApiError
            If the service is not ready yet.
        """
        if self.state is None:
            raise _not_ready()
        return self.state

    def start(self, opened: Callable[[], None]) -> None:
        """Open everything in the background; ``opened`` is called when the ledger is open."""
        self._spawn("riskml-open", lambda: self._open(opened))

    def stop(self) -> None:
        """Stop the threads and give the connections back."""
        self._stopping.set()
        self._news.set()
        for thread in self._threads:
            thread.join(timeout=10.0)
        if self._ledger is not None:
            # The signature first: a large snapshot may take longer than a stop is given.
            self._try("signature", self._ledger.sign_heads)
            state = self.state
            if state is not None:
                self._try("snapshot", lambda: self._snapshot(state.history, now=True))
            self._ledger.close()

    def wait_for_event(self, seq: int, timeout: float = 2.0) -> bool:
        """Wait until this worker's history holds an event; False if it takes too long."""
        deadline = time.monotonic() + timeout
        self._news.set()
        while self.current().history.state.watermark < seq:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.002)
        return True

    def _open(self, opened: Callable[[], None]) -> None:
        self._ledger = self._retried("ledger", self._open_ledger)
        if self._ledger is None:
            return
        self._authenticator = Authenticator(self._ledger)
        opened()
        loaded = self._watch.changed()
        self._retried("history", lambda: self._adopt(loaded))
        state = self.state
        if state is None:
            return
        # What was loaded lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        # An answer makes many small objects and hardly a cycle: look for those less often.
        gc.set_threshold(50_000, 20, 20)
        log("ready", watermark=state.history.state.watermark, stages=list(state.models),
            code=str(ROOT))  # fmt: skip
        self._spawn("riskml-reserve", lambda: self._try("reserve", self.ledger.reserve_log))
        self._spawn("riskml-events", self._follow_events)
        self._spawn("riskml-models", self._follow_models)
        self._spawn("riskml-ledger", self._keep_ledger)
        self._spawn("riskml-worklist", self._follow_scores)
        if self.options.snapshot_interval_seconds:
            self._spawn("riskml-snapshot", self._keep_snapshot)

    def _open_ledger(self) -> Ledger:
        return Ledger.open(settings().ledger_url, lock_timeout=self.options.ledger_timeout_seconds)

    def _retried(self, what: str, attempt: Callable[[], Made]) -> Made | None:
        """Try until it works or the service stops: a database may come up later than we do."""
        while not self._stopping.is_set():
            try:
                return attempt()
            except Exception as error:
                log("not_ready", level=logging.ERROR, waiting_for=what, reason=_reason(error))
                self._stopping.wait(RETRY_SECONDS)
        return None

    def _renewed(self, loaded: Mapping[str, Served]) -> ServingState:
        """Return the state with newly loaded models; the old one stays untouched.

        History is built anew, beside the one that serves, if a model asks for other features.
        """
        models = {**(self.state.models if self.state is not None else {}), **loaded}
        for served in loaded.values():
            self._describe(served)
        feature_sets = {stage: m.scorer.bundle.feature_set for stage, m in models.items()}
        history = self.state.history if self.state is not None else None
        if history is None or history.digests != {s: f.digest for s, f in feature_sets.items()}:
            history = self._snapshots.start(
                feature_sets, self.options.history_folder(), self.ledger
            )
        history.follow(self.ledger)
        for served in models.values():
            warm_up(served, history)
        note_memory()  # whoever asks as soon as the service is ready is told
        return ServingState(models, history)

    def _describe(self, served: Served) -> None:
        """Keep in the ledger what a model's features are, so that its scores stay readable."""
        known = {record.payload["model_digest"] for record in self.ledger.records(MODEL_RECORD)}
        if served.digest not in known:
            self.ledger.append_record(MODEL_RECORD, served.description(), self.writer)

    def _follow_events(self) -> None:
        while not self._stopping.is_set():
            self._news.wait(self.options.history_poll_seconds)
            self._news.clear()
            self._try("events", self._follow_once)

    def _follow_once(self) -> None:
        note_memory()
        history = self.current().history
        HISTORY_LAG.set(self.ledger.watermark() - history.state.watermark)
        if history.follow(self.ledger):
            HISTORY_LAG.set(0)

    def _follow_models(self) -> None:
        while not self._stopping.wait(self.options.model_poll_seconds):
            self._pending |= self._watch.changed()
            if self._pending:
                self._try("models", self._swap)

    def _follow_scores(self) -> None:
        """Bring new scores into the queue of the review pages, off the path of the answers."""
        worklist = Worklist(self.ledger, timezone=settings().zone())
        while not self._stopping.wait(self.options.worklist_seconds):
            self._try("worklist", worklist.catch_up)

    def _keep_snapshot(self) -> None:
        """Write history down, so that the next worker need not replay it."""
        while True:
            self._try("snapshot", lambda: self._snapshot(self.current().history))
            if self._stopping.wait(self._snapshots.pause):
                return

    def _snapshot(self, history: History, *, now: bool = False) -> bool:
        return self._snapshots.keep(history, self.ledger, now=now)

    def _keep_ledger(self) -> None:
        """Sign where the chains end, and forget answers that nobody will ask for again."""
        memory = timedelta(hours=self.options.answer_memory_hours)
        while not self._stopping.wait(self.options.signing_interval_seconds):
            self._try("signature", self.ledger.sign_heads)
            self._try("answers", lambda: self.ledger.forget_answers(datetime.now(UTC) - memory))

    def _swap(self) -> None:
        self._adopt(self._pending)
        self._pending = {}

    def _adopt(self, loaded: Mapping[str, Served]) -> None:
        """Let newly loaded models serve, all at once; one that cannot is refused alone."""
        try:
            new = self._renewed(loaded)
        except _UNFIT as error:
            if len(loaded) > 1:
                for stage, served in loaded.items():
                    self._adopt({stage: served})
                return
            for served in loaded.values():
                refuse(served.stage, error)
            if self.state is not None:
                return
            new, loaded = self._renewed({}), {}
        old, self.state = self.state, new
        for stage, served in loaded.items():
            announce(None if old is None else old.models.get(stage), served)

    def _try(self, what: str, attempt: Callable[[], object]) -> None:
        """Run a step of a loop; a failure is logged once in a row, and the loop goes on."""
        try:
            attempt()
        except Exception as error:
            if self._failing.get(what) != type(error).__name__:
                log("step_failed", level=logging.ERROR, step=what, reason=_reason(error),
                    exc_info=True)  # fmt: skip
            self._failing[what] = type(error).__name__
        else:
            self._failing.pop(what, None)

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()


def _not_ready() -> ApiError:
    return ApiError(
        "not_ready", "the service is still loading its history", remedy="try again in a moment"
    )


def _reason(error: Exception) -> str:
    """Return an error of ours as text; the text of a foreign one may hold content."""
    return str(error)[:300] if isinstance(error, RiskmlError) else type(error).__name__
