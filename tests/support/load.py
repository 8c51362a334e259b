"""Clients that keep a service busy, and what they were told."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

__all__ = ["Load", "Sent", "asking", "wait_for"]


@dataclass
class Sent:
    """One request: its key, its body, and what came of it."""

    key: str
    body: dict[str, Any]
    status: int = 0
    results: list[dict[str, Any]] = field(default_factory=list)
    retry_after: str | None = None
    seconds: float = 0.0

    @property
    def score_ids(self) -> list[str]:
        """Identifiers of the scores that were answered."""
        return [each["score_id"] for each in self.results if "score_id" in each]


class Load:
    """Asks for scores from several threads until told to stop.

    A request whose answer does not come (the worker was killed) has the status 0.

    Parameters
    ----------
    client : callable
        Makes a client of the service, with the engine's key.
    items : sequence
        What to score: requests take them in turn, ``size`` at a time.
    """

    def __init__(
        self, client: Callable[[], httpx.Client], items: Sequence[Any], *, size: int = 2
    ) -> None:
        self._client = client
        self._items = items
        self._size = size
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.sent: list[Sent] = []

    @property
    def statuses(self) -> Counter[int]:
        """How many requests came to each status."""
        return Counter(each.status for each in list(self.sent))

    @property
    def answered(self) -> list[Sent]:
        """The requests that were answered with scores."""
        return [each for each in list(self.sent) if each.status == 200]

    def stop(self) -> None:
        """Let every thread end after its request."""
        self._stop.set()

    def run(self, pause: float = 0.0) -> None:
        """Ask until stopped."""
        client = self._client()
        while not self._stop.is_set():
            with self._lock:
                first = len(self.sent) * self._size
                items = [self._items[(first + n) % len(self._items)] for n in range(self._size)]
                sent = Sent(uuid.uuid4().hex, {"consignments": items})
                self.sent.append(sent)
            self.ask(client, sent)
            if sent.status == 0:  # a new connection may lead to a worker that lives
                client.close()
                client = self._client()
                time.sleep(0.02)
            time.sleep(pause)
        client.close()

    def ask(self, client: httpx.Client, sent: Sent) -> None:
        """Send a request, the first time or again under its key."""
        start = time.perf_counter()
        try:
            answer = client.post("/v1/score", json=sent.body, headers={"Idempotency-Key": sent.key})
        except httpx.TransportError:
            return
        sent.seconds = time.perf_counter() - start
        sent.retry_after = answer.headers.get("Retry-After")
        if answer.status_code == 200:
            sent.results = answer.json()["results"]
        sent.status = answer.status_code


@contextmanager
def asking(load: Load, threads: int = 2, pause: float = 0.0) -> Iterator[Load]:
    """Run a load while the block lasts."""
    running = [threading.Thread(target=load.run, args=(pause,)) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield load
    finally:
        load.stop()
        for thread in running:
            thread.join(timeout=150)


def wait_for(holds: Callable[[], Any], what: str, timeout: float = 120.0) -> None:
    """Wait until something holds; fail if it does not in time."""
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.05)
