"""What a study keeps: a run with a nested run per trial, logged as each is finished.

Runs are found again by their tags, so a study that was killed goes on in the same run and logs
what it had not.
"""

import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from riskml.training.definition import ModelDefinition
from riskml.training.tracking.client import mlflow_client
from riskml.training.tracking.runs import experiment_of
from riskml.training.tuning.frames import draw_study
from riskml.training.tuning.trials import TrialRecord
from riskml.training.tuning.tune import Tuned
from riskml.training.tuning.writing import definition_toml

__all__ = ["StudyRuns"]

STUDY, TRIAL = "study", "trial"
PARENT = "mlflow.parentRunId"


class StudyRuns:
    """The runs of one study; a context manager, which closes the study's run if it is broken off.

    Parameters
    ----------
    definition : ModelDefinition
        What is tuned; its model's experiment holds the runs.
    tags : dict of str, optional
        Further tags of the study's run.
    """

    def __init__(self, definition: ModelDefinition, tags: dict[str, str] | None = None) -> None:
        self._definition = definition
        self._tags = dict(tags or {})
        self._experiment = ""
        self._logged: set[int] = set()
        self.run_id = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and self.run_id:
            with mlflow_client() as mlflow:
                mlflow.MlflowClient().set_terminated(self.run_id, "KILLED")

    def log(self, study: str, trial: TrialRecord) -> None:
        """Log a finished trial as a nested run, unless it was logged before."""
        with mlflow_client() as mlflow:
            client = mlflow.MlflowClient()
            if not self.run_id:
                self._open(mlflow, study)
            if trial.number not in self._logged:
                self._log_trial(client, trial)
                self._logged.add(trial.number)

    def finish(self, tuned: Tuned) -> str:
        """Log what a study found, its tables and figures; returns the run's id."""
        from mlflow.entities import Metric

        with mlflow_client() as mlflow, tempfile.TemporaryDirectory(prefix="riskml-tune-") as name:
            folder = Path(name)
            draw_study(tuned.trials, tuned.importance, folder)
            tuned.trials.to_csv(folder / "trials.csv", index=False)
            tuned.importance.to_csv(folder / "importance.csv", index=False)
            text = definition_toml(tuned)
            (folder / "definition.toml").write_text(text, encoding="utf-8")
            client = mlflow.MlflowClient()
            client.log_artifacts(self.run_id, str(folder))
            now = _now()
            metrics = [Metric(key, value, now, 0) for key, value in _metrics(tuned).items()]
            client.log_batch(self.run_id, metrics=metrics)
            client.set_tag(self.run_id, "adopted", str(tuned.adopted).lower())
            client.set_terminated(self.run_id, "FINISHED")
        return self.run_id

    def _open(self, mlflow: Any, study: str) -> None:
        """Find the study's run and its trials, or begin it."""
        from mlflow.entities import Param

        client = mlflow.MlflowClient()
        self._experiment = experiment_of(mlflow, self._definition.model_name)
        found = client.search_runs([self._experiment], f"tags.{STUDY} = '{study}'")
        if found:
            self.run_id = str(found[0].info.run_id)
            client.update_run(self.run_id, status="RUNNING")
            query = f"tags.`{PARENT}` = '{self.run_id}'"
            runs = client.search_runs([self._experiment], query, max_results=50_000)
            self._logged = {int(run.data.tags[TRIAL]) for run in runs if _complete(run)}
            return
        tags = {**self._tags, STUDY: study, "stage": self._definition.stage}
        run = client.create_run(self._experiment, tags=tags, run_name=study)
        self.run_id = str(run.info.run_id)
        tuning = self._definition.tuning.model_dump(mode="json", exclude={"space"})
        settings = {**self._definition.flat(), **{f"tuning.{k}": v for k, v in tuning.items()}}
        params = [Param(key, str(value)) for key, value in settings.items()]
        client.log_batch(self.run_id, params=params)

    def _log_trial(self, client: Any, trial: TrialRecord) -> None:
        from mlflow.entities import Metric, Param

        tags = {PARENT: self.run_id, TRIAL: str(trial.number), "state": trial.state}
        if trial.note:
            tags["note"] = trial.note
        name = f"trial {trial.number}"
        run = client.create_run(self._experiment, tags=tags, run_name=name)
        now = _now()
        metrics = [Metric("objective_so_far", v, now, k) for k, v in trial.slices.items()]
        if trial.value is not None:
            metrics.append(Metric("objective", trial.value, now, 0))
        params = [Param(key, str(value)) for key, value in trial.parameters.items()]
        client.log_batch(run.info.run_id, metrics=metrics, params=params)
        # Closed last: a run that a killed process left open is not taken for a logged trial.
        client.set_terminated(run.info.run_id, "FAILED" if trial.state == "refused" else "FINISHED")


def _complete(run: Any) -> bool:
    return str(run.info.status) in {"FINISHED", "FAILED"}


def _metrics(tuned: Tuned) -> dict[str, float]:
    found: dict[str, float] = {"best_trial": float(tuned.best_trial)}
    for place, part in (("searched", tuned.searched), ("unseen", tuned.unseen)):
        values = {"own": part.own, "best": part.best, "gain": part.gain.value}
        values |= {"gain_low": part.gain.low, "gain_high": part.gain.high}
        found |= {f"{place}.{key}": v for key, v in values.items() if v is not None}
    return found


def _now() -> int:
    return int(time.time() * 1000)
