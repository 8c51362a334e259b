"""More exploration when arrivals drift or hits fall, within bounds."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from riskml.policy.adaptive import HIGHEST, LOWEST, drift_of, drop_of, steer


def test_drift_is_a_distance_in_spreads() -> None:
    rng = np.random.default_rng(0)
    before = [rng.normal(0, 2, 200) for _ in range(5)]
    assert drift_of(before, before) == pytest.approx(0, abs=1e-9)
    moved = [day + 4 for day in before]
    assert drift_of(moved, before) == pytest.approx(2, abs=0.1)
    assert drift_of([], before) == 0
    assert drift_of(before, [np.zeros(3)]) == 0


def test_drop_is_the_share_of_the_hit_rate_that_was_lost() -> None:
    hits = np.array([1.0] * 40 + [0.0] * 60 + [1.0] * 10 + [0.0] * 90)
    recent = np.arange(200) >= 100
    assert drop_of(hits, recent) == pytest.approx(0.75)
    assert drop_of(hits[::-1].copy(), recent) == 0, "a rise is no drop"
    assert drop_of(hits[:110], recent[:110]) == 0, "ten picks say nothing"


class Quiet:
    """A day on which nothing is known but the scores."""

    def __init__(self, number: int, memory: dict) -> None:
        self.today = pd.Timestamp("2020-07-01") + pd.Timedelta(days=number)
        self.now = self.today.tz_localize("UTC")
        self.share, self.memory = 0.1, memory

    def outcomes(self, since: pd.Timestamp) -> pd.DataFrame:
        times = pd.DatetimeIndex([], tz="UTC")
        return pd.DataFrame(
            {"key": pd.Series([], dtype="str"), "violation": [], "closed_at": times}
        )


def test_the_share_follows_drift_and_stays_in_bounds() -> None:
    rng, memory = np.random.default_rng(1), SimpleNamespace(own={})
    shares = [steer(Quiet(n, memory.own), rng.normal(-4, 1, 300)) for n in range(60)]
    assert shares[0] == pytest.approx(0.05)
    assert max(shares) < 0.07
    shares = [steer(Quiet(60 + n, memory.own), rng.normal(2, 1, 300)) for n in range(28)]
    assert shares[-1] > 0.2
    assert all(LOWEST <= share <= HIGHEST for share in shares)
