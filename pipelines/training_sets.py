"""Build the training set of each stage from a data folder."""

from datetime import datetime
from pathlib import Path

from riskml.config import STAGES
from riskml.datasets import Tables, write_table
from riskml.history import Progress
from riskml.training.dataset import TrainingSet, build_training_set

__all__ = ["build_training_sets"]


def build_training_sets(
    tables: Tables, until: datetime, out: Path, *, progress: Progress | None = None
) -> dict[str, TrainingSet]:
    """Build and write ``<stage>.parquet`` with the inspected consignments of each stage.

    Parameters
    ----------
    tables : Tables
        What ``load_tables`` read.
    until : datetime
        Aware instant: decisions, and labels known, strictly before it only.
    out : Path
        Folder to write to.
    progress : callable, optional
        Wraps an iterable to show how far it is.

    Returns
    -------
    dict of str to TrainingSet
        The set of each stage.
    """
    found = {}
    for stage in STAGES:
        found[stage] = build_training_set(
            tables, stage, until, only_inspected=True, progress=progress
        )
        write_table(found[stage].frame, out / f"{stage}.parquet")
    return found
