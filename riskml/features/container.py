"""Container: its number, its check digit, its earlier use."""

import numpy as np

from riskml.features.batch import Batch, roll
from riskml.features.definition import Definition, direct
from riskml.features.featureset import Feature
from riskml.features.past import past
from riskml.history import Statistic

__all__ = ["definitions"]


def definitions(stage: str) -> list[Definition]:
    """Return the features of this family for ``stage``."""
    table = "manifests" if stage == "pre_arrival" else "declarations"
    key = ("container_no",)
    return [
        past("container", table, Statistic(key, "count", days=365.0)),
        past("container", table, Statistic(key, "days_since_last")),
        past("container", table, Statistic(key, "hits", days=365.0)),
        direct(_FLAG, _invalid),
        direct(_MISSING, _missing),
    ]


_FLAG = Feature(
    "invalid_container",
    "number",
    "container",
    "The container number given is malformed or fails its check digit (ISO 6346)",
    "Số công-te-nơ sai định dạng hoặc sai số kiểm tra (ISO 6346)",
    sources=("manifests.container_no", "declarations.container_no"),
)
_MISSING = Feature(
    "no_container",
    "number",
    "container",
    "No container number is known",
    "Không có số công-te-nơ",
    sources=("manifests.container_no", "declarations.container_no"),
)


def _invalid(batch: Batch) -> np.ndarray:
    return roll(batch, batch.numbers("invalid_container_no"), "max")


def _missing(batch: Batch) -> np.ndarray:
    return np.array([float(no is None) for no in batch.text("container_no", "head")])
