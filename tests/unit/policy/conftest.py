"""A small world with many violations, made ready once for all rehearsals of these tests."""

from datetime import date
from pathlib import Path

import pytest

from riskml.datasets.simulation import WorldConfig, load_config, write_world
from riskml.policy.learner import Learner
from riskml.policy.rehearsal import Rehearsal, prepare
from riskml.policy.replay import Setup
from riskml.selection.capacity import Capacity
from riskml.training.definition import load_stage_definition

START, FIRST, LAST = date(2020, 6, 1), date(2020, 7, 6), date(2020, 7, 20)


def sinful(config: WorldConfig) -> WorldConfig:
    """Return a world with so many violations that a few weeks teach something."""
    offices = tuple(o.model_copy(update={"hit_rate": 0.12}) for o in config.offices)
    return config.model_copy(update={"offices": offices})


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("world")
    write_world(out, sinful(load_config()), start=START, days=52, scale=0.03, seed=5)
    return out


@pytest.fixture(scope="session")
def rehearsal(folder: Path) -> Rehearsal:
    return prepare(folder, "declaration", FIRST, LAST)


@pytest.fixture(scope="session")
def setup() -> Setup:
    learner = Learner(
        load_stage_definition("declaration"), boosters=2, rounds=10, negatives=5, least=100
    )
    return Setup(Capacity.everywhere(0.2), learner, share=0.2, seed=3)
