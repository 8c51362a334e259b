import numpy as np
import pytest

from riskml.errors import LabelError
from riskml.evaluation.metrics import log_loss, observed_over_expected
from riskml.training.calibrating import calibrate_for_arrivals, fit_calibrator


def make(size: int = 30_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    odds = rng.normal(-3.5, 1.2, size)
    truth = 1 / (1 + np.exp(-odds))
    return odds, truth, (rng.random(size) < truth).astype(float)


@pytest.mark.parametrize("method", ["platt", "beta", "intercept"])
def test_it_is_calibrated_in_the_large_over_what_the_weights_stand_for(method: str) -> None:
    # Law: the weighted sum of probabilities is the weighted sum of labels.
    odds, _, y = make(4000)
    w = np.random.default_rng(1).exponential(size=4000)
    calibrator = fit_calibrator(0.5 * odds + 1, y, w, method=method)
    p = calibrator.probabilities(0.5 * odds + 1)
    assert observed_over_expected(y, p, w) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("method", ["platt", "beta"])
def test_it_undoes_a_distortion(method: str) -> None:
    odds, truth, y = make()
    raw = 0.4 * odds + 0.8  # too flat and too high
    calibrator = fit_calibrator(raw, y, np.ones(len(y)), method=method)
    p = calibrator.probabilities(raw)
    assert log_loss(y, p) == pytest.approx(log_loss(y, truth), rel=0.005)
    assert np.median(np.abs(np.log(p / truth))) < 0.1


def test_with_few_violations_the_slope_stays_near_one() -> None:
    odds, _, y = make(300, seed=3)
    w = np.ones(300)
    free = fit_calibrator(0.3 * odds, y, w, shrinkage=0.0)
    shrunken = fit_calibrator(0.3 * odds, y, w, shrinkage=50.0)
    assert abs(shrunken.a - 1) < abs(free.a - 1)
    assert shrunken.a == pytest.approx(1.0, abs=0.5)


def test_a_score_that_points_the_wrong_way_still_gives_an_increasing_map() -> None:
    odds, _, y = make(3000)
    assert fit_calibrator(-odds, y, np.ones(3000), shrinkage=0.0).a > 0


def test_heavy_weights_do_not_feign_certainty() -> None:
    # The likelihood is scaled to the effective size: scaling all weights changes nothing.
    odds, _, y = make(2000)
    w = np.random.default_rng(2).exponential(size=2000)
    small, large = (fit_calibrator(0.5 * odds, y, s * w) for s in (1.0, 1000.0))
    assert small.a == pytest.approx(large.a, rel=1e-4)
    uneven = np.where(np.arange(2000) % 50 == 0, 100.0, 0.01)
    assert abs(fit_calibrator(0.5 * odds, y, uneven).a - 1) < abs(small.a - 1)


def test_one_class_is_refused() -> None:
    with pytest.raises(LabelError, match="both classes"):
        fit_calibrator(np.zeros(5), np.zeros(5), np.ones(5))


def test_the_shift_of_selection_is_shrunk_by_what_is_known_of_it() -> None:
    # Law: even weights change nothing; the shift lies between none and that of the weights, and
    # comes close to the latter when violations are many.
    odds, _, y = make(30_000)
    w = np.where(y == 1, 0.5, 1.0)  # who was selected was twice as often in violation
    even = fit_calibrator(odds, y, np.ones(30_000))
    assert calibrate_for_arrivals(odds, y, np.full(30_000, 3.0)) == even

    def shift(rows: slice) -> float:
        found = calibrate_for_arrivals(odds[rows], y[rows], w[rows])
        return found.c - fit_calibrator(odds[rows], y[rows], np.ones(len(y[rows]))).c

    many, few = shift(slice(None)), shift(slice(300))
    assert many == pytest.approx(np.log(0.5), rel=0.05)
    assert many < few < 0
    assert calibrate_for_arrivals(odds, y, w, selection_sd=0.0).c == pytest.approx(even.c)
