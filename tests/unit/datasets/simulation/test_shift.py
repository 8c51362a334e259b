"""A planted shift: from its day on fraud goes with other codes and origins."""

from datetime import date

import numpy as np
import pytest

from riskml.datasets.simulation import SimulatedWorld, build_config, simulate
from riskml.datasets.simulation.world import build_world
from riskml.errors import ConfigError

START, DAYS, SHIFT = date(2020, 3, 1), 60, date(2020, 4, 1)


# Two worlds catch differently, and fraudsters would part ways over it.
NOBODY_LEARNS = {"goods": 0.0, "source": 0.0, "shipper": 0.0, "scheme": 0.0, "pressure": 0.0}


def world(**shift: object) -> SimulatedWorld:
    config = build_config({"adaptation": NOBODY_LEARNS, "shift": shift})
    return simulate(config, start=START, days=DAYS, scale=0.05, seed=3)


@pytest.fixture(scope="module")
def worlds() -> tuple[SimulatedWorld, SimulatedWorld]:
    return world(), world(day=SHIFT)


def test_trade_is_the_same_and_risk_until_that_day(worlds) -> None:
    plain, shifted = worlds
    before = (plain.truth["decision_time"] < "2020-03-31").to_numpy()
    after = (plain.truth["decision_time"] >= "2020-04-20").to_numpy()
    assert plain.manifests.equals(shifted.manifests)
    old, new = (w.truth["probability"].to_numpy() for w in worlds)
    # Offices' levels are fitted to the reference quarter, which lies behind the shift.
    ratio = new[before] / old[before]
    assert np.quantile(ratio, 0.9) / np.quantile(ratio, 0.1) < 3
    ranks = [np.argsort(np.argsort(p)) for p in (old[before], new[before])]
    assert np.corrcoef(*ranks)[0, 1] > 0.95
    ranks = [np.argsort(np.argsort(p)) for p in (old[after], new[after])]
    assert np.corrcoef(*ranks)[0, 1] < 0.8


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_risks_are_handed_round(share: float) -> None:
    config = build_config({"shift": {"day": SHIFT, "codes": share, "origins": 1.0}})
    effects = build_world(config, 0.05, 3).effects
    code, origin = effects.code, effects.origin
    assert np.mean(code.after != code.before) == pytest.approx(share, abs=0.03)
    assert sorted(code.after) == sorted(code.before)
    assert sorted(origin.after) == sorted(origin.before)
    if share == 1.0:  # what was known of codes says nothing any more
        assert abs(np.corrcoef(code.before, code.after)[0, 1]) < 0.05


def test_an_impossible_share_is_refused_by_its_key() -> None:
    with pytest.raises(ConfigError, match=r"shift\.codes"):
        build_config({"shift": {"day": SHIFT, "codes": 1.5}})
