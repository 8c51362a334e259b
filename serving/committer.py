"""Group commit: requests that wait together become durable together.

One task takes whatever has gathered while the last commit ran, and writes it in one transaction.
A request's answer is sent only after :meth:`Committer.commit` returned.
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from riskml.errors import LedgerError, ServiceError
from riskml.ledger import Answer, LedgerUnavailableError, Submission
from serving.logs import log
from serving.metrics import LEDGER_COMMIT, LEDGER_FAILURES, LEDGER_GROUP

__all__ = ["Committer"]

MOST_RECORDS = 4000
"""Records in one transaction, unless a single request has more."""


class Scores(Protocol):
    """Takes submissions: the ledger."""

    def append_submissions(
        self, submissions: Sequence[Submission], *, writer: str
    ) -> list[Answer | None]:
        """Write submissions in one transaction."""


@dataclass(frozen=True)
class _Waiting:
    submission: Submission
    done: "asyncio.Future[Answer | None]"


class Committer:
    """Writes submissions of concurrent requests to the ledger in common transactions.

    Parameters
    ----------
    ledger : Scores
        Where they go.
    writer : str
        Name of this worker's hash chain.
    """

    def __init__(self, ledger: Scores, writer: str) -> None:
        self._ledger = ledger
        self._writer = writer
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._held: _Waiting | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger-commit")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task; call it inside the event loop."""
        self._task = asyncio.create_task(self._run(), name="committer")

    async def stop(self) -> None:
        """Write what waits, then stop."""
        await self._queue.join()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown()

    async def commit(self, submission: Submission) -> Answer | None:
        """Make a submission durable.

        Returns
        -------
        Answer or None
            None when it was written; an earlier answer under the same idempotency key if there
            is one, in which case nothing was written.

        Raises
        ------
        LedgerError
            If it could not be written; then nothing of it was.
        """
        if self._task is None or self._task.done():
            raise ServiceError("the ledger's writer is not running", "restart the service")
        done: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Waiting(submission, done))
        return await done

    async def _run(self) -> None:
        while True:
            group = [await self._next()]
            size = len(group[0].submission.records)
            while not self._queue.empty():
                another = self._queue.get_nowait()
                size += len(another.submission.records)
                if size > MOST_RECORDS:
                    self._held = another
                    break
                group.append(another)
            await self._write(group)
            for _ in group:
                self._queue.task_done()

    async def _next(self) -> _Waiting:
        held, self._held = self._held, None
        return held or await self._queue.get()

    async def _write(self, group: list[_Waiting]) -> None:
        """Write a group; if it is refused for its content, write each request by itself."""
        try:
            answers = await self._in_thread([each.submission for each in group])
        except LedgerUnavailableError as error:
            _fail(group, error)
        except LedgerError as error:
            if len(group) == 1:
                _fail(group, error)
                return
            for each in group:
                await self._write([each])
        except Exception as error:
            _fail(group, error)
        else:
            for each, answer in zip(group, answers, strict=True):
                if not each.done.done():  # the client may have gone away
                    each.done.set_result(answer)

    async def _in_thread(self, submissions: list[Submission]) -> list[Answer | None]:
        start = time.perf_counter()
        loop = asyncio.get_running_loop()
        answers = await loop.run_in_executor(self._thread, self._append, submissions)
        LEDGER_COMMIT.observe(time.perf_counter() - start)
        LEDGER_GROUP.observe(len(submissions))
        return answers

    def _append(self, submissions: list[Submission]) -> list[Answer | None]:
        return self._ledger.append_submissions(submissions, writer=self._writer)


def _fail(group: list[_Waiting], error: Exception) -> None:
    LEDGER_FAILURES.inc()
    log("ledger_failure", error=type(error).__name__, requests=len(group))
    for each in group:
        if not each.done.done():
            each.done.set_exception(error)
