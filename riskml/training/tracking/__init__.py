"""Tracking and registry: MLflow's only home, imported inside the functions that need it.

By default everything lives under ``RISKML_HOME``: a SQLite store and a folder of artifacts. A
run keeps the bundle twice on purpose: as an artifact of the run, and inside the logged model,
which other tools can load through the LightGBM flavour.
"""

from riskml.training.tracking.registry import (
    CHAMPION,
    RegisteredModel,
    log_decision,
    read_holdout,
    read_version,
    resolve_model,
    set_alias,
    tag_version,
)
from riskml.training.tracking.runs import CHALLENGER, TrackedRun, log_run

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "RegisteredModel",
    "TrackedRun",
    "log_decision",
    "log_run",
    "read_holdout",
    "read_version",
    "resolve_model",
    "set_alias",
    "tag_version",
]
