"""Estimates from selected data against a population whose every outcome is known."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from riskml.errors import InputError
from riskml.policy import Selected, estimate_hit_rate, estimate_naively

REDRAWS = 2000
METHODS = ("horvitz_thompson", "self_normalised", "doubly_robust")


@dataclass(frozen=True)
class Population:
    """Arrivals of a quarter: half a percent of violations, a model that sees some of them."""

    label: np.ndarray
    risk: np.ndarray
    model: np.ndarray
    propensity: np.ndarray
    certain: np.ndarray

    def draws(self, seed: int, times: int = REDRAWS) -> Iterator[Selected]:
        """Redraw the explored share, a fixed number in each of two strata."""
        rng = np.random.default_rng(seed)
        others = np.flatnonzero(~self.certain)
        strata = [others[others % 3 == 0], others[others % 3 != 0]]
        for _ in range(times):
            selected = self.certain.copy()
            for stratum, size in zip(strata, (250, 200), strict=True):
                selected[rng.choice(stratum, size, replace=False)] = True
            yield Selected(self.propensity, selected, np.where(selected, self.label, np.nan))


@pytest.fixture(scope="module")
def population() -> Population:
    rng = np.random.default_rng(11)
    n = 12_000
    risk = rng.normal(0, 1, n)
    chance = 1 / (1 + np.exp(6.4 - 1.5 * risk))
    label = (rng.random(n) < chance).astype(float)
    seen = risk + rng.normal(0, 1, n)
    certain = np.zeros(n, dtype=bool)
    certain[np.argsort(-seen)[:500]] = True
    propensity = np.ones(n)
    others = np.flatnonzero(~certain)
    first = others % 3 == 0
    propensity[others[first]] = 250 / first.sum()
    propensity[others[~first]] = 200 / (~first).sum()
    model = 1 / (1 + np.exp(5.5 - seen))  # too high: it may be wrong
    return Population(label, risk, model, propensity, certain)


def picked(population: Population, name: str) -> np.ndarray | None:
    """Return what a policy picks that was not followed: partly the model's, mostly others."""
    if name == "all":
        return None
    picks = np.zeros(len(population.label), dtype=bool)
    picks[np.argsort(-population.risk)[:1500]] = True
    return picks


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("claim", ["all", "another policy"])
def test_estimates_are_unbiased_and_their_intervals_cover(
    population: Population, method: str, claim: str
) -> None:
    picks = picked(population, claim)
    truth = population.label.mean() if picks is None else population.label[picks].mean()
    found = [
        estimate_hit_rate(data, picks, method=method, model=population.model)
        for data in population.draws(5)
    ]
    values = np.array([each.interval.value for each in found])
    error = values.std() / REDRAWS**0.5
    if method != "self_normalised":  # which has a bias of its own, small against its spread
        assert abs(values.mean() - truth) < 4 * error
    assert abs(values.mean() - truth) < 0.2 * values.std()
    covered = np.mean([e.interval.low <= truth <= e.interval.high for e in found])
    widths = np.array([each.width for each in found])
    assert covered >= 0.93, (covered, np.median(widths))
    # An interval that says nothing would cover, too.
    assert np.median(widths) < 8 * values.std()
    assert 0 < np.median([each.positives for each in found]) < 80


def test_the_naive_rate_does_not_cover(population: Population) -> None:
    truth = population.label.mean()
    found = [estimate_naively(data) for data in population.draws(5, 200)]
    assert all(each.interval.low > truth for each in found)


def test_a_model_that_knows_narrows_the_interval(population: Population) -> None:
    knowing = np.where(population.label == 1, 0.8, 0.001)
    plain, robust = [], []
    for data in population.draws(7, 300):
        plain.append(estimate_hit_rate(data).interval.value)
        robust.append(estimate_hit_rate(data, method="doubly_robust", model=knowing).interval.value)
    assert np.std(robust) < 0.5 * np.std(plain)


def test_with_nothing_found_the_rate_is_still_bounded() -> None:
    selected = np.arange(3000) < 300
    data = Selected(np.full(3000, 0.1), selected, np.where(selected, 0.0, np.nan))
    found = estimate_hit_rate(data)
    assert found.interval.value == 0
    assert found.interval.low == 0
    # The rule of three's stricter sister: -ln(0.025) in 300 inspections.
    assert found.interval.high == pytest.approx(-np.log(0.025) / 300, rel=1e-9)
    assert found.effective_size == pytest.approx(300)


def test_with_everybody_selected_nothing_is_uncertain() -> None:
    label = (np.arange(1000) % 100 == 0).astype(float)
    data = Selected(np.ones(1000), np.ones(1000, dtype=bool), label)
    for method in METHODS:
        found = estimate_hit_rate(data, method=method, model=np.full(1000, 0.3)).interval
        assert found.value == pytest.approx(0.01)
        assert found.low == pytest.approx(0.01)
        assert found.high == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("propensity", "label", "words"),
    [
        ([0.0, 1.0], [0.0, 1.0], "propensity of arrival 0 is 0.0"),
        ([0.5, np.nan], [0.0, 1.0], "propensity of arrival 1 is nan"),
        ([0.5, 1.5], [0.0, 1.0], "propensity of arrival 1 is 1.5"),
        ([0.5, 0.5], [0.0, np.nan], "selected arrival 1 has no outcome"),
        ([0.5], [0.0, 1.0], "do not belong together"),
    ],
)
def test_impossible_data_is_refused(
    propensity: list[float], label: list[float], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        Selected(np.array(propensity), np.ones(2, dtype=bool), np.array(label))


def test_only_what_was_selected_needs_a_propensity() -> None:
    selected = np.arange(3000) < 300
    label = np.where(selected, (np.arange(3000) % 100 == 0).astype(float), np.nan)
    full = Selected(np.full(3000, 0.1), selected, label)
    part = Selected(np.where(selected, 0.1, np.nan), selected, label)
    assert estimate_hit_rate(part) == estimate_hit_rate(full)


def test_impossible_claims_are_refused() -> None:
    data = Selected(np.full(2, 0.5), np.ones(2, dtype=bool), np.zeros(2))
    with pytest.raises(InputError, match="picks no arrival"):
        estimate_hit_rate(data, np.zeros(2, dtype=bool))
    with pytest.raises(InputError, match="needs a model"):
        estimate_hit_rate(data, method="doubly_robust")
    with pytest.raises(InputError, match="probability"):
        estimate_hit_rate(data, method="doubly_robust", model=np.array([0.5, np.nan]))
