from itertools import pairwise

import numpy as np
import pytest

from riskml.evaluation.calibration import calibration_table, effective_size
from riskml.evaluation.groups import group_table, within_groups
from riskml.evaluation.metrics import at_rate, average_precision, observed_over_expected
from riskml.evaluation.summary import Rows, difference, summarise


def make(size: int = 2000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 15, size)
    return (rng.random(size) < p).astype(float), p


def test_the_summary_holds_each_metric_with_its_interval() -> None:
    y, p = make()
    found = summarise(Rows.of(y, revenue=y * 100), p, probabilities=p, resamples=50)
    assert found["average_precision"]["value"] == average_precision(y, p)
    assert found["observed_over_expected"]["value"] == observed_over_expected(y, p)
    assert list(found["at"]) == ["0.01", "0.02", "0.05", "0.1"]
    five = found["at"]["0.05"]
    assert five["recall"]["value"] == at_rate(y, p, 0.05).recall
    assert five["revenue_recall"]["value"] == pytest.approx(five["recall"]["value"])
    for name in ("average_precision", "roc_auc", "brier", "log_loss", "observed_over_expected"):
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]


def test_a_period_without_violation_is_measured_all_the_same() -> None:
    # A hit rate of 0 has an upper bound (Wilson); what is undefined is None, not NaN.
    found = summarise(Rows.of(np.zeros(100)), np.arange(100.0), resamples=20)
    assert found["average_precision"] == {"value": None, "low": None, "high": None}
    assert found["at"]["0.05"]["recall"]["value"] is None
    hit_rate = found["at"]["0.05"]["hit_rate"]
    assert hit_rate["value"] == 0.0
    assert 0.3 < hit_rate["high"] < 0.5  # nothing in five


@pytest.mark.slow
def test_the_interval_of_recall_covers_as_often_as_it_says() -> None:
    # Over 60 samples of one world, about 95 % of the intervals hold the true recall.
    big_y, big_p = make(400_000, seed=1)
    truth = at_rate(big_y, big_p, 0.1).recall
    assert truth is not None
    inside = 0
    for seed in range(60):
        y, p = make(1500, seed=100 + seed)
        recall = summarise(Rows.of(y), p, rates=(0.1,), resamples=100, seed=seed)["at"]["0.1"]
        inside += recall["recall"]["low"] <= truth <= recall["recall"]["high"]
    assert 50 <= inside <= 60


def test_a_paired_difference_is_tighter_than_two_intervals() -> None:
    y, p = make(3000)
    rival = p * np.exp(np.random.default_rng(3).normal(0, 0.3, 3000))
    rows = Rows.of(y)
    paired = difference(rows, p, rival, resamples=200)["average_precision"]
    alone = summarise(rows, p, resamples=200)["average_precision"]
    assert paired["value"] == pytest.approx(average_precision(y, p) - average_precision(y, rival))
    assert paired["high"] - paired["low"] < 0.7 * (alone["high"] - alone["low"])
    assert difference(rows, p, p, resamples=20)["recall@0.05"] == {"value": 0, "low": 0, "high": 0}


def test_calibration_bins_hold_equal_weight_and_cover_the_truth() -> None:
    y, p = make(20_000)
    table = calibration_table(y, p)
    assert [part.rows for part in table] == [2000] * 10
    assert sum(part.positives for part in table) == y.sum()
    assert all(a.expected < b.expected for a, b in pairwise(table))
    assert sum(part.low <= part.expected <= part.high for part in table) >= 8


def test_weights_widen_the_bins_intervals() -> None:
    y, p = make(5000)
    even = calibration_table(y, p, np.ones(5000))
    uneven = calibration_table(y, p, np.where(np.arange(5000) % 10 == 0, 10.0, 0.1))
    assert uneven[-1].high - uneven[-1].low > 1.5 * (even[-1].high - even[-1].low)
    assert effective_size(np.ones(7)) == pytest.approx(7)


def test_a_score_that_only_knows_the_office_has_no_lift_within_it() -> None:
    rng = np.random.default_rng(4)
    office = rng.choice(["risky", "safe"], 20_000)
    y = (rng.random(20_000) < np.where(office == "risky", 0.2, 0.01)).astype(float)
    knows_office = (office == "risky").astype(float)
    rows = Rows.of(y)
    overall = at_rate(y, knows_office, 0.05)
    assert overall.lift is not None
    assert overall.lift > 1.7
    within = within_groups(rows, knows_office, office, rate=0.05, resamples=100)
    assert within["lift"]["value"] == pytest.approx(1.0)
    oracle = within_groups(rows, y, office, rate=0.05, resamples=20)
    assert oracle["lift"]["value"] > 5


def test_the_group_table_adds_up() -> None:
    y, p = make(1000)
    office = np.array(["A", "B", None, "A"] * 250, dtype=object)
    table = group_table(Rows.of(y), p, p, office)
    assert table[0]["office"] == "A"
    assert {row["office"] for row in table} == {"A", "B", None}
    assert sum(row["rows"] for row in table) == 1000
    assert sum(row["positives"] for row in table) == y.sum()
    assert sum(row["expected"] for row in table) == pytest.approx(p.sum())
