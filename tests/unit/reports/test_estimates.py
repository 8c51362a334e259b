"""Rates, differences and what they allow to say about ranks."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from riskml.reports.content import Missing, RankRange, Rate
from riskml.reports.estimates import difference_interval, exact_p_value, rank, rate


def known(successes: int, trials: int) -> Rate:
    found = rate(successes, trials)
    assert isinstance(found, Rate)
    return found


def test_a_rate_has_its_wilson_interval() -> None:
    found = known(144, 6198)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0198, 0.0273)


@pytest.mark.parametrize(
    ("successes", "trials", "why"),
    [
        (0, 0, Missing.NOT_APPLICABLE),
        (None, 0, Missing.NOT_APPLICABLE),
        (None, 5, Missing.UNKNOWN),
        (5, None, Missing.UNKNOWN),
    ],
)
def test_a_missing_rate_says_why(successes: int | None, trials: int | None, why: Missing) -> None:
    assert rate(successes, trials) is why


def test_no_success_still_bounds_the_rate_from_above() -> None:
    found = known(0, 500)
    assert found.low == 0
    assert 0.007 < found.high < 0.008


# Newcombe 1998, table II: the examples (a) to (h), method 10.
@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
        ((0, 10, 0, 10), (-0.2775, 0.2775)),
        ((10, 10, 0, 20), (0.6791, 1.0000)),
        ((10, 10, 0, 10), (0.6075, 1.0000)),
    ],
)
def test_newcombe_agrees_with_the_published_examples(
    counts: tuple[int, int, int, int], expected: tuple[float, float]
) -> None:
    a, m, b, n = counts
    low, high = difference_interval(known(a, m), known(b, n))
    assert (round(low, 4), round(high, 4)) == expected


def test_the_exact_test_is_fishers() -> None:
    table = [[3, 124], [5, 1158]]
    one_sided = fisher_exact(table, alternative="greater").pvalue
    assert exact_p_value(known(3, 127), known(5, 1163)) == pytest.approx(2 * one_sided)
    assert exact_p_value(known(0, 10), known(0, 20)) == 1


def test_the_offices_of_the_reference_quarter_cannot_be_ranked() -> None:
    ranking = rank([known(22, 2699), known(3, 127), known(5, 1163)])
    assert ranking.above == ()
    assert set(ranking.ranges) == {RankRange(1, 3)}


def test_clear_differences_order_what_they_can() -> None:
    ranking = rank([known(5, 1000), rate(None, 3), known(200, 1000), known(6, 1000), rate(0, 0)])
    assert ranking.above == ((2, 0), (2, 3))
    assert ranking.ranges == (
        RankRange(2, 3),
        Missing.UNKNOWN,
        RankRange(1, 1),
        RankRange(2, 3),
        Missing.NOT_APPLICABLE,
    )


def test_nothing_and_one_rank_without_a_comparison() -> None:
    assert rank([]).ranges == ()
    assert rank([known(1, 10)]).ranges == (RankRange(1, 1),)


def test_offices_that_are_alike_are_rarely_told_apart() -> None:
    """Of 200 worlds in which all offices share one rate, at most 5 % show a ranking."""
    dice = np.random.default_rng(5)
    trials = (2700, 130, 1160, 900, 400, 900)
    wrong = 0
    for _ in range(200):
        rates = [known(int(dice.binomial(n, 0.006)), n) for n in trials]
        wrong += bool(rank(rates).above)
    assert wrong <= 10


def test_ranks_hold_the_true_order_together() -> None:
    """Of 100 worlds with different rates, at most 5 % contradict the truth."""
    dice = np.random.default_rng(6)
    truth = (0.02, 0.01, 0.05)
    wrong = 0
    for _ in range(100):
        rates = [known(int(dice.binomial(800, p)), 800) for p in truth]
        above = rank(rates).above
        wrong += any(truth[i] < truth[j] for i, j in above)
    assert wrong <= 5
    assert rank([known(16, 800), known(8, 800), known(400, 800)]).above == ((2, 0), (2, 1))
