"""The trials of a study: asked for, evaluated and told, one after the other or side by side.

The sampler is seeded anew for each trial from the seed and the number of trials finished before.
With one worker the trials of a study therefore follow from seed and data alone, and a study that
was killed and resumed has those of one that was not; with more workers they depend on who finishes
first.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from threading import Lock
from typing import Any

__all__ = ["Refused", "TrialRecord", "finished", "record_of", "run_trials"]

REASON = "refused"
Report = Callable[[int, float], bool]
"""Tells the value after a slice; true if the trial had better stop."""
Evaluate = Callable[[Mapping[str, Any], Report], tuple[float, dict[str, Any]]]
"""Given parameters, returns the objective and what else is to be kept of the trial."""


class Refused(Exception):  # noqa: N818 - it is an answer, no error of the caller's
    """A trial's parameters cannot be evaluated; the message says why."""


class _Pruned(Exception):  # noqa: N818
    pass


@dataclass(frozen=True)
class TrialRecord:
    """A finished trial, without Optuna.

    Attributes
    ----------
    number : int
    state : {"complete", "pruned", "refused"}
        ``refused``: its parameters could not be evaluated, see ``note``.
    value : float or None
        Objective over all searched slices; None unless complete.
    slices : mapping of int to float
        Objective over the slices so far, by number of the slice.
    parameters : mapping of str to object
    seconds : float
    note : str
    """

    number: int
    state: str
    value: float | None
    slices: Mapping[int, float]
    parameters: Mapping[str, Any]
    seconds: float
    note: str = ""


def record_of(trial: Any) -> TrialRecord:
    """Return the record of one of Optuna's finished trials."""
    note = str(trial.user_attrs.get(REASON, ""))
    state = "refused" if note else trial.state.name.lower()
    return TrialRecord(
        number=int(trial.number),
        state=state,
        value=float(trial.value) if state == "complete" else None,
        slices=dict(trial.intermediate_values),
        parameters=dict(trial.params),
        seconds=(trial.datetime_complete - trial.datetime_start).total_seconds(),
        note=note,
    )


def finished(study: Any) -> list[Any]:
    """Return the trials that count: evaluated, pruned or refused, not those of a killed process."""
    from optuna.trial import TrialState

    kept = {TrialState.COMPLETE, TrialState.PRUNED}
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state in kept or REASON in trial.user_attrs
    ]


def run_trials(
    study: Any,
    space: Mapping[str, Any],
    own: Mapping[str, Any],
    evaluate: Evaluate,
    *,
    budget: int,
    seed: int,
    startup: int,
    jobs: int = 1,
) -> Iterator[Any]:
    """Run trials until the study has ``budget`` finished ones.

    Parameters
    ----------
    study : optuna.Study
        With or without earlier trials.
    space : mapping
        Optuna's distributions by name.
    own : mapping
        Parameters of the first trial.
    evaluate : callable
        See `Evaluate`; it may raise `Refused`.
    budget, seed, startup, jobs
        Trials in all; randomness; trials at random before the sampler learns; trials at once.

    Yields
    ------
    optuna.trial.FrozenTrial
        Each as it is finished, in the caller's thread.
    """
    lock = Lock()

    def one(index: int) -> Any:
        with lock:
            trial = _ask(study, space, own, index, seed, startup)
        return _work(study, trial, evaluate, lock)

    numbers = range(len(finished(study)), budget)
    if jobs == 1:
        yield from map(one, numbers)
        return
    with ThreadPoolExecutor(jobs) as pool:
        waiting: list[Future[Any]] = [pool.submit(one, index) for index in numbers]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _ask(
    study: Any,
    space: Mapping[str, Any],
    own: Mapping[str, Any],
    index: int,
    seed: int,
    startup: int,
) -> Any:
    import optuna

    if index == 0 and not study.get_trials(
        deepcopy=False, states=(optuna.trial.TrialState.WAITING,)
    ):
        study.enqueue_trial(dict(own))
    study.sampler = optuna.samplers.TPESampler(seed=_seed_of(seed, index), n_startup_trials=startup)
    return study.ask(dict(space))


def _seed_of(seed: int, index: int) -> int:
    """Return a seed of its own for each trial; neighbouring seeds give unrelated ones."""
    digest = hashlib.sha256(f"{seed}/{index}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def _work(study: Any, trial: Any, evaluate: Evaluate, lock: Lock) -> Any:
    from optuna.trial import TrialState

    def report(step: int, value: float) -> bool:
        with lock:
            trial.report(value, step)
            return bool(trial.should_prune())

    value: float | None = None
    state = TrialState.COMPLETE
    kept: dict[str, Any] = {}
    try:
        value, kept = evaluate(trial.params, _pruning(report))
    except _Pruned:
        state = TrialState.PRUNED
    except Refused as reason:
        state, kept = TrialState.FAIL, {REASON: str(reason)}
    with lock:
        for name, item in kept.items():
            trial.set_user_attr(name, item)
        return study.tell(trial, value, state=state)


def _pruning(report: Report) -> Report:
    def told(step: int, value: float) -> bool:
        if report(step, value):
            raise _Pruned
        return False

    return told
