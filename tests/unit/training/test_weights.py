import numpy as np
import pandas as pd
import pytest

from riskml.errors import DataError
from riskml.training.weights import arrival_weights, row_weights
from tests.oracles.synthetic import make_world


def make(propensity: list[float], label: list[float], verified: list[bool]) -> pd.DataFrame:
    days = pd.to_timedelta(np.arange(len(label)), "D")
    return pd.DataFrame(
        {
            "propensity": propensity,
            "label": label,
            "label_verified": verified,
            "decision_time": pd.Timestamp("2021-01-01", tz="UTC") + days,
        }
    )


def test_weights_are_positive_have_mean_one_and_fall_with_propensity() -> None:
    frame = make([0.1, 0.5, 1.0, np.nan], [1, 0, 0, 0], [True] * 4)
    w = row_weights(frame).values
    assert (w > 0).all()
    assert w.mean() == pytest.approx(1.0)
    assert w[0] > w[1] > w[2]
    # A row without logged propensity stands for itself alone, as one that was certain.
    assert w[2] == w[3]
    assert w[0] / w[2] == pytest.approx(10)


def test_the_sum_of_inverse_propensities_estimates_all_arrivals() -> None:
    seen = make_world(20_000).labelled
    assert arrival_weights(seen["propensity"]).sum() == pytest.approx(20_000, rel=0.1)


def test_clipping_is_bounded_and_counted() -> None:
    frame = make([0.001] + [1.0] * 99, [1] + [0] * 99, [True] * 100)
    free, clipped = row_weights(frame, clip=1e9), row_weights(frame, clip=5.0)
    assert free.report.clipped == 0
    assert clipped.report.clipped == 1
    # 1000 of 1099 arrivals hang on one row; clipped at five times the mean they do not.
    assert free.report.effective_rows < 2
    assert clipped.report.effective_rows > free.report.effective_rows


def test_unverified_zeros_can_count_less_or_not_at_all() -> None:
    frame = make([np.nan] * 4, [0, 0, 1, 0], [False, True, True, False])
    half = row_weights(frame, unverified=0.5).values
    assert half[0] / half[1] == pytest.approx(0.5)
    none = row_weights(frame, unverified=0.0)
    assert none.values[[0, 3]].tolist() == [0.0, 0.0]
    assert none.report.unverified == 2


def test_old_rows_can_count_less() -> None:
    w = row_weights(make([1.0] * 11, [0] * 11, [True] * 11), half_life_days=10).values
    assert w[0] / w[10] == pytest.approx(0.5)


@pytest.mark.parametrize("wrong", [0.0, -0.1, 1.5])
def test_an_impossible_propensity_is_refused(wrong: float) -> None:
    with pytest.raises(DataError, match="is no probability above 0"):
        arrival_weights(pd.Series([0.5, wrong]))


def test_propensities_can_be_left_out() -> None:
    frame = make([0.1, 1.0], [1, 0], [True, True])
    unweighed = row_weights(frame, use_propensity=False)
    assert unweighed.values.tolist() == [1.0, 1.0]
    assert unweighed.report.with_propensity == 0
