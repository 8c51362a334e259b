"""A worker process: the living parts, the committer, and the threads that do the work."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.requests import Request

from riskml.ledger import Principal
from serving.auth import allow, read_bearer, unauthorized
from serving.committer import Committer
from serving.errors import ApiError
from serving.limits import Gate
from serving.runtime import Runtime
from serving.settings import ServiceSettings

__all__ = ["Worker"]

Made = TypeVar("Made")
Part = TypeVar("Part")


class Worker:
    """Holds what the routes need.

    Parameters
    ----------
    options : ServiceSettings
        Limits and intervals.
    number : int
        Number of this worker process; names its hash chain.
    """

    def __init__(self, options: ServiceSettings, number: int = 1) -> None:
        self.options = options
        self.runtime = Runtime(options, number)
        self.gate = Gate(options)
        self._committer: Committer | None = None
        self._watch: asyncio.Task[None] | None = None
        self._scoring = ThreadPoolExecutor(options.score_threads, thread_name_prefix="scoring")
        self._general = ThreadPoolExecutor(4, thread_name_prefix="ledger")

    async def start(self) -> None:
        """Open the parts in the background, and wait for them as long as may be.

        If they take longer the service starts to listen, and says that it is not ready.
        """
        loop = asyncio.get_running_loop()
        self._watch = loop.create_task(_end_with_parent(os.getppid()))
        self.runtime.start(lambda: _soon(loop, self._start_committer))
        # A worker that takes a dead one's place lets connections wait, or go to its siblings,
        # rather than refuse what they ask.
        patience = loop.time() + self.options.head_start_seconds
        while not self.runtime.ready and loop.time() < patience:
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Write what waits, then close everything."""
        if self._watch is not None:
            self._watch.cancel()
        if self._committer is not None:
            await self._committer.stop()
        await asyncio.to_thread(self.runtime.stop)
        self._scoring.shutdown(cancel_futures=True)
        self._general.shutdown(cancel_futures=True)

    @property
    def committer(self) -> Committer:
        """The committer.

        Raises
        ------
        ApiError
            If the ledger is not open yet.
        """
        if self._committer is None:
            raise ApiError("not_ready", "the ledger is not open yet", remedy="try again soon")
        return self._committer

    async def authorise(self, request: Request, route: str) -> Principal:
        """Return who asks, if they may use the route.

        Raises
        ------
        ApiError
            If there is no valid key, or its role may not.
        """
        secret = read_bearer(request.headers.get("authorization"))
        authenticator = self.runtime.authenticator
        known, principal = authenticator.recall(secret)
        if not known:
            principal = await self.in_thread(authenticator.look_up, secret)
        if principal is None:
            raise unauthorized()
        request.state.key_id = principal.key_id
        allow(principal, route)
        return principal

    async def in_thread(self, work: Callable[..., Made], *arguments: Any) -> Made:
        """Run something that waits for the database."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._general, work, *arguments)

    async def in_scoring_thread(self, work: Callable[..., Made], *arguments: Any) -> Made:
        """Run something that computes."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._scoring, work, *arguments)

    async def in_turn(self, work: Callable[[Part], Made], parts: Sequence[Part]) -> list[Made]:
        """Compute something of each part, as many at once as there are threads that score.

        Look-ups, contributions and hashes run beside what needs the interpreter, so two threads
        are quicker than one. Nobody hands in more than that, or whoever comes next would wait for
        all of it.
        """
        found: dict[int, Made] = {}
        waiting = iter(range(len(parts)))

        async def take_turns() -> None:
            for number in waiting:
                found[number] = await self.in_scoring_thread(work, parts[number])

        await asyncio.gather(*(take_turns() for _ in range(self.options.score_threads)))
        return [found[number] for number in range(len(parts))]

    def _start_committer(self) -> None:
        self._committer = Committer(self.runtime.ledger, self.runtime.writer)
        self._committer.start()


async def _end_with_parent(parent: int) -> None:
    """Stop this process once its supervisor is gone; nobody else would."""
    while os.getppid() == parent:
        await asyncio.sleep(1.0)
    signal.raise_signal(signal.SIGTERM)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call something in the event loop from a thread, unless the loop is gone already."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
