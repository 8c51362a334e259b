"""Several rehearsals at once, each kept when it is finished: a killed run goes on where it was."""

import hashlib
import json
import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from riskml.datasets.tables import read_parquet, write_table
from riskml.errors import DataError, UsageError
from riskml.files import whole_file
from riskml.history import Progress
from riskml.policy.account import account, everything
from riskml.policy.honesty import rate_estimates
from riskml.policy.off_policy import chances_of, estimate_from_log
from riskml.policy.policies import POLICIES, choose_policies
from riskml.policy.references import REFERENCES, knowledge_of, reference
from riskml.policy.rehearsal import Rehearsal, prepare
from riskml.policy.replay import Setup, replay

__all__ = ["Outcome", "Task", "run_task", "run_tasks"]

LOG = "model_exploration"
"""The default policy, from whose log others are estimated."""

FORMAT = 3
"""Version of what is kept of a finished rehearsal."""


@dataclass(frozen=True)
class Task:
    """Which policies are rehearsed, on what.

    Attributes
    ----------
    data : Path
        Folder of a simulated world.
    stage : str
    first, last : date
        Days to rehearse.
    policies : tuple of str
        Names of policies and references.
    setup : Setup
    out : Path
        Folder in which finished rehearsals are kept.
    """

    data: Path
    stage: str
    first: date
    last: date
    policies: tuple[str, ...]
    setup: Setup
    out: Path

    @cached_property
    def digest(self) -> str:
        """What a finished rehearsal depends on, the policy's name apart: SHA-256 in hex."""
        parts = {
            "format": FORMAT,
            "stage": self.stage,
            "days": [str(self.first), str(self.last)],
            "setup": repr(self.setup),
            "data": [_digest(path) for path in sorted(self.data.glob("*.parquet"))],
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def folder(self, policy: str) -> Path:
        """Return where the rehearsal of a policy is kept."""
        return self.out / "rehearsals" / f"{policy}-{self.digest[:16]}"

    def finished(self, policy: str) -> bool:
        """Return whether the rehearsal of a policy is there, whole."""
        return (self.folder(policy) / "rehearsal.json").exists()


@dataclass(frozen=True, eq=False)
class Outcome:
    """What all rehearsals of a task brought.

    Attributes
    ----------
    daily : DataFrame
        One row per day and policy.
    total : DataFrame
        One row per day: what there was to find.
    rates : dict
        `riskml.policy.honesty.rate_estimates` by policy.
    from_log : dict
        `riskml.policy.off_policy.estimate_from_log` by policy, from the log of `LOG`; empty if
        that was not rehearsed.
    seconds : dict
        Processor time of each policy's rehearsal; what all share (features without outcomes) is
        in none of them.
    resumed : tuple of str
        Policies that were finished by an earlier run.
    """

    daily: pd.DataFrame
    total: pd.DataFrame
    rates: dict[str, Any]
    from_log: dict[str, Any]
    seconds: dict[str, float]
    resumed: tuple[str, ...]


def run_task(task: Task, *, workers: int = 1, progress: Progress | None = None) -> Outcome:
    """Rehearse the policies of a task, those that are not finished yet.

    Parameters
    ----------
    task : Task
    workers : int
        Processes; no figure depends on it. They share the prepared world.
    progress : callable, optional
        Shows how far it is.

    Raises
    ------
    UsageError
        If there is no such policy.
    PolicyError
        If a policy cheats.
    DataError
        If the folder cannot be written.
    """
    choose_policies([name for name in task.policies if name not in REFERENCES])
    resumed = tuple(name for name in task.policies if task.finished(name))
    waiting = [name for name in task.policies if name not in resumed]
    if waiting or not _total_of(task).exists():
        rehearsal = prepare(
            task.data, task.stage, task.first, task.last, seed=task.setup.seed, progress=progress
        )
        write_table(_dated(everything(rehearsal)), _total_of(task))
        for _ in _shown(_rehearse_all(task, rehearsal, waiting, workers), waiting, progress):
            pass
    return _collect(task, resumed)


def run_tasks(
    tasks: Sequence[Task], *, workers: int = 1, progress: Progress | None = None
) -> Outcome:
    """Run several tasks, each on a world of its own, and lay their outcomes together.

    Parameters
    ----------
    tasks : sequence of Task
        Of different data folders.
    workers : int
        Processes: for the worlds if there are several, else for the policies of the only one.
    progress : callable, optional
        Shows how far it is.

    Returns
    -------
    Outcome
        Its frames have a column ``world`` (name of the data folder); ``rates`` and ``from_log``
        are by world and policy if there are several worlds.

    Raises
    ------
    UsageError
        If two worlds have one name.
    """
    names = [task.data.resolve().name for task in tasks]
    if len(set(names)) < len(names):
        raise UsageError("two worlds have the same folder name", "give each a name of its own")
    if len(tasks) == 1 or workers == 1:
        found = [run_task(task, workers=workers, progress=progress) for task in tasks]
    else:
        forked = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(workers, mp_context=forked) as pool:
            done = pool.map(run_task, tasks)
            shown = done if progress is None else progress(done, "Worlds", len(tasks))
            found = list(shown)
    pairs = list(zip(names, found, strict=True))
    return Outcome(
        daily=pd.concat([one.daily.assign(world=name) for name, one in pairs], ignore_index=True),
        total=pd.concat([one.total.assign(world=name) for name, one in pairs], ignore_index=True),
        rates=_named([(name, one.rates) for name, one in pairs]),
        from_log=_named([(name, one.from_log) for name, one in pairs]),
        seconds=_named([(name, one.seconds) for name, one in pairs]),
        resumed=tuple(_named([(name, dict.fromkeys(one.resumed)) for name, one in pairs])),
    )


def _named(worlds: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Lay together what worlds say by policy, by world and policy if there are several."""
    several = len(worlds) > 1
    return {
        f"{world} {policy}" if several else policy: value
        for world, own in worlds
        for policy, value in own.items()
    }


def _shown(done: Iterator[str], waiting: Sequence[str], progress: Progress | None) -> Any:
    return done if progress is None else progress(done, "Rehearsals", len(waiting))


_SHARED: dict[str, Any] = {}
"""What processes that are forked from this one inherit without a copy."""


def _rehearse_all(
    task: Task, rehearsal: Rehearsal, waiting: Sequence[str], workers: int
) -> Iterator[str]:
    _SHARED.update(task=task, rehearsal=rehearsal)
    try:
        if workers == 1 or len(waiting) == 1:
            yield from map(_rehearse, waiting)
            return
        forked = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(workers, mp_context=forked) as pool:
            futures = [pool.submit(_rehearse, name) for name in waiting]
            try:
                for future in as_completed(futures):
                    yield future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        _SHARED.clear()


def _rehearse(name: str) -> str:
    task, rehearsal, began = _SHARED["task"], _SHARED["rehearsal"], time.process_time()
    policy = POLICIES[name] if name in POLICIES else reference(name, rehearsal)
    done = replay(rehearsal, policy, task.setup, knowledge=knowledge_of(name, task.setup.seed))
    folder = task.folder(name)
    sealed = rehearsal.envelope.iloc[done.picks["row"].to_numpy()]
    seen = {n: sealed[n].to_numpy() for n in ("violation", "finds", "probability")}
    write_table(_dated(done.picks.assign(**seen)), folder / "picks.parquet")
    write_table(chances_of(done), folder / "chances.parquet")
    write_table(_dated(account(rehearsal, done)), folder / "daily.parquet")
    # The last file says that all are there.
    rates, seconds = rate_estimates(rehearsal, done), time.process_time() - began
    _write_json({"policy": name, "rates": rates, "seconds": seconds}, folder)
    return name


def _from_log(task: Task) -> dict[str, Any]:
    """Return what the log of the default policy says of each of the others."""
    if LOG not in task.policies:
        return {}
    log = task.folder(LOG)
    chances, inspected = (read_parquet(log / f"{name}.parquet") for name in ("chances", "picks"))
    others = [name for name in task.policies if name != LOG]
    return {
        name: estimate_from_log(
            chances, inspected, read_parquet(task.folder(name) / "picks.parquet")
        )
        for name in others
    }


def _write_json(content: dict[str, Any], folder: Path) -> None:
    path = folder / "rehearsal.json"
    try:
        with whole_file(path, private=False) as file:
            file.write(f"{json.dumps(content, indent=1)}\n".encode())
    except OSError as error:
        raise DataError(
            f"cannot write {path} ({error})", "check the folder and its disk"
        ) from error


def _collect(task: Task, resumed: tuple[str, ...]) -> Outcome:
    daily, rates, seconds = [], {}, {}
    for name in task.policies:
        folder = task.folder(name)
        daily.append(read_parquet(folder / "daily.parquet"))
        about = json.loads((folder / "rehearsal.json").read_text("utf-8"))
        rates[name], seconds[name] = about["rates"], about["seconds"]
    together = _undated(pd.concat(daily, ignore_index=True))
    total = _undated(read_parquet(_total_of(task)))
    return Outcome(together, total, rates, _from_log(task), seconds, resumed)


def _total_of(task: Task) -> Path:
    return task.out / "rehearsals" / f"total-{task.digest[:16]}.parquet"


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(date=pd.to_datetime(frame["date"]))


def _undated(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(date=frame["date"].dt.date)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}"
