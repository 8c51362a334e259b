"""Train the model of a stage, track it in MLflow and register it."""

from datetime import datetime
from pathlib import Path

from riskml.datasets import Tables
from riskml.history import Progress
from riskml.training.dataset import TrainingSet
from riskml.training.definition import default_definition, load_definition
from riskml.training.fitting import fit_model
from riskml.training.run import TrainingRun, measure
from riskml.training.tracking import TrackedRun, log_run

__all__ = ["train_model"]


def train_model(
    tables: Tables,
    found: TrainingSet,
    until: datetime,
    *,
    definition: Path | None = None,
    progress: Progress | None = None,
) -> tuple[TrainingRun, TrackedRun]:
    """Train on labels known before ``until``; the new version is the stage's challenger.

    Parameters
    ----------
    tables : Tables
        What the training set was built from.
    found : TrainingSet
        See :func:`pipelines.training_sets.build_training_sets`.
    until : datetime
        Aware instant, that of the training set.
    definition : Path, optional
        Model definition; by default the one in ``models/``.
    progress : callable, optional
        Wraps an iterable to show how far it is.
    """
    chosen = load_definition(definition or default_definition(found.feature_set.stage))
    model = fit_model(
        found.frame,
        found.feature_set,
        chosen,
        until=until,
        data_digests=found.data_digests,
        progress=progress,
    )
    run = measure(model, tables, found)
    return run, log_run(run, {"flow": "pipelines.train"})
