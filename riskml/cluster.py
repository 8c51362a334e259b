"""Workers on this machine or on many, and tasks that survive the loss of a worker.

Dask lives in this module alone. Every task is a plain function of its arguments, and what tasks
start from travels with them, so that whatever a lost worker held can be made again: the scheduler
repeats the tasks, and nothing else has to know.

A scheduler runs whatever its clients send: it belongs on a trusted network, or behind TLS.
"""

import logging
import operator
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from riskml.errors import ClusterError, UsageError

__all__ = ["Cluster", "Task", "connect"]

Task = Any
"""A call that has not been made yet, or its result where it lies; an argument of further calls."""

Call = tuple[str, Callable[..., Any], tuple[Any, ...]]
"""A worker, a function, and its arguments."""

WORKERS = 2
"""Worker processes of a cluster on this machine."""

PATIENCE = 30
"""Seconds to wait for a scheduler, and for its workers."""

_GLANCE = 0.05
"""Seconds between two looks at calls that need one another."""


class Cluster:
    """Where tasks run.

    Parameters
    ----------
    client : distributed.Client
        Connected, with one worker at least.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def client(self) -> Any:
        """The Dask client."""
        return self._client

    @property
    def workers(self) -> list[str]:
        """Addresses of all workers, sorted."""
        return sorted(self._client.nthreads())

    @property
    def threads(self) -> int:
        """How many tasks run at once."""
        return sum(self._client.nthreads().values())

    def put(self, value: Any) -> Task:
        """Give a value to the cluster.

        The scheduler keeps a copy for as long as the task is held, to send it again if a worker
        is lost: values should be compact.
        """
        return self._client.submit(_same, value, pure=False)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Task:
        """Return a call to be made on some worker once something needs its result."""
        from dask.delayed import delayed

        return delayed(function, pure=False, traverse=False)(*arguments)

    def parts(self, task: Task, count: int) -> list[Task]:
        """Return the parts of a task's result, a sequence of so many; each travels alone."""
        return [self.call(operator.getitem, task, number) for number in range(count)]

    def everywhere(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        """Return what a function answers on each worker.

        Raises
        ------
        ClusterError
            If a worker is lost meanwhile.
        """
        try:
            answers: dict[str, Any] = self._client.run(function, *arguments)
        except OSError as cause:
            raise ClusterError(f"a worker was lost ({cause})", "look into its log") from cause
        return answers

    def together(
        self, calls: Sequence[tuple[str, Callable[..., Any], tuple[Any, ...]]]
    ) -> list[Any]:
        """Make calls that need one another at the same time; return their results.

        Parameters
        ----------
        calls : sequence of Call
            Each on a worker of its own.

        Raises
        ------
        RiskmlError
            Whatever a call raised.
        ClusterError
            If one of the workers is lost; the other calls are given up.
        """
        workers = {worker for worker, _, _ in calls}
        futures = [
            self._client.submit(function, *arguments, workers=[worker], pure=False)
            for worker, function, arguments in calls
        ]
        while {future.status for future in futures} <= {"pending", "finished"}:
            if all(future.status == "finished" for future in futures):
                break
            if not workers <= set(self._client.nthreads()):
                self._client.cancel(futures)
                raise ClusterError("a worker was lost", "look into its log")
            time.sleep(_GLANCE)
        return self.gather([future for future in futures if future.status != "pending"])

    def wait_for(self, workers: int) -> None:
        """Wait until there are so many workers.

        Raises
        ------
        ClusterError
            If there are fewer after a while.
        """
        try:
            self._client.wait_for_workers(workers, timeout=PATIENCE)
        except TimeoutError as cause:
            raise ClusterError(
                f"{workers} workers are needed, {len(self.workers)} are there",
                "start more dask workers",
            ) from cause

    def results(self, tasks: Sequence[Task]) -> Iterator[tuple[int, Any]]:
        """Yield number and result of each task, as they come.

        Raises
        ------
        RiskmlError
            Whatever a task raised.
        ClusterError
            If too many workers were lost.
        """
        from distributed import as_completed

        futures = self._client.compute(list(tasks))
        number = {future.key: place for place, future in enumerate(futures)}
        done = as_completed(futures)
        del futures
        with _losses_named():
            for future in done:
                place, result = number[future.key], future.result()
                future.release()
                del future
                yield place, result

    def gather(self, tasks: Sequence[Task]) -> list[Any]:
        """Return the results of started tasks, in their order."""
        with _losses_named():
            return list(self._client.gather(list(tasks)))

    def map(self, function: Callable[..., Any], items: Iterable[Any], *more: Any) -> Iterator[Any]:
        """Yield the results for items, in their order; few items are on their way at once."""
        waiting, ahead = iter(items), 2 * self.threads
        started = [self._start(function, item, *more) for item in islice(waiting, ahead)]
        while started:
            (result,) = self.gather(started[:1])
            del started[0]
            started += [self._start(function, item, *more) for item in islice(waiting, 1)]
            yield result

    def _start(self, function: Callable[..., Any], *arguments: Any) -> Task:
        return self._client.submit(function, *arguments, pure=False)


@contextmanager
def connect(scheduler: str | None = None) -> Iterator[Cluster]:
    """Connect to a scheduler, or start two worker processes here.

    Parameters
    ----------
    scheduler : str, optional
        URL of a running Dask scheduler, such as ``tcp://host:8786``.

    Raises
    ------
    UsageError
        If Dask is not installed, or the URL is none.
    ClusterError
        If the scheduler does not answer, or has no worker.
    """
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as cause:
        raise UsageError("Dask is not installed", "install riskml[distributed]") from cause
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "100 MB"}):
        if scheduler is None:
            with (
                LocalCluster(
                    n_workers=WORKERS,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address="127.0.0.1:0",  # any free port: the usual one may be taken
                    silence_logs=logging.ERROR,
                ) as local,
                Client(local, direct_to_workers=True) as client,
            ):
                yield Cluster(client)
            return
        with _client_of(Client, scheduler) as client:
            cluster = Cluster(client)
            cluster.wait_for(1)
            yield cluster


def _client_of(client: Callable[..., Any], scheduler: str) -> Any:
    try:
        return client(scheduler, timeout=PATIENCE, direct_to_workers=True)
    except ValueError as cause:
        raise UsageError(
            f"--scheduler {scheduler} is no address ({cause})", "give tcp://HOST:PORT"
        ) from cause
    except OSError as cause:
        raise ClusterError(
            f"no Dask scheduler answers at {scheduler}", "start dask scheduler, or leave it out"
        ) from cause


@contextmanager
def _losses_named() -> Iterator[None]:
    from distributed import CancelledError, KilledWorker

    try:
        yield
    except (KilledWorker, CancelledError) as cause:
        raise ClusterError(
            f"the work was given up: too many workers were lost ({cause})",
            "give workers more memory, or look into their logs",
        ) from cause


def _same(value: Any) -> Any:
    return value
