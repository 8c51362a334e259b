"""What the contenders of :mod:`benchmarks.serving` are sent: one content in several forms."""

import json
from typing import Any

import numpy as np

from riskml.scoring.batch import feature_arrays
from tests.support.service_world import ServiceWorld, items_of

__all__ = ["BODIES", "consignments", "encoded", "features_of", "named"]

BODIES = 4
"""Requests of 1,000 consignments that are sent in turn: no contender may live on remembering."""


def consignments(world: ServiceWorld, size: int, first: int = 0) -> bytes:
    """Return a request for our service, or for the usual one that looks up."""
    rollup = world.rollup("declaration")
    positions = [number % len(rollup) for number in range(first, first + size)]
    return json.dumps({"consignments": items_of(rollup, positions)}).encode()


def features_of(world: ServiceWorld) -> list[list[Any]]:
    """Return encoded features as the peers get them; a missing one is null."""
    bundle = world.bundles["declaration"]
    frame = world.frame("declaration")
    matrix = bundle.encode(feature_arrays(bundle, frame))
    chosen = matrix[np.arange(1000 * BODIES) % len(matrix)]
    return [[None if value != value else value for value in row] for row in chosen.tolist()]


def encoded(features: list[list[Any]]) -> tuple[list[bytes], list[bytes]]:
    """Return the requests of 1,000 for the usual service, and for MLflow."""
    parts = [features[first : first + 1000] for first in range(0, len(features), 1000)]
    columns = [f"Column_{j}" for j in range(len(features[0]))]
    split = [{"dataframe_split": {"columns": columns, "data": part}} for part in parts]
    return [named(part) for part in parts], [json.dumps(each).encode() for each in split]


def named(features: list[list[Any]]) -> bytes:
    """Return a request of ready-made features for the usual service."""
    rows = [{f"f{j}": v for j, v in enumerate(row)} for row in features]
    return json.dumps({"consignments": rows}).encode()
