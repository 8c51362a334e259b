import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from riskml.errors import DataError, LabelError
from riskml.evaluation.metrics import (
    at_rate,
    average_precision,
    brier_score,
    expected_calibration_error,
    log_loss,
    observed_over_expected,
    roc_auc,
)
from riskml.evaluation.ranking import rank
from tests.oracles.ranking import auc_by_hand, caught_by_hand

small = st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.integers(0, 2)), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(rows=small, share=st.floats(0.01, 1.0))
def test_hits_are_the_mean_over_every_order_of_ties(
    rows: list[tuple[float, int]], share: float
) -> None:
    labels, scores = [r[0] for r in rows], [float(r[1]) for r in rows]
    expected = caught_by_hand(labels, scores, share * len(rows))
    assert at_rate(labels, scores, share).hits == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(rows=small)
def test_the_area_is_the_share_of_pairs_in_order(rows: list[tuple[float, int]]) -> None:
    labels, scores = [r[0] for r in rows], [float(r[1]) for r in rows]
    if len(set(labels)) == 2:
        assert roc_auc(labels, scores) == pytest.approx(auc_by_hand(labels, scores))


@settings(max_examples=60, deadline=None)
@given(rows=small, counts=st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_a_weight_is_so_many_copies_of_the_row(
    rows: list[tuple[float, int]], counts: list[int]
) -> None:
    labels = np.array([r[0] for r in rows])
    scores = np.array([float(r[1]) for r in rows])
    times = np.array(counts[: len(rows)])
    copies, repeated = np.repeat(labels, times), np.repeat(scores, times)
    if not len(copies):
        return
    ours, theirs = at_rate(labels, scores, 0.5, weights=times), at_rate(copies, repeated, 0.5)
    assert ours.hits == pytest.approx(theirs.hits)
    assert ours.inspected == pytest.approx(theirs.inspected)
    if copies.any():
        expected = average_precision(copies, repeated)
        assert average_precision(labels, scores, times) == pytest.approx(expected)


def test_the_metrics_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    p = np.round(rng.random(500), 2)  # with ties
    y = (rng.random(500) < p**2).astype(float)
    w = rng.random(500)
    assert average_precision(y, p, w) == pytest.approx(
        average_precision_score(y, p, sample_weight=w)
    )
    assert roc_auc(y, p, w) == pytest.approx(roc_auc_score(y, p, sample_weight=w))
    assert brier_score(y, p, w) == pytest.approx(brier_score_loss(y, p, sample_weight=w))
    inside = np.clip(p, 0.01, 0.99)
    expected = sklearn_log_loss(y, inside, sample_weight=w)
    assert log_loss(y, inside, w) == pytest.approx(expected)


def test_a_constant_score_is_random_selection() -> None:
    # Hit rate and average precision are the base rate, recall is the inspection rate, lift 1.
    y = np.zeros(1000)
    y[:7] = 1
    flat = at_rate(y, np.zeros(1000), 0.0213)
    assert flat.hit_rate == pytest.approx(0.007)
    assert flat.recall == pytest.approx(0.0213)
    assert flat.lift == pytest.approx(1.0)
    assert average_precision(y, np.zeros(1000)) == pytest.approx(0.007)
    assert roc_auc(y, np.zeros(1000)) == pytest.approx(0.5)


def test_fractional_capacity_counts_the_last_row_in_part() -> None:
    # 5 % of 30 rows are one and a half.
    y = np.array([1.0, 1.0] + [0.0] * 28)
    assert at_rate(y, -np.arange(30.0), 0.05).hits == pytest.approx(1.5)


def test_revenue_recall_counts_money_of_violations_only() -> None:
    y, scores = [1, 1, 0, 0], [4, 1, 3, 2]
    found = at_rate(y, scores, 0.25, revenue=[30.0, 10.0, 500.0, np.nan])
    assert found.revenue_recall == pytest.approx(0.75)
    assert at_rate(y, scores, 0.25).revenue_recall is None


def test_undefined_is_said_and_never_nan() -> None:
    nothing = at_rate([0, 0, 0], [1, 2, 3], 0.5, revenue=[1, 1, 1])
    assert (nothing.recall, nothing.lift, nothing.revenue_recall) == (None, None, None)
    assert nothing.hit_rate == 0.0
    with pytest.raises(LabelError, match="undefined without a violation"):
        average_precision([0, 0], [1, 2])
    with pytest.raises(LabelError, match="one class"):
        roc_auc([1, 1], [1, 2])
    with pytest.raises(DataError, match="no violation is expected"):
        observed_over_expected([0, 1], [0, 0])


@pytest.mark.parametrize(
    ("labels", "scores", "weights", "message"),
    [
        ([], [], None, "no labelled row"),
        ([0, 2], [1, 2], None, "neither 0 nor 1"),
        ([0, np.nan], [1, 2], None, "neither 0 nor 1"),
        ([0, 1], [1, np.nan], None, "score of row 1 is missing"),
        ([0, 1], [1, 2], [1], "1 weights for 2 labels"),
        ([0, 1], [1, 2], [1, -1], "negative or missing"),
        ([0, 1], [1, 2], [0, 0], "all weights are zero"),
    ],
)
def test_bad_rows_are_refused(
    labels: list[float], scores: list[float], weights: list[float] | None, message: str
) -> None:
    with pytest.raises((LabelError, DataError), match=message):
        at_rate(labels, scores, 0.5, weights=weights)


def test_impossible_rates_are_refused() -> None:
    with pytest.raises(DataError, match="impossible"):
        at_rate([0, 1], [1, 2], 0.0)


@pytest.mark.parametrize("metric", [brier_score, log_loss])
def test_the_true_probability_beats_every_rival(metric: object) -> None:
    # A proper score is least, on average, for the probability that outcomes are drawn from.
    rng = np.random.default_rng(5)
    truth = rng.beta(1, 20, 40_000)
    y = (rng.random(40_000) < truth).astype(float)
    odds = np.log(truth / (1 - truth))
    rivals = {
        "sharper": 1 / (1 + np.exp(-1.5 * odds - 1)),
        "flatter": 1 / (1 + np.exp(-0.6 * odds)),
        "shifted": 1 / (1 + np.exp(-odds - 0.5)),
        "constant": np.full(40_000, y.mean()),
        "noisy": 1 / (1 + np.exp(-odds - rng.normal(0, 0.7, 40_000))),
    }
    best = metric(y, truth)  # type: ignore[operator]
    assert all(metric(y, rival) > best for rival in rivals.values())  # type: ignore[operator]


def test_the_true_probability_ranks_best() -> None:
    rng = np.random.default_rng(6)
    truth = rng.beta(1, 20, 40_000)
    y = (rng.random(40_000) < truth).astype(float)
    noisy = truth * np.exp(rng.normal(0, 1, 40_000))
    for rate in (0.01, 0.02, 0.05, 0.1):
        assert at_rate(y, truth, rate).hits > at_rate(y, noisy, rate).hits
    assert average_precision(y, truth) > average_precision(y, noisy)


def test_inverse_propensity_weights_undo_the_selection() -> None:
    rng = np.random.default_rng(7)
    truth = rng.beta(1, 20, 60_000)
    y = (rng.random(60_000) < truth).astype(float)
    propensity = np.clip(5 * truth, 0.05, 1.0)
    seen = rng.random(60_000) < propensity
    everywhere = at_rate(y, truth, 0.05)
    weighed = at_rate(y[seen], truth[seen], 0.05, weights=1 / propensity[seen])
    naive = at_rate(y[seen], truth[seen], 0.05)
    assert weighed.hit_rate == pytest.approx(everywhere.hit_rate, rel=0.1)
    assert weighed.recall == pytest.approx(everywhere.recall, rel=0.1)
    assert naive.hit_rate > 1.2 * everywhere.hit_rate


def test_calibration_error_of_truth_is_small_and_of_a_shift_is_the_shift() -> None:
    rng = np.random.default_rng(8)
    truth = rng.uniform(0.1, 0.4, 50_000)
    y = (rng.random(50_000) < truth).astype(float)
    assert expected_calibration_error(y, truth) < 0.01
    assert expected_calibration_error(y, truth + 0.1) == pytest.approx(0.1, abs=0.01)
    assert observed_over_expected(y, truth) == pytest.approx(1.0, abs=0.02)
    assert observed_over_expected(y, 2 * truth) == pytest.approx(0.5, abs=0.02)


def test_ties_are_one_block() -> None:
    ranking = rank([1.0, 3.0, 1.0, 2.0])
    assert ranking.ends.tolist() == [1, 2, 4]
    assert ranking.cumulate(np.array([1.0, 10.0, 100.0, 1000.0])).tolist() == [0, 10, 1010, 1111]
