"""A study small enough for tests; run as a module it goes on until it is killed."""

from functools import cache

import pandas as pd

from riskml.training.definition import Fit, LightGBM, ModelDefinition
from riskml.training.space import Choices, Span, Tuning
from riskml.training.tuning.tune import Tuned, tune
from tests.oracles.synthetic import FEATURES, known_before, make_world

__all__ = ["DEFINITION", "frame", "run"]

UNTIL = pd.Timestamp("2022-07-01", tz="UTC")
DEFINITION = ModelDefinition(
    stage="declaration",
    lightgbm=LightGBM(learning_rate=0.1, num_leaves=15),
    fit=Fit(threads=1, ensemble=1, max_rounds=25, min_rounds=5, patience=10),
    tuning=Tuning(
        rate=0.1,
        folds=4,
        startup=3,
        space={
            "lightgbm": {
                "learning_rate": Span(low=0.001, high=0.3, log=True),
                "num_leaves": Span(low=2, high=31),
                "extra_trees": Choices(choices=(True, False)),
            },
            "weights": {"unverified": Span(low=0.0, high=1.0)},
        },
    ),
)


@cache
def frame() -> pd.DataFrame:
    return known_before(make_world(5000, seed=11, base=-2.0), UNTIL)


def run(
    trials: int, *, definition: ModelDefinition = DEFINITION, seed: int = 3, **options
) -> Tuned:
    until = UNTIL.to_pydatetime()
    return tune(frame(), FEATURES, definition, trials=trials, seed=seed, until=until, **options)


if __name__ == "__main__":
    run(10_000)
