"""Where studies live: a folder each under ``RISKML_HOME``, one process at a time."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from riskml import files
from riskml.config import settings
from riskml.errors import UsageError
from riskml.training.space import Tuning

__all__ = ["locked", "open_study", "study_folder"]


def study_folder(name: str) -> Path:
    """Return the folder of a study: its storage (SQLite), figures and table of trials."""
    return settings().home / "tuning" / name


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a study for this process; the lock goes with the process, however it ends.

    Raises
    ------
    UsageError
        If another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(files.locked(folder / "lock"))
        except BlockingIOError as error:
            raise UsageError(
                f"another riskml tune is at work in {folder}", "wait for it, or end it"
            ) from error
        yield


@contextmanager
def open_study(folder: Path, name: str, tuning: Tuning) -> Iterator[Any]:
    """Open a study, or make it; call it while `locked`.

    Trials that a killed process left running are marked as failed: nobody is at work on them.

    Yields
    ------
    optuna.Study
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.RDBStorage(
        f"sqlite:///{(folder / 'study.db').resolve()}",
        engine_kwargs={"connect_args": {"timeout": 60}},
    )
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            direction="maximize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=tuning.startup),
            load_if_exists=True,
        )
        running = (optuna.trial.TrialState.RUNNING,)
        for trial in study.get_trials(deepcopy=False, states=running):
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()
