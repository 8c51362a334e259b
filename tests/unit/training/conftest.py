"""A small model, fitted once for all tests of this folder."""

import pandas as pd
import pytest

from riskml.training.definition import Fit, LightGBM, ModelDefinition
from riskml.training.fitting import FittedModel, fit_model
from tests.oracles.synthetic import World, known_before, make_world

UNTIL = pd.Timestamp("2022-07-01", tz="UTC")


@pytest.fixture(scope="session")
def definition() -> ModelDefinition:
    fit = Fit(threads=1, ensemble=2, folds=3, max_rounds=60, patience=15)
    return ModelDefinition(stage="declaration", fit=fit, lightgbm=LightGBM(learning_rate=0.1))


@pytest.fixture(scope="session")
def world() -> World:
    return make_world(9000, seed=11)


@pytest.fixture(scope="session")
def model(world: World, definition: ModelDefinition) -> FittedModel:
    frame = known_before(world, UNTIL)
    digests = {"declarations": "0" * 64}
    return fit_model(
        frame, world.feature_set, definition, until=UNTIL.to_pydatetime(), data_digests=digests
    )
