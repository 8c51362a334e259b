import numpy as np
import pytest
from scipy.stats import binomtest

from riskml.evaluation.intervals import (
    bootstrap_intervals,
    group_codes,
    resample_weights,
    wilson_interval,
)


@pytest.mark.parametrize(("k", "n"), [(31, 6198), (144, 6198), (0, 20), (20, 20), (1, 3)])
def test_wilson_is_what_scipy_computes(k: int, n: int) -> None:
    expected = binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(k, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_without_trials_says_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("k", "n", "c"), [(2, 1, 0.95), (-1, 5, 0.95), (1, 5, 1.0), (1, 5, 0.0)])
def test_wilson_refuses_the_impossible(k: float, n: float, c: float) -> None:
    with pytest.raises(ValueError, match=r"impossible|confidence"):
        wilson_interval(k, n, c)


def test_rows_without_group_are_groups_of_their_own() -> None:
    assert group_codes(["a", None, "a", None, "b"], 5).tolist() == [0, 2, 0, 3, 1]


def test_a_group_is_drawn_as_a_whole() -> None:
    codes = np.array([0, 0, 1, 2, 2, 2])
    for weights in resample_weights(codes, 50, seed=1):
        assert weights[0] == weights[1]
        assert weights[3] == weights[4] == weights[5]
        # As many groups are drawn as there are.
        assert weights[0] + weights[2] + weights[3] == 3


def test_the_interval_of_a_mean_has_the_width_of_theory() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = bootstrap_intervals(
        lambda w: {"mean": float((w * values).sum() / w.sum())},
        group_codes(None, 400),
        resamples=1000,
        seed=3,
    )["mean"]
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert found.low < values.mean() < found.high


def test_clustered_rows_widen_the_interval() -> None:
    # Each value stands ten times: by row the interval would be too narrow by sqrt(10).
    values = np.repeat(np.random.default_rng(0).normal(size=40), 10)

    def width(groups: object) -> float:
        found = bootstrap_intervals(
            lambda w: {"mean": float((w * values).sum() / w.sum())}, group_codes(groups, 400)
        )["mean"]
        assert found.low is not None
        assert found.high is not None
        return found.high - found.low

    assert width(np.repeat(np.arange(40), 10)) / width(None) == pytest.approx(10**0.5, rel=0.2)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.arange(30.0)
    again = [
        bootstrap_intervals(
            lambda w: {"mean": float((w * values).sum() / w.sum())}, np.arange(30), seed=seed
        )["mean"]
        for seed in (1, 1, 2)
    ]
    assert again[0] == again[1]
    assert again[0] != again[2]


def test_a_metric_that_is_seldom_defined_has_no_interval() -> None:
    # One violation among three groups is absent from about 30 % of resamples, one among two
    # hundred rows that must all be drawn from nearly every one.
    found = bootstrap_intervals(
        lambda w: {"rare": 1.0 if w.min() > 0 else None}, np.arange(200), resamples=50
    )["rare"]
    assert found.to_dict() == {"value": 1.0, "low": None, "high": None}
