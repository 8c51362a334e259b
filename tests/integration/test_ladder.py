"""Random, rules, raw-column LightGBM, ours, oracle stand in this order, with clear gaps."""

from datetime import date

import numpy as np
import pytest

from benchmarks.ladder import ladder
from riskml.datasets.simulation import build_config
from riskml.training.definition import default_definition, load_definition

pytestmark = [pytest.mark.slow, pytest.mark.integration]

# One office that scans much and finds much: enough to learn from in seven months of few arrivals.
BUSY = {
    "parties": {"importers": 20_000},
    "reference": {"suspicion_rate": 0.06},
    "offices": [
        {
            "name": "Alpha",
            "arrivals": 1.0,
            "scans": 50_000,
            "hit_rate": 0.02,
            "discharge": "VNHPH",
            "scanners": 4,
            "modes": {"sea": 0.9, "road": 0.05, "air": 0.05, "rail": 0.0},
        }
    ],
}


def test_a_small_world_has_the_order_of_what_is_known() -> None:
    definition = load_definition(default_definition("declaration"))
    quick = definition.fit.model_copy(update={"ensemble": 2, "folds": 2, "max_rounds": 80})
    found = ladder(
        "declaration",
        0.02,
        2,
        0.05,
        build_config(BUSY),
        date(2019, 12, 1),
        definition.model_copy(update={"fit": quick}),
    )
    # So small a world tells rules and raw columns apart from chance and from ours, not from each
    # other: that takes the full form.
    lower = sorted([found["rules"], found["raw columns"]])
    assert found["random"] + 0.05 < lower[0]
    assert lower[1] + 0.05 < found["ours"] < found["oracle"] - 0.02


@pytest.mark.full
@pytest.mark.parametrize("stage", ["declaration", "pre_arrival"])
def test_the_default_world_has_the_whole_order(stage: str) -> None:
    runs = [ladder(stage, 0.3, seed, 0.05) for seed in (1, 2, 3)]
    mean = {rung: float(np.mean([run[rung] for run in runs])) for rung in runs[0]}
    assert mean["random"] + 0.05 < mean["rules"]
    assert mean["random"] + 0.05 < mean["raw columns"]
    assert max(mean["rules"], mean["raw columns"]) + 0.05 < mean["ours"]
    assert mean["ours"] + 0.1 < mean["oracle"]
