"""``--engine`` and ``--scheduler``: where the work of a command is done."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from riskml.cluster import Cluster

__all__ = ["Engine", "EngineOption", "SchedulerOption", "cluster_of"]


class Engine(StrEnum):
    """Where the work is done."""

    LOCAL = "local"
    DASK = "dask"


EngineOption = Annotated[
    Engine, typer.Option(help="In this process, or on Dask workers; the result is the same.")
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(help="Dask scheduler (tcp://HOST:PORT); without one two workers start here."),
]


@contextmanager
def cluster_of(engine: Engine, scheduler: str | None) -> Iterator["Cluster | None"]:
    """Yield the cluster to work on, None for this process.

    Raises
    ------
    UsageError
        If a scheduler is named but not asked for.
    """
    from riskml.errors import UsageError

    if engine is Engine.LOCAL:
        if scheduler is not None:
            raise UsageError("--scheduler needs --engine dask", "add it, or leave it out")
        yield None
        return
    from riskml.cluster import connect

    with connect(scheduler) as cluster:
        yield cluster
