import numpy as np
import pytest

from riskml.datasets.simulation.sampling import Plan, draw_lists, inclusion


def plan_of(sizes: list[int], capacity: list[float]) -> Plan:
    group = np.repeat(np.arange(len(sizes)), sizes)
    capacities = np.array(capacity)
    return Plan(group, np.cumsum(capacities) - capacities, capacities)


def test_probabilities_add_up_to_the_capacity_of_each_day() -> None:
    rng = np.random.default_rng(1)
    plan = plan_of([30, 0, 12], [3.4, 0.0, 2.25])
    weight = np.exp(rng.normal(0, 1.5, 42))
    probability, explored = inclusion(plan, weight, rng.random(42) < 0.05, 0.2, 0.5)
    sums = np.bincount(plan.group, weights=probability, minlength=3)
    np.testing.assert_allclose(sums, plan.capacity, rtol=1e-12)
    assert (probability > 0).all()
    assert (probability <= 1 + 1e-12).all()
    assert ((explored >= 0) & (explored <= 1)).all()


def test_no_probability_exceeds_one_however_large_a_weight() -> None:
    plan = plan_of([10], [4.0])
    weight = np.array([1e6, 1e6, *np.ones(8)])
    probability, _ = inclusion(plan, weight, np.zeros(10, dtype=bool), 0.2, 0.5)
    np.testing.assert_allclose(probability[:2], 1.0)
    assert probability.sum() == pytest.approx(4.0)


def test_exploration_is_even_and_strictly_positive() -> None:
    plan = plan_of([20], [2.0])
    weight = np.exp(np.linspace(-3, 3, 20))
    probability, explored = inclusion(plan, weight, np.zeros(20, dtype=bool), 0.25, 0.5)
    np.testing.assert_allclose(probability * explored, 0.25 * 2.0 / 20)


def test_mandatory_ones_are_certain_within_their_share() -> None:
    must = np.zeros(20, dtype=bool)
    must[:2] = True
    probability, _ = inclusion(plan_of([20], [6.0]), np.ones(20), must, 0.2, 0.5)
    np.testing.assert_allclose(probability[:2], 1.0)
    must[:8] = True
    probability, _ = inclusion(plan_of([20], [6.0]), np.ones(20), must, 0.2, 0.5)
    np.testing.assert_allclose(probability[:8], 3.0 / 8)


def test_the_number_drawn_is_the_capacity_exactly() -> None:
    rng = np.random.default_rng(2)
    sizes, capacity = [25] * 40, rng.uniform(0.1, 3.0, 40)
    capacity *= 60 / capacity.sum()
    plan = plan_of(sizes, capacity.tolist())
    weight = np.exp(rng.normal(0, 1, 1000))
    probability, _ = inclusion(plan, weight, np.zeros(1000, dtype=bool), 0.2, 0.5)
    for _ in range(20):
        chosen = draw_lists(plan, probability, np.full(40, rng.random()), rng.random(1000))
        assert chosen.sum() == 60
        by_day = np.bincount(plan.group[chosen], minlength=40)
        assert (by_day >= np.floor(capacity)).all()
        assert (by_day <= np.ceil(capacity) + 1e-9).all()


def test_each_arrival_is_drawn_with_its_probability() -> None:
    rng = np.random.default_rng(3)
    plan = plan_of([8, 5], [2.3, 1.1])
    weight = np.exp(rng.normal(0, 1, 13))
    must = np.arange(13) == 2
    probability, _ = inclusion(plan, weight, must, 0.3, 0.5)
    draws = 6_000
    count = np.zeros(13)
    for _ in range(draws):
        count += draw_lists(plan, probability, np.full(2, rng.random()), rng.random(13))
    error = np.sqrt(np.maximum(probability * (1 - probability), 1e-4) / draws)
    assert (np.abs(count / draws - probability) < 4.5 * error).all()


def test_arrivals_outside_the_plan_are_never_drawn() -> None:
    plan = Plan(np.array([0, -1, 0, -1]), np.zeros(1), np.array([1.0]))
    probability, _ = inclusion(plan, np.ones(4), np.zeros(4, dtype=bool), 0.2, 0.5)
    np.testing.assert_allclose(probability, [0.5, 0.0, 0.5, 0.0])
    chosen = draw_lists(plan, probability, np.array([0.3]), np.zeros(4))
    assert not chosen[[1, 3]].any()
    assert chosen.sum() == 1
